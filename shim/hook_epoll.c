/* epoll: a registration would be lost when a socket is replaced, by connect() in a replay or by the
 * relay. */
#include <sys/epoll.h>

#include "shim/hook.h"
#include "shim/relaying.h"
#include "shim/replay.h"

TH_HOOK(int, epoll_ctl, (int epfd, int op, int fd, struct epoll_event *event))
{
	bool relayed = atomic_load_explicit(&th_relay_on, memory_order_relaxed) &&
		!th_arm_is(TH_ARM_REPLAY);
	bool entered = relayed && th_relay_epoll_enter();
	int ret = TH_REAL(epoll_ctl)(epfd, op, fd, event);
	if (relayed) {
		th_relay_epoll_leave(entered, ret == 0 ? epfd : -1);
	}
	if (ret == 0 && th_arm_is(TH_ARM_REPLAY)) {
		th_replay_epoll_noted(epfd, op, fd, event);
	}
	return ret;
}
