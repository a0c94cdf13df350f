/* OpenAI's chat completions, and everything that is shaped like them: Azure's deployments, gateways
 * under any prefix, Mistral, Groq, DeepSeek, vLLM, llama.cpp, the doors of Gemini and Ollama.
 *
 * Differences that are absorbed here: arguments of tool calls as text or object; content as text
 * or parts; usage in the last chunk with or without being asked for, or under x_groq; reasoning as
 * its own delta. Sources: platform.openai.com API reference; docs.mistral.ai; console.groq.com. */
#include "genai/openai.h"

static bool is_question(const cJSON *q)
{
	return cJSON_IsArray(th_dig(q, "messages")) && th_dig_text(q, "model");
}

static bool is_vertex_mistral(const struct th_reading *r)
{
	return th_path_has(r, "/publishers/mistralai/") &&
		(th_path_ends(r, ":rawPredict") || th_path_ends(r, ":streamRawPredict"));
}

static enum th_claim claims(const struct th_reading *r)
{
	if (th_path_ends(r, "/chat/completions") || th_path_ends(r, "/fim/completions") ||
		th_path_ends(r, "/agents/completions") || is_vertex_mistral(r)) {
		return TH_CLAIM_PATH;
	}
	bool answer = cJSON_IsArray(th_dig(r->whole, "choices"));
	return is_question(r->question) && answer ? TH_CLAIM_SHAPE : TH_CLAIM_NONE;
}

static void read_message(struct th_reading *r, const cJSON *m)
{
	const char *role = th_dig_text(m, "role");
	const cJSON *content = th_dig(m, "content");
	r->call->n_messages++;
	r->call->new_turn = role && strcmp(role, "user") == 0;
	th_asked(r, content);
	th_asked(r, th_dig(m, "tool_calls"));
	if (role && strcmp(role, "tool") == 0) {
		th_say_tool_result(
			r, th_dig_text(m, "tool_call_id"), th_dig_text(m, "name"), content, false);
	} else if (role && strcmp(role, "function") == 0) {
		th_say_tool_result(r, NULL, th_dig_text(m, "name"), content, false);
	}
}

static void question(struct th_reading *r)
{
	r->call->operation = TH_OP_CHAT;
	th_openai_model(r);
	for (const cJSON *m = th_dig_first(r->question, "messages"); m; m = m->next) {
		read_message(r, m);
	}
	th_asked(r, th_dig(r->question, "prompt"));
}

/* Text, or parts with a text. */
static void read_content(struct th_reading *r, const cJSON *content)
{
	th_said(r, cJSON_GetStringValue(content));
	for (const cJSON *p = th_dig_first(content, ""); p; p = p->next) {
		th_said(r, th_dig_text(p, "text"));
		for (const cJSON *t = th_dig_first(p, "thinking"); t; t = t->next) {
			th_thought(r, th_dig_text(t, "text"));
		}
	}
}

/* What a message and a delta have in common. */
static void read_words(struct th_reading *r, const cJSON *m)
{
	read_content(r, th_dig(m, "content"));
	th_said(r, th_dig_text(m, "refusal"));
	th_thought(r, th_dig_text(m, "reasoning_content"));
	th_thought(r, th_dig_text(m, "reasoning"));
}

static void read_tool_call(struct th_reading *r, const cJSON *t)
{
	const cJSON *f = th_dig(t, "function"), *custom = th_dig(t, "custom");
	if (f) {
		th_say_tool_call(
			r, th_dig_text(t, "id"), th_dig_text(f, "name"), th_dig(f, "arguments"));
	} else if (custom) {
		th_say_tool_call(r, th_dig_text(t, "id"), th_dig_text(custom, "name"),
			th_dig(custom, "input"));
	}
}

static void answer(struct th_reading *r, const cJSON *a)
{
	th_openai_identity(r, a);
	for (const cJSON *c = th_dig_first(a, "choices"); c; c = c->next) {
		const cJSON *m = th_dig(c, "message"), *f = th_dig(m, "function_call");
		read_words(r, m);
		for (const cJSON *t = th_dig_first(m, "tool_calls"); t; t = t->next) {
			read_tool_call(r, t);
		}
		if (f) {
			th_say_tool_call(r, NULL, th_dig_text(f, "name"), th_dig(f, "arguments"));
		}
		th_say_finish(r, th_dig_number(c, "index", 0), th_dig_text(c, "finish_reason"));
	}
}

/* Id and name come once, arguments bit by bit; of some servers as an object, at once. */
static void read_piece(struct th_reading *r, struct th_tool_call *t, const char *id,
	const char *name, const cJSON *arguments)
{
	if (!t) {
		return;
	}
	if (id && !*t->id) {
		th_say_text(r, &t->id, id);
	}
	if (name && !*t->name) {
		th_say_text(r, &t->name, name);
		th_made(r, name);
	}
	char *printed = cJSON_IsObject(arguments) ? cJSON_PrintUnformatted(arguments) : NULL;
	th_say_arguments(r, t, printed ? printed : cJSON_GetStringValue(arguments));
	cJSON_free(printed);
}

static void read_delta(struct th_reading *r, double choice, const cJSON *d)
{
	const cJSON *legacy = th_dig(d, "function_call");
	double n = 0;
	read_words(r, d);
	for (const cJSON *t = th_dig_first(d, "tool_calls"); t; t = t->next, n++) {
		const cJSON *custom = th_dig(t, "custom");
		const cJSON *f = custom ? custom : th_dig(t, "function");
		read_piece(r, th_say_tool_at(r, choice, th_dig_number(t, "index", n)),
			th_dig_text(t, "id"), th_dig_text(f, "name"),
			th_dig(f, custom ? "input" : "arguments"));
	}
	if (legacy) {
		read_piece(r, th_say_tool_at(r, choice, 0), NULL, th_dig_text(legacy, "name"),
			th_dig(legacy, "arguments"));
	}
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	th_openai_identity(r, e);
	for (const cJSON *c = th_dig_first(e, "choices"); c; c = c->next) {
		read_delta(r, th_dig_number(c, "index", 0), th_dig(c, "delta"));
		th_say_finish(r, th_dig_number(c, "index", 0), th_dig_text(c, "finish_reason"));
		r->is_final |= th_dig_text(c, "finish_reason") != NULL;
		th_openai_usage(r, th_dig(c, "usage")); /* Moonshot's */
	}
}

const struct th_dialect th_openai_chat = {"openai.chat", claims, question, answer, event};
