/* System calls made past the C library.
 *
 * Code inside the agent must not call a function that the shim hooks (P46; syscall() is one), and
 * must not be a cancellation point (P25). So files and sockets are reached through these; each
 * gives the result or a negative errno, and leaves errno alone. All are async-signal-safe. On
 * machines whose calling convention does not stand here syscall() is used, and not hooked. */
#ifndef BASE_SYS_H
#define BASE_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#define TH_SYS_BY_HAND 1
static inline long th_sys_call(long n, long a, long b, long c, long d, long e, long f)
{
	long r;
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	__asm__ volatile("syscall"
			 : "=a"(r)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
}
#elif defined(__aarch64__)
#define TH_SYS_BY_HAND 1
static inline long th_sys_call(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c, x3 __asm__("x3") = d, x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;
	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#define TH_SYS_BY_HAND 0
static inline long th_sys_call(long n, long a, long b, long c, long d, long e, long f)
{
	int saved = errno;
	long r = syscall(n, a, b, c, d, e, f);
	r = r < 0 ? -(long)errno : r;
	errno = saved;
	return r;
}
#endif

#ifdef TH_SYS_FAULTY /* tests/unit/test_faults.c lets them fail */
long th_sys_faulty(long n, long a, long b, long c, long d, long e, long f);
#define TH_SYS_CALL th_sys_faulty
#else
#define TH_SYS_CALL th_sys_call
#endif

/* A system call of up to six arguments, numbers or pointers. */
#define TH_SYS(...) TH_SYS_PADDED(__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define TH_SYS_PADDED(n, a, b, c, d, e, f, ...) \
	TH_SYS_CALL(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#define TH_SYS_AGAIN_MAX 1000 /* interruptions of one call; who gives more is ill */

/* The same of a call on a file, once more when a signal interrupted it: on a network file system
 * that can happen to every one of them. */
#define TH_SYS_AGAIN(...) \
	({ \
		long again_r = -EINTR; \
		for (int again_i = 0; again_i < TH_SYS_AGAIN_MAX && again_r == -EINTR; \
			again_i++) { \
			again_r = TH_SYS(__VA_ARGS__); \
		} \
		again_r; \
	})

static inline int th_sys_open(const char *path, int flags, unsigned mode)
{
	return (int)TH_SYS_AGAIN(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, mode);
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

static inline long th_sys_pread(int fd, void *p, size_t n, off_t offset)
{
	return TH_SYS_AGAIN(SYS_pread64, fd, p, n, offset);
}

static inline long th_sys_pwrite(int fd, const void *p, size_t n, off_t offset)
{
	return TH_SYS_AGAIN(SYS_pwrite64, fd, p, n, offset);
}

static inline long th_sys_pwritev(int fd, const struct iovec *parts, int n, off_t offset)
{
	return TH_SYS_AGAIN(SYS_pwritev, fd, parts, n, offset, 0);
}

static inline long th_sys_writev(int fd, const struct iovec *parts, int n)
{
	return TH_SYS_AGAIN(SYS_writev, fd, parts, n);
}

static inline int th_sys_stat(const char *path, struct stat *ret_st)
{
	return (int)TH_SYS(SYS_newfstatat, AT_FDCWD, path, ret_st, 0);
}

static inline int th_sys_flock(int fd, int op)
{
	return (int)TH_SYS_AGAIN(SYS_flock, fd, op);
}

static inline int th_sys_unlink(const char *path)
{
	return (int)TH_SYS(SYS_unlinkat, AT_FDCWD, path, 0);
}

static inline int th_sys_ftruncate(int fd, off_t size)
{
	return (int)TH_SYS_AGAIN(SYS_ftruncate, fd, size);
}

static inline int th_sys_fallocate(int fd, off_t offset, off_t n)
{
	return (int)TH_SYS_AGAIN(SYS_fallocate, fd, 0, offset, n);
}

/* Room on the disk for n bytes more; the file's size stays. */
static inline int th_sys_reserve(int fd, off_t offset, off_t n)
{
	return (int)TH_SYS_AGAIN(SYS_fallocate, fd, FALLOC_FL_KEEP_SIZE, offset, n);
}

/* Fills `p` with directory entries (struct linux_dirent64); 0 at the end. */
static inline long th_sys_getdents(int fd, void *p, size_t n)
{
	return TH_SYS(SYS_getdents64, fd, p, n);
}

static inline uint32_t th_sys_getpid(void)
{
	return (uint32_t)TH_SYS(SYS_getpid);
}

static inline int th_sys_kill(uint32_t pid, int signal)
{
	return (int)TH_SYS(SYS_kill, pid, signal);
}

/* n (at most 256) random bytes. */
static inline int th_sys_random(void *p, size_t n)
{
	long r;
	do {
		r = TH_SYS(SYS_getrandom, p, n, 0);
	} while (r == -EINTR);
	return r == (long)n ? 0 : r < 0 ? (int)r : -EIO;
}

static inline void th_sys_sleep(long ns)
{
	const struct timespec ts = {.tv_nsec = ns};
	TH_SYS(SYS_nanosleep, &ts, NULL);
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
