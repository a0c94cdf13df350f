#include "tools/span_facts.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/call_json.h"
#include "tools/coverage.h"
#include "tools/exchange_json.h"
#include "tools/feedback.h"
#include "tools/meaning_json.h"
#include "tools/tools.h"
#include "tools/units.h"
#include "tools/utf8.h"
#include "trace/departure.h"
#include "trace/url.h"

static char *copy(struct th_slice s)
{
	return th_tool_format("%.*s", (int)s.n, s.n ? (const char *)s.p : "");
}

static void of_process(
	struct th_span_facts *f, const struct th_run *run, const struct th_process *p)
{
	bool gone = !p->ended_well && !p->replaced;
	f->process = p;
	f->types = 1u << TH_TYPE_PROCESS | 1u << TH_TYPE_STATE_TRANSITION;
	f->type = "PROCESS";
	f->name = copy(th_span_process_name(p));
	f->end = p->ended_well ? p->ended : 0;
	f->status = p->ended_well ? "ok" : "unset";
	f->why = p->ended_well ? "" : gone ? "its end was not seen" : "replaced by exec";
}

static void of_lookup(struct th_span_facts *f, const struct th_name *l)
{
	f->process = l->process;
	f->types = 1u << TH_TYPE_ERROR;
	f->type = "ERROR";
	f->name = th_tool_format("lookup %.*s", (int)l->name.n, (const char *)l->name.p);
	f->host = copy(l->name);
	f->status = "error";
	f->why = th_events_lookup_error(l);
}

static void of_connection(struct th_span_facts *f, const struct th_connection *c, bool failed)
{
	f->process = c->process;
	f->types = failed ? 1u << TH_TYPE_ERROR : 0;
	f->type = failed ? "ERROR" : "OPAQUE";
	f->host = th_events_peer(c);
	f->name = th_tool_format("%s %s", failed ? "connect" : "opaque", f->host);
	f->end = c->error ? c->began : c->end_time;
	f->status = failed ? "error" : "unset";
	f->why = failed ? th_events_connect_error(c) : th_coverage_why(c);
}

static void of_departure(struct th_span_facts *f, const struct th_departure *d)
{
	f->process = d->process;
	f->type = "OPAQUE";
	f->name = th_tool_format("left %.*s", (int)d->path.n, (const char *)d->path.p);
	f->status = "unset";
	f->why = th_departure_why(d->reason);
}

static void of_transfer(struct th_span_facts *f, const struct th_transfer *t)
{
	struct th_slice url = th_events_url(t);
	f->process = t->process;
	f->types = 1u << TH_TYPE_ERROR;
	f->type = "ERROR";
	f->name = th_tool_format("transfer %.*s", (int)url.n, (const char *)url.p);
	f->host = copy(th_url_authority(url));
	f->end = t->ended;
	f->status = "error";
	f->why = f->words = copy(th_events_transfer_error(t));
}

static void of_exchange(struct th_span_facts *f, const struct th_exchange *x)
{
	f->process = x->process;
	f->http_status = th_http_status(x);
	f->name = th_exchange_name(x);
	f->host = th_http_authority(x);
	f->end = th_exchange_end(x);
	f->first = f->http_status ? th_http_ttfb(x) : 0;
	f->status = th_http_outcome(x, &f->why);
}

/* "chat gpt-4o", "tools/call search". */
static char *call_title(const struct th_call *c)
{
	const char *model = th_call_model(c);
	if (c->operation == TH_OP_MCP) {
		const struct th_mcp_message *m = &c->mcp.asked;
		bool stream = th_slice_eq(th_http_method(c->exchange), TH_SLICE_LIT("GET"));
		return th_tool_format("%s%s%s",
			m->method	 ? m->method
				: stream ? "mcp stream"
					 : "mcp",
			m->target ? " " : "", m->target ? m->target : "");
	}
	return th_tool_format(
		"%s%s%s", th_operation_name(c->operation), model ? " " : "", model ? model : "");
}

/* What went wrong inside an answer that HTTP finds in order counts as well. */
static void of_call(struct th_span_facts *f, const struct th_call *c)
{
	f->call = c;
	f->title = call_title(c);
	if (c->mcp.asked.answered > f->end && f->end) { /* its answer came by the server's stream */
		f->end = c->mcp.asked.answered;
	}
	if (strcmp(f->status, "ok") == 0 && (c->error_type || c->error_message || c->cut)) {
		f->status = "error";
		f->why = c->cut			  ? "the answer has no end"
			: c->mcp.asked.tool_error ? "the tool failed"
						  : "the answer tells of an error";
	}
}

static struct th_span_facts of_tool(
	const struct th_run *run, const struct th_tool_span *t, const struct th_tool_work *work)
{
	struct th_span_facts f = {.run = run,
		.work = work,
		.event = {.kind = TH_EVENT_TOOL, .time = t->start, .tool = t},
		.process = t->asked->exchange->process,
		.types = th_event_types_of_tool(t),
		.type = th_event_type_main(th_event_types_of_tool(t)),
		.start = t->start,
		.end = t->end,
		.status = "unset",
		.why = "no result was seen"};
	f.name = th_tool_format("%s", t->call->name);
	f.title = th_tool_format("tool %s %s", t->call->name, t->call->arguments);
	if (t->result) {
		f.status = t->result->is_error ? "error" : "ok";
		f.why = t->result->is_error ? "the tool failed" : "";
	}
	return f;
}

