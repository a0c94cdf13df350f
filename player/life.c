/* The life of a player process (th_player_run): as long as anybody of the process tree, and not
 * much longer.
 *
 * Who counts: every process that registered, the one that started us, whoever has a connection
 * open, and, asked when none of these is left, whoever still maps the world. The report is written
 * when the tree is first found empty, so that it is there soon after the agent's end, and again
 * when somebody came back. */
#include "player/life.h"

#include <errno.h>
#include <sys/signalfd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "player/detach.h"

#define GRACE_NS 3000000000ull
#define LOOK_MS 200	 /* while the tree may be empty */
#define WATCH_MS 1000	 /* while it lives: to notice a signal in time */
#define EXIT_NO_INPUT 66 /* DESIGN 1.2 */
#define EXIT_BAD_CAPTURE 65
#define EXIT_OS 71

static bool is_told_to_end(int signals)
{
	struct signalfd_siginfo info;
	return signals >= 0 && read(signals, &info, sizeof(info)) == sizeof(info);
}

static bool is_busy(struct th_player *p, int wait_ms)
{
	return th_tree_wait(th_player_tree(p), wait_ms) || th_player_open(p) > 0;
}

static void report(struct th_player *p, const char *path)
{
	if (path && *path) {
		th_player_report(p, path);
	}
}

static void live(struct th_player *p, const char *report_path, int signals)
{
	uint64_t empty_since = 0;
	while (!is_told_to_end(signals)) {
		if (is_busy(p, empty_since ? LOOK_MS : WATCH_MS)) {
			empty_since = 0;
			continue;
		}
		if (!empty_since) {
			empty_since = th_clock_mono();
			report(p, report_path);
		} else if (th_clock_mono() - empty_since > GRACE_NS) {
			if (!th_tree_holds(th_player_world(p))) {
				return;
			}
			empty_since = th_clock_mono();
		}
	}
}

int th_player_run(const struct th_player_conf *conf)
{
	char why[TH_PLAYER_WHY_BYTES];
	struct th_player *p = NULL;
	th_detach_let_go(conf->ready_fd);
	th_auto_close int signals = th_detach_signals();
	int r = th_player_start(conf, &p, why);
	if (r == -ENODATA && conf->or_nothing) {
		th_detach_say(conf->ready_fd, "nothing", "");
		return 0;
	}
	if (r < 0) {
		th_detach_say(conf->ready_fd, "error: ", why);
		bool missing = r == -ENOENT || r == -ENODATA || r == -ENOTUNIQ;
		return missing ? EXIT_NO_INPUT : r == -EINVAL ? EXIT_BAD_CAPTURE : EXIT_OS;
	}
	th_tree_add(th_player_tree(p), conf->tree);
	th_detach_say(conf->ready_fd, "ready", "");
	live(p, conf->report, signals);
	th_player_stop(p);
	report(p, conf->report);
	th_player_destroy(p);
	return 0;
}
