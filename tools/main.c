/* tracehook: finds the subcommand and calls it.
 *
 * A further subcommand is one file cmd_NAME.c, its name in tools.h, and one line here. */
#include <stdio.h>
#include <string.h>

#include "tools/access_log.h"
#include "tools/cut.h"
#include "tools/settings.h"
#include "tools/suggest.h"
#include "tools/tools.h"

/* In alphabetical order. */
static const struct th_command *const commands[] = {
	&th_cmd_check,
	&th_cmd_compact,
	&th_cmd_context,
	&th_cmd_diff,
	&th_cmd_doctor,
	&th_cmd_dump,
	&th_cmd_export,
	&th_cmd_feedback,
	&th_cmd_list,
	&th_cmd_player,
	&th_cmd_proxy,
	&th_cmd_record,
	&th_cmd_redact,
	&th_cmd_relay,
	&th_cmd_replay,
	&th_cmd_seal,
	&th_cmd_show,
	&th_cmd_spans,
	&th_cmd_stats,
	&th_cmd_tail,
	&th_cmd_tree,
	&th_cmd_verify,
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct th_command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i]->name, name) == 0) {
			return commands[i];
		}
	}
	return NULL;
}

static int print_overview(FILE *out)
{
	fputs("tracehook records what an unmodified program says over HTTP(S), and replays it.\n\n"
	      "usage: tracehook COMMAND [OPTION...] [ARGUMENT...]\n\n",
		out);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!commands[i]->internal) {
			fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->help);
		}
	}
	fputs("\n\"tracehook COMMAND --help\" tells more; so does \"man tracehook\".\n", out);
	return TH_EXIT_OK;
}

static int unknown_command(const char *name)
{
	const char *names[N_COMMANDS];
	size_t n = 0;
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (!commands[i]->internal) {
			names[n++] = commands[i]->name;
		}
	}
	const char *near = th_suggest(name, names, n);
	if (near) {
		th_tool_error("no command \"%s\"; did you mean \"%s\"?", name, near);
	} else {
		th_tool_error("no command \"%s\"; \"tracehook --help\" lists them", name);
	}
	return TH_EXIT_USAGE;
}

static int help_command(int argc, char **argv)
{
	if (argc < 2) {
		return th_tool_output_end(print_overview(stdout));
	}
	const struct th_command *c = find_command(argv[1]);
	if (!c) {
		return unknown_command(argv[1]);
	}
	th_tool_print_usage(c);
	return th_tool_output_end(TH_EXIT_OK);
}

static int run_command(int argc, char **argv)
{
	const struct th_command *c = find_command(argv[0]);
	if (c) {
		th_tool_current = c;
		th_access_log_command(argc, argv);
		if (!c->internal) {
			th_cut_watch();
		}
		int code = th_settings_load_key();
		return code == TH_EXIT_OK ? c->run(argc, argv) : code;
	}
	if (strcmp(argv[0], "help") == 0 || strcmp(argv[0], "--help") == 0 ||
		strcmp(argv[0], "-h") == 0) {
		return help_command(argc, argv);
	}
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "version") == 0) {
		puts("tracehook " TH_VERSION);
		return th_tool_output_end(TH_EXIT_OK);
	}
	if (argv[0][0] == '-') {
		th_tool_error("unknown option %s; \"tracehook --help\" tells more", argv[0]);
		return TH_EXIT_USAGE;
	}
	return unknown_command(argv[0]);
}

int main(int argc, char **argv)
{
	const char *slash = argc ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : (argc ? argv[0] : "");
	if (strcmp(name, "tracehook-dump") == 0 && find_command("dump")) {
		static char dump[] = "dump";
		argv[0] = dump;
		return run_command(argc, argv);
	}
	if (argc < 2) {
		print_overview(stderr);
		return TH_EXIT_USAGE;
	}
	return run_command(argc - 1, argv + 1);
}