static struct th_span_facts facts_of(const struct th_run *run, const struct th_event *e)
{
	struct th_span_facts f = {.event = *e, .run = run, .start = e->time, .why = ""};
	switch (e->kind) {
	case TH_EVENT_PROCESS:
		of_process(&f, run, e->process);
		break;
	case TH_EVENT_LOOKUP:
		of_lookup(&f, e->lookup);
		break;
	case TH_EVENT_CONNECT:
	case TH_EVENT_OPAQUE:
		of_connection(&f, e->connection, e->kind == TH_EVENT_CONNECT);
		break;
	case TH_EVENT_LEFT:
		of_departure(&f, e->departure);
		break;
	case TH_EVENT_TRANSFER:
		of_transfer(&f, e->transfer);
		break;
	case TH_EVENT_EXCHANGE:
		of_exchange(&f, e->exchange);
		break;
	case TH_EVENT_TOOL:
		break;
	}
	return f;
}

/* ---- the list ---- */

struct seat {
	const void *what; /* process or exchange */
	size_t place;
};

static int by_what(const void *a, const void *b)
{
	const struct seat *x = a, *y = b;
	return (x->what > y->what) - (x->what < y->what);
}

static const void *parent_of(const struct th_span_facts *f)
{
	switch (f->event.kind) {
	case TH_EVENT_PROCESS:
		return f->process->parent;
	case TH_EVENT_TOOL:
		return f->event.tool->asked->exchange;
	default:
		return f->process;
	}
}

/* A tool belongs to the exchange that asked for it, all else to a process, and a process to the one
 * that started it. */
static void find_parents(struct th_span_list *l)
{
	struct seat *seats = th_tool_alloc(l->n * sizeof(*seats));
	size_t n = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct th_event *e = &l->spans[i].event;
		if (e->kind == TH_EVENT_PROCESS ||
			(e->kind == TH_EVENT_EXCHANGE && l->spans[i].call)) {
			seats[n++] = (struct seat){e->process, i};
		}
	}
	qsort(seats, n, sizeof(*seats), by_what);
	for (size_t i = 0; i < l->n; i++) {
		struct seat key = {parent_of(&l->spans[i]), 0};
		struct seat *seat = key.what ? bsearch(&key, seats, n, sizeof(key), by_what) : NULL;
		l->spans[i].parent = seat ? seat->place : TH_SPAN_NO_PARENT;
	}
	free(seats);
}

static void read_meaning(struct th_span_list *l, const struct th_run *run)
{
	if (th_calls_read(run, &l->calls) < 0 || th_tool_spans_of(&l->calls, &l->tools) < 0 ||
		th_tool_work_of(run, &l->calls, &l->tools, &l->work) < 0) {
		th_tool_no_memory();
	}
}

static int by_start(const void *a, const void *b)
{
	const struct th_span_facts *x = a, *y = b;
	if (x->start != y->start) {
		return x->start < y->start ? -1 : 1;
	}
	return (x->event.tool > y->event.tool) - (x->event.tool < y->event.tool);
}

/* Events are in order of time already. */
static void merge_tools(struct th_span_list *l, const struct th_run *run)
{
	size_t from = l->n, to = l->n + l->tools.n, tool = l->tools.n;
	struct th_span_facts *tools = th_tool_alloc(tool * sizeof(*tools));
	for (size_t i = 0; i < tool; i++) {
		tools[i] = of_tool(run, &l->tools.spans[i], &l->work[i]);
	}
	qsort(tools, tool, sizeof(*tools), by_start);
	l->n = to;
	while (tool) {
		bool last = from == 0 || l->spans[from - 1].start <= tools[tool - 1].start;
		l->spans[--to] = last ? tools[--tool] : l->spans[--from];
	}
	free(tools);
}

struct th_span_list th_span_list_of(const struct th_run *run)
{
	struct th_event *events;
	struct th_span_list l = {0};
	th_events_of(run, &events, &l.n);
	read_meaning(&l, run);
	l.spans = th_tool_alloc((l.n + l.tools.n) * sizeof(*l.spans));
	for (size_t i = 0; i < l.n; i++) {
		struct th_span_facts *f = &l.spans[i];
		*f = facts_of(run, &events[i]);
		bool exchange = f->event.kind == TH_EVENT_EXCHANGE;
		const struct th_call *c = exchange ? l.calls.at[f->event.exchange->order] : NULL;
		if (exchange) {
			f->types = th_event_types_of_exchange(f->event.exchange, c);
			f->type = th_event_type_main(f->types);
		}
		if (c) {
			of_call(f, c);
		}
	}
	free(events);
	merge_tools(&l, run);
	find_parents(&l);
	return l;
}

