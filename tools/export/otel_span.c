/* A span in OTLP: what it is called, its kind, times, status, attributes. Sources: trace.proto of
 * opentelemetry-proto; semantic conventions for HTTP, GenAI and MCP spans. An exchange is one span,
 * with the attributes of HTTP and of what it meant together. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/exchange_json.h"
#include "tools/export/messages_json.h"
#include "tools/export/otel.h"
#include "tools/tools.h"

#define ATTRIBUTES TH_OTLP(9, "attributes")
#define LINK_ATTRIBUTES TH_OTLP(4, "attributes")
#define EVENT_ATTRIBUTES TH_OTLP(3, "attributes")

enum kind {
	KIND_INTERNAL = 1,
	KIND_CLIENT = 3,
};

/* That all is well is for the program's author to say (specification, "Set Status"). */
enum code {
	CODE_UNSET = 0,
	CODE_ERROR = 2,
};

bool th_otel_is_span(const struct th_span_facts *f)
{
	return th_span_id(f) != NULL;
}

static bool is_model(const struct th_span_facts *f)
{
	return f->call && th_call_is_llm(f->call);
}

static bool is_mcp(const struct th_span_facts *f)
{
	return f->call && f->call->operation == TH_OP_MCP;
}

/* Paths are no part of a name: there would be too many of them. */
static char *name_of(const struct th_span_facts *f)
{
	const struct th_call *c = f->call;
	if (f->event.kind == TH_EVENT_TOOL) {
		return th_tool_format("execute_tool %s", f->event.tool->call->name);
	}
	if (is_model(f)) {
		const char *model = c->model_asked ? c->model_asked : th_call_model(c);
		return th_tool_format(
			"%s%s%s", th_otel_operation(c), model ? " " : "", model ? model : "");
	}
	if (is_mcp(f)) {
		const char *target = c->mcp.asked.target && c->mcp.asked.method &&
				strncmp(c->mcp.asked.method, "resources/", 10) != 0
			? c->mcp.asked.target
			: "";
		return th_tool_format("%s%s%s", c->mcp.asked.method ? c->mcp.asked.method : "mcp",
			*target ? " " : "", target);
	}
	if (f->event.kind == TH_EVENT_EXCHANGE) {
		struct th_slice method = th_http_method(f->event.exchange);
		return th_tool_format("%.*s", method.n ? (int)method.n : 4,
			method.n ? (const char *)method.p : "HTTP");
	}
	return th_tool_format("%s", f->name);
}

/* A process whose end was not seen lasts as long as anything in it. */
static uint64_t end_of(const struct th_otel_run *run, const struct th_span_facts *f)
{
	uint64_t end = f->end > f->start ? f->end : f->start;
	uint64_t last = run->last[f - run->all->spans];
	return f->end == 0 && last > end ? last : end;
}

/* ---- attributes ---- */

static void put_mcp(struct th_otlp *o, const struct th_otel_style *style, const struct th_call *c)
{
	const struct th_mcp *m = &c->mcp;
	bool tool = m->asked.method && strcmp(m->asked.method, "tools/call") == 0;
	bool prompt = m->asked.method && strcmp(m->asked.method, "prompts/get") == 0;
	th_otlp_put_text(o, ATTRIBUTES, "mcp.method.name", m->asked.method);
	th_otlp_put_text(o, ATTRIBUTES, "gen_ai.operation.name", tool ? "execute_tool" : NULL);
	th_otlp_put_text(o, ATTRIBUTES,
		tool		 ? "gen_ai.tool.name"
			: prompt ? "gen_ai.prompt.name"
				 : "mcp.resource.uri",
		m->asked.target);
	th_otlp_put_text(o, ATTRIBUTES, "jsonrpc.request.id", m->asked.id);
	th_otlp_put_text(o, ATTRIBUTES, "mcp.protocol.version", m->version);
	th_otlp_put_text(o, ATTRIBUTES, "mcp.session.id", m->session);
	th_otlp_put_text(o, ATTRIBUTES, "rpc.response.status_code", m->asked.error_code);
	th_otlp_put_text(o, ATTRIBUTES, "network.transport", "tcp");
	if (tool && style->content) {
		th_auto_free char *arguments = th_messages_cut(m->asked.arguments, style->text_max);
		th_auto_free char *result = th_messages_cut(m->asked.result, style->text_max);
		th_otlp_put_text(o, ATTRIBUTES, "gen_ai.tool.call.arguments", arguments);
		th_otlp_put_text(o, ATTRIBUTES, "gen_ai.tool.call.result", result);
	}
}

