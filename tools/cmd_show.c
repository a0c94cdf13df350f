/* tracehook show: one span whole; an exchange as a conversation when it is one with a model, as
 * HTTP, as JSON, or byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tools/conversation_text.h"
#include "tools/event_choice.h"
#include "tools/events.h"
#include "tools/exchange_text.h"
#include "tools/feedback.h"
#include "tools/load.h"
#include "tools/mcp_text.h"
#include "tools/meaning_json.h"
#include "tools/pretty_json.h"
#include "tools/span_choice.h"
#include "tools/span_facts.h"
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

static void put_json(FILE *out, const struct th_span_facts *f)
{
	if (f->event.kind == TH_EVENT_TOOL) {
		th_meaning_json_tool(out, f->run, f->event.tool, f->work);
	} else {
		th_span_json(out, f->run, &f->event, f->call);
	}
}

/* All calls of the run are read: whether this one is a retry depends on the others. */
static void show_json(FILE *out, const struct th_span_choice *c)
{
	struct th_span_list all = th_span_list_of(c->run);
	for (size_t i = 0; i < all.n; i++) {
		const uint8_t *id = th_span_id(&all.spans[i]);
		if (id && memcmp(id, c->span_id, TH_SPAN_ID_BYTES) == 0) {
			put_json(out, &all.spans[i]);
			break;
		}
	}
	th_span_list_finish(&all);
}

static FILE *open_text(char **ret_text, size_t *ret_n)
{
	FILE *out = open_memstream(ret_text, ret_n);
	if (!out) {
		th_tool_no_memory();
	}
	return out;
}

/* A process or a tool has no messages: what is known of it, a line for each. */
static void show_facts(const struct th_span_choice *c)
{
	th_auto_free char *text = NULL;
	size_t n = 0;
	FILE *out = open_text(&text, &n);
	show_json(out, c);
	fclose(out);
	th_pretty_json_print(stdout, (struct th_slice){(const uint8_t *)text, n}, "");
}

/* What has no span id. */
static void show_event(const struct th_run *run, const struct th_event *e, bool json)
{
	th_auto_free char *text = NULL;
	size_t n = 0;
	FILE *out = open_text(&text, &n);
	th_span_json(out, run, e, NULL);
	fclose(out);
	if (json) {
		fwrite(text, 1, n, stdout);
	} else {
		th_pretty_json_print(stdout, (struct th_slice){(const uint8_t *)text, n}, "");
	}
}

static int show_event_of(
	const struct th_trace *t, const char *path, const struct show_options *o, const char *span)
{
	const struct th_run *run = NULL;
	struct th_event event;
	int code = th_load_run(t, path, o->run, &run);
	if (code == TH_EXIT_OK) {
		code = th_event_choose(run, path, span, &event);
	}
	if (code == TH_EXIT_OK) {
		show_event(run, &event, o->json);
	}
	return code;
}

static void show(const struct show_options *o, const struct th_span_choice *c)
{
	const struct th_exchange *x = c->exchange;
	if (o->json) {
		show_json(stdout, c);
	} else if (!x) {
		show_facts(c);
	} else if (o->raw != RAW_NONE) {
		print_raw(o->raw == RAW_REQUEST ? &x->request : &x->response);
	} else {
		if (o->http ||
			(!th_conversation_text(stdout, c->run, x, th_tool_colour()) &&
				!th_mcp_text(stdout, c->run, x, th_tool_colour()))) {
			th_exchange_text(stdout, c->run, x, th_tool_colour());
		}
		th_feedback_text(stdout, c->run, c->span_id);
	}
}

/* JSON tells whether a call is a retry, for which all of the run has to be read. */
static int show_span(const char *path, const struct show_options *o, const char *span,
	struct th_trace **ret_trace)
{
	struct th_span_choice choice;
	int code = TH_EXIT_OK;
	if (!o->json) {
		code = th_span_load(path, o->run, span, ret_trace, &choice);
	} else {
		code = th_load(path, ret_trace);
		code = code == TH_EXIT_OK ? th_span_choose(*ret_trace, path, o->run, span, &choice)
					  : code;
	}
	if (code == TH_EXIT_OK) {
		show(o, &choice);
	}
	return code;
}

static int run(int argc, char **argv)
{
	struct show_options o = {0};
	struct th_trace *t = NULL;
	th_tool_output_begin();
	int code = parse_options(argc, argv, &o);
	if (code != TH_EXIT_OK) {
		return code < 0 ? th_tool_output_end(TH_EXIT_OK) : code;
	}
	if (optind + 2 != argc) {
		return th_tool_misuse("show", "a capture and a span are needed");
	}
	const char *path = argv[optind], *span = argv[optind + 1];
	if (th_event_is_choice(span)) {
		code = th_load(path, &t);
		code = code == TH_EXIT_OK ? show_event_of(t, path, &o, span) : code;
	} else {
		code = show_span(path, &o, span, &t);
	}
	int damage = t ? th_load_say_damage(t) : TH_EXIT_OK;
	th_trace_free(t);
	return th_tool_output_end(code == TH_EXIT_OK ? damage : code);
}

const struct th_command th_cmd_show = {"show", run, "show one span whole",
	"[--http | --json | --raw[=request]] [--run ID] FILE SPAN\n"
	"\n"
	"A call to a model is shown as a conversation, a request to an MCP server with its\n"
	"answer, everything else as HTTP.\n"
	"\n"
	"  SPAN                  #NUMBER as in dump, the beginning of a span id, or root;\n"
	"                        what has no id by its kind: lookup, connect, transfer,\n"
	"                        opaque, left (\"transfer\", transfer#2, \"lookup NAME\")\n"
	"      --http            as HTTP: headers, decoded bodies, events with their "
	"times\n"
	"  -j, --json            as one JSON object\n"
	"      --raw             the response byte for byte (--raw=request: the request)\n"
	"  -r, --run ID          the run in which numbers count (default: the newest that\n"
	"                        ended properly)\n"};
