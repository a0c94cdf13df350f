/* tracehook replay: runs an agent against a recorded run, without a network.
 *
 * Options are the variables of DESIGN 1.1 under shorter names: they are put into the environment,
 * which is then read once, by the code that the library uses. The player lives in threads of this
 * process. A program into which the library cannot be loaded is refused before it starts: it would
 * reach the network. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "tools/capture_path.h"
#include "tools/launch.h"
#include "tools/load.h"
#include "tools/player_conf.h"
#include "tools/preload_check.h"
#include "tools/proxy_agent.h"
#include "tools/replay_record.h"
#include "tools/replay_summary.h"
#include "tools/settings.h"
#include "tools/tools.h"

#define TEMPORARY_MAX 64 /* longer directories leave no room for a socket's name (108 bytes) */

struct replay_options {
	bool quiet;
	bool strict;
	bool require_coverage;
	struct th_fence fence;
	const char *record;	/* a capture to record the replay into; NULL: none */
	const char *until;	/* the span at which the replay ends; NULL: the run's last */
	const char *live_after; /* the span behind which it goes live; NULL: none */
	bool proxy;		/* recorded with --proxy */
	bool automatic;		/* what is not recorded goes live, and all into the same capture */
	const char *junit;	/* where a JUnit report goes; NULL: nowhere */
};

/* -1: go on with argv[optind]; else the exit code. */
static int parse_options(int argc, char **argv, struct replay_options *o)
{
	static const struct option options[] = {{"run", required_argument, NULL, 'r'},
		{"match", required_argument, NULL, 'm'}, {"on-miss", required_argument, NULL, 'o'},
		{"pace", required_argument, NULL, 'p'}, {"report", required_argument, NULL, 'R'},
		{"strict", no_argument, NULL, 's'}, {"quiet", no_argument, NULL, 'q'},
		{"require-coverage", no_argument, NULL, 'C'},
		{"record", required_argument, NULL, 'O'}, {"fence", required_argument, NULL, 'F'},
		{"until", required_argument, NULL, 'u'},
		{"live-after", required_argument, NULL, 'l'}, {"auto", no_argument, NULL, 'a'},
		{"junit", required_argument, NULL, 'j'}, {"proxy", no_argument, NULL, 'P'},
		{"help", no_argument, NULL, 'h'}, {NULL}};
	static const char *const variables[128] = {['r'] = "TRACEHOOK_TRACE_ID",
		['m'] = "TRACEHOOK_MATCH",
		['o'] = "TRACEHOOK_ON_MISS",
		['p'] = "TRACEHOOK_PACE",
		['R'] = "TRACEHOOK_REPORT"};
	for (int c; (c = th_tool_option(argc, argv, "+r:m:p:q", options)) != -1;) {
		if (c == 'h' || c == '?') {
			return th_tool_option_exit(c);
		}
		if (c == 'r' && !*optarg) { /* "$ID" of a script that has none */
			return th_tool_misuse("replay", "--run: which run?");
		}
		if (variables[c]) {
			setenv(variables[c], optarg, 1);
		}
		if (c == 'F' && !th_fence_parse(optarg, &o->fence)) {
			return th_tool_misuse(
				"replay", "--fence %s: auto, library or namespace", optarg);
		}
		o->record = c == 'O' ? optarg : o->record;
		o->until = c == 'u' ? optarg : o->until;
		o->live_after = c == 'l' ? optarg : o->live_after;
		o->automatic |= c == 'a';
		o->junit = c == 'j' ? optarg : o->junit;
		o->proxy |= c == 'P';
		o->strict |= c == 's';
		o->quiet |= c == 'q';
		o->require_coverage |= c == 'C';
	}
	if (optind == argc) {
		return th_tool_misuse("replay", "which capture?");
	}
	return -1;
}

/* FILE [--] PROGRAM …: the index of the program, 0 when there is none. */
static int program_at(int argc, char **argv)
{
	int at = optind + 1;
	at += at < argc && strcmp(argv[at], "--") == 0;
	return at < argc ? at : 0;
}