static void put_http(struct th_otlp *o, const struct th_span_facts *f)
{
	const struct th_exchange *x = f->event.exchange;
	const struct th_message *m = x->response.present ? &x->response : &x->request;
	th_auto_free char *url = th_http_url(x);
	th_otlp_put_slice(o, ATTRIBUTES, "http.request.method", th_http_method(x));
	th_otlp_put_text(o, ATTRIBUTES, "url.full", url);
	if (f->http_status) {
		th_otlp_put_int(o, ATTRIBUTES, "http.response.status_code", f->http_status);
	}
	if (f->call && f->call->resend_count) {
		th_otlp_put_int(o, ATTRIBUTES, "http.request.resend_count", f->call->resend_count);
	}
	th_otlp_put_text(o, ATTRIBUTES, "network.protocol.name", "http");
	th_otlp_put_text(o, ATTRIBUTES, "network.protocol.version", th_http_version(m->version));
	th_otlp_put_int(
		o, ATTRIBUTES, "http.request.body.size", (int64_t)th_message_bytes(&x->request));
	th_otlp_put_int(
		o, ATTRIBUTES, "http.response.body.size", (int64_t)th_message_bytes(&x->response));
	if (x->connection) {
		char address[64];
		th_otlp_put_text(o, ATTRIBUTES, "network.peer.address",
			th_events_address(address, x->connection->family, x->connection->address));
		th_otlp_put_int(o, ATTRIBUTES, "network.peer.port", x->connection->port);
	}
}

static void put_server(struct th_otlp *o, const struct th_span_facts *f)
{
	th_auto_free char *host = NULL;
	uint16_t port;
	th_otel_server(f, &host, &port);
	th_otlp_put_text(o, ATTRIBUTES, "server.address", host);
	if (port) {
		th_otlp_put_int(o, ATTRIBUTES, "server.port", port);
	}
}

static void put_exchange(
	struct th_otlp *o, const struct th_otel_style *style, const struct th_span_facts *f)
{
	if (is_model(f)) {
		th_otel_call(o, ATTRIBUTES, style, f);
	} else if (is_mcp(f)) {
		put_mcp(o, style, f->call);
	}
	put_server(o, f);
	put_http(o, f);
	if (f->event.exchange->redacted) {
		th_otlp_put_bool(o, ATTRIBUTES, "tracehook.redacted", true);
	}
	if (style->openinference && is_model(f)) {
		th_openinference(o, ATTRIBUTES, style, f);
	}
}

static void put_tool(
	struct th_otlp *o, const struct th_otel_style *style, const struct th_tool_span *t)
{
	th_otlp_put_text(o, ATTRIBUTES, "gen_ai.operation.name", "execute_tool");
	th_otlp_put_text(o, ATTRIBUTES, "gen_ai.tool.name", t->call->name);
	th_otlp_put_text(o, ATTRIBUTES, "gen_ai.tool.call.id", *t->call->id ? t->call->id : NULL);
	th_otlp_put_text(o, ATTRIBUTES, "gen_ai.tool.type", "function");
	if (style->content) {
		th_auto_free char *arguments = th_messages_cut(t->call->arguments, style->text_max);
		th_auto_free char *result = th_messages_cut(
			t->result ? t->result->text : NULL, style->text_max);
		th_otlp_put_text(o, ATTRIBUTES, "gen_ai.tool.call.arguments", arguments);
		th_otlp_put_text(o, ATTRIBUTES, "gen_ai.tool.call.result", result);
	}
	if (style->openinference) {
		th_otlp_put_text(o, ATTRIBUTES, "openinference.span.kind", "TOOL");
		th_otlp_put_text(o, ATTRIBUTES, "tool.name", t->call->name);
	}
}

static void put_process(
	struct th_otlp *o, const struct th_otel_style *style, const struct th_process *p)
{
	th_otlp_put_int(o, ATTRIBUTES, "process.pid", p->pid);
	th_otlp_put_int(o, ATTRIBUTES, "process.parent_pid", p->ppid);
	th_otlp_put_slice(o, ATTRIBUTES, "process.executable.path", p->exe);
	th_otlp_put_slice(o, ATTRIBUTES, "process.executable.name", th_span_process_name(p));
	th_otlp_put_slice(o, ATTRIBUTES, "process.working_directory", p->cwd);
	th_otlp_put_text(o, ATTRIBUTES, "tracehook.lane", p->lane);
	if (!p->ended_well) {
		th_otlp_put_bool(o, ATTRIBUTES, "tracehook.end_unseen", true);
	}
	if (p->lost_events) {
		th_otlp_put_int(o, ATTRIBUTES, "tracehook.lost_events", (int64_t)p->lost_events);
	}
	if (style->openinference) {
		th_otlp_put_text(
			o, ATTRIBUTES, "openinference.span.kind", p->parent ? "CHAIN" : "AGENT");
	}
}

