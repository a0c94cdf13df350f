/* tracehook record: runs an agent with the library preloaded and says what was recorded.
 *
 * The run is found again by the agent's pid and the time it was started, so that several recordings
 * into one file do not mix up their summaries. The exit status is the agent's, whatever the
 * summary meets; only --require-coverage may change it. */
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "capture/fold.h"
#include "tools/capture_path.h"
#include "tools/coverage.h"
#include "tools/exchange_json.h"
#include "tools/launch.h"
#include "tools/proxy_agent.h"
#include "tools/relay_dir.h"
#include "tools/run_ledger.h"
#include "tools/sealing.h"
#include "tools/settings.h"
#include "tools/tools.h"

#define CLOCK_SLACK 50000000u	 /* ns: two readings of the clock may differ by a coarse tick */
#define FOLD_BUDGET 60000000000u /* ns */

struct record_options {
	const char *output;
	struct th_sign_key *key; /* NULL: the seal is not signed */
	const char *key_path;
	bool quiet;
	bool require_coverage;
	bool proxy;
	bool unsampled; /* TRACEHOOK_SAMPLE leaves this run out */
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
		{"require-coverage", no_argument, NULL, 'C'}, {"proxy", no_argument, NULL, 'P'},
		{"sign", required_argument, NULL, 'S'}, {"help", no_argument, NULL, 'h'}, {NULL}};
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
		case 'P':
			o->proxy = true;
			break;
		case 'S':
			o->key_path = optarg;
			break;
		default:
			return th_tool_option_exit(c);
		}
	}
	return optind < argc ? -1 : th_tool_misuse("record", "which program?");
}

/* The library would choose a random trace id; chosen here, it is known whether the run is among
 * those that are recorded. */
static void choose_trace(struct record_options *o, struct th_config *config)
{
	char hex[2 * TH_TRACE_ID_BYTES + 1] = "";
	if (!config->has_trace_id) {
		(void)getrandom(config->trace_id, sizeof(config->trace_id), 0);
		th_hex_encode(hex, config->trace_id, TH_TRACE_ID_BYTES);
		setenv("TRACEHOOK_TRACE_ID", hex, 1);
	}
	o->unsampled = !th_config_sampled(config, config->trace_id);
}

static int check_all(struct record_options *o, const char *capture, const char *program)
{
	struct th_config config;
	if (!th_settings_read("record", &config)) {
		return TH_EXIT_USAGE;
	}
	if (config.sample < TH_CONFIG_SAMPLE_ALL && o->require_coverage) {
		return th_tool_misuse("record",
			"--require-coverage and a TRACEHOOK_SAMPLE below 1 contradict each other");
	}
	if (config.sample < TH_CONFIG_SAMPLE_ALL) {
		choose_trace(o, &config);
	}
	int code = th_settings_check_rules(&config);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_auto_free char *path = NULL;
	code = o->key_path ? th_sign_key_load(o->key_path, &o->key) : TH_EXIT_OK;
	if (code == TH_EXIT_OK) {
		code = th_launch_find(program, &path);
	}
	return code == TH_EXIT_OK ? th_capture_check_append(capture) : code;
}

/* The newest run that the agent began; its pid may be another in a namespace of its own, so without
 * such a run the newest since then. */
static const struct th_run *find_run(const struct th_trace *t, pid_t pid, uint64_t since)
{
	const struct th_run *newest = NULL, *own = NULL;
	for (size_t i = 0; i < t->n_runs; i++) {
		const struct th_run *run = t->runs[i];
		bool same = run->n_processes && run->processes[0]->pid == (uint32_t)pid;
		if (same && run->began + CLOCK_SLACK >= since) {
			own = run;
		} else if (run->began >= since) {
			newest = run;
		}
	}
	return own ? own : newest;
}

/* Did the library, since then, record into live files whose capture is not there any more? */
static bool is_capture_gone(const char *capture, uint64_t since)
{
	glob_t found = {0};
	struct stat st;
	bool any = false;
	th_auto_free char *pattern = th_tool_format("%s-live-*", capture);
	(void)glob(pattern, GLOB_NOESCAPE, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc && !any; i++) {
		any = stat(found.gl_pathv[i], &st) == 0 &&
			(uint64_t)st.st_mtim.tv_sec >= since / 1000000000u;
	}
	globfree(&found);
	return any;
}

