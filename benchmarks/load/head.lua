-- Replays signed HEAD requests over raw sockets. Of wrk only the LuaJIT is used, before wrk makes any load of its own:
-- wrk waits for the body that an answer to HEAD announces and never has.
--
-- Arguments: the file of request heads, each ending in an empty line; host; port; connections; seconds. One request at
-- a time on each connection, and the file again from its beginning. Prints one line that begins with '@result '.

local ffi = require('ffi')
ffi.cdef([[
  struct addrinfo {
    int ai_flags, ai_family, ai_socktype, ai_protocol;
    uint32_t ai_addrlen;
    void *ai_addr;
    char *ai_canonname;
    struct addrinfo *ai_next;
  };
  struct pollfd { int fd; short events, revents; };
  struct timespec { long tv_sec, tv_nsec; };
  int getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  int socket(int, int, int);
  int connect(int, const void *, uint32_t);
  int setsockopt(int, int, int, const void *, uint32_t);
  int close(int);
  long send(int, const void *, size_t, int);
  long recv(int, void *, size_t, int);
  int poll(struct pollfd *, unsigned long, int);
  int clock_gettime(int, struct timespec *);
]])
local C = ffi.C
local IPPROTO_TCP, TCP_NODELAY, SOCK_STREAM = 6, 1, 1
local MSG_DONTWAIT, MSG_NOSIGNAL = 0x40, 0x4000
local POLLIN, CLOCK_MONOTONIC = 1, 1
local HEAD_BYTES_MAX = 16384
local CONNECT_ERRORS_MAX = 1000

local time = ffi.new('struct timespec')
local function microseconds()
  C.clock_gettime(CLOCK_MONOTONIC, time)
  return tonumber(time.tv_sec) * 1e6 + tonumber(time.tv_nsec) / 1e3
end

local function resolve(host, port)
  local hints = ffi.new('struct addrinfo')
  hints.ai_socktype = SOCK_STREAM
  local found = ffi.new('struct addrinfo *[1]')
  assert(C.getaddrinfo(host, port, hints, found) == 0, 'unknown host ' .. host)
  return found[0]
end

local function open(address)
  local fd = C.socket(address.ai_family, SOCK_STREAM, 0)
  local on = ffi.new('int[1]', 1)
  C.setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, on, 4)
  if C.connect(fd, address.ai_addr, address.ai_addrlen) == 0 then
    return fd
  end
  C.close(fd)
  return -1
end

local function read_heads(path)
  local file = assert(io.open(path, 'rb'))
  local heads = {}
  for head in file:read('*a'):gmatch('.-\r\n\r\n') do
    heads[#heads + 1] = head
  end
  file:close()
  return heads
end

-- 0: more is to come; otherwise the status.
local function status_of(buffer, length)
  if length < 16 or buffer[length - 1] ~= 10 or buffer[length - 2] ~= 13 or buffer[length - 3] ~= 10 then
    return 0
  end
  return (buffer[9] - 48) * 100 + (buffer[10] - 48) * 10 + (buffer[11] - 48)
end

local function run(path, host, port, connections, seconds)
  local heads = read_heads(path)
  local address = resolve(host, port)
  local polled = ffi.new('struct pollfd[?]', connections)
  local buffers = ffi.new('uint8_t[?]', connections * HEAD_BYTES_MAX)
  local lengths = ffi.new('int[?]', connections)
  local sent_at = ffi.new('double[?]', connections)
  local latencies = {}
  local issued, requests, errors, broken = 0, 0, 0, 0

  local function send_next(index)
    local head = heads[issued % #heads + 1]
    issued = issued + 1
    lengths[index] = 0
    sent_at[index] = microseconds()
    C.send(polled[index].fd, head, #head, MSG_NOSIGNAL)
  end
  local function begin(index)
    polled[index].fd = open(address)
    polled[index].events = POLLIN
    if polled[index].fd >= 0 then
      send_next(index)
    else
      broken = broken + 1
    end
  end
  local function receive(index)
    local buffer = buffers + index * HEAD_BYTES_MAX
    local fd, length = polled[index].fd, lengths[index]
    local count = tonumber(C.recv(fd, buffer + length, HEAD_BYTES_MAX - length, MSG_DONTWAIT))
    if count <= 0 then
      broken = broken + 1
      C.close(fd)
      begin(index)
      return
    end
    lengths[index] = length + count
    local status = status_of(buffer, lengths[index])
    if status == 0 then
      return
    end
    requests = requests + 1
    latencies[requests] = microseconds() - sent_at[index]
    if status >= 300 then
      errors = errors + 1
    end
    -- Some servers end the connection after each of these answers, and say so.
    if ffi.string(buffer, lengths[index]):lower():find('\r\nconnection: close', 1, true) then
      C.close(fd)
      begin(index)
    else
      send_next(index)
    end
  end

  local start = microseconds()
  for index = 0, connections - 1 do
    begin(index)
  end
  while microseconds() - start < seconds * 1e6 and broken < CONNECT_ERRORS_MAX do
    C.poll(polled, connections, 100)
    for index = 0, connections - 1 do
      if polled[index].revents ~= 0 then
        receive(index)
      end
    end
  end
  local taken = microseconds() - start
  table.sort(latencies)
  local function percentile(percent)
    return latencies[math.max(1, math.ceil(requests * percent / 100))] or 0
  end
  io.write(
    string.format(
      '@result {"requests":%d,"microseconds":%d,"errors":%d,"p50":%d,"p99":%d,"issuedByEachThread":%d}\n',
      requests,
      taken,
      errors + broken,
      percentile(50),
      percentile(99),
      issued
    )
  )
end

function init(args)
  run(args[1], args[2], args[3], tonumber(args[4]), tonumber(args[5]))
  io.stdout:flush()
  os.exit(0)
end
