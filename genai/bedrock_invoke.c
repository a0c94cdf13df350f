/* Amazon Bedrock's invoke and invoke-with-response-stream: the body is that of the model's maker,
 * told apart by its members. Anthropic's is read as such; of Meta's, Amazon's, Mistral's and
 * Cohere's the text, the end and the counts. A stream wraps each event in base64, and adds
 * Bedrock's own counts to the last.
 * Source: Bedrock user guide, "Inference request parameters and response fields". */
#include "genai/bedrock.h"

#include <stdlib.h>

#include "base/text.h"
#include "genai/anthropic.h"
#include "genai/unwrap.h"

void th_bedrock_model(struct th_reading *r)
{
	static const char mark[] = "/model/";
	const uint8_t *at = memmem(r->path.p, r->path.n, mark, sizeof(mark) - 1);
	const uint8_t *verb = memrchr(r->path.p, '/', r->path.n);
	if (at && verb > at + sizeof(mark) - 1) {
		at += sizeof(mark) - 1;
		char *name = th_path_segment((struct th_slice){at, (size_t)(verb - at)});
		th_say_text(r, &r->call->model_asked, name);
		free(name);
	}
}

static enum th_claim claims(const struct th_reading *r)
{
	bool door = th_path_ends(r, "/invoke") || th_path_ends(r, "/invoke-with-response-stream");
	return door && th_path_has(r, "/model/") ? TH_CLAIM_PATH : TH_CLAIM_NONE;
}

static void question(struct th_reading *r)
{
	const cJSON *q = r->question;
	bool embeds = th_dig(q, "inputText") && !th_dig(q, "textGenerationConfig") &&
		r->call->model_asked && strstr(r->call->model_asked, "embed");
	th_anthropic_question(r);
	th_bedrock_model(r);
	r->call->operation = cJSON_IsArray(th_dig(q, "messages")) ? TH_OP_CHAT
		: embeds					  ? TH_OP_EMBEDDINGS
								  : TH_OP_COMPLETION;
	th_asked(r, th_dig(q, "prompt"));
	th_asked(r, th_dig(q, "inputText"));
}

/* Members of the makers' own answers, whole or in events. */
static void read_maker(struct th_reading *r, const cJSON *a)
{
	struct th_tokens *t = &r->call->tokens;
	th_said(r, th_dig_text(a, "generation"));
	th_said(r, th_dig_text(a, "outputText"));
	th_say_count(&t->input, th_dig(a, "prompt_token_count"));
	th_say_count(&t->output, th_dig(a, "generation_token_count"));
	th_say_count(&t->input, th_dig(a, "inputTextTokenCount"));
	th_say_count(&t->output, th_dig(a, "totalOutputTextTokenCount"));
	th_say_once(r, &r->call->finish_raw, th_dig_text(a, "stop_reason"));
	th_say_once(r, &r->call->finish_raw, th_dig_text(a, "completionReason"));
	for (const cJSON *o = th_dig_first(a, "results"); o; o = o->next) {
		th_said(r, th_dig_text(o, "outputText"));
		th_say_count(&t->output, th_dig(o, "tokenCount"));
		th_say_once(r, &r->call->finish_raw, th_dig_text(o, "completionReason"));
	}
	for (const cJSON *o = th_dig_first(a, "outputs"); o; o = o->next) {
		th_said(r, th_dig_text(o, "text"));
		th_say_once(r, &r->call->finish_raw, th_dig_text(o, "stop_reason"));
	}
	th_bedrock_usage(r, th_dig(a, "usage"));
}

static void read_header(struct th_reading *r, const char *name, struct th_count *count)
{
	struct th_slice value;
	uint64_t n;
	if (!count->from && th_head_get(&r->exchange->response.head, name, &value) &&
		th_parse_u64(value, &n) && n <= UINT32_MAX) {
		*count = (struct th_count){TH_REPORTED, n};
	}
}

static void answer(struct th_reading *r, const cJSON *a)
{
	if (th_dig_text(a, "type")) {
		th_anthropic_answer(r, a);
	} else {
		read_maker(r, a);
	}
	if (r->exchange->response.head.bytes.n) {
		read_header(r, "x-amzn-bedrock-input-token-count", &r->call->tokens.input);
		read_header(r, "x-amzn-bedrock-output-token-count", &r->call->tokens.output);
	}
}

/* Bedrock's counts stand where the maker gave none. */
static void read_metrics(struct th_reading *r, const cJSON *m)
{
	struct th_tokens *t = &r->call->tokens, own = {.input = {TH_ABSENT, 0}};
	th_say_count(&own.input, th_dig(m, "inputTokenCount"));
	th_say_count(&own.output, th_dig(m, "outputTokenCount"));
	th_say_count(&own.cache_read, th_dig(m, "cacheReadInputTokenCount"));
	th_say_count(&own.cache_write, th_dig(m, "cacheWriteInputTokenCount"));
	if (!t->input.from && own.input.from) {
		t->cache_read = own.cache_read;
		t->cache_write = own.cache_write;
		t->input = th_count_sum(own.input, th_count_sum(own.cache_read, own.cache_write));
	}
	if (own.output.from) {
		t->output = own.output;
	}
	r->is_final |= m != NULL;
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	cJSON *inner = th_unwrap_base64(th_dig_text(e, "bytes"));
	if (th_dig_text(inner, "type")) {
		th_anthropic_event(r, name, inner);
	} else {
		read_maker(r, inner);
		r->is_final |= r->call->finish_raw != NULL;
	}
	read_metrics(
		r, cJSON_GetObjectItemCaseSensitive(inner, "amazon-bedrock-invocationMetrics"));
	cJSON_Delete(inner);
}

const struct th_dialect th_bedrock_invoke = {"bedrock.invoke", claims, question, answer, event};
