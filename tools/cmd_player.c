/* tracehook player: the player as a process of its own. Started by the library when a replay was
 * asked for by the environment alone; not for people. What it has to say goes to the ready
 * descriptor, since stderr is the agent's. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/player_conf.h"
#include "tools/settings.h"
#include "tools/tools.h"

static bool take_option(struct th_player_conf *conf, char **rules, int option, const char *value)
{
	switch (option) {
	case 'c':
		conf->capture = value;
		return true;
	case 'd':
		conf->directory = value;
		return true;
	case 't':
		conf->trace_prefix = value;
		return true;
	case 'w':
		conf->trace_hint = value;
		return true;
	case 'p':
		conf->report = value;
		return true;
	case 'f':
		return th_settings_int(value, &conf->ready_fd);
	case 'T':
		return th_settings_int(value, &conf->tree);
	case 'm':
		return th_player_conf_match(value, conf, rules);
	case 'o':
		return th_player_conf_on_miss(value, &conf->on_miss);
	case 'n':
		conf->or_nothing = true;
		return true;
	default:
		return th_player_conf_pace(value, &conf->pace);
	}
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"capture", required_argument, NULL, 'c'},
		{"directory", required_argument, NULL, 'd'},
		{"trace", required_argument, NULL, 't'},
		{"trace-hint", required_argument, NULL, 'w'},
		{"ready-fd", required_argument, NULL, 'f'}, {"tree", required_argument, NULL, 'T'},
		{"match", required_argument, NULL, 'm'}, {"on-miss", required_argument, NULL, 'o'},
		{"or-nothing", required_argument, NULL, 'n'},
		{"pace", required_argument, NULL, 's'}, {"report", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'}, {NULL}};
	struct th_player_conf conf = {.ready_fd = -1};
	th_auto_free char *rules = NULL;
	for (int c; (c = th_tool_option(argc, argv, "", options)) != -1;) {
		if (c == 'h' || c == '?') {
			return th_tool_option_exit(c);
		}
		if (!take_option(&conf, &rules, c, optarg)) {
			return th_tool_misuse(
				"player", "an option cannot have the value \"%s\"", optarg);
		}
	}
	if (!conf.capture || !conf.directory || optind < argc) {
		return th_tool_misuse("player", "--capture and --directory are needed");
	}
	return th_player_run(&conf);
}

const struct th_command th_cmd_player = {"player", run,
	"serve a recorded run (started by the library)",
	"--capture FILE --directory DIR [--trace ID] [--ready-fd N] [--tree PID]\n"
	"       [--match M] [--on-miss M] [--pace N] [--report FILE] [--or-nothing 1]\n"
	"\n"
	"The library starts it when TRACEHOOK_MODE is replay or auto, without the wrapper.\n",
	.internal = true};
