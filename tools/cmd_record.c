/* tracehook record: runs an agent with the library preloaded and says what was recorded.
 *
 * The run is found again by the agent's pid and the time it was started, so that several recordings
 * into one file do not mix up their summaries. The exit status is the agent's, whatever the
 * summary meets; only --require-coverage may change it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "capture/fold.h"
#include "tools/capture_path.h"
#include "tools/coverage.h"
#include "tools/launch.h"
#include "tools/run_ledger.h"
#include "tools/settings.h"
#include "tools/tools.h"

#define CLOCK_SLACK 50000000u	 /* ns: two readings of the clock may differ by a coarse tick */
#define FOLD_BUDGET 60000000000u /* ns */

struct record_options {
	const char *output;
	bool quiet;
	bool require_coverage;
};

static void add_meta(const char *pairs)
{
	const char *before = getenv("TRACEHOOK_META");
	bool any = before && *before;
	th_auto_free char *both = th_tool_format(
		"%s%s%s", any ? before : "", any ? "," : "", pairs);
	setenv("TRACEHOOK_META", both, 1);
}

/* -1: go on with argv[optind]; else the exit code. */
static int parse_options(int argc, char **argv, struct record_options *o)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'},
		{"meta", required_argument, NULL, 'm'}, {"quiet", no_argument, NULL, 'q'},
		{"require-coverage", no_argument, NULL, 'C'}, {"help", no_argument, NULL, 'h'},
		{NULL}};
	for (int c; (c = th_tool_option(argc, argv, "+o:m:q", options)) != -1;) {
		switch (c) {
		case 'o':
			o->output = optarg;
			break;
		case 'm':
			add_meta(optarg);
			break;
		case 'q':
			o->quiet = true;
			break;
		case 'C':
			o->require_coverage = true;
			break;
		default:
			return th_tool_option_exit(c);
		}
	}
	return optind < argc ? -1 : th_tool_misuse("record", "which program?");
}

static int check_all(const char *capture, const char *program)
{
	struct th_config config;
	if (!th_settings_read("record", &config)) {
		return TH_EXIT_USAGE;
	}
	th_auto_free char *path = NULL;
	int code = th_launch_find(program, &path);
	return code == TH_EXIT_OK ? th_capture_check_append(capture) : code;
}

/* The newest run that the agent began; the agent's pid may be another in its own namespace, so
 * without such a run the newest since then. */
static const struct th_run *find_run(const struct th_trace *t, pid_t pid, uint64_t since)
{
	const struct th_run *newest = NULL, *own = NULL;
	for (size_t i = 0; i < t->n_runs; i++) {
		const struct th_run *run = t->runs[i];
		if (run->began + CLOCK_SLACK < since) {
			continue;
		}
		newest = run;
		if (run->n_processes && run->processes[0]->pid == (uint32_t)pid) {
			own = run;
		}
	}
	return own ? own : newest;
}

/* Says what was recorded; true when all that was seen is in the capture. */
static bool summarise(
	const struct record_options *o, const char *capture, pid_t pid, uint64_t since)
{
	struct th_trace *t = NULL;
	const char *why = NULL;
	th_fold_orphans(capture, 0, FOLD_BUDGET);
	int r = th_trace_load(capture, &t, &why);
	const struct th_run *run = r == 0 ? find_run(t, pid, since) : NULL;
	bool whole = false;
	if (run) {
		struct th_coverage c = th_coverage_of(run);
		whole = th_coverage_whole(&c);
	}
	if (run && !o->quiet) {
		th_run_ledger_print(stderr, run, capture);
	} else if (!run) {
		th_tool_error("nothing was recorded: the library was not loaded into the program; "
			      "it is linked statically, or runs with other rights than its caller, "
			      "or drops LD_PRELOAD");
	}
	th_trace_free(t);
	return whole;
}

int th_cmd_record(int argc, char **argv)
{
	struct record_options o = {0};
	struct th_launched agent;
	int code = parse_options(argc, argv, &o);
	if (code >= 0) {
		return code;
	}
	th_auto_free char *capture = th_capture_path(o.output);
	code = check_all(capture, argv[optind]);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_auto_free char *library = th_launch_library();
	if (!library) {
		return TH_EXIT_TOOL_FAILED;
	}
	struct th_launch l = {.mode = "record", .capture = capture, .argv = argv + optind};
	uint64_t since = th_clock_now();
	code = th_launch_run(&l, library, &agent);
	if (code != TH_EXIT_OK) {
		return code;
	}
	bool whole = summarise(&o, capture, agent.pid, since);
	if (o.require_coverage && !whole) {
		return TH_EXIT_UNCOVERED;
	}
	th_launch_end_like(agent.status);
}
