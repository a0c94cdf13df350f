/* syscall(3): system calls by number. Those that have to do with connections go the way of their
 * named forms, so they are recorded, and in a replay fenced and answered, as those are (libuv
 * sends dig's questions this way). io_uring is not there in a replay: what is submitted to a ring
 * nobody sees. All else is handed on at once: programs wait on futexes this way.
 *
 * The named forms are points where a thread may be cancelled, and syscall() is none: so they are
 * none while they stand in for it. Before the constructor there is no looking for the real
 * function, since allocators make system calls by number while they initialise (P8).
 *
 * Left out: calls that are not made by libc, by whatever means; fcntl() by number, which only
 * duplicates a descriptor (its socket's inode is looked at, P34). */
#include <pthread.h>
#include <stdarg.h>

#include "base/sys.h"
#include "shim/hook.h"

#if TH_SYS_BY_HAND

/* By number. A name instead of a pointer needs no relocation. */
struct form {
	char name[14];
	bool gives_int;
};

static const struct form forms[] = {
	[SYS_read] = {"read"},
	[SYS_write] = {"write"},
	[SYS_readv] = {"readv"},
	[SYS_writev] = {"writev"},
	[SYS_recvfrom] = {"recvfrom"},
	[SYS_recvmsg] = {"recvmsg"},
	[SYS_recvmmsg] = {"recvmmsg", true},
	[SYS_sendto] = {"sendto"},
	[SYS_sendmsg] = {"sendmsg"},
	[SYS_sendmmsg] = {"sendmmsg", true},
	[SYS_sendfile] = {"sendfile"},
	[SYS_connect] = {"connect", true},
	[SYS_bind] = {"bind", true},
	[SYS_listen] = {"listen", true},
	[SYS_shutdown] = {"shutdown", true},
	[SYS_getsockopt] = {"getsockopt", true},
	[SYS_setsockopt] = {"setsockopt", true},
	[SYS_getpeername] = {"getpeername", true},
	[SYS_getsockname] = {"getsockname", true},
	[SYS_epoll_ctl] = {"epoll_ctl", true},
	[SYS_close] = {"close", true},
	[SYS_close_range] = {"close_range", true},
	[SYS_dup] = {"dup", true},
#ifdef SYS_dup2
	[SYS_dup2] = {"dup2", true},
#endif
	[SYS_dup3] = {"dup3", true},
	[SYS_execve] = {"execve", true},
	[SYS_execveat] = {"execveat", true},
};

static const struct form *form_of(long number)
{
	bool known = number >= 0 && (size_t)number < sizeof(forms) / sizeof(*forms);
	return known && forms[number].name[0] ? &forms[number] : NULL;
}

typedef long call(long, long, long, long, long, long);

/* Numbers and pointers are passed alike where system calls are made by hand. */
static long by_name(const struct form *form, const long a[6])
{
	call *hook = (call *)th_slot_hook(th_slot_named(form->name));
	int before, ignored;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	long ret = hook(a[0], a[1], a[2], a[3], a[4], a[5]);
	pthread_setcancelstate(before, &ignored);
	return form->gives_int ? (int)ret : ret;
}

static long result(long r)
{
	if (r < 0) {
		errno = (int)-r;
		return -1;
	}
	return r;
}

/* All six arguments are taken, however many there are, as the C library's own function does. */
TH_HOOK(long, syscall, (long number, ...))
{
	long a[6];
	va_list args;
	va_start(args, number);
	for (int i = 0; i < 6; i++) {
		a[i] = va_arg(args, long);
	}
	va_end(args);
	bool armed = th_arm_records() || th_arm_closed();
	const struct form *form = armed ? form_of(number) : NULL;
	if (form) {
		return by_name(form, a);
	}
	if (number == SYS_io_uring_setup && th_arm_closed()) {
		return result(-ENOSYS);
	}
	__typeof__(&th_hook_syscall) real = (__typeof__(&th_hook_syscall))atomic_load_explicit(
		&th_slot_syscall.real, memory_order_acquire);
	return real ? real(number, a[0], a[1], a[2], a[3], a[4], a[5])
		    : result(th_sys_call(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

#endif
