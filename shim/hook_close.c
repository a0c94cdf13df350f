/* Descriptors that close, or come to stand for something else: upkeep of the table of descriptors
 * (P34). A connection is ended before the real close, since afterwards its number may already
 * belong to another thread's new descriptor. Processes clean up between fork or vfork and exec
 * with these very calls, so they do as little as they can there (TH_UPKEEP). */
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shim/fd_table.h"
#include "shim/hook.h"
#include "shim/plain.h"

static void note_shutdown(int fd, int how)
{
	struct th_fd *f = th_fd_get(fd);
	if (f && how != SHUT_WR) {
		f->shut = true;
	}
}

static bool is_dup(int cmd)
{
	return cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC;
}

TH_HOOK(int, close, (int fd))
{
	TH_UPKEEP(th_fd_tracked(fd), th_fd_drop(fd));
	return TH_REAL(close)(fd);
}

/* As glibc exports it for libraries of its own; nobody keeps others from it. */
int __close(int fd);
TH_HOOK(int, __close, (int fd))
{
	return th_hook_close(fd);
}

int th_plain_close(int fd)
{
	return th_hook_close(fd);
}

TH_HOOK(int, close_range, (unsigned first, unsigned last, int flags))
{
	TH_UPKEEP(!(flags & CLOSE_RANGE_CLOEXEC), th_fd_drop_range(first, last));
	return TH_REAL(close_range)(first, last, flags);
}

TH_HOOK(void, closefrom, (int first))
{
	TH_UPKEEP(true, th_fd_drop_range(first < 0 ? 0 : (unsigned)first, UINT_MAX));
	TH_REAL(closefrom)(first);
}

TH_HOOK(int, shutdown, (int fd, int how))
{
	int ret = TH_REAL(shutdown)(fd, how);
	TH_UPKEEP(ret == 0 && th_fd_tracked(fd), note_shutdown(fd, how));
	return ret;
}

TH_HOOK(int, dup, (int fd))
{
	int ret = TH_REAL(dup)(fd);
	TH_UPKEEP(ret >= 0 && (th_fd_tracked(fd) || th_fd_tracked(ret)), th_fd_copy(fd, ret));
	return ret;
}

TH_HOOK(int, dup2, (int fd, int to))
{
	int ret = TH_REAL(dup2)(fd, to);
	TH_UPKEEP(ret >= 0 && (th_fd_tracked(fd) || th_fd_tracked(ret)), th_fd_copy(fd, ret));
	return ret;
}

int __dup2(int fd, int to);
TH_HOOK(int, __dup2, (int fd, int to))
{
	return th_hook_dup2(fd, to);
}

TH_HOOK(int, dup3, (int fd, int to, int flags))
{
	int ret = TH_REAL(dup3)(fd, to, flags);
	TH_UPKEEP(ret >= 0 && (th_fd_tracked(fd) || th_fd_tracked(ret)), th_fd_copy(fd, ret));
	return ret;
}

/* The third argument is a number or a pointer; as wide as a pointer it is handed on whole (P37). */
TH_HOOK(int, fcntl, (int fd, int cmd, ...))
{
	va_list args;
	va_start(args, cmd);
	void *arg = va_arg(args, void *);
	va_end(args);
	int ret = TH_REAL(fcntl)(fd, cmd, arg);
	TH_UPKEEP(ret >= 0 && is_dup(cmd) && (th_fd_tracked(fd) || th_fd_tracked(ret)),
		th_fd_copy(fd, ret));
	return ret;
}

TH_HOOK(int, fcntl64, (int fd, int cmd, ...))
{
	va_list args;
	va_start(args, cmd);
	void *arg = va_arg(args, void *);
	va_end(args);
	int ret = TH_REAL(fcntl64)(fd, cmd, arg);
	TH_UPKEEP(ret >= 0 && is_dup(cmd) && (th_fd_tracked(fd) || th_fd_tracked(ret)),
		th_fd_copy(fd, ret));
	return ret;
}

int __fcntl(int fd, int cmd, ...);
TH_HOOK(int, __fcntl, (int fd, int cmd, ...))
{
	va_list args;
	va_start(args, cmd);
	void *arg = va_arg(args, void *);
	va_end(args);
	return th_hook_fcntl(fd, cmd, arg);
}
