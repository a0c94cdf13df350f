/* What sockets say about themselves, for replays only: a connection to the player must look like
 * one to the internet (replay_guise.h). */
#include <sys/socket.h>

#include "shim/hook.h"
#include "shim/replay.h"

TH_HOOK(int, getpeername, (int fd, __SOCKADDR_ARG addr, socklen_t *len))
{
	int r = th_arm_guised() ? th_replay_peername(fd, addr.__sockaddr__, len) : TH_REPLAY_PASS;
	return r == TH_REPLAY_PASS ? TH_REAL(getpeername)(fd, addr, len) : th_replay_result(r);
}

TH_HOOK(int, getsockname, (int fd, __SOCKADDR_ARG addr, socklen_t *len))
{
	int r = th_arm_guised() ? th_replay_sockname(fd, addr.__sockaddr__, len) : TH_REPLAY_PASS;
	return r == TH_REPLAY_PASS ? TH_REAL(getsockname)(fd, addr, len) : th_replay_result(r);
}

TH_HOOK(int, bind, (int fd, __CONST_SOCKADDR_ARG addr, socklen_t len))
{
	int ret = TH_REAL(bind)(fd, addr, len);
	if (ret == 0 && th_arm_closed()) {
		th_replay_bound(fd, addr.__sockaddr__, len);
	}
	return ret;
}

TH_HOOK(int, listen, (int fd, int backlog))
{
	int ret = TH_REAL(listen)(fd, backlog);
	if (ret == 0 && th_arm_closed()) {
		th_replay_listens(fd);
	}
	return ret;
}

TH_HOOK(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len))
{
	int r = th_arm_guised() ? th_replay_setsockopt(fd, level, name, value, len)
				: TH_REPLAY_PASS;
	return r == TH_REPLAY_PASS ? TH_REAL(setsockopt)(fd, level, name, value, len)
				   : th_replay_result(r);
}
