#include "tools/replay_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "capture/fold.h"
#include "tools/capture_path.h"
#include "tools/run_ledger.h"
#include "tools/sealing.h"
#include "tools/tools.h"

#define FOLD_BUDGET 60000000000u /* ns */

int th_replay_record_begin(const char *path, char **ret_path)
{
	th_auto_free char *absolute = th_capture_path(path);
	if (strchr(absolute, ';')) {
		return th_tool_misuse(
			"replay", "--record %s: its path may not hold a semicolon", path);
	}
	int code = th_capture_check_append(absolute);
	if (code == TH_EXIT_OK) {
		*ret_path = th_steal(&absolute);
	}
	return code;
}

void th_replay_record_of(const char *trace_id)
{
	const char *before = getenv("TRACEHOOK_META");
	bool any = before && *before;
	th_auto_free char *meta = th_tool_format(
		"%s%sreplay_of=%s", any ? before : "", any ? "," : "", trace_id);
	setenv("TRACEHOOK_META", meta, 1);
}

static const struct th_run *newest_since(const struct th_trace *t, uint64_t since)
{
	const struct th_run *newest = NULL;
	for (size_t i = 0; i < t->n_runs; i++) {
		if (t->runs[i]->began >= since) {
			newest = t->runs[i];
		}
	}
	return newest;
}

/* As tracehook record does: this run is over, too. */
static void seal(const char *path, const struct th_trace *t, const struct th_run *run, int lock)
{
	size_t appended = 0;
	int r = lock < 0 ? lock : th_sealing_run(path, t, run, NULL, &appended);
	if (r < 0) {
		th_sealing_say_failed(path, r);
	}
}

int th_replay_record_end(const char *path, const char *replayed, uint64_t since, bool quiet)
{
	struct th_trace *t = NULL;
	th_fold_orphans(path, 0, FOLD_BUDGET);
	th_auto_close int lock = th_sealing_lock(path);
	int r = th_trace_load(path, &t, NULL);
	const struct th_run *run = r == 0 ? newest_since(t, since) : NULL;
	if (!run) {
		th_tool_error("%s: the replay was not recorded", path);
	} else {
		seal(path, t, run, lock);
	}
	if (run && !quiet) {
		th_run_ledger_print(stderr, run, path);
		char id[2 * TH_TRACE_ID_BYTES + 1];
		th_hex_encode(id, run->trace_id, sizeof(run->trace_id));
		th_tool_error("compare: tracehook diff %s %s:%.12s", replayed, path, id);
	}
	th_trace_free(t);
	return run ? TH_EXIT_OK : TH_EXIT_UNCOVERED;
}