void th_span_list_finish(struct th_span_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->spans[i].name);
		free(l->spans[i].host);
		free(l->spans[i].title);
		free(l->spans[i].words);
	}
	free(l->spans);
	free(l->work);
	th_tool_spans_finish(&l->tools);
	th_calls_finish(&l->calls);
	*l = (struct th_span_list){0};
}

const uint8_t *th_span_id(const struct th_span_facts *f)
{
	switch (f->event.kind) {
	case TH_EVENT_PROCESS:
		return f->event.process->span_id;
	case TH_EVENT_EXCHANGE:
		return f->event.exchange->span_id;
	case TH_EVENT_TOOL:
		return f->event.tool->span_id;
	default:
		return NULL;
	}
}

uint64_t th_span_first(const struct th_span_facts *f)
{
	return f->call && f->call->first_chunk.n ? f->call->first_chunk.n : f->first;
}

const char *th_span_model(const struct th_span_facts *f)
{
	return f->call ? th_call_model(f->call) : NULL;
}

const char *th_span_title(const struct th_span_facts *f)
{
	return f->title ? f->title : f->name;
}

bool th_span_tokens(const struct th_span_facts *f, struct th_tokens *ret_tokens)
{
	if (!f->call || !th_call_is_llm(f->call)) {
		return false;
	}
	*ret_tokens = f->call->tokens;
	return true;
}

char *th_span_count_text(const struct th_tokens *t)
{
	char in[TH_UNITS_TEXT], out[TH_UNITS_TEXT];
	if (t->input.from == TH_ABSENT && t->output.from == TH_ABSENT) {
		return th_tool_format("%s", "");
	}
	if (t->input.from == TH_REPORTED && t->output.from == TH_ABSENT) { /* embeddings */
		return th_tool_format("%s", th_units_bytes(in, t->input.n));
	}
	return th_tool_format("%s%s\xe2\x86\x92%s", th_tokens_source(t) == TH_ESTIMATED ? "~" : "",
		t->input.from == TH_ABSENT ? "?" : th_units_bytes(in, t->input.n),
		t->output.from == TH_ABSENT ? "?" : th_units_bytes(out, t->output.n));
}

char *th_span_tokens_text(const struct th_span_facts *f)
{
	struct th_tokens t = {0};
	th_span_tokens(f, &t);
	return th_span_count_text(&t);
}

static void put_ids(struct th_jout *j, const struct th_span_facts *f)
{
	static const uint8_t none[TH_SPAN_ID_BYTES];
	const uint8_t *id = th_span_id(f), *parent = none;
	if (f->event.kind == TH_EVENT_PROCESS) {
		parent = f->process->parent_span_id;
	} else if (f->event.kind == TH_EVENT_TOOL) {
		parent = f->event.tool->asked->exchange->span_id;
	} else if (f->process) {
		parent = f->process->span_id;
	}
	th_span_json_id(j, "trace_id", f->run->trace_id, sizeof(f->run->trace_id));
	th_span_json_id(j, "span_id", id ? id : none, TH_SPAN_ID_BYTES);
	th_span_json_id(j, "parent_span_id", parent, TH_SPAN_ID_BYTES);
}

void th_span_facts_json(struct th_jout *j, const struct th_span_facts *f)
{
	bool exchange = f->event.kind == TH_EVENT_EXCHANGE;
	put_ids(j, f);
	th_jout_put_text(j, "kind", th_events_kind_name(f->event.kind));
	th_jout_put_text(j, "event_type", f->type);
	th_meaning_json_type_list(j, f->types);
	th_jout_put_text(j, "name", f->name);
	th_jout_put_text(j, "title", f->title);
	th_jout_put_known(j, "number", exchange ? f->event.exchange->order + 1 : 0);
	th_jout_put_text(j, "host", f->host);
	th_jout_put_text(j, "process", f->process ? f->process->lane : NULL);
	th_jout_put_u64(j, "start_unix_nano", f->start);
	if (f->end >= f->start) {
		th_jout_put_u64(j, "duration_ns", th_span_took(f));
	} else {
		th_jout_put_null(j, "duration_ns");
	}
	th_jout_put_known(j, "ttfb_ns", f->first);
	th_jout_put_known(j, "first_chunk_ns", f->call ? f->call->first_chunk.n : 0);
	th_jout_put_text(j, "status", f->status);
	th_jout_put_text(j, "status_reason", *f->why ? f->why : NULL);
	th_jout_put_known(j, "response_status", f->http_status);
	th_call_json(j, f->call);
	if (f->event.kind == TH_EVENT_TOOL) {
		const struct th_tool_span *t = f->event.tool;
		th_jout_put_text(j, "tool_call_id", *t->call->id ? t->call->id : NULL);
		th_jout_put_text(j, "tool_arguments", t->call->arguments);
		th_jout_put_text(j, "tool_result", t->result ? t->result->text : NULL);
		th_meaning_json_work(j, f->work);
	}
	th_feedback_json(j, f->run, th_span_id(f));
}
