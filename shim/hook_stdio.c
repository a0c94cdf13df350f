/* stdio on sockets. glibc's streams read and write inside the library, past every hook (P42), so a
 * stream that is opened on a connection is made of calls of ours: fopencookie(3), the
 * documented way to have them. All functions on the stream then work as they do, macros and
 * unlocked forms included, which hooking fread, fgets, getc … would never cover.
 *
 * fileno() of such a stream would fail, since a cookie need not be a descriptor; glibc looks only
 * at the number in the FILE (_fileno, part of its ABI), so it is put there. fclose() does not: it
 * closes through our call. What differs: wide characters are refused (fwide() says bytes), and a
 * buffer is 8192 instead of 4096 bytes, which a socket does not show.
 *
 * dprintf() writes through a stream of its own inside the library: formatted here, then written. */
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/sys.h"
#include "shim/fd_table.h"
#include "shim/fortified.h"
#include "shim/hook.h"
#include "shim/plain.h"
#include "shim/replay.h"

#define STREAMS_MAX 256 /* at a time; what is left in further ones at the end is not seen */

static int option_of(int fd, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);
	return th_sys_getsockopt(fd, SOL_SOCKET, name, &value, &n) == 0 ? value : -1;
}

/* Not a socketpair, nor one that somebody else has connected. */
static bool is_unix_peer(int fd)
{
	return th_arm_closed() ? th_replay_is_guise(fd) : th_fd_tracked(fd);
}

static bool is_ours(int fd)
{
	int saved = errno;
	bool ours = false;
	if (th_arm_is(TH_ARM_RECORD) || th_arm_closed()) {
		int domain = option_of(fd, SO_DOMAIN);
		ours = (domain == AF_INET || domain == AF_INET6 ||
			       (domain == AF_UNIX && is_unix_peer(fd))) &&
			option_of(fd, SO_TYPE) == SOCK_STREAM;
	}
	errno = saved;
	return ours;
}

/* ---- streams ---- */

static int fd_of(const void *cookie)
{
	return (int)(intptr_t)cookie;
}

static ssize_t stream_read(void *cookie, char *buf, size_t n)
{
	return th_plain_read(fd_of(cookie), buf, n);
}

/* Streams that are open. glibc writes out what is left in their buffers when the process ends,
 * after our destructor (P12): that must be seen. */
static _Atomic(FILE *) streams[STREAMS_MAX];
static _Atomic bool any_stream; /* was ever opened: most programs that end have none */

static void remember_stream(FILE *f)
{
	atomic_store(&any_stream, true);
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		FILE *nobody = NULL;
		if (atomic_compare_exchange_strong(&streams[i], &nobody, f)) {
			return;
		}
	}
}

/* While it is being closed, so none that is looked at is gone. */
static void forget_stream(int fd)
{
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		FILE *f = atomic_load(&streams[i]);
		if (f && f->_fileno == fd) {
			atomic_store(&streams[i], NULL);
		}
	}
}

/* One that another thread is using is left alone: it may wait for ever. */
void th_plain_flush_streams(void)
{
	for (size_t i = 0; i < STREAMS_MAX && atomic_load(&any_stream); i++) {
		FILE *f = atomic_load(&streams[i]);
		if (f && ftrylockfile(f) == 0) {
			if (__fpending(f) > 0) {
				(void)fflush_unlocked(f);
			}
			funlockfile(f);
		}
	}
}

/* All of it, as glibc's own streams write. */
static ssize_t stream_write(void *cookie, const char *buf, size_t n)
{
	size_t done = 0;
	while (done < n) {
		ssize_t r = th_plain_write(fd_of(cookie), buf + done, n - done);
		if (r < 0) {
			break;
		}
		done += (size_t)r;
	}
	return (ssize_t)done;
}

static int stream_seek(void *cookie, off64_t *pos, int whence)
{
	errno = ESPIPE; /* what a socket says */
	return -1;
}

static int stream_close(void *cookie)
{
	forget_stream(fd_of(cookie));
	return th_plain_close(fd_of(cookie));
}

static FILE *open_stream(int fd, const char *mode)
{
	static const cookie_io_functions_t calls = {
		stream_read, stream_write, stream_seek, stream_close};
	FILE *f = fopencookie((void *)(intptr_t)fd, mode, calls);
	if (f) {
		f->_fileno = fd;
		remember_stream(f);
	}
	return f;
}

TH_HOOK(FILE *, fdopen, (int fd, const char *mode))
{
	return is_ours(fd) ? open_stream(fd, mode) : TH_REAL(fdopen)(fd, mode);
}

/* As glibc exports it for programs of old. */
FILE *_IO_fdopen(int fd, const char *mode);
TH_HOOK(FILE *, _IO_fdopen, (int fd, const char *mode))
{
	return th_hook_fdopen(fd, mode);
}

/* ---- dprintf ---- */

static __attribute__((format(printf, 2, 0))) int print(int fd, const char *format, va_list args)
{
	char *text;
	int n = vasprintf(&text, format, args);
	if (n >= 0) {
		bool all = stream_write((void *)(intptr_t)fd, text, (size_t)n) == n;
		int saved = errno;
		free(text);
		errno = saved;
		n = all ? n : -1;
	}
	return n;
}

TH_HOOK(int, vdprintf, (int fd, const char *format, va_list args))
{
	return is_ours(fd) ? print(fd, format, args) : TH_REAL(vdprintf)(fd, format, args);
}

TH_HOOK(int, dprintf, (int fd, const char *format, ...))
{
	va_list args;
	va_start(args, format);
	int n = th_hook_vdprintf(fd, format, args);
	va_end(args);
	return n;
}

TH_HOOK(int, __vdprintf_chk, (int fd, int flag, const char *format, va_list args))
{
	return is_ours(fd) ? print(fd, format, args)
			   : TH_REAL(__vdprintf_chk)(fd, flag, format, args);
}

TH_HOOK(int, __dprintf_chk, (int fd, int flag, const char *format, ...))
{
	va_list args;
	va_start(args, format);
	int n = th_hook___vdprintf_chk(fd, flag, format, args);
	va_end(args);
	return n;
}
