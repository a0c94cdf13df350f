/* Connecting: the calls by which a connection begins, and by which the agent learns that it did. */
#include <sys/socket.h>

#include "base/clock.h"
#include "shim/hook.h"
#include "shim/relaying.h"
#include "shim/replay.h"
#include "shim/sock.h"

static int refuse(int error)
{
	errno = error;
	return -1;
}

TH_HOOK(int, connect, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len))
{
	const struct sockaddr *sa = addr.__sockaddr__;
	bool wanted = th_sock_wanted(sa, len);
	uint64_t began = wanted ? th_clock_now() : 0;
	int r = th_arm_closed() ? th_replay_connect(fd, sa, len) : TH_REPLAY_PASS;
	if (wanted && th_relay_took(fd)) {
		return refuse(EISCONN);
	}
	if (r == TH_REPLAY_PASS && wanted && th_arm_refuses()) {
		return refuse(EIO);
	}
	int ret = r == TH_REPLAY_PASS ? TH_REAL(connect)(fd, addr, len) : th_replay_result(r);
	TH_RECORD(wanted && th_arm_owner(), th_sock_connect(fd, sa, len, ret, began));
	return ret;
}

/* As glibc exports it for libraries of its own; nobody keeps others from it. */
int __connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len);
TH_HOOK(int, __connect, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len))
{
	return th_hook_connect(fd, addr, len);
}

TH_HOOK(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *len))
{
	int r = th_arm_guised() ? th_replay_getsockopt(fd, level, name, value, len)
				: TH_REPLAY_PASS;
	int ret = r == TH_REPLAY_PASS ? TH_REAL(getsockopt)(fd, level, name, value, len)
				      : th_replay_result(r);
	TH_RECORD(ret == 0 && level == SOL_SOCKET && name == SO_ERROR && th_fd_tracked(fd) &&
			*len == sizeof(int),
		th_sock_asked(fd, *(int *)value));
	return ret;
}
