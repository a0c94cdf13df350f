/* Cohere's second version: chat, embed, rerank. Billed counts are preferred to those of the model;
 * they come as fractions. The answer does not name the model.
 * Source: docs.cohere.com, API reference v2. */
#include "genai/dialect.h"

static enum th_claim claims(const struct th_reading *r)
{
	return th_path_ends(r, "/v2/chat") || th_path_ends(r, "/v2/embed") ||
			th_path_ends(r, "/v2/rerank")
		? TH_CLAIM_PATH
		: TH_CLAIM_NONE;
}

static void read_message(struct th_reading *r, const cJSON *m)
{
	const char *role = th_dig_text(m, "role");
	r->call->n_messages++;
	r->call->new_turn = role && strcmp(role, "user") == 0;
	th_asked(r, th_dig(m, "content"));
	if (role && strcmp(role, "tool") == 0) {
		th_say_tool_result(
			r, th_dig_text(m, "tool_call_id"), NULL, th_dig(m, "content"), false);
	}
}

static void question(struct th_reading *r)
{
	const cJSON *q = r->question;
	r->call->operation = th_path_ends(r, "/chat") ? TH_OP_CHAT
		: th_path_ends(r, "/embed")	      ? TH_OP_EMBEDDINGS
						      : TH_OP_RERANK;
	th_say_once(r, &r->call->model_asked, th_dig_text(q, "model"));
	th_asked(r, th_dig(q, "texts"));
	th_asked(r, th_dig(q, "query"));
	th_asked(r, th_dig(q, "documents"));
	for (const cJSON *m = th_dig_first(q, "messages"); m; m = m->next) {
		read_message(r, m);
	}
}

static void read_usage(struct th_reading *r, const cJSON *u)
{
	struct th_tokens *t = &r->call->tokens;
	th_say_count(&t->input, th_dig(u, "tokens.input_tokens"));
	th_say_count(&t->output, th_dig(u, "tokens.output_tokens"));
	th_say_count(&t->input, th_dig(u, "billed_units.input_tokens"));
	th_say_count(&t->output, th_dig(u, "billed_units.output_tokens"));
	th_say_count(&t->cache_read, th_dig(u, "cached_tokens"));
}

static void read_content(struct th_reading *r, const cJSON *part)
{
	th_said(r, th_dig_text(part, "text"));
	th_thought(r, th_dig_text(part, "thinking"));
}

static void answer(struct th_reading *r, const cJSON *a)
{
	th_say_once(r, &r->call->response_id, th_dig_text(a, "id"));
	th_thought(r, th_dig_text(a, "message.tool_plan"));
	for (const cJSON *p = th_dig_first(a, "message.content"); p; p = p->next) {
		read_content(r, p);
	}
	for (const cJSON *t = th_dig_first(a, "message.tool_calls"); t; t = t->next) {
		th_say_tool_call(r, th_dig_text(t, "id"), th_dig_text(t, "function.name"),
			th_dig(t, "function.arguments"));
	}
	th_say_once(r, &r->call->finish_raw, th_dig_text(a, "finish_reason"));
	read_usage(r, th_dig(a, "usage"));
	read_usage(r, th_dig(a, "meta"));
}

static void read_tool_piece(struct th_reading *r, const cJSON *e)
{
	const cJSON *piece = th_dig(e, "delta.message.tool_calls");
	struct th_tool_call *t = piece ? th_say_tool_at(r, 0, th_dig_number(e, "index", 0)) : NULL;
	if (!t) {
		return;
	}
	th_say_text(r, &t->id, th_dig_text(piece, "id"));
	if (th_dig_text(piece, "function.name")) {
		th_say_text(r, &t->name, th_dig_text(piece, "function.name"));
		th_made(r, t->name);
	}
	th_say_arguments(r, t, th_dig_text(piece, "function.arguments"));
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	const char *type = th_dig_text(e, "type");
	th_say_once(r, &r->call->response_id, th_dig_text(e, "id"));
	th_thought(r, th_dig_text(e, "delta.message.tool_plan"));
	read_content(r, th_dig(e, "delta.message.content"));
	read_tool_piece(r, e);
	th_say_once(r, &r->call->finish_raw, th_dig_text(e, "delta.finish_reason"));
	read_usage(r, th_dig(e, "delta.usage"));
	r->is_final |= type && strcmp(type, "message-end") == 0;
}

const struct th_dialect th_cohere = {"cohere", claims, question, answer, event};
