/* tracehook: finds the subcommand and calls it.
 *
 * A further subcommand is one file cmd_NAME.c, its declaration in tools.h, and one line here. */
#include <stdio.h>
#include <string.h>

#include "tools/access_log.h"
#include "tools/settings.h"
#include "tools/span_filter.h"
#include "tools/suggest.h"
#include "tools/tools.h"

/* In alphabetical order. */
static const struct th_command commands[] = {
	{"check", th_cmd_check, "does a run keep within its limits? For CI",
		"LIMIT... [OPTION...] FILE\n"
		"\n"
		"      --max-tokens N, --max-input-tokens N, --max-output-tokens N\n"
		"      --max-calls N         calls to models\n"
		"      --max-requests N      exchanges of any kind\n"
		"      --max-errors N\n"
		"      --max-duration D      250ms, 1.5s, 2m ...\n"
		"      --max-cost C          with --prices FILE, as in stats\n"
		"      --no-new-hosts BASE   only hosts that the capture BASE has, too\n"
		"      --no-new-models BASE  only models that it has\n"
		"      --allow-unknown       what cannot be told is no breach\n"
		"  -r, --run ID              this run (default: the newest that ended properly)\n"
		"  -j, --json                a JSON object per breach\n" TH_SPAN_FILTER_HELP "\n"
		"Exits 0 when all holds, 1 after one line per breach.\n"},
	{"context", th_cmd_context, "what fills the prompts: tokens per section, and what is kept",
		"[OPTION...] FILE [SPAN]\n"
		"\n"
		"For each call to a model, the tokens of its prompt by section, and whether it "
		"begins\n"
		"with the whole prompt before it, as prompt caches want it. With SPAN, message by\n"
		"message. Tokens of a section are its share, by bytes, of the reported input.\n"
		"\n"
		"  SPAN                  #NUMBER as in dump, or the beginning of a span id\n"
		"  -b, --bytes           bytes instead of tokens\n"
		"  -j, --json            one JSON object per call and line, with both\n"
		"  -r, --run ID          this run (default: the newest that ended "
		"properly)\n" TH_SPAN_FILTER_HELP},
	{"diff", th_cmd_diff, "compare two runs, call by call",
		"[OPTION...] RUN-A RUN-B\n"
		"       tracehook diff [OPTION...] FILE RUN RUN\n"
		"\n"
		"  RUN-A, RUN-B          FILE, FILE#NUMBER or FILE:ID, the beginning of a run's "
		"id\n"
		"                        (default: the newest that ended properly)\n"
		"  -a, --all             also the calls that are equal\n"
		"      --every-item      all differences of a call, not the first few\n"
		"      --exact           every field of an answer and every byte of it counts\n"
		"      --slower N        a call, or all, that takes more than N times as long in "
		"B\n"
		"                        counts as different\n"
		"      --learn           print rules for what differs by its nature (times, ids), "
		"for\n"
		"                        \"replay --match volatile:FILE\"\n"
		"  -w, --width N         side by side, in so many columns (the default on a "
		"terminal)\n"
		"  -j, --json            one JSON object per run, differing call, and the sum\n"
		"\n"
		"Exits 0 when they are equal, 1 when they differ.\n"},
	{"dump", th_cmd_dump, "show what a capture holds, a line per exchange",
		"[--json] [--run ID] FILE\n"
		"\n"
		"  -j, --json            one JSON object per span and line\n"
		"  -f, --format FORMAT   table (the default) or json\n"
		"  -r, --run ID          only this run: the beginning of its id\n"
		"  -a, --all-runs        all runs (the default)\n"
		"\n"
		"Exits 65 when the file is damaged; what could be read was shown.\n"},
	{"export", th_cmd_export, "give the spans to other programs: OpenTelemetry, HAR, CSV ...",
		"--format FORMAT [OPTION...] FILE\n"
		"\n"
		"  -f, --format FORMAT   csv, curl, dataset, har, jsonl, mermaid, otlp, "
		"otlp-metrics,\n"
		"                        prometheus\n"
		"  -o, --output FILE     there instead of to stdout\n"
		"      --send[=URL]      otlp, otlp-metrics: to a collector (default: as\n"
		"                        OTEL_EXPORTER_OTLP_ENDPOINT and its like say)\n"
		"      --semconv V       names of OpenTelemetry 1.36, 1.41 (the default) or "
		"latest\n"
		"      --flavor F        otel, or openinference: its names besides\n"
		"      --content         messages, tools and their results in the spans, too\n"
		"      --text-max N      bytes of a text in an attribute (default 16384; 0: any)\n"
		"  -r, --run ID          only this run: the beginning of its id, or "
		"#NUMBER\n" TH_SPAN_FILTER_HELP},
	{"list", th_cmd_list, "list the runs of a capture",
		"[--json] FILE\n"
		"\n"
		"  -j, --json            one JSON object per run and line\n"},
	{"player", th_cmd_player, "serve a recorded run (started by the library)",
		"--capture FILE --directory DIR [--trace ID] [--ready-fd N] [--tree PID]\n"
		"       [--match M] [--on-miss M] [--pace N] [--report FILE]\n"
		"\n"
		"The library starts it when TRACEHOOK_MODE=replay is given without the wrapper.\n",
		.internal = true},
	{"record", th_cmd_record, "run a program and record its HTTP traffic into a capture",
		"[OPTION...] [--] PROGRAM [ARGUMENT...]\n"
		"\n"
		"  -o, --output FILE     the capture; a run is appended ($TRACEHOOK_CAPTURE, else\n"
		"                        tracehook.thc)\n"
		"  -m, --meta K=V,...    kept on the run, with what $TRACEHOOK_META says\n"
		"      --require-coverage  exit 98 when traffic was seen that could not be "
		"recorded\n"
		"      --sign KEY        sign the run's seal: a file with an Ed25519 key, PEM\n"
		"  -q, --quiet           no summary\n"
		"\n"
		"Exits as the program does.\n"},
	{"redact", th_cmd_redact, "copy a capture, with what is secret replaced",
		"[--rules FILE] [--sign KEY] FILE COPY\n"
		"\n"
		"      --rules FILE      redaction rules, as TRACEHOOK_REDACT has them, beside the "
		"default\n"
		"      --sign KEY        sign the copy's seals: a file with an Ed25519 key, PEM\n"
		"\n"
		"COPY must not exist. It is replayed as FILE is, and says that it is a copy.\n"
		"Exits 65 when FILE is damaged; what could be read was copied.\n"},
	{"replay", th_cmd_replay, "run a program against a capture, without a network",
		"[OPTION...] FILE [--] PROGRAM [ARGUMENT...]\n"
		"\n"
		"  -r, --run ID          this run of the capture: the beginning of its id "
		"(default: the\n"
		"                        newest that ended properly)\n"
		"  -m, --match M         canonical (the default); or relaxations: volatile,\n"
		"                        volatile:RULES-FILE, sequence, or two with a comma\n"
		"      --on-miss M       no recorded answer: fail (status 424) or abort (reset)\n"
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
		"      --fence F         auto (the default: a network namespace where there can "
		"be\n"
		"                        one), library, or namespace (or nothing is run)\n"
		"      --record FILE     record the replay itself, for \"tracehook diff\"\n"
		"  -q, --quiet           only what went wrong\n"
		"\n"
		"Exits as the program does, or 96 when a request, a connection or a look-up had "
		"no\n"
		"recorded answer.\n"},
	{"seal", th_cmd_seal, "seal the runs of a capture, so that changes show",
		"[--run ID] [--sign KEY] FILE\n"
		"\n"
		"  -r, --run ID          only this run: the beginning of its id, or #NUMBER\n"
		"      --sign KEY        sign the seals: a file with an Ed25519 key, PEM\n"
		"\n"
		"A recording with \"tracehook record\" is sealed at its end.\n"},
	{"show", th_cmd_show, "show one exchange whole",
		"[--http | --json | --raw[=request]] [--run ID] FILE SPAN\n"
		"\n"
		"A call to a model is shown as a conversation, everything else as HTTP.\n"
		"\n"
		"  SPAN                  #NUMBER as in dump, or the beginning of a span id\n"
		"      --http            as HTTP: headers, decoded bodies, events with their "
		"times\n"
		"  -j, --json            as one JSON object\n"
		"      --raw             the response byte for byte (--raw=request: the request)\n"
		"  -r, --run ID          the run in which numbers count (default: the newest that\n"
		"                        ended properly)\n"},
	{"spans", th_cmd_spans, "list what happened, flat: filtered, sorted",
		"[OPTION...] FILE\n"
		"\n"
		"  -s, --sort KEY            start, duration, first, tokens, name, host or "
		"status;\n"
		"                            numbers with the largest first\n"
		"      --reverse             the other way round\n"
		"  -n, --limit N             no more than N\n"
		"  -r, --run ID              only this run: the beginning of its id, or #NUMBER\n"
		"  -j, --json                one JSON object per span and "
		"line\n" TH_SPAN_FILTER_HELP},
	{"stats", th_cmd_stats, "count, errors, latencies, tokens and cost per model, tool, host",
		"[OPTION...] FILE\n"
		"\n"
		"  -b, --by KEY              only per model, tool, host, step, process or type\n"
		"  -p, --prices FILE         JSON: what models cost per million tokens, see "
		"tracehook(1)\n"
		"  -r, --run ID              only this run: the beginning of its id, or #NUMBER\n"
		"  -j, --json                one JSON object per group and "
		"line\n" TH_SPAN_FILTER_HELP},
	{"tail", th_cmd_tail, "show what happens while it happens",
		"[OPTION...] FILE\n"
		"\n"
		"A line for each exchange and tool as soon as it has ended, and for each process "
		"as\n"
		"it begins. Ends when the run has ended.\n"
		"\n"
		"  -n, --lines N             begin with the last N (default 10), or all\n"
		"  -F, --follow              wait for the file, and for further runs\n"
		"  -j, --json                one JSON object per span and line, as in "
		"spans\n" TH_SPAN_FILTER_HELP},
	{"tree", th_cmd_tree, "show a run as a tree: processes, exchanges, tools",
		"[OPTION...] FILE\n"
		"\n"
		"  -d, --depth N             no more than N levels\n"
		"  -r, --run ID              this run: the beginning of its id, or #NUMBER "
		"(default:\n"
		"                            the newest that ended properly)\n"
		"  -j, --json                one JSON object per span and "
		"line\n" TH_SPAN_FILTER_HELP},
	{"verify", th_cmd_verify, "tell whether a capture is as it was when it was sealed",
		"[--json] [--run ID] [--pub KEY] FILE\n"
		"\n"
		"  -j, --json            a report: one JSON object per run, then one of the file\n"
		"      --pub KEY         demand a signature: a file with an Ed25519 public key, "
		"PEM\n"
		"  -r, --run ID          only this run: the beginning of its id, or #NUMBER\n"
		"\n"
		"Exits 1 when a run is not as it was sealed, or has no seal.\n"},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct th_command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
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
		if (!commands[i].internal) {
			fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].help);
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
		if (!commands[i].internal) {
			names[n++] = commands[i].name;
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
