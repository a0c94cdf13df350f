/* Amazon Bedrock's converse and converse-stream.
 *
 * Whether inputTokens holds what caches gave differs by model: when the total says that caches come
 * on top they are added; when it does not, the model's family decides and the count is derived.
 * Source: Bedrock Runtime API reference, "Converse", "ConverseStream". */
#include "genai/bedrock.h"

static enum th_claim claims(const struct th_reading *r)
{
	bool door = th_path_ends(r, "/converse") || th_path_ends(r, "/converse-stream");
	return door && th_path_has(r, "/model/") ? TH_CLAIM_PATH : TH_CLAIM_NONE;
}

static void read_message(struct th_reading *r, const cJSON *m)
{
	const char *role = th_dig_text(m, "role");
	bool results = false;
	r->call->n_messages++;
	for (const cJSON *p = th_dig_first(m, "content"); p; p = p->next) {
		const cJSON *result = th_dig(p, "toolResult");
		const char *status = th_dig_text(result, "status");
		th_asked(r, th_dig(p, "text"));
		if (result) {
			results = true;
			th_asked(r, th_dig(result, "content"));
			th_say_tool_result(r, th_dig_text(result, "toolUseId"), NULL,
				th_dig(result, "content"), status && strcmp(status, "error") == 0);
		}
	}
	r->call->new_turn = role && strcmp(role, "user") == 0 && !results;
}

static void question(struct th_reading *r)
{
	r->call->operation = TH_OP_CHAT;
	th_bedrock_model(r);
	th_asked(r, th_dig(r->question, "system"));
	r->call->n_messages = th_dig_first(r->question, "system") != NULL;
	for (const cJSON *m = th_dig_first(r->question, "messages"); m; m = m->next) {
		read_message(r, m);
	}
}

static bool model_counts_caches_in(const struct th_reading *r)
{
	const char *model = r->call->model_asked;
	return model && strstr(model, "openai.");
}

void th_bedrock_usage(struct th_reading *r, const cJSON *u)
{
	struct th_tokens *t = &r->call->tokens;
	struct th_count fresh = {TH_ABSENT, 0};
	th_say_count(&fresh, th_dig(u, "inputTokens"));
	th_say_count(&t->output, th_dig(u, "outputTokens"));
	th_say_count(&t->cache_read, th_dig(u, "cacheReadInputTokens"));
	th_say_count(&t->cache_write, th_dig(u, "cacheWriteInputTokens"));
	th_say_count(&t->cache_read, th_dig(u, "cacheReadInputTokenCount")); /* Nova's names */
	th_say_count(&t->cache_write, th_dig(u, "cacheWriteInputTokenCount"));
	th_say_count(&t->total, th_dig(u, "totalTokens"));
	if (!fresh.from) {
		return;
	}
	struct th_count caches = th_count_sum(t->cache_read, t->cache_write);
	bool added = t->total.from && t->total.n == fresh.n + t->output.n + caches.n;
	if (!added && caches.n && model_counts_caches_in(r)) {
		t->input = (struct th_count){TH_DERIVED, fresh.n};
		return;
	}
	t->input = th_count_sum(fresh, caches);
	if (!added && caches.n) {
		t->total = th_count_sum(t->input, t->output);
	}
}

static void answer(struct th_reading *r, const cJSON *a)
{
	for (const cJSON *p = th_dig_first(a, "output.message.content"); p; p = p->next) {
		const cJSON *use = th_dig(p, "toolUse");
		th_said(r, th_dig_text(p, "text"));
		th_thought(r, th_dig_text(p, "reasoningContent.reasoningText.text"));
		if (use) {
			th_say_tool_call(r, th_dig_text(use, "toolUseId"), th_dig_text(use, "name"),
				th_dig(use, "input"));
		}
	}
	th_say_once(r, &r->call->finish_raw, th_dig_text(a, "stopReason"));
	th_bedrock_usage(r, th_dig(a, "usage"));
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	double index = th_dig_number(e, "contentBlockIndex", 0);
	const cJSON *start = th_dig(e, "start.toolUse"), *delta = th_dig(e, "delta");
	struct th_tool_call *t = start ? th_say_tool_at(r, 0, index) : NULL;
	if (t) {
		th_say_text(r, &t->id, th_dig_text(start, "toolUseId"));
		th_say_text(r, &t->name, th_dig_text(start, "name"));
		th_made(r, t->name);
	}
	th_said(r, th_dig_text(delta, "text"));
	th_thought(r, th_dig_text(delta, "reasoningContent.text"));
	if (th_dig(delta, "toolUse")) {
		th_say_arguments(
			r, th_say_tool_at(r, 0, index), th_dig_text(delta, "toolUse.input"));
	}
	th_say_once(r, &r->call->finish_raw, th_dig_text(e, "stopReason"));
	r->is_final |= r->call->finish_raw != NULL;
	th_bedrock_usage(r, th_dig(e, "usage"));
}

const struct th_dialect th_bedrock_converse = {"bedrock.converse", claims, question, answer, event};
