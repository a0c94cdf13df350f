/* System calls made past the C library's wrappers.
 *
 * Code inside the agent must not call a function that the shim hooks (P46), and must not be a
 * cancellation point (P25). So files and sockets are reached through these; each gives the
 * result or a negative errno. syscall() itself may change errno: hooks keep it (hook.h). All
 * are async-signal-safe. */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The result of a raw system call, errno folded in. */
#define TH_SYS(...) th_sys_result(syscall(__VA_ARGS__))

static inline long th_sys_result(long r)
{
	return r < 0 ? -(long)errno : r;
}

static inline int th_sys_open(const char *path, int flags, unsigned mode)
{
	return (int)TH_SYS(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
}

static inline int th_sys_close(int fd)
{
	return (int)TH_SYS(SYS_close, fd);
}

static inline long th_sys_read(int fd, void *p, size_t n)
{
	return TH_SYS(SYS_read, fd, p, n);
}

static inline long th_sys_write(int fd, const void *p, size_t n)
{
	return TH_SYS(SYS_write, fd, p, n);
}

static inline int th_sys_fstat(int fd, struct stat *ret_st)
{
	return (int)TH_SYS(SYS_fstat, fd, ret_st);
}

static inline int th_sys_fcntl(int fd, int cmd, long arg)
{
	return (int)TH_SYS(SYS_fcntl, fd, cmd, arg);
}

static inline int th_sys_socket(int family, int type, int protocol)
{
	return (int)TH_SYS(SYS_socket, family, type | SOCK_CLOEXEC, protocol);
}

static inline int th_sys_connect(int fd, const void *address, socklen_t n)
{
	return (int)TH_SYS(SYS_connect, fd, address, n);
}

static inline long th_sys_send(int fd, const void *p, size_t n, int flags)
{
	return TH_SYS(SYS_sendto, fd, p, n, flags, NULL, 0);
}

static inline long th_sys_recv(int fd, void *p, size_t n, int flags)
{
	return TH_SYS(SYS_recvfrom, fd, p, n, flags, NULL, NULL);
}

static inline int th_sys_getsockopt(int fd, int level, int name, void *ret_v, socklen_t *n)
{
	return (int)TH_SYS(SYS_getsockopt, fd, level, name, ret_v, n);
}

static inline int th_sys_setsockopt(int fd, int level, int name, const void *v, socklen_t n)
{
	return (int)TH_SYS(SYS_setsockopt, fd, level, name, v, n);
}

/* Waits for one descriptor; ms < 0: for ever. The returned events, 0 on time-out. */
static inline int th_sys_poll1(int fd, short events, int ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
	long r = TH_SYS(SYS_ppoll, &p, 1, ms < 0 ? NULL : &ts, NULL, 8);
	return r > 0 ? p.revents : (int)r;
}

#endif
