/* tracehook record: runs an agent with the library preloaded and says what was recorded. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/capture_path.h"
#include "tools/launch.h"
#include "tools/settings.h"
#include "tools/tools.h"

struct record_options {
	const char *output;
	bool quiet;
};

static int add_meta(const char *pairs)
{
	const char *allowed, *before = getenv("TRACEHOOK_META");
	if (!th_settings_allowed("TRACEHOOK_META", pairs, &allowed)) {
		return th_tool_misuse("record", "--meta takes %s, not \"%s\"", allowed, pairs);
	}
	bool any = before && *before;
	th_auto_free char *both = th_tool_format(
		"%s%s%s", any ? before : "", any ? "," : "", pairs);
	setenv("TRACEHOOK_META", both, 1);
	return TH_EXIT_OK;
}

/* Exit code; TH_EXIT_OK with optind at the agent when there is more to do. */
static int parse_options(int argc, char **argv, struct record_options *o, bool *ret_done)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'},
		{"meta", required_argument, NULL, 'm'}, {"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'}, {NULL}};
	*ret_done = true;
	for (int c; (c = th_tool_option(argc, argv, "o:m:q", options)) != -1;) {
		switch (c) {
		case 'o':
			o->output = optarg;
			break;
		case 'm':
			if (add_meta(optarg) != TH_EXIT_OK) {
				return TH_EXIT_USAGE;
			}
			break;
		case 'q':
			o->quiet = true;
			break;
		default:
			return th_tool_option_exit(c);
		}
	}
	*ret_done = false;
	return TH_EXIT_OK;
}

static int check_all(const char *capture, const char *program)
{
	if (!th_settings_check()) {
		return TH_EXIT_USAGE;
	}
	int code = th_launch_check(program);
	return code == TH_EXIT_OK ? th_capture_check_append(capture) : code;
}

int th_cmd_record(int argc, char **argv)
{
	struct record_options o = {0};
	struct th_launched agent;
	bool done;
	int code = parse_options(argc, argv, &o, &done);
	if (done) {
		return code;
	}
	if (optind == argc) {
		return th_tool_misuse("record", "which program?");
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
	code = th_launch_run(&l, library, &agent);
	if (code != TH_EXIT_OK) {
		return code;
	}
	th_launch_end_like(agent.status);
}