/* Is there not even a directory for it any more? */
static bool is_directory_gone(const char *capture)
{
	const char *slash = strrchr(capture, '/');
	th_auto_free char *directory = th_tool_format(
		"%.*s", (int)(slash ? slash - capture + 1 : 0), capture);
	return *directory && access(directory, F_OK) != 0;
}

static void say_not_loaded(const char *capture, uint64_t since)
{
	if (is_directory_gone(capture)) {
		th_tool_error("%s was removed or replaced while the program ran, and its "
			      "directory with it",
			capture);
		return;
	}
	if (is_capture_gone(capture, since)) {
		th_tool_error("%s was removed or replaced while the program ran: what was recorded "
			      "is in the files %s-live-…, which cannot be read without it",
			capture, capture);
		return;
	}
	th_tool_error("nothing was recorded: the library was not loaded into the program; it is "
		      "linked statically, or runs with other rights than its caller, or drops "
		      "LD_PRELOAD; if it heeds HTTPS_PROXY, --proxy records it");
}

/* A run that cannot be sealed is recorded all the same: it is said, and verify will say it. */
static void seal(const struct record_options *o, const char *capture, const struct th_trace *t,
	const struct th_run *run, int lock)
{
	size_t appended = 0;
	int r = lock < 0 ? lock : th_sealing_run(capture, t, run, o->key, &appended);
	if (r < 0) {
		th_sealing_say_failed(capture, r);
	}
}

/* Says what was recorded; true when all that was seen is in the capture. */
static bool summarise(const struct record_options *o, const char *capture,
	const struct th_launched *agent, uint64_t since)
{
	struct th_trace *t = NULL;
	th_fold_orphans(capture, 0, FOLD_BUDGET);
	th_auto_close int lock = th_sealing_lock(capture);
	int r = th_trace_load(capture, &t, NULL);
	const struct th_run *run = r == 0 ? find_run(t, agent->pid, since) : NULL;
	bool whole = false;
	if (!run) {
		say_not_loaded(capture, since);
	} else {
		struct th_coverage c = th_coverage_of(run);
		seal(o, capture, t, run, lock);
		whole = th_coverage_whole(&c);
		if (!o->quiet) {
			th_run_ledger_print(stderr, run, capture);
		}
	}
	th_trace_free(t);
	return whole;
}

static int run(int argc, char **argv)
{
	struct record_options o = {0};
	struct th_launched agent;
	int code = parse_options(argc, argv, &o);
	if (code >= 0) {
		return code;
	}
	th_auto_free char *capture = th_capture_path(o.output);
	if (!capture) {
		return TH_EXIT_MISSING;
	}
	code = check_all(&o, capture, argv[optind]);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_auto_free char *library = th_launch_library();
	if (!library) {
		return TH_EXIT_TOOL_FAILED;
	}
	th_auto_free char *relay = th_relay_dir_name();
	struct th_launch l = {.mode = "record",
		.capture = capture,
		.relay = relay,
		.argv = o.proxy ? th_proxy_agent(argv + optind) : argv + optind};
	uint64_t since = th_clock_now();
	code = th_launch_run(&l, library, &agent);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_relay_dir_finish(relay);
	if (o.unsampled) {
		if (!o.quiet) {
			th_tool_error("not recorded: TRACEHOOK_SAMPLE=%s leaves this run out",
				getenv("TRACEHOOK_SAMPLE"));
		}
		th_sign_key_destroy(o.key);
		th_launch_end_like(agent.status);
	}
	bool whole = summarise(&o, capture, &agent, since);
	th_sign_key_destroy(o.key);
	if (o.require_coverage && !whole) {
		return TH_EXIT_UNCOVERED;
	}
	th_launch_end_like(agent.status);
}

const struct th_command th_cmd_record = {"record", run,
	"run a program and record its HTTP traffic into a capture",
	"[OPTION...] [--] PROGRAM [ARGUMENT...]\n"
	"\n"
	"  -o, --output FILE     the capture; a run is appended ($TRACEHOOK_CAPTURE, else\n"
	"                        tracehook.thc)\n"
	"  -m, --meta K=V,...    kept on the run, with what $TRACEHOOK_META says\n"
	"      --require-coverage  exit 98 when traffic was seen that could not be "
	"recorded\n"
	"      --proxy           record what goes through $HTTPS_PROXY, which is set, instead of\n"
	"                        loading the library: for programs that are linked statically\n"
	"      --sign KEY        sign the run's seal: a file with an Ed25519 key, PEM\n"
	"  -q, --quiet           no summary\n"
	"\n"
	"Exits as the program does.\n"};