static bool make_directory(char ret_path[TEMPORARY_MAX + 32])
{
	const char *base = getenv("TMPDIR");
	if (!base || *base != '/' || strlen(base) > TEMPORARY_MAX || access(base, W_OK) != 0) {
		base = "/tmp";
	}
	snprintf(ret_path, TEMPORARY_MAX + 32, "%s/tracehook-XXXXXX", base);
	if (!mkdtemp(ret_path)) {
		th_tool_error("no directory for the player in %s: %s", base, strerror(errno));
		return false;
	}
	return true;
}

static int start_failed(int error, const char *why)
{
	th_tool_error("%s", why);
	switch (error) {
	case -ENOENT:
	case -ENODATA:
		return TH_EXIT_MISSING;
	case -EINVAL:
		return TH_EXIT_DAMAGED;
	case -ENOEXEC:
	case -ENOTUNIQ:
	case -ENOKEY:
	case -EKEYREJECTED:
		return TH_EXIT_USAGE;
	default:
		return error == -EACCES || error == -EISDIR ? TH_EXIT_MISSING : TH_EXIT_TOOL_FAILED;
	}
}

static int start_player(const struct replay_options *o, const struct th_config *config,
	const char *capture, const char *directory, struct th_player **ret_player)
{
	char why[TH_PLAYER_WHY_BYTES] = "the player could not be started";
	char hint[2 * TH_TRACE_ID_BYTES + 1] = "";
	th_hex_encode(hint, config->trace_id, sizeof(config->trace_id));
	struct th_player_conf conf = {.capture = capture,
		.trace_prefix = config->trace_prefix,
		.trace_hint = config->has_trace_id ? hint : NULL,
		.directory = directory,
		.until = o->until,
		.live_after = o->live_after,
		.ready_fd = -1};
	th_auto_free char *rules = NULL;
	if (!th_player_conf_match(config->match, &conf, &rules) ||
		!th_player_conf_on_miss(config->on_miss, &conf.on_miss) ||
		!th_player_conf_pace(config->pace, &conf.pace)) {
		return th_tool_misuse("replay", "a value that this version does not know");
	}
	int r = th_player_start(&conf, ret_player, why);
	if (r < 0) {
		rmdir(directory);
		return start_failed(r, why);
	}
	return TH_EXIT_OK;
}

static int check_program(char **agent)
{
	th_auto_free char *path = NULL;
	int code = th_launch_find(agent[0], &path);
	const char *obstacle = code == TH_EXIT_OK ? th_preload_obstacle(path) : NULL;
	if (obstacle) {
		th_tool_error(
			"%s cannot be replayed: %s, so the library cannot be loaded into it and "
			"it would reach the network; nothing was run",
			agent[0], obstacle);
		return TH_EXIT_UNCOVERED;
	}
	return code;
}

/* What keeps programs in that carry no library is a namespace. */
static int put_behind_proxy(struct replay_options *o, char ***agent)
{
	th_auto_free char *path = NULL;
	int code = th_launch_find(**agent, &path);
	if (code == TH_EXIT_OK) {
		*agent = th_proxy_agent(*agent);
	}
	if (o->fence.wish == TH_FENCE_AUTO) {
		o->fence.wish = TH_FENCE_NAMESPACE;
	}
	return code;
}

static void say_unwritten(const char *path, int r)
{
	if (r < 0) {
		th_tool_error("%s: the report could not be written: %s", path, strerror(-r));
	}
}

static void write_reports(const struct replay_options *o, struct th_player *p, const char *path)
{
	if (path) {
		say_unwritten(path, th_player_report(p, path));
	}
	if (o->junit) {
		say_unwritten(o->junit, th_player_junit(p, o->junit));
	}
}

