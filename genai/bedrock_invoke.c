/* Amazon Bedrock's invoke and invoke-with-response-stream: the body is that of the model's maker,
 * told apart by its members. Anthropic's is read as such, Amazon's Nova as converse, what has
 * choices (OpenAI's, Mistral's) as chat completions; of Meta's and the older ones of Amazon,
 * Mistral and Cohere the text, the end and the counts. A stream wraps each event in base64, and
 * adds Bedrock's own counts to the last. Source: Bedrock user guide, "Inference request parameters
 * and response fields". */
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

/* Parts without a type: {"text": …}, {"toolUse": …}. */
static bool is_like_converse(const cJSON *q)
{
	const cJSON *part = th_dig_first(th_dig_first(q, "messages"), "content");
	return cJSON_IsObject(part) && !th_dig(part, "type");
}

static void talk_question(struct th_reading *r)
{
	const char *model = r->call->model_asked;
	bool anthropic = th_dig(r->question, "anthropic_version") ||
		(model && strstr(model, "anthropic."));
	if (anthropic) {
		th_anthropic_question(r);
	} else if (is_like_converse(r->question)) {
		th_bedrock_converse.question(r);
	} else {
		th_openai_chat.question(r);
	}
	r->call->operation = TH_OP_CHAT;
}

static void question(struct th_reading *r)
{
	const cJSON *q = r->question;
	th_bedrock_model(r);
	if (cJSON_IsArray(th_dig(q, "messages"))) {
		talk_question(r);
		return;
	}
	bool embeds = r->call->model_asked && strstr(r->call->model_asked, "embed");
	r->call->operation = embeds ? TH_OP_EMBEDDINGS : TH_OP_COMPLETION;
	th_asked(r, th_dig(q, "prompt"));
	th_asked(r, th_dig(q, "inputText"));
	th_asked(r, th_dig(q, "texts"));
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

/* Whole choices, which some makers send in streams, too. */
static void read_choices(struct th_reading *r, const cJSON *a)
{
	const cJSON *first = th_dig_first(a, "choices");
	if (th_dig(first, "delta")) {
		th_openai_chat.event(r, TH_SLICE_LIT(""), a);
	} else {
		th_openai_chat.answer(r, a);
	}
	for (const cJSON *c = first; c; c = c->next) {
		th_said(r, th_dig_text(c, "text"));
		th_say_once(r, &r->call->finish_raw, th_dig_text(c, "stop_reason"));
	}
}

static void answer(struct th_reading *r, const cJSON *a)
{
	if (th_dig_text(a, "type")) {
		th_anthropic_answer(r, a);
	} else if (th_dig(a, "choices")) {
		read_choices(r, a);
	} else if (th_dig(a, "output.message")) {
		th_bedrock_converse.answer(r, a);
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

/* {"contentBlockDelta": {…}}: converse's events, named within. */
static bool read_named(struct th_reading *r, const cJSON *inner)
{
	bool known = false;
	for (const cJSON *m = th_dig_first(inner, ""); m; m = m->next) {
		if (m->string &&
			(strncmp(m->string, "message", 7) == 0 ||
				strncmp(m->string, "contentBlock", 12) == 0 ||
				strcmp(m->string, "metadata") == 0)) {
			th_bedrock_converse.event(r, th_slice_str(m->string), m);
			known = true;
		}
	}
	return known;
}

static void event(struct th_reading *r, struct th_slice name, const cJSON *e)
{
	cJSON *inner = th_unwrap_base64(th_dig_text(e, "bytes"));
	if (th_dig_text(inner, "type")) {
		th_anthropic_event(r, name, inner);
	} else if (th_dig(inner, "choices")) {
		read_choices(r, inner);
		r->is_final |= r->call->finish_raw != NULL;
	} else if (!read_named(r, inner)) {
		read_maker(r, inner);
		r->is_final |= r->call->finish_raw != NULL;
	}
	read_metrics(
		r, cJSON_GetObjectItemCaseSensitive(inner, "amazon-bedrock-invocationMetrics"));
	cJSON_Delete(inner);
}

const struct th_dialect th_bedrock_invoke = {"bedrock.invoke", claims, question, answer, event};
