-- Replays signed requests from a file, each thread its own share of them, so that the client costs next to nothing.
--
-- Arguments: the file of request heads, each ending in an empty line; the file of the body ('-' for none); the text
-- that makes the bodies of this run unlike those of any other; 'cycle' to begin again at the end of the file or
-- 'once' to end the run there. Prints one line that begins with '@result '.

local ffi = require('ffi')
ffi.cdef([[
  int getpid(void);
  int kill(int pid, int signal);
]])
local SIGINT = 2

local threads = {}

function setup(thread)
  thread:set('thread_index', #threads)
  table.insert(threads, thread)
  for _, each in ipairs(threads) do
    each:set('thread_count', #threads)
  end
end

local heads = {}
local body_start = nil
local run_nonce = ''
local once = false
-- wrk asks its first thread for one request that it never sends.
local rehearsal = false
-- Read by done() through thread:get(), hence global.
issued = 0

local function read_file(path)
  local file = assert(io.open(path, 'rb'))
  local content = file:read('*a')
  file:close()
  return content
end

function init(args)
  rehearsal = thread_index == 0
  run_nonce = args[3] .. string.format('%02x', thread_index)
  once = args[4] == 'once'
  for head in read_file(args[1]):gmatch('.-\r\n\r\n') do
    heads[#heads + 1] = head
  end
  if args[2] ~= '-' then
    -- The end of each body is its nonce: no two bodies are alike, so nothing can be deduplicated. It is at the end
    -- because the last bytes count in LuaJIT's string hash; bodies that differed elsewhere would all collide.
    local body = read_file(args[2])
    body_start = body:sub(1, #body - #run_nonce - 8)
  end
end

function request()
  local position = issued * thread_count + thread_index
  if position >= #heads then
    if once then
      -- Ends this thread's loop now, and wakes the main thread, which sleeps for the whole duration otherwise.
      wrk.thread:stop()
      ffi.C.kill(ffi.C.getpid(), SIGINT)
    end
    position = position % #heads
  end
  local head = heads[position + 1]
  if rehearsal then
    rehearsal = false
  else
    issued = issued + 1
  end
  if body_start == nil then
    return head
  end
  return head .. body_start .. run_nonce .. string.format('%08x', issued)
end

function done(summary, latency)
  local least = nil
  for _, thread in ipairs(threads) do
    local count = thread:get('issued')
    least = math.min(least or count, count)
  end
  local errors = summary.errors
  io.write(
    string.format(
      '@result {"requests":%d,"microseconds":%d,"errors":%d,"p50":%d,"p99":%d,"issuedByEachThread":%d}\n',
      summary.requests,
      summary.duration,
      errors.connect + errors.read + errors.write + errors.timeout + errors.status,
      latency:percentile(50),
      latency:percentile(99),
      least
    )
  )
end
