/* Anthropic's messages.
 *
 * Input as reported leaves caches out, so it is the sum of three. In a stream the counts of
 * message_delta replace those of message_start where they are numbers; they are cumulative.
 * Source: docs.anthropic.com, "Messages" and "Streaming messages". */
#include "genai/anthropic.h"

#include <stdlib.h>

static enum th_claim claims(const struct th_reading *r)
{
	struct th_slice version;
	bool rpc = th_dig(r->question, "jsonrpc") != NULL;
	bool vertex = th_path_has(r, "/publishers/anthropic/") &&
		(th_path_ends(r, ":rawPredict") || th_path_ends(r, ":streamRawPredict"));
	bool known = th_path_has(r, "/v1/messages") ||
		cJSON_IsArray(th_dig(r->question, "messages")) ||
		(r->exchange->request.head.bytes.n &&
			th_head_get(&r->exchange->request.head, "anthropic-version", &version));
	bool door = th_path_ends(r, "/messages") || th_path_ends(r, "/messages/count_tokens");
	if (vertex || (door && known && !rpc)) {
		return TH_CLAIM_PATH;
	}
	const char *type = th_dig_text(r->whole, "type");
	bool shape = type && strcmp(type, "message") == 0 && th_dig(r->whole, "stop_reason");
	return shape && cJSON_IsArray(th_dig(r->question, "messages")) ? TH_CLAIM_SHAPE
								       : TH_CLAIM_NONE;
}

static bool is_type(const cJSON *o, const char *type)
{
	const char *text = th_dig_text(o, "type");
	return text && strcmp(text, type) == 0;
}

/* ---- the request ---- */

static void read_message(struct th_reading *r, const cJSON *m)
{
	const char *role = th_dig_text(m, "role");
	const cJSON *content = th_dig(m, "content");
	bool results = false;
	r->call->n_messages++;
	th_asked(r, content);
	for (const cJSON *p = th_dig_first(content, ""); p; p = p->next) {
		if (is_type(p, "tool_result")) {
			results = true;
			th_say_tool_result(r, th_dig_text(p, "tool_use_id"), NULL,
				th_dig(p, "content"), th_dig_true(p, "is_error"));
		}
	}
	r->call->new_turn = role && strcmp(role, "user") == 0 && !results;
}

void th_anthropic_question(struct th_reading *r)
{
	const cJSON *system = th_dig(r->question, "system");
	r->call->operation = th_path_ends(r, "/count_tokens") ? TH_OP_COUNT_TOKENS : TH_OP_CHAT;
	th_say_once(r, &r->call->model_asked, th_dig_text(r->question, "model"));
	th_asked(r, system);
	r->call->n_messages = system != NULL;
	for (const cJSON *m = th_dig_first(r->question, "messages"); m; m = m->next) {
		read_message(r, m);
	}
}

static void question(struct th_reading *r)
{
	th_path_model(r);
	th_anthropic_question(r);
}

/* ---- the answer ---- */

static void read_usage(struct th_reading *r, const cJSON *u)
{
	struct th_tokens *t = &r->call->tokens;
	th_say_count(&r->fresh_input, th_dig(u, "input_tokens"));
	th_say_count(&t->cache_read, th_dig(u, "cache_read_input_tokens"));
	th_say_count(&t->cache_write, th_dig(u, "cache_creation_input_tokens"));
	th_say_count(&t->output, th_dig(u, "output_tokens"));
	th_say_count(&t->reasoning, th_dig(u, "output_tokens_details.thinking_tokens"));
	if (r->fresh_input.from) {
		t->input = th_count_sum(
			r->fresh_input, th_count_sum(t->cache_read, t->cache_write));
	}
}

static bool is_tool(const cJSON *p)
{
	return is_type(p, "tool_use") || is_type(p, "server_tool_use") ||
		is_type(p, "mcp_tool_use");
}

static void read_part(struct th_reading *r, const cJSON *p)
{
	th_said(r, th_dig_text(p, "text"));
	th_thought(r, th_dig_text(p, "thinking"));
	if (is_tool(p)) {
		struct th_tool_call *t = th_say_tool_call(
			r, th_dig_text(p, "id"), th_dig_text(p, "name"), th_dig(p, "input"));
		if (t) {
			t->by_server = !is_type(p, "tool_use");
		}
	}
}

static void read_identity(struct th_reading *r, const cJSON *m)
{
	th_say_once(r, &r->call->response_id, th_dig_text(m, "id"));
	th_say_once(r, &r->call->model_used, th_dig_text(m, "model"));
	read_usage(r, th_dig(m, "usage"));
}

void th_anthropic_answer(struct th_reading *r, const cJSON *a)
{
	read_identity(r, a);
	for (const cJSON *p = th_dig_first(a, "content"); p; p = p->next) {
		read_part(r, p);
	}
	th_say_once(r, &r->call->finish_raw, th_dig_text(a, "stop_reason"));
}

/* A block begins empty: the input of a tool comes in pieces. */
static void read_block(struct th_reading *r, const cJSON *e)
{
	const cJSON *block = th_dig(e, "content_block");
	if (!is_tool(block)) {
		th_said(r, th_dig_text(block, "text"));
		return;
	}
	struct th_tool_call *t = th_say_tool_at(r, 0, th_dig_number(e, "index", 0));
	if (t) {
		th_say_text(r, &t->id, th_dig_text(block, "id"));
		th_say_text(r, &t->name, th_dig_text(block, "name"));
		t->by_server = !is_type(block, "tool_use");
		th_made(r, t->name);
	}
}

static void read_delta(struct th_reading *r, const cJSON *e)
{
	const cJSON *d = th_dig(e, "delta");
	th_said(r, th_dig_text(d, "text"));
	th_thought(r, th_dig_text(d, "thinking"));
	if (is_type(d, "input_json_delta")) {
		th_say_arguments(r, th_say_tool_at(r, 0, th_dig_number(e, "index", 0)),
			th_dig_text(d, "partial_json"));
	}
}

void th_anthropic_event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	if (is_type(e, "message_start")) {
		read_identity(r, th_dig(e, "message"));
	} else if (is_type(e, "content_block_start")) {
		read_block(r, e);
	} else if (is_type(e, "content_block_delta")) {
		read_delta(r, e);
	} else if (is_type(e, "message_delta")) {
		read_usage(r, th_dig(e, "usage"));
		th_say_once(r, &r->call->finish_raw, th_dig_text(e, "delta.stop_reason"));
		r->is_final |= r->call->finish_raw != NULL;
	} else if (is_type(e, "message_stop")) {
		r->is_final = true;
	}
}

const struct th_dialect th_anthropic = {
	"anthropic.messages", claims, question, th_anthropic_answer, th_anthropic_event};
