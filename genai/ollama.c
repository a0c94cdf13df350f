/* Ollama's own API: lines of JSON unless a stream is declined, counts in the last one.
 * Source: Ollama's docs/api.md. */
#include "genai/dialect.h"

static enum th_claim claims(const struct th_reading *r)
{
	static const char *const doors[] = {
		"/api/chat", "/api/generate", "/api/embed", "/api/embeddings"};
	bool door = false;
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		door |= th_path_ends(r, doors[i]);
	}
	/* other programs have an /api/chat too */
	bool ours = strstr(r->host, ":11434") || th_dig_text(r->question, "model");
	return door && ours ? TH_CLAIM_PATH : TH_CLAIM_NONE;
}

static void read_message(struct th_reading *r, const cJSON *m)
{
	const char *role = th_dig_text(m, "role"), *name = th_dig_text(m, "tool_name");
	r->call->n_messages++;
	r->call->new_turn = role && strcmp(role, "user") == 0;
	th_asked(r, th_dig(m, "content"));
	if (role && strcmp(role, "tool") == 0) {
		th_say_tool_result(r, th_dig_text(m, "tool_call_id"),
			name ? name : th_dig_text(m, "name"), th_dig(m, "content"), false);
	}
}

static void question(struct th_reading *r)
{
	const cJSON *q = r->question;
	r->call->operation = th_path_ends(r, "/chat") ? TH_OP_CHAT
		: th_path_ends(r, "/generate")	      ? TH_OP_COMPLETION
						      : TH_OP_EMBEDDINGS;
	th_say_once(r, &r->call->model_asked, th_dig_text(q, "model"));
	th_asked(r, th_dig(q, "prompt"));
	th_asked(r, th_dig(q, "system"));
	th_asked(r, th_dig(q, "input"));
	r->call->n_messages = th_dig(q, "prompt") != NULL;
	r->call->new_turn = th_dig(q, "prompt") != NULL;
	for (const cJSON *m = th_dig_first(q, "messages"); m; m = m->next) {
		read_message(r, m);
	}
}

static void answer(struct th_reading *r, const cJSON *a)
{
	th_say_once(r, &r->call->model_used, th_dig_text(a, "model"));
	th_said(r, th_dig_text(a, "message.content"));
	th_thought(r, th_dig_text(a, "message.thinking"));
	th_said(r, th_dig_text(a, "response"));
	th_thought(r, th_dig_text(a, "thinking"));
	for (const cJSON *t = th_dig_first(a, "message.tool_calls"); t; t = t->next) {
		const char *id = th_dig_text(t, "id");
		th_say_tool_call(r, id ? id : th_dig_text(t, "function.id"),
			th_dig_text(t, "function.name"), th_dig(t, "function.arguments"));
	}
	th_say_once(r, &r->call->finish_raw, th_dig_text(a, "done_reason"));
	th_say_count(&r->call->tokens.input, th_dig(a, "prompt_eval_count"));
	th_say_count(&r->call->tokens.output, th_dig(a, "eval_count"));
	r->is_final |= th_dig_true(a, "done");
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	answer(r, e);
}

const struct th_dialect th_ollama = {"ollama", claims, question, answer, event};
