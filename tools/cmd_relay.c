/* tracehook relay: the relay as a process of its own. Started by the library in a program whose TLS
 * cannot be tapped; not for people. What it has to say goes to the ready descriptor. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "relay/relay.h"
#include "tools/settings.h"
#include "tools/tools.h"

/* TRACEHOOK_REDACT as the library has it: "off", or the absolute path of a file of rules, which the
 * rules point into for as long as we live. */
static bool take_redaction(const char *value, struct th_relay_conf *conf)
{
	struct th_scrub_rules *rules;
	uint8_t *text;
	struct th_slice view;
	conf->redact_off = strcmp(value, "off") == 0;
	if (conf->redact_off) {
		return true;
	}
	if (th_settings_read_rules(value, "there is no relay", &rules, &text, &view) !=
		TH_EXIT_OK) {
		return false;
	}
	conf->rules = rules;
	return true;
}

static bool take_option(struct th_relay_conf *conf, int option, const char *value)
{
	switch (option) {
	case 'c':
		conf->capture = value;
		return true;
	case 'd':
		conf->directory = value;
		return true;
	case 't':
		return strlen(value) == 2 * TH_TRACE_ID_BYTES &&
			th_hex_decode(conf->trace_id, value, TH_TRACE_ID_BYTES);
	case 'f':
		return th_settings_int(value, &conf->ready_fd);
	case 'T':
		return th_settings_int(value, &conf->tree);
	case 'b':
		conf->hash_bodies = strcmp(value, "hash") == 0;
		return conf->hash_bodies || strcmp(value, "full") == 0;
	default:
		return take_redaction(value, conf);
	}
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {{"capture", required_argument, NULL, 'c'},
		{"directory", required_argument, NULL, 'd'},
		{"trace", required_argument, NULL, 't'}, {"ready-fd", required_argument, NULL, 'f'},
		{"tree", required_argument, NULL, 'T'}, {"redact", required_argument, NULL, 'r'},
		{"body", required_argument, NULL, 'b'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	struct th_relay_conf conf = {.ready_fd = -1};
	for (int c; (c = th_tool_option(argc, argv, "", options)) != -1;) {
		if (c == 'h' || c == '?') {
			return th_tool_option_exit(c);
		}
		if (!take_option(&conf, c, optarg)) {
			return th_tool_misuse(
				"relay", "an option cannot have the value \"%s\"", optarg);
		}
	}
	if (!conf.capture || !conf.directory || optind < argc) {
		return th_tool_misuse("relay", "--capture and --directory are needed");
	}
	int code = th_settings_load_key();
	return code == TH_EXIT_OK ? th_relay_run(&conf) : code;
}

const struct th_command th_cmd_relay = {"relay", run,
	"stand between a program and its servers (started by the library)",
	"--capture FILE --directory DIR --trace ID [--ready-fd N] [--tree PID]\n"
	"       [--redact off|FILE] [--body full|hash]\n"
	"\n"
	"The library starts it in a program whose TLS cannot be tapped.\n",
	.internal = true};
