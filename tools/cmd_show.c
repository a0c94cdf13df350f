/* tracehook show: one exchange whole: as a conversation when it is one with a model, as HTTP, as
 * JSON, or byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/conversation_text.h"
#include "tools/events.h"
#include "tools/exchange_text.h"
#include "tools/load.h"
#include "tools/span_choice.h"
#include "tools/span_json.h"
#include "tools/tools.h"

enum raw_side {
	RAW_NONE,
	RAW_REQUEST,
	RAW_RESPONSE,
};

struct show_options {
	enum raw_side raw;
	bool json;
	bool http;
	const char *run;
};

static int parse_raw(struct show_options *o)
{
	if (!optarg || strcmp(optarg, "response") == 0) {
		o->raw = RAW_RESPONSE;
	} else if (strcmp(optarg, "request") == 0) {
		o->raw = RAW_REQUEST;
	} else {
		return th_tool_misuse("show", "--raw=%s: request or response", optarg);
	}
	return TH_EXIT_OK;
}

static int parse_options(int argc, char **argv, struct show_options *o)
{
	static const struct option options[] = {{"raw", optional_argument, NULL, 'R'},
		{"json", no_argument, NULL, 'j'}, {"http", no_argument, NULL, 'H'},
		{"run", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {NULL}};
	for (int c; (c = th_tool_option(argc, argv, "jr:", options)) != -1;) {
		switch (c) {
		case 'R':
			if (parse_raw(o) != TH_EXIT_OK) {
				return TH_EXIT_USAGE;
			}
			break;
		case 'j':
			o->json = true;
			break;
		case 'H':
			o->http = true;
			break;
		case 'r':
			o->run = optarg;
			break;
		default:
			return c == 'h' ? -1 : TH_EXIT_USAGE;
		}
	}
	return TH_EXIT_OK;
}

/* HTTP/1: the bytes as they were. HTTP/2: the content only, its frames are not kept. */
static void print_raw(const struct th_message *m)
{
	if (!m->head.list && m->head.bytes.n) {
		fwrite(m->head.bytes.p, 1, m->head.bytes.n, stdout);
	}
	for (size_t i = 0; i < m->n_pieces; i++) {
		fwrite(m->pieces[i].bytes.p, 1, m->pieces[i].bytes.n, stdout);
	}
}

/* All calls of the run are read: whether this one is a retry depends on the others. */
static void show_json(const struct th_run *run, const struct th_exchange *x)
{
	struct th_event e = {.kind = TH_EVENT_EXCHANGE, .exchange = x};
	struct th_calls calls;
	if (th_calls_read(run, &calls) < 0) {
		th_tool_no_memory();
	}
	th_span_json(stdout, run, &e, calls.at[x->order]);
	th_calls_finish(&calls);
}

static void show(
	const struct show_options *o, const struct th_run *run, const struct th_exchange *x)
{
	if (o->raw != RAW_NONE) {
		print_raw(o->raw == RAW_REQUEST ? &x->request : &x->response);
	} else if (o->json) {
		show_json(run, x);
	} else if (o->http || !th_conversation_text(stdout, run, x, th_tool_colour())) {
		th_exchange_text(stdout, run, x, th_tool_colour());
	}
}

static int run(int argc, char **argv)
{
	struct show_options o = {0};
	struct th_trace *t = NULL;
	const struct th_run *run;
	const struct th_exchange *x;
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code != TH_EXIT_OK) {
		return code < 0 ? th_tool_output_end(TH_EXIT_OK) : code;
	}
	if (optind + 2 != argc) {
		return th_tool_misuse("show", "a capture and a span are needed");
	}
	code = th_load(argv[optind], &t);
	if (code != TH_EXIT_OK) {
		return code;
	}
	code = th_span_choose(t, argv[optind], o.run, argv[optind + 1], &run, &x);
	if (code == TH_EXIT_OK) {
		show(&o, run, x);
	}
	int damage = th_load_say_damage(t);
	th_trace_free(t);
	return th_tool_output_end(code == TH_EXIT_OK ? damage : code);
}

const struct th_command th_cmd_show = {"show", run, "show one exchange whole",
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
	"                        ended properly)\n"};
