/* Starting the player from the agent's constructor (DESIGN 2.3), when only the environment asked
 * for a replay. */
#include <string.h>

#include "base/sys.h"
#include "base/text.h"
#include "recorder/process.h"
#include "shim/helper.h"
#include "shim/replay.h"
#include "shim/replay_link.h"

_Static_assert(TH_REPLAY_WHY_BYTES >= TH_HELPER_WHY_BYTES, "reasons are handed on");

static void tell(char why[TH_REPLAY_WHY_BYTES], const char *what)
{
	strncpy(why, what, TH_REPLAY_WHY_BYTES - 1);
	why[TH_REPLAY_WHY_BYTES - 1] = 0;
}

static int start_player(const struct th_config *conf, char ret_directory[TH_HELPER_DIRECTORY_BYTES],
	char why[TH_REPLAY_WHY_BYTES])
{
	int r = th_helper_directory(ret_directory);
	if (r < 0) {
		tell(why, "no directory for the player can be made in TMPDIR, /tmp or /run");
		return r;
	}
	char hint[2 * TH_TRACE_ID_BYTES + 1] = "";
	if (conf->has_trace_id) {
		th_hex_encode(hint, conf->trace_id, sizeof(conf->trace_id));
	}
	const struct th_helper_option options[] = {{"--capture", conf->capture},
		{"--trace", conf->trace_prefix}, {"--trace-hint", hint},
		{"--directory", ret_directory}, {"--match", conf->match},
		{"--on-miss", conf->on_miss}, {"--pace", conf->pace},
		{"--or-nothing", conf->mode == TH_CONFIG_AUTO ? "1" : NULL},
		{"--report", conf->report}};
	r = th_helper_start("player", options, sizeof(options) / sizeof(options[0]), why);
	if (r < 0) {
		TH_SYS(SYS_unlinkat, AT_FDCWD, ret_directory, AT_REMOVEDIR);
	}
	return r;
}

static const char unreachable[] = "the player of this run cannot be reached";

int th_replay_start(const struct th_config *conf, char why[TH_REPLAY_WHY_BYTES])
{
	char started[TH_HELPER_DIRECTORY_BYTES] = "";
	const char *directory = conf->player;
	if (!*directory) {
		int r = start_player(conf, started, why);
		if (r < 0) {
			return r;
		}
		directory = started;
	}
	int r = th_link_init(directory, conf->parent_span_id);
	if (r < 0) {
		tell(why, unreachable);
	}
	return r;
}

int th_replay_join(const uint8_t *span_id, char why[TH_REPLAY_WHY_BYTES])
{
	int r = th_link_register(span_id);
	if (r < 0) {
		tell(why, unreachable);
	}
	return r;
}

void th_replay_forked(const uint8_t *span_id)
{
	if (!span_id) { /* else the recorder did it */
		th_process_threads_forked();
	}
	(void)th_link_register(span_id); /* without a player every connection fails by itself */
}

/* Of a long path its end says more. */
void th_replay_left(uint8_t reason, const char *path)
{
	struct th_hello h = th_link_hello(TH_HELLO_LEFT, NULL, 0);
	size_t n = strlen(path);
	size_t skip = n < sizeof(h.name) ? 0 : n - (sizeof(h.name) - 1);
	h.reason = reason;
	memcpy(h.name, path + skip, n - skip);
	th_link_tell(&h);
}

const char *th_replay_directory(void)
{
	return th_link_directory();
}

void th_replay_span_id(uint8_t ret_id[8])
{
	th_link_process(ret_id);
}
