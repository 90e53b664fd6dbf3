/*
 * Loaded into a service by LD_PRELOAD: makes the disk under one directory fail, fill or stall, and
 * the wall clock jump, at the word of another process. What to do lies in a page that both have
 * mapped, so that it holds from the next call on. shim.ts is the other end: it has the same fields.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct orders {
  volatile int write_errno;     /* plain writes and durable ones: refused, nothing is written */
  volatile int sync_errno;      /* fsync, fdatasync and O_DSYNC writes: done, then refused */
  volatile int sync_stall_ms;   /* the same calls take so much longer */
  volatile int wall_offset_s;   /* what the wall clock is ahead */
  volatile int refused_count;   /* how often a call was refused or stalled: told, not taken */
};

static struct orders none;
static struct orders *orders = &none;
static char directory[4096];
static size_t directory_length;

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
  const char *page = getenv("FAULT_ORDERS"), *under = getenv("FAULT_DIRECTORY");
  if (page == NULL || under == NULL) return;
  int fd = open(page, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) return;
  snprintf(directory, sizeof directory, "%s/", under);
  directory_length = strlen(directory);
  orders = mapped;
}

/* True of a descriptor of a file or directory below the one that is faulty. */
static int is_faulty(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, directory, directory_length) == 0;
}

static int refuse(int with) {
  __sync_fetch_and_add(&orders->refused_count, 1);
  errno = with;
  return -1;
}

static void stall(int fd) {
  int ms = orders->sync_stall_ms;
  if (ms == 0 || !is_faulty(fd)) return;
  __sync_fetch_and_add(&orders->refused_count, 1);
  struct timespec rest = {ms / 1000, (ms % 1000) * 1000000L};
  while (nanosleep(&rest, &rest) < 0 && errno == EINTR) {}
}

#define SYNC(name)                                                        \
  int name(int fd) {                                                      \
    static int (*real)(int);                                              \
    if (real == NULL) real = next(#name);                                 \
    stall(fd);                                                            \
    int result = real(fd);                                                \
    if (orders->sync_errno != 0 && is_faulty(fd)) return refuse(orders->sync_errno); \
    return result;                                                        \
  }
SYNC(fsync)
SYNC(fdatasync)

#define WRITE(name, parameters, arguments)                                \
  ssize_t name parameters {                                               \
    static ssize_t (*real) parameters;                                    \
    if (real == NULL) real = next(#name);                                 \
    if ((orders->write_errno | orders->sync_errno | orders->sync_stall_ms) == 0) \
      return real arguments;                                              \
    if (orders->write_errno != 0 && is_faulty(fd)) return refuse(orders->write_errno); \
    int is_durable = fcntl(fd, F_GETFL) & O_DSYNC;                        \
    if (is_durable) stall(fd);                                            \
    ssize_t result = real arguments;                                      \
    if (is_durable && orders->sync_errno != 0 && is_faulty(fd))           \
      return refuse(orders->sync_errno);                                  \
    return result;                                                        \
  }
WRITE(write, (int fd, const void *data, size_t length), (fd, data, length))
WRITE(writev, (int fd, const struct iovec *parts, int count), (fd, parts, count))
WRITE(pwrite, (int fd, const void *data, size_t length, off_t at), (fd, data, length, at))
WRITE(pwrite64, (int fd, const void *data, size_t length, off64_t at), (fd, data, length, at))
WRITE(pwritev, (int fd, const struct iovec *parts, int count, off_t at), (fd, parts, count, at))
WRITE(pwritev64, (int fd, const struct iovec *parts, int count, off64_t at), (fd, parts, count, at))

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (real == NULL) real = next("clock_gettime");
  int result = real(clock, now);
  if (clock == CLOCK_REALTIME) now->tv_sec += orders->wall_offset_s;
  return result;
}

int gettimeofday(struct timeval *now, void *zone) {
  static int (*real)(struct timeval *, void *);
  if (real == NULL) real = next("gettimeofday");
  int result = real(now, zone);
  now->tv_sec += orders->wall_offset_s;
  return result;
}