static void put_attributes(
	struct th_otlp *o, const struct th_otel_style *style, const struct th_span_facts *f)
{
	th_auto_free char *error = th_otel_error_type(f);
	th_otlp_list(o, ATTRIBUTES);
	switch (f->event.kind) {
	case TH_EVENT_EXCHANGE:
		put_exchange(o, style, f);
		break;
	case TH_EVENT_TOOL:
		put_tool(o, style, f->event.tool);
		break;
	case TH_EVENT_PROCESS:
		put_process(o, style, f->event.process);
		break;
	default:
		break;
	}
	th_otlp_put_text(o, ATTRIBUTES, "error.type", error);
	th_otel_own(o, ATTRIBUTES, f);
	th_otlp_list_end(o);
}

/* What failed or stayed closed before it could become a span, as events of its process. */
static void put_events(
	struct th_otlp *o, const struct th_otel_run *run, const struct th_span_facts *f)
{
	th_otlp_list(o, TH_OTLP(11, "events"));
	for (size_t i = run->first[f - run->all->spans]; i != SIZE_MAX; i = run->next[i]) {
		const struct th_span_facts *s = &run->all->spans[i];
		th_otlp_item(o, TH_OTLP(11, "events"));
		th_otlp_fixed64(o, TH_OTLP(1, "timeUnixNano"), s->start);
		th_otlp_text(o, TH_OTLP(2, "name"), th_slice_str(s->name));
		th_otlp_list(o, EVENT_ATTRIBUTES);
		th_otlp_put_text(o, EVENT_ATTRIBUTES, "server.address", s->host);
		th_otlp_put_text(
			o, EVENT_ATTRIBUTES, "tracehook.kind", th_events_kind_name(s->event.kind));
		th_otlp_put_text(o, EVENT_ATTRIBUTES, "tracehook.reason", s->why);
		th_otlp_list_end(o);
		th_otlp_close(o);
	}
	th_otel_feedback(o, f);
	th_otlp_list_end(o);
}

static void put_link(
	struct th_otlp *o, const uint8_t *trace_id, const uint8_t *span_id, const char *what)
{
	th_otlp_item(o, TH_OTLP(13, "links"));
	th_otlp_id(o, TH_OTLP(1, "traceId"), trace_id, TH_TRACE_ID_BYTES);
	th_otlp_id(o, TH_OTLP(2, "spanId"), span_id, TH_SPAN_ID_BYTES);
	th_otlp_list(o, LINK_ATTRIBUTES);
	th_otlp_put_text(o, LINK_ATTRIBUTES, "tracehook.link", what);
	th_otlp_list_end(o);
	th_otlp_close(o);
}

/* The span that the agent named in the request's traceparent; what did a tool's work. */
static void put_links(struct th_otlp *o, const struct th_span_facts *f)
{
	const struct th_exchange *x = f->event.kind == TH_EVENT_EXCHANGE ? f->event.exchange : NULL;
	const struct th_tool_work *w = f->work;
	th_otlp_list(o, TH_OTLP(13, "links"));
	if (x && x->linked) {
		put_link(o, x->link_trace_id, x->link_span_id, "traceparent");
	}
	if (w && (w->exchange || w->process)) {
		put_link(o, f->run->trace_id,
			w->exchange ? w->exchange->span_id : w->process->span_id, "work");
	}
	th_otlp_list_end(o);
}

static void put_status(struct th_otlp *o, const struct th_span_facts *f)
{
	bool error = strcmp(f->status, "error") == 0;
	th_otlp_open(o, TH_OTLP(15, "status"));
	if (error && f->http_status < 400) { /* else the number says it */
		th_otlp_text(o, TH_OTLP(2, "message"), th_slice_str(f->why));
	}
	th_otlp_number(o, TH_OTLP(3, "code"), error ? CODE_ERROR : CODE_UNSET);
	th_otlp_close(o);
}

/* The span it belongs to; NULL: it is a root. */
static const uint8_t *parent_of(const struct th_span_facts *f)
{
	static const uint8_t none[TH_SPAN_ID_BYTES];
	const uint8_t *id = f->process ? f->process->span_id : NULL;
	if (f->event.kind == TH_EVENT_PROCESS) {
		id = f->process->parent_span_id;
	} else if (f->event.kind == TH_EVENT_TOOL) {
		id = f->event.tool->asked->exchange->span_id;
	}
	return id && memcmp(id, none, sizeof(none)) != 0 ? id : NULL;
}

