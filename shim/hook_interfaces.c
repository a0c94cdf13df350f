/* The machine's network interfaces, for replays only (replay_interfaces.h). They are not recorded:
 * they tell of the machine, and programs look there for an address to bind to. */
#include <ifaddrs.h>

#include "shim/hook.h"
#include "shim/replay_interfaces.h"

TH_HOOK(int, getifaddrs, (struct ifaddrs * *list))
{
	int ret = TH_REAL(getifaddrs)(list);
	if (ret == 0 && th_arm_is(TH_ARM_REPLAY)) {
		th_interfaces_stand_in(list);
	}
	return ret;
}

TH_HOOK(void, freeifaddrs, (struct ifaddrs * list))
{
	TH_REAL(freeifaddrs)(th_interfaces_take_out(list));
}