/* What the replay itself has to say about the exit code; TH_EXIT_OK: nothing. */
static int judge(const struct replay_options *o, const struct th_player_stats *s, uint64_t stopped)
{
	/* What the fence stopped was asked for, and had no recorded answer: an agent that swallows
	 * the error must not end green. */
	if (s->missed || s->fenced_connects || s->fenced_lookups || stopped) {
		return TH_EXIT_MISSED;
	}
	if (o->strict && (s->relaxed || s->crossed || s->unused || s->live)) {
		return TH_EXIT_STRICT;
	}
	bool uncovered = s->processes == 0 || (o->require_coverage && s->left);
	return uncovered ? TH_EXIT_UNCOVERED : TH_EXIT_OK;
}

/* Also when nothing was missed: what was replayed is then not all that was recorded. */
static void say_damage(const char *capture)
{
	struct th_trace *t = NULL;
	if (th_trace_load(capture, &t, NULL) == 0) {
		th_load_say_damage(t);
		th_trace_free(t);
	}
}

static int conclude(const struct replay_options *o, const struct th_config *config,
	const struct th_launch *l, uint64_t since, struct th_player *player)
{
	struct th_player_stats s = {0};
	int recorded = TH_EXIT_OK;
	th_player_stop(player);
	th_player_note_namespace(
		player, l->fence->closed, l->fence->why_not, th_fence_counted(l->fence));
	th_player_stats(player, &s);
	write_reports(o, player, config->report);
	th_replay_summary_print(stderr, &s, !o->quiet);
	if (s.damage) {
		say_damage(l->capture);
	}
	th_fence_say(l->fence, o->quiet);
	if (s.processes == 0) {
		th_tool_error("nothing was replayed: the library was not loaded into the program%s",
			l->fence->closed ? "" : ", whose calls went wherever they went");
	}
	if (l->record) {
		th_auto_free char *replayed = th_tool_format("%s:%.12s", l->capture, s.trace_id);
		recorded = th_replay_record_end(l->record, replayed, since, o->quiet);
	}
	int code = judge(o, &s, th_fence_stopped(l->fence));
	return code == TH_EXIT_OK ? recorded : code;
}

static void note_origin(struct th_player *player)
{
	struct th_player_stats s = {0};
	th_player_stats(player, &s);
	th_replay_record_of(s.trace_id);
}

static int replay(const struct replay_options *o, const struct th_config *config,
	const char *capture, const char *record, char **agent)
{
	char directory[TEMPORARY_MAX + 32];
	struct th_player *player = NULL;
	struct th_launched launched;
	th_cleanup(th_fence_finish) struct th_fence fence = o->fence;
	th_auto_free char *library = th_launch_library();
	if (!library || !make_directory(directory)) {
		return TH_EXIT_TOOL_FAILED;
	}
	struct th_launch l = {.mode = "replay",
		.capture = capture,
		.player = directory,
		.record = record,
		.fence = &fence,
		.argv = agent};
	l.pipe_default = signal(SIGPIPE, SIG_IGN) != SIG_IGN;
	int code = start_player(o, config, capture, directory, &player);
	if (code != TH_EXIT_OK) {
		return code;
	}
	if (record) {
		note_origin(player);
	}
	th_fence_prepare(&fence, directory);
	uint64_t since = th_clock_now();
	code = th_launch_run(&l, library, &launched);
	if (code == TH_EXIT_OK) {
		code = conclude(o, config, &l, since, player);
		th_player_destroy(player);
		if (code == TH_EXIT_OK) {
			th_launch_end_like(launched.status);
		}
		return code;
	}
	th_player_destroy(player);
	return code;
}

/* --auto without a capture: the first run is recorded. */
static int record_first(const struct replay_options *o, char *capture, char **agent)
{
	static char name[] = "record", quiet[] = "-q", output[] = "-o", end[] = "--";
	size_t n = 0, argc = 0;
	while (agent[n]) {
		n++;
	}
	th_auto_free char **argv = th_tool_alloc((n + 6) * sizeof(*argv));
	argv[argc++] = name;
	if (o->quiet) {
		argv[argc++] = quiet;
	}
	argv[argc++] = output;
	argv[argc++] = capture;
	argv[argc++] = end;
	memcpy(argv + argc, agent, (n + 1) * sizeof(*argv));
	optind = 0; /* getopt_long() begins anew */
	return th_cmd_record.run((int)(argc + n), argv);
}

