/* Giving up root's rights: servers and containers' entry points do, mostly before anything is
 * asked. What is needed later is made ready while it can be: the live file, which stays mapped, and
 * in a replay the player's directory, which becomes the new user's (root's processes are not held
 * up by that).
 *
 * A program that is executed afterwards cannot write the capture, which is root's: it says so, and
 * is noted (left.c). */
#include <unistd.h>

#include "base/sys.h"
#include "recorder/recorder.h"
#include "shim/hook.h"
#include "shim/replay_link.h"

static void about_to_become(uid_t user)
{
	int saved = errno;
	if (user == 0 || user == (uid_t)-1 || TH_SYS(SYS_geteuid) != 0) {
		return;
	}
	if (th_arm_is(TH_ARM_REPLAY)) {
		th_link_hand_over(user);
	}
	if (th_tap_enter()) {
		(void)th_recorder_mend();
		th_tap_leave();
	}
	errno = saved;
}

TH_HOOK(int, setuid, (uid_t user))
{
	about_to_become(user);
	return TH_REAL(setuid)(user);
}

TH_HOOK(int, seteuid, (uid_t user))
{
	about_to_become(user);
	return TH_REAL(seteuid)(user);
}

TH_HOOK(int, setreuid, (uid_t real, uid_t effective))
{
	about_to_become(effective);
	return TH_REAL(setreuid)(real, effective);
}

TH_HOOK(int, setresuid, (uid_t real, uid_t effective, uid_t kept))
{
	about_to_become(effective);
	return TH_REAL(setresuid)(real, effective, kept);
}
