/* epoll, for replays only: a registration would be lost when connect() replaces the socket. */
#include <sys/epoll.h>

#include "shim/hook.h"
#include "shim/replay.h"

TH_HOOK(int, epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event))
{
	int ret = TH_REAL(epoll_ctl)(epfd, op, fd, event);
	if (ret == 0 && th_arm_is(TH_ARM_REPLAY)) {
		th_replay_epoll_noted(epfd, op, fd, event);
	}
	return ret;
}
