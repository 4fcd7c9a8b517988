/*
 * A library to preload: stands between a program and the calls of libc that change files below one directory. It
 * counts and notes them over all threads, and at a chosen one it kills the process, answers with an error, writes less
 * than it was asked to, or does nothing and says that it was done.
 *
 * FAULT_SHIM_CONTROL names a file that this library and whoever drives it (shim.ts) share; its layout is `struct page`.
 * FAULT_SHIM_BELOW is the directory, without symbolic links. What is not below it is never touched.
 *
 * It does not see writes through memory maps (SQLite's -shm), nor calls that pass by libc.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* In the order of KINDS in shim.ts. */
enum kind { CREATE, WRITE, FSYNC, FDATASYNC, RENAME, LINK, UNLINK, TRUNCATE, ALLOCATE, MKDIR, RMDIR, COPY, OPEN, READ };

/* In the order of ACTIONS in shim.ts. */
enum action { NOTHING, SIGNAL_BEFORE, SIGNAL_AFTER, FAIL, SHORT, DROP };

#define CALLS_MAX 65536
#define PATH_BYTES 224
#define DIRECT_IO_BYTES 4096

struct call {
  uint64_t ordinal; /* among those counted; 0: not counted */
  uint32_t kind;
  uint32_t thread;
  int64_t bytes;
  uint32_t noted; /* 1 once the rest is written */
  uint32_t fired;
  char path[PATH_BYTES];
};

struct page {
  uint64_t on; /* 0: every call passes at once */
  uint64_t kinds; /* a bit for each kind that is counted */
  uint64_t count;
  uint64_t at; /* the position, from 1 on; 0: none */
  uint64_t action;
  uint64_t argument; /* the signal, or the error */
  uint64_t lasting; /* 1: at this position and at every later one */
  uint64_t fired;
  uint64_t calls; /* noted; more than CALLS_MAX when some were not */
  char filter[256]; /* only paths that contain this are counted; with $ at its end: those that end with it */
  char unused[4096 - 9 * 8 - 256];
  struct call call[CALLS_MAX];
};

static struct page *page;
static char below[PATH_MAX];
static size_t below_length;

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

__attribute__((constructor)) static void begin(void) {
  const char *control = getenv("FAULT_SHIM_CONTROL");
  const char *directory = getenv("FAULT_SHIM_BELOW");
  if (control == NULL || directory == NULL) return;
  int file = syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC);
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return;
  snprintf(below, sizeof below, "%s", directory);
  below_length = strlen(below);
  page = mapped;
}

static int concerns(const char *path) {
  return strncmp(path, below, below_length) == 0 && (path[below_length] == '/' || path[below_length] == 0);
}

static void path_of_file(int file, char *path) {
  char link[48];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  path[length < 0 ? 0 : length] = 0;
}

static void absolute(int directory, const char *given, char *path) {
  if (given[0] == '/') {
    snprintf(path, PATH_MAX, "%s", given);
    return;
  }
  char start[PATH_MAX] = "";
  if (directory == AT_FDCWD) {
    if (getcwd(start, sizeof start) == NULL) start[0] = 0;
  } else {
    path_of_file(directory, start);
  }
  size_t length = strlen(start);
  snprintf(path, PATH_MAX, "%s", start);
  snprintf(path + length, PATH_MAX - length, "/%s", given);
}

static void note(int kind, const char *path, int64_t bytes, uint64_t ordinal, int fired) {
  uint64_t at = __atomic_fetch_add(&page->calls, 1, __ATOMIC_SEQ_CST);
  if (at >= CALLS_MAX) return;
  struct call *call = &page->call[at];
  call->ordinal = ordinal;
  call->kind = kind;
  call->thread = (uint32_t)syscall(SYS_gettid);
  call->bytes = bytes;
  call->fired = fired;
  snprintf(call->path, PATH_BYTES, "%s", path);
  __atomic_store_n(&call->noted, 1, __ATOMIC_SEQ_CST);
}

static void send_signal(void) { syscall(SYS_kill, getpid(), (int)page->argument); }

static int passes(const char *path) {
  size_t length = strlen(page->filter);
  if (length == 0) return 1;
  if (page->filter[length - 1] != '$') return strstr(path, page->filter) != NULL;
  size_t whole = strlen(path);
  return whole >= length - 1 && strncmp(path + whole - (length - 1), page->filter, length - 1) == 0;
}