void th_otel_span(struct th_otlp *o, const struct th_otel_style *style,
	const struct th_otel_run *run, const struct th_span_facts *f)
{
	th_auto_free char *name = name_of(f);
	const uint8_t *parent = parent_of(f);
	bool remote = f->event.kind == TH_EVENT_PROCESS && !f->process->parent && parent;
	th_otlp_item(o, TH_OTLP(2, "spans"));
	th_otlp_id(o, TH_OTLP(1, "traceId"), f->run->trace_id, TH_TRACE_ID_BYTES);
	th_otlp_id(o, TH_OTLP(2, "spanId"), th_span_id(f), TH_SPAN_ID_BYTES);
	if (f->run->tracestate.n) {
		th_otlp_text(o, TH_OTLP(3, "traceState"), f->run->tracestate);
	}
	if (parent) {
		th_otlp_id(o, TH_OTLP(4, "parentSpanId"), parent, TH_SPAN_ID_BYTES);
	}
	th_otlp_text(o, TH_OTLP(5, "name"), th_slice_str(name));
	th_otlp_number(o, TH_OTLP(6, "kind"),
		f->event.kind == TH_EVENT_EXCHANGE ? KIND_CLIENT : KIND_INTERNAL);
	th_otlp_fixed64(o, TH_OTLP(7, "startTimeUnixNano"), f->start);
	th_otlp_fixed64(o, TH_OTLP(8, "endTimeUnixNano"), end_of(run, f));
	put_attributes(o, style, f);
	put_events(o, run, f);
	put_links(o, f);
	put_status(o, f);
	th_otlp_fixed32(o, TH_OTLP(16, "flags"), remote ? 0x301 : 0x101);
	th_otlp_close(o);
}

/* ---- what all spans of a run share ---- */

struct th_otel_run th_otel_run_of(const struct th_span_list *all)
{
	size_t bytes = all->n * sizeof(size_t);
	struct th_otel_run r = {all, th_tool_alloc(all->n * sizeof(*r.last)), th_tool_alloc(bytes),
		th_tool_alloc(bytes)};
	memset(r.last, 0, all->n * sizeof(*r.last));
	memset(r.first, 0xff, bytes);
	memset(r.next, 0xff, bytes);
	for (size_t i = all->n; i > 0; i--) {
		const struct th_span_facts *s = &all->spans[i - 1];
		uint64_t end = s->end > s->start ? s->end : s->start;
		if (s->parent == TH_SPAN_NO_PARENT) {
			continue;
		}
		r.last[s->parent] = end > r.last[s->parent] ? end : r.last[s->parent];
		if (!th_otel_is_span(s)) {
			r.next[i - 1] = r.first[s->parent];
			r.first[s->parent] = i - 1;
		}
	}
	return r;
}

void th_otel_run_finish(struct th_otel_run *r)
{
	free(r->last);
	free(r->first);
	free(r->next);
}

static const struct th_process *root_of(const struct th_run *run)
{
	return run->n_processes ? run->processes[0] : NULL;
}

/* "k=v,k2=v2" as TRACEHOOK_META had it. */
static void put_meta(struct th_otlp *o, struct th_otlp_field list, struct th_slice meta)
{
	while (meta.n) {
		const uint8_t *comma = memchr(meta.p, ',', meta.n);
		size_t n = comma ? (size_t)(comma - meta.p) : meta.n;
		const uint8_t *equals = memchr(meta.p, '=', n);
		if (equals) {
			size_t k = (size_t)(equals - meta.p);
			th_auto_free char *key = th_tool_format(
				"tracehook.meta.%.*s", (int)k, (const char *)meta.p);
			th_otlp_put_slice(o, list, key, (struct th_slice){equals + 1, n - k - 1});
		}
		n += comma != NULL;
		meta.p += n;
		meta.n -= n;
	}
}

void th_otel_resource(
	struct th_otlp *o, const struct th_otel_style *style, const struct th_run *run)
{
	const struct th_otlp_field list = TH_OTLP(1, "attributes");
	const struct th_process *root = root_of(run);
	th_otlp_open(o, TH_OTLP(1, "resource"));
	th_otlp_list(o, list);
	if (style->service || !root) {
		th_otlp_put_text(o, list, "service.name",
			style->service ? style->service : "unknown_service");
	} else {
		th_otlp_put_slice(o, list, "service.name", th_span_process_name(root));
	}
	th_otlp_put_text(o, list, "telemetry.sdk.name", "tracehook");
	th_otlp_put_slice(o, list, "telemetry.sdk.version", run->tracehook_version);
	put_meta(o, list, run->meta);
	th_otlp_list_end(o);
	th_otlp_close(o);
}

void th_otel_scope(struct th_otlp *o)
{
	th_otlp_open(o, TH_OTLP(1, "scope"));
	th_otlp_text(o, TH_OTLP(1, "name"), TH_SLICE_LIT("tracehook"));
	th_otlp_text(o, TH_OTLP(2, "version"), TH_SLICE_LIT(TH_VERSION));
	th_otlp_close(o);
}
