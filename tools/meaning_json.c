#include "tools/meaning_json.h"

#include "base/cleanup.h"
#include "genai/event_type.h"
#include "tools/body.h"
#include "tools/call_json.h"
#include "tools/exchange_json.h"
#include "tools/feedback.h"
#include "tools/tools.h"

void th_meaning_json_type_list(struct th_jout *j, unsigned types)
{
	th_jout_key(j, "event_types");
	th_jout_open(j, '[');
	for (unsigned t = 0; t < TH_N_TYPES; t++) {
		if (types & 1u << t) {
			th_jout_text(j, th_event_type_name(t));
		}
	}
	th_jout_close(j, ']');
}

void th_meaning_json_types(struct th_jout *j, unsigned types)
{
	th_jout_put_text(j, "event_type", th_event_type_main(types));
	th_meaning_json_type_list(j, types);
}

static void put_sources(struct th_jout *j, const struct th_tokens *t)
{
	const struct {
		const char *key;
		struct th_count count;
	} counts[] = {{"input", t->input}, {"output", t->output}, {"cache_read", t->cache_read},
		{"cache_write", t->cache_write}, {"reasoning", t->reasoning}, {"total", t->total}};
	th_jout_key(j, "token_sources");
	th_jout_open(j, '{');
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		th_jout_put_text(j, counts[i].key, th_provenance_name(counts[i].count.from));
	}
	th_jout_close(j, '}');
}

static void put_tool_calls(struct th_jout *j, const struct th_call *c)
{
	th_jout_key(j, "tool_calls");
	th_jout_open(j, '[');
	for (size_t i = 0; i < c->n_tool_calls; i++) {
		th_jout_open(j, '{');
		th_jout_put_text(j, "id", c->tool_calls[i].id);
		th_jout_put_text(j, "name", c->tool_calls[i].name);
		th_jout_put_text(j, "arguments", c->tool_calls[i].arguments);
		th_jout_put_bool(j, "by_server", c->tool_calls[i].by_server);
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
}

static void put_mcp_message(struct th_jout *j, const struct th_mcp_message *m)
{
	th_jout_put_text(j, "method", m->method);
	th_jout_put_text(j, "id", m->id);
	th_jout_put_text(j, "target", m->target);
	th_jout_put_text(j, "arguments", m->arguments);
	th_jout_put_text(j, "result", m->result);
	th_jout_put_text(j, "error_code", m->error_code);
	th_jout_put_known(j, "answered_unix_nano", m->answered);
}

static void put_mcp(struct th_jout *j, const struct th_mcp *m)
{
	th_jout_key(j, "mcp");
	th_jout_open(j, '{');
	put_mcp_message(j, &m->asked);
	th_jout_put_text(j, "version", m->version);
	th_jout_put_text(j, "session", m->session);
	th_jout_key(j, "others");
	th_jout_open(j, '[');
	for (size_t i = 0; i < m->n_others; i++) {
		th_jout_open(j, '{');
		put_mcp_message(j, &m->others[i]);
		th_jout_close(j, '}');
	}
	th_jout_close(j, ']');
	th_jout_close(j, '}');
}

static void put_llm(struct th_jout *j, const struct th_call *c)
{
	put_sources(j, &c->tokens);
	th_jout_put_text(j, "finish_raw", c->finish_raw);
	th_jout_put_known(j, "first_chunk_ns", c->first_chunk.n);
	th_jout_key(j, "output_rate");
	if (c->output_rate > 0) {
		th_jout_double(j, c->output_rate);
	} else {
		th_jout_null(j);
	}
	th_jout_put_text(j, "response_id", c->response_id);
	th_jout_put_u64(j, "messages", c->n_messages);
	put_tool_calls(j, c);
}

void th_meaning_json_exchange(
	struct th_jout *j, const struct th_exchange *x, const struct th_call *c)
{
	th_meaning_json_types(j, th_event_types_of_exchange(x, c));
	if (!c) {
		th_jout_put_null(j, "model");
		th_jout_put_null(j, "tokens");
		return;
	}
	th_call_json(j, c);
	th_jout_put_text(j, "dialect", c->dialect);
	th_jout_put_text(j, "model_asked", c->model_asked);
	th_jout_put_text(j, "error_type", c->error_type);
	th_jout_put_text(j, "error_message", c->error_message);
	if (th_call_is_llm(c)) {
		put_llm(j, c);
	} else if (c->operation == TH_OP_MCP) {
		put_mcp(j, &c->mcp);
	}
}

/* ---- tools ---- */

static const char *reason(const struct th_tool_span *t)
{
	if (!t->answered) {
		return "its result was not seen";
	}
	return t->result->is_error ? "the tool gave an error" : NULL;
}

void th_meaning_json_work(struct th_jout *j, const struct th_tool_work *w)
{
	if (w->exchange) {
		th_span_json_id(j, "work_span_id", w->exchange->span_id, TH_SPAN_ID_BYTES);
	} else if (w->process) {
		th_span_json_id(j, "work_span_id", w->process->span_id, TH_SPAN_ID_BYTES);
	} else {
		th_jout_put_null(j, "work_span_id");
	}
	const char *how = w->by_name ? "name" : w->exchange || w->process ? "time" : NULL;
	th_jout_put_text(j, "work_found_by", how);
}

static void put_hash(struct th_jout *j, const char *key, const char *text)
{
	char hash[TH_BODY_HASH_CHARS];
	if (text) {
		th_body_hash_text(text, hash);
	}
	th_jout_put_text(j, key, text ? hash : NULL);
}

static void put_tool(struct th_jout *j, const struct th_tool_span *t)
{
	bool known = t->end >= t->start && t->answered;
	th_span_json_id(j, "span_id", t->span_id, sizeof(t->span_id));
	th_span_json_id(j, "parent_span_id", t->asked->exchange->span_id, TH_SPAN_ID_BYTES);
	th_jout_put_text(j, "kind", "tool");
	th_jout_put_text(j, "name", t->call->name);
	th_jout_put_u64(j, "start_unix_nano", t->start);
	th_jout_key(j, "duration_ns");
	if (known) {
		th_jout_u64(j, t->end - t->start);
	} else {
		th_jout_null(j);
	}
	th_jout_put_text(j, "status", !t->answered ? "unset" : reason(t) ? "error" : "ok");
	th_jout_put_text(j, "status_reason", reason(t));
	th_meaning_json_types(j, th_event_types_of_tool(t));
	th_jout_put_text(j, "tool_call_id", *t->call->id ? t->call->id : NULL);
	th_jout_put_text(j, "arguments", t->call->arguments);
	th_jout_put_text(j, "result", t->result ? t->result->text : NULL);
	put_hash(j, "input_hash", t->call->arguments);
	put_hash(j, "output_hash", t->result ? t->result->text : NULL);
	if (t->answered) {
		th_span_json_id(
			j, "result_span_id", t->answered->exchange->span_id, TH_SPAN_ID_BYTES);
	} else {
		th_jout_put_null(j, "result_span_id");
	}
}

void th_meaning_json_tool(FILE *out, const struct th_run *run, const struct th_tool_span *t,
	const struct th_tool_work *work)
{
	struct th_jout j = {.out = out};
	th_jout_open(&j, '{');
	th_span_json_id(&j, "trace_id", run->trace_id, sizeof(run->trace_id));
	put_tool(&j, t);
	th_meaning_json_work(&j, work);
	const struct th_process *p = t->asked->exchange->process;
	th_jout_put_text(&j, "lane", p ? p->lane : NULL);
	th_feedback_json(&j, run, t->span_id);
	th_jout_close(&j, '}');
	fputc('\n', out);
}
