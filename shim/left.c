/* Two things lose the library: an environment without it (env -i, LD_PRELOAD unset), and a program
 * that the loader cannot or must not put it into (base/obstacle.h). Two lose the run only: an
 * environment that keeps LD_PRELOAD and not the context, and a user who may not write the capture.
 * Nothing is prevented: env -i is to mean what it says. In a replay the environment is put right
 * (child_env.h), so only the second is left there.
 *
 * A program that does carry it begins anew all the same: of the connections that it inherits it
 * knows nothing. Those on which something is left to be said are noted in the same way.
 *
 * exec does not come back, so the note is made before it. That the program can be executed is
 * looked at first, since many walk PATH by trying; what then still fails (no memory, a busy file)
 * has a note too many. A forked child that has said nothing yet becomes a process of the run for
 * it: the note would otherwise be its parent's, which has a writer of its own (P29). */
#include "shim/left.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/obstacle.h"
#include "base/sys.h"
#include "recorder/recorder.h"
#include "shim/arm.h"
#include "shim/child_env.h"
#include "shim/children.h"
#include "shim/fd_table.h"
#include "shim/replay.h"

#define PATH_BYTES 4096
#define DEFAULT_PATH "/bin:/usr/bin"

static bool is_executable(int dir, const char *path)
{
	struct stat st;
	return TH_SYS(SYS_newfstatat, dir, path, &st, 0) == 0 && S_ISREG(st.st_mode) &&
		TH_SYS(SYS_faccessat, dir, path, X_OK) == 0;
}

static bool join(char ret_path[PATH_BYTES], const char *directory, size_t n, const char *name)
{
	struct th_out out = {.p = (uint8_t *)ret_path, .cap = PATH_BYTES};
	th_out_bytes(&out, directory, n);
	th_out_bytes(&out, "/", n > 0);
	th_out_bytes(&out, name, strlen(name) + 1);
	return !out.failed;
}

static bool find_on_path(const char *name, char ret_path[PATH_BYTES])
{
	const char *p = th_child_env_value(environ, "PATH=");
	for (p = p ? p : DEFAULT_PATH;; p++) {
		size_t n = strcspn(p, ":");
		if (join(ret_path, p, n, name) && is_executable(AT_FDCWD, ret_path)) {
			return true;
		}
		p += n;
		if (!*p) {
			return false;
		}
	}
}

/* "/proc/self/fd/7" */
static void name_of_descriptor(int fd, char ret_path[PATH_BYTES])
{
	struct th_out out = {.p = (uint8_t *)ret_path, .cap = PATH_BYTES};
	th_out_bytes(&out, "/proc/self/fd/", 14);
	unsigned unit = 1;
	while ((unsigned)fd / unit >= 10) {
		unit *= 10;
	}
	for (; unit; unit /= 10) {
		th_out_u8(&out, (uint8_t)('0' + (unsigned)fd / unit % 10));
	}
	th_out_u8(&out, 0);
}

/* The file that would be executed; `room` holds what had to be made of it. NULL: none would. */
static const char *find(const struct th_left_program *program, char room[PATH_BYTES])
{
	if (!program->path || !program->path[0]) {
		if (program->dir < 0) {
			return NULL;
		}
		name_of_descriptor(program->dir, room);
		return is_executable(program->dir, room) ? room : NULL;
	}
	if (program->search && !strchr(program->path, '/')) {
		return find_on_path(program->path, room) ? room : NULL;
	}
	return is_executable(program->dir, program->path) ? program->path : NULL;
}

static uint8_t reason_of(enum th_obstacle obstacle)
{
	switch (obstacle) {
	case TH_OBSTACLE_STATIC:
		return TH_LEFT_STATIC;
	case TH_OBSTACLE_SET_USER:
	case TH_OBSTACLE_CAPABILITIES:
		return TH_LEFT_RIGHTS;
	case TH_OBSTACLE_32BIT:
	case TH_OBSTACLE_MACHINE:
		return TH_LEFT_MACHINE;
	case TH_OBSTACLE_NONE:
		break;
	}
	return 0;
}

/* What of an environment makes a program leave this recording; 0: nothing. */
static uint8_t lost_by(char *const envp[])
{
	if (!th_child_env_carries(envp)) {
		return TH_LEFT_ENVIRONMENT;
	}
	if (!th_child_env_value(envp, TH_CONTEXT_VARIABLE "=")) {
		return TH_LEFT_CONTEXT;
	}
	/* Rights were given up since the capture was opened. */
	long r = TH_SYS(SYS_faccessat, AT_FDCWD, th_recorder_capture(), W_OK);
	return r == -EACCES ? TH_LEFT_USER : 0;
}

static void note(uint8_t reason, bool beside, const char *path)
{
	if (th_arm_is(TH_ARM_REPLAY)) {
		th_arm_notice();
		th_replay_left(reason, path);
	} else if (th_tap_enter()) {
		th_recorder_left(reason, !beside && th_arm_owner(), path);
		th_tap_leave();
	}
}

/* What a child does, or a child in this memory, its parent's own account of the socket shows. */
static void hand_connections_on(void)
{
	if (th_arm_noticed() && th_arm_owner() && th_tap_enter()) {
		th_fd_hand_on_all();
		th_tap_leave();
	}
}

void th_left_look(const struct th_left_program *program, char *const envp[])
{
	if (!th_arm_is(TH_ARM_RECORD) && !th_arm_is(TH_ARM_REPLAY)) {
		return;
	}
	char room[PATH_BYTES];
	int saved = errno;
	const char *path = find(program, room);
	if (path && !program->beside) {
		hand_connections_on();
	}
	if (path) {
		uint8_t reason = reason_of(th_obstacle_of(program->dir, path));
		reason = !reason && th_arm_is(TH_ARM_RECORD) ? lost_by(envp) : reason;
		if (reason) {
			note(reason, program->beside, path);
		}
	}
	errno = saved;
}