static int run(int argc, char **argv)
{
	struct replay_options o = {0};
	static struct th_config config;
	int code = parse_options(argc, argv, &o);
	if (code >= 0) {
		return code;
	}
	int program = program_at(argc, argv);
	if (!program) {
		return th_tool_misuse(
			"replay", "which program, after the capture %s?", argv[optind]);
	}
	if (o.until && o.live_after) {
		return th_tool_misuse("replay", "--until or --live-after, not both");
	}
	if (o.automatic && o.record) {
		return th_tool_misuse("replay", "--auto records into the capture itself");
	}
	if (o.automatic) {
		setenv("TRACEHOOK_ON_MISS", "live", 0);
	}
	if (!th_settings_read("replay", &config)) {
		return TH_EXIT_USAGE;
	}
	th_auto_free char *capture = th_capture_path(argv[optind]);
	if (!capture) {
		return TH_EXIT_MISSING;
	}
	char **agent = argv + program;
	code = o.proxy ? put_behind_proxy(&o, &agent) : TH_EXIT_OK;
	if (code != TH_EXIT_OK) {
		return code;
	}
	if (o.automatic && access(capture, F_OK) != 0) {
		return record_first(&o, capture, agent);
	}
	if (access(capture, F_OK) != 0) {
		return th_capture_load_failed(argv[optind], -errno, NULL);
	}
	th_auto_free char *record = NULL;
	code = check_program(agent);
	if (code == TH_EXIT_OK && (o.record || o.automatic)) {
		code = th_replay_record_begin(o.automatic ? capture : o.record, &record);
	}
	return code == TH_EXIT_OK ? replay(&o, &config, capture, record, agent) : code;
}

const struct th_command th_cmd_replay = {"replay", run,
	"run a program against a capture, without a network",
	"[OPTION...] FILE [--] PROGRAM [ARGUMENT...]\n"
	"\n"
	"  -r, --run ID          this run of the capture: the beginning of its id "
	"(default: the\n"
	"                        newest that ended properly)\n"
	"  -m, --match M         canonical (the default); or relaxations: volatile,\n"
	"                        volatile:RULES-FILE, sequence, or two with a comma\n"
	"      --on-miss M       no recorded answer: fail (status 424), abort (reset), or "
	"live\n"
	"                        (ask the network)\n"
	"  -p, --pace N          factor on the recorded pauses; 0: none (the default)\n"
	"      --strict          exit 97 on relaxed or crossed matches, and recorded "
	"exchanges\n"
	"                        never asked for\n"
	"      --require-coverage  exit 98 when nothing could be replayed\n"
	"      --report FILE     a report as JSON (as JUnit XML: NAME.xml)\n"
	"      --junit FILE      a report as JUnit XML\n"
	"      --until SPAN      replay up to this exchange: #NUMBER, or the beginning of "
	"its\n"
	"                        id; what was recorded after it is not there\n"
	"      --live-after SPAN  replay up to this exchange, then go live\n"
	"      --auto            ask the network for what is not recorded, and record old and "
	"new\n"
	"                        answers into FILE as a new run; without a FILE, record\n"
	"      --fence F         auto (the default: a network namespace where there can "
	"be\n"
	"                        one), library, or namespace (or nothing is run)\n"
	"      --proxy           for a run that was recorded with --proxy; in a network namespace\n"
	"                        (--fence namespace), since nothing else keeps such a program in\n"
	"      --record FILE     record the replay itself, for \"tracehook diff\"\n"
	"  -q, --quiet           only what went wrong\n"
	"\n"
	"Exits as the program does, or 96 when a request, a connection or a look-up had "
	"no\n"
	"recorded answer.\n"};
