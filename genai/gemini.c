/* Gemini, at Google's AI door, at Vertex, and wrapped as Gemini's own command line asks for it.
 *
 * The same object is the whole answer and each event of a stream. Output is what the total leaves
 * beside the input: whether thoughts are inside the candidates' count differs by door. A stream
 * without alt=sse is one JSON array that comes in pieces.
 * Source: ai.google.dev API reference, "Generating content"; Vertex AI reference. */
#include "genai/dialect.h"

static enum th_claim claims(const struct th_reading *r)
{
	static const char *const verbs[] = {":generateContent", ":streamGenerateContent",
		":countTokens", ":embedContent", ":batchEmbedContents"};
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (th_path_ends(r, verbs[i])) {
			return TH_CLAIM_PATH;
		}
	}
	if (th_path_has(r, "/publishers/google/") && th_path_ends(r, ":predict")) {
		return TH_CLAIM_PATH;
	}
	return cJSON_IsArray(th_dig(r->question, "contents")) &&
			cJSON_IsArray(th_dig(r->whole, "candidates"))
		? TH_CLAIM_SHAPE
		: TH_CLAIM_NONE;
}

/* Parts of any case: the AI door takes snake_case too. */
static const cJSON *either(const cJSON *o, const char *name, const char *other)
{
	const cJSON *found = th_dig(o, name);
	return found ? found : th_dig(o, other);
}

static void read_content(struct th_reading *r, const cJSON *c)
{
	const char *role = th_dig_text(c, "role");
	bool results = false;
	r->call->n_messages++;
	for (const cJSON *p = th_dig_first(c, "parts"); p; p = p->next) {
		const cJSON *f = either(p, "functionResponse", "function_response");
		th_asked(r, th_dig(p, "text"));
		th_asked(r, th_dig(f, "response"));
		if (f) {
			results = true;
			th_say_tool_result(r, th_dig_text(f, "id"), th_dig_text(f, "name"),
				th_dig(f, "response"), false);
		}
	}
	r->call->new_turn = (!role || strcmp(role, "user") == 0) && !results;
}

static enum th_operation operation(const struct th_reading *r)
{
	if (th_path_ends(r, ":countTokens")) {
		return TH_OP_COUNT_TOKENS;
	}
	bool embeds = th_path_ends(r, ":embedContent") || th_path_ends(r, ":batchEmbedContents") ||
		th_path_ends(r, ":predict");
	return embeds ? TH_OP_EMBEDDINGS : TH_OP_CHAT;
}

static void question(struct th_reading *r)
{
	const cJSON *wrapped = th_dig(r->question, "request");
	const cJSON *q = wrapped ? wrapped : r->question;
	const cJSON *system = either(q, "systemInstruction", "system_instruction");
	const cJSON *contents = th_dig(q, "contents");
	r->call->operation = operation(r);
	th_path_model(r);
	th_say_once(r, &r->call->model_asked, th_dig_text(r->question, "model"));
	th_asked(r, th_dig(system, "parts"));
	th_asked(r, th_dig(q, "content"));
	r->call->n_messages = system != NULL;
	if (cJSON_IsObject(contents)) {
		read_content(r, contents);
	} else {
		for (const cJSON *c = th_dig_first(contents, ""); c; c = c->next) {
			read_content(r, c);
		}
	}
}

static void read_usage(struct th_reading *r, const cJSON *u)
{
	struct th_tokens *t = &r->call->tokens;
	struct th_count prompt = {TH_ABSENT, 0}, tools = prompt, said = prompt;
	if (!u) {
		return;
	}
	th_say_count(&prompt, th_dig(u, "promptTokenCount"));
	th_say_count(&tools, th_dig(u, "toolUsePromptTokenCount"));
	th_say_count(&said, th_dig(u, "candidatesTokenCount"));
	th_say_count(&t->reasoning, th_dig(u, "thoughtsTokenCount"));
	th_say_count(&t->cache_read, th_dig(u, "cachedContentTokenCount"));
	th_say_count(&t->total, th_dig(u, "totalTokenCount"));
	t->input = th_count_sum(prompt, tools);
	t->output = th_count_sum(said, t->reasoning);
	if (t->total.from && prompt.from && t->total.n >= t->input.n &&
		t->total.n - t->input.n != t->output.n) {
		t->output = (struct th_count){TH_DERIVED, t->total.n - t->input.n};
	}
}

static void read_parts(struct th_reading *r, const cJSON *candidate)
{
	for (const cJSON *p = th_dig_first(candidate, "content.parts"); p; p = p->next) {
		const cJSON *f = th_dig(p, "functionCall");
		if (th_dig_true(p, "thought")) {
			th_thought(r, th_dig_text(p, "text"));
		} else {
			th_said(r, th_dig_text(p, "text"));
		}
		if (f) {
			th_say_tool_call(
				r, th_dig_text(f, "id"), th_dig_text(f, "name"), th_dig(f, "args"));
		}
	}
}

/* Of Vertex's :predict with an embedding model. */
static void read_predictions(struct th_reading *r, const cJSON *a)
{
	for (const cJSON *p = th_dig_first(a, "predictions"); p; p = p->next) {
		struct th_count one = {TH_ABSENT, 0};
		th_say_count(&one, th_dig(p, "embeddings.statistics.token_count"));
		r->call->tokens.input = th_count_sum(r->call->tokens.input, one);
	}
}

static void answer(struct th_reading *r, const cJSON *a)
{
	const cJSON *inner = th_dig(a, "response");
	a = inner ? inner : a;
	th_say_once(r, &r->call->response_id, th_dig_text(a, "responseId"));
	th_say_once(r, &r->call->model_used, th_dig_text(a, "modelVersion"));
	read_usage(r, th_dig(a, "usageMetadata"));
	for (const cJSON *c = th_dig_first(a, "candidates"); c; c = c->next) {
		read_parts(r, c);
		th_say_finish(r, th_dig_number(c, "index", 0), th_dig_text(c, "finishReason"));
	}
	const char *blocked = th_dig_text(a, "promptFeedback.blockReason");
	th_say_once(r, &r->call->finish_raw, blocked);
	r->is_final |= r->call->finish_raw != NULL;
	read_predictions(r, a);
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	answer(r, e);
}

const struct th_dialect th_gemini = {"gemini", claims, question, answer, event};