/* What is to be done with a call of this kind on this path; SIGNAL_BEFORE is done by now. */
static enum action decide(enum kind kind, const char *path, int64_t bytes) {
  if (!concerns(path)) return NOTHING;
  int counted = (page->kinds >> kind & 1) != 0 && passes(path);
  if (!counted) {
    if (kind < OPEN) note(kind, path, bytes, 0, 0);
    return NOTHING;
  }
  uint64_t ordinal = __atomic_add_fetch(&page->count, 1, __ATOMIC_SEQ_CST);
  int fires = page->at != 0 && (ordinal == page->at || (page->lasting && ordinal > page->at));
  enum action action = (enum action)page->action;
  /* The rest of what was written short meets the error, if there is one: a disk that became full in between. */
  int rest = action == SHORT && page->argument != 0 && page->at != 0 && ordinal > page->at;
  if (rest && (page->lasting || ordinal == page->at + 1)) {
    fires = 1;
    action = FAIL;
  }
  note(kind, path, bytes, ordinal, fires);
  if (!fires) return NOTHING;
  __atomic_fetch_add(&page->fired, 1, __ATOMIC_SEQ_CST);
  if (action == SIGNAL_BEFORE) send_signal();
  return action;
}

static int idle(void) { return page == NULL || __atomic_load_n(&page->on, __ATOMIC_SEQ_CST) == 0; }

static enum action for_file(enum kind kind, int file, int64_t bytes) {
  if (idle()) return NOTHING;
  int saved = errno;
  char path[PATH_MAX];
  path_of_file(file, path);
  enum action action = decide(kind, path, bytes);
  errno = saved;
  return action;
}

static enum action for_path(enum kind kind, int directory, const char *given) {
  if (idle() || given == NULL) return NOTHING;
  int saved = errno;
  char path[PATH_MAX];
  absolute(directory, given, path);
  enum action action = decide(kind, path, 0);
  errno = saved;
  return action;
}

static int failed(void) {
  errno = (int)page->argument;
  return -1;
}

static ssize_t half(ssize_t count) {
  ssize_t less = count / 2;
  return less > DIRECT_IO_BYTES ? less / DIRECT_IO_BYTES * DIRECT_IO_BYTES : less;
}

/* `done`: what the caller is told when nothing is done and it is to believe otherwise. */
#define ACT(type, action, done, call)              \
  do {                                             \
    if ((action) == FAIL) return (type)failed();   \
    if ((action) == DROP) return (type)(done);     \
    type result = (call);                          \
    if ((action) == SIGNAL_AFTER) send_signal();   \
    return result;                                 \
  } while (0)

#define REAL(name, type, ...)                      \
  static type (*next)(__VA_ARGS__);                \
  if (next == NULL) next = real(#name)

#define ON_FILE(name, kind)                        \
  int name(int file) {                             \
    REAL(name, int, int);                          \
    enum action action = for_file(kind, file, 0);  \
    ACT(int, action, 0, next(file));               \
  }
ON_FILE(fsync, FSYNC)
ON_FILE(fdatasync, FDATASYNC)

#define TRUNCATE_FILE(name, type)                              \
  int name(int file, type length) {                            \
    REAL(name, int, int, type);                                \
    enum action action = for_file(TRUNCATE, file, length);     \
    ACT(int, action, 0, next(file, length));                   \
  }
TRUNCATE_FILE(ftruncate, off_t)
TRUNCATE_FILE(ftruncate64, off64_t)

#define TRUNCATE_PATH(name, type)                              \
  int name(const char *path, type length) {                    \
    REAL(name, int, const char *, type);                       \
    enum action action = for_path(TRUNCATE, AT_FDCWD, path);   \
    ACT(int, action, 0, next(path, length));                   \
  }
TRUNCATE_PATH(truncate, off_t)
TRUNCATE_PATH(truncate64, off64_t)

#define FALLOCATE(name, type)                                  \
  int name(int file, int mode, type offset, type length) {     \
    REAL(name, int, int, int, type, type);                     \
    enum action action = for_file(ALLOCATE, file, length);     \
    ACT(int, action, 0, next(file, mode, offset, length));     \
  }
FALLOCATE(fallocate, off_t)
FALLOCATE(fallocate64, off64_t)

/* Answers with the error itself. */
#define POSIX_FALLOCATE(name, type)                            \
  int name(int file, type offset, type length) {               \
    REAL(name, int, int, type, type);                          \
    enum action action = for_file(ALLOCATE, file, length);     \
    if (action == FAIL) return (int)page->argument;            \
    ACT(int, action, 0, next(file, offset, length));           \
  }
POSIX_FALLOCATE(posix_fallocate, off_t)
POSIX_FALLOCATE(posix_fallocate64, off64_t)

#define ONE_PATH(name, kind)                                   \
  int name(const char *path) {                                 \
    REAL(name, int, const char *);                             \
    enum action action = for_path(kind, AT_FDCWD, path);       \
    ACT(int, action, 0, next(path));                           \
  }
ONE_PATH(unlink, UNLINK)
/* Of C++ and stdio, for directories as well; inside libc it does not pass by unlink. */
ONE_PATH(remove, UNLINK)
ONE_PATH(rmdir, RMDIR)

int unlinkat(int directory, const char *path, int flags) {
  REAL(unlinkat, int, int, const char *, int);
  enum action action = for_path(flags & AT_REMOVEDIR ? RMDIR : UNLINK, directory, path);
  ACT(int, action, 0, next(directory, path, flags));
}

int mkdir(const char *path, mode_t mode) {
  REAL(mkdir, int, const char *, mode_t);
  enum action action = for_path(MKDIR, AT_FDCWD, path);
  ACT(int, action, 0, next(path, mode));
}

int mkdirat(int directory, const char *path, mode_t mode) {
  REAL(mkdirat, int, int, const char *, mode_t);
  enum action action = for_path(MKDIR, directory, path);
  ACT(int, action, 0, next(directory, path, mode));
}

/* Told by the path that is to come to be. */
#define TWO_PATHS(name, kind)                                  \
  int name(const char *from, const char *to) {                 \
    REAL(name, int, const char *, const char *);               \
    enum action action = for_path(kind, AT_FDCWD, to);         \
    ACT(int, action, 0, next(from, to));                       \
  }
TWO_PATHS(rename, RENAME)
TWO_PATHS(link, LINK)
TWO_PATHS(symlink, LINK)

int renameat(int from_directory, const char *from, int to_directory, const char *to) {
  REAL(renameat, int, int, const char *, int, const char *);
  enum action action = for_path(RENAME, to_directory, to);
  ACT(int, action, 0, next(from_directory, from, to_directory, to));
}

int renameat2(int from_directory, const char *from, int to_directory, const char *to, unsigned flags) {
  REAL(renameat2, int, int, const char *, int, const char *, unsigned);
  enum action action = for_path(RENAME, to_directory, to);
  ACT(int, action, 0, next(from_directory, from, to_directory, to, flags));
}

int linkat(int from_directory, const char *from, int to_directory, const char *to, int flags) {
  REAL(linkat, int, int, const char *, int, const char *, int);
  enum action action = for_path(LINK, to_directory, to);
  ACT(int, action, 0, next(from_directory, from, to_directory, to, flags));
}

/* Making what is there already changes nothing: such a call is an OPEN. */
static enum kind kind_of_open(int directory, const char *path, int flags) {
  if ((flags & O_CREAT) == 0 || idle()) return OPEN;
  int saved = errno;
  struct stat found;
  int there = fstatat(directory, path, &found, AT_SYMLINK_NOFOLLOW) == 0;
  errno = saved;
  return there ? OPEN : CREATE;
}

#define MODE_OF(flags)                                         \
  mode_t mode = 0;                                             \
  if (((flags) & O_CREAT) != 0 || ((flags) & O_TMPFILE) == O_TMPFILE) { \
    va_list list;                                              \
    va_start(list, flags);                                     \
    mode = va_arg(list, mode_t);                               \
    va_end(list);                                              \
  }

/* To open nothing and to say otherwise is not possible: DROP opens. */
#define OPEN_PATH(name)                                        \
  int name(const char *path, int flags, ...) {                 \
    REAL(name, int, const char *, int, ...);                   \
    MODE_OF(flags)                                             \
    enum action action = for_path(kind_of_open(AT_FDCWD, path, flags), AT_FDCWD, path); \
    ACT(int, action, next(path, flags, mode), next(path, flags, mode)); \
  }
OPEN_PATH(open)
OPEN_PATH(open64)

#define OPEN_AT(name)                                          \
  int name(int directory, const char *path, int flags, ...) {  \
    REAL(name, int, int, const char *, int, ...);              \
    MODE_OF(flags)                                             \
    enum action action = for_path(kind_of_open(directory, path, flags), directory, path); \
    ACT(int, action, next(directory, path, flags, mode), next(directory, path, flags, mode)); \
  }
OPEN_AT(openat)
OPEN_AT(openat64)

ssize_t write(int file, const void *bytes, size_t count) {
  REAL(write, ssize_t, int, const void *, size_t);
  enum action action = for_file(WRITE, file, count);
  if (action == SHORT && count > 1) return next(file, bytes, half(count));
  ACT(ssize_t, action, count, next(file, bytes, count));
}

#define PWRITE(name, type)                                             \
  ssize_t name(int file, const void *bytes, size_t count, type offset) { \
    REAL(name, ssize_t, int, const void *, size_t, type);              \
    enum action action = for_file(WRITE, file, count);                 \
    if (action == SHORT && count > 1) return next(file, bytes, half(count), offset); \
    ACT(ssize_t, action, count, next(file, bytes, count, offset));     \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

static ssize_t total(const struct iovec *parts, int count) {
  ssize_t sum = 0;
  for (int i = 0; i < count; i++) sum += parts[i].iov_len;
  return sum;
}

/* As many of the parts as make half of them; the last one is cut. */
static int halve(const struct iovec *parts, int count, struct iovec *fewer) {
  ssize_t left = half(total(parts, count));
  int taken = 0;
  for (; taken < count && taken < IOV_MAX && left > 0; taken++) {
    fewer[taken] = parts[taken];
    if ((ssize_t)fewer[taken].iov_len > left) fewer[taken].iov_len = left;
    left -= fewer[taken].iov_len;
  }
  return taken;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  REAL(writev, ssize_t, int, const struct iovec *, int);
  enum action action = for_file(WRITE, file, idle() ? 0 : total(parts, count));
  if (action == SHORT && total(parts, count) > 1) {
    struct iovec fewer[IOV_MAX];
    return next(file, fewer, halve(parts, count, fewer));
  }
  ACT(ssize_t, action, total(parts, count), next(file, parts, count));
}

#define PWRITEV(name, type)                                            \
  ssize_t name(int file, const struct iovec *parts, int count, type offset) { \
    REAL(name, ssize_t, int, const struct iovec *, int, type);         \
    enum action action = for_file(WRITE, file, idle() ? 0 : total(parts, count)); \
    if (action == SHORT && total(parts, count) > 1) {                  \
      struct iovec fewer[IOV_MAX];                                     \
      return next(file, fewer, halve(parts, count, fewer), offset);    \
    }                                                                  \
    ACT(ssize_t, action, total(parts, count), next(file, parts, count, offset)); \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t count, unsigned flags) {
  REAL(copy_file_range, ssize_t, int, off64_t *, int, off64_t *, size_t, unsigned);
  enum action action = for_file(COPY, to, count);
  if (action == SHORT && count > 1) return next(from, from_at, to, to_at, half(count), flags);
  ACT(ssize_t, action, count, next(from, from_at, to, to_at, count, flags));
}

#define SENDFILE(name, type)                                           \
  ssize_t name(int to, int from, type *offset, size_t count) {         \
    REAL(name, ssize_t, int, int, type *, size_t);                     \
    enum action action = for_file(COPY, to, count);                    \
    if (action == SHORT && count > 1) return next(to, from, offset, half(count)); \
    ACT(ssize_t, action, count, next(to, from, offset, count));        \
  }
SENDFILE(sendfile, off_t)
SENDFILE(sendfile64, off64_t)

ssize_t read(int file, void *bytes, size_t count) {
  REAL(read, ssize_t, int, void *, size_t);
  enum action action = for_file(READ, file, count);
  if (action == SHORT && count > 1) return next(file, bytes, half(count));
  ACT(ssize_t, action, count, next(file, bytes, count));
}

#define PREAD(name, type)                                              \
  ssize_t name(int file, void *bytes, size_t count, type offset) {     \
    REAL(name, ssize_t, int, void *, size_t, type);                    \
    enum action action = for_file(READ, file, count);                  \
    if (action == SHORT && count > 1) return next(file, bytes, half(count), offset); \
    ACT(ssize_t, action, count, next(file, bytes, count, offset));     \
  }
PREAD(pread, off_t)
PREAD(pread64, off64_t)
