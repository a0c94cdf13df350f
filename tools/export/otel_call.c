/* Attributes of a call to a model: gen_ai.*, and OpenInference's llm.*. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/export/messages_json.h"
#include "tools/export/otel.h"
#include "tools/tools.h"

/* A number that nobody knows is left out, which is not 0. */
static void put_count(
	struct th_otlp *o, struct th_otlp_field list, const char *key, struct th_count c)
{
	if (key && c.from != TH_ABSENT) {
		th_otlp_put_int(o, list, key, (int64_t)c.n);
	}
}

static void put_usage(
	struct th_otlp *o, struct th_otlp_field list, enum th_semconv v, const struct th_tokens *t)
{
	put_count(o, list, "gen_ai.usage.input_tokens", t->input);
	put_count(o, list, "gen_ai.usage.output_tokens", t->output);
	put_count(o, list, th_otel_key(v, TH_OTEL_CACHE_READ), t->cache_read);
	put_count(o, list, th_otel_key(v, TH_OTEL_CACHE_WRITE), t->cache_write);
	put_count(o, list, th_otel_key(v, TH_OTEL_REASONING), t->reasoning);
	th_otlp_put_text(
		o, list, "tracehook.usage.source", th_provenance_name(th_tokens_source(t)));
}

static void put_messages(struct th_otlp *o, struct th_otlp_field list, const char *key,
	const struct th_conversation *c, enum th_messages which, size_t text_max)
{
	th_auto_free char *json = key ? th_messages_json(c, which, text_max) : NULL;
	th_otlp_put_text(o, list, key, json);
}

static void put_content(struct th_otlp *o, struct th_otlp_field list,
	const struct th_otel_style *style, const struct th_exchange *x)
{
	struct th_conversation *c = NULL;
	if (th_conversation_read(x, &c) == 0) {
		enum th_semconv v = style->semconv;
		put_messages(o, list, th_otel_key(v, TH_OTEL_SYSTEM), c, TH_MESSAGES_SYSTEM,
			style->text_max);
		put_messages(o, list, th_otel_key(v, TH_OTEL_INPUT_MESSAGES), c, TH_MESSAGES_INPUT,
			style->text_max);
		put_messages(o, list, th_otel_key(v, TH_OTEL_OUTPUT_MESSAGES), c,
			TH_MESSAGES_OUTPUT, style->text_max);
		put_messages(o, list, th_otel_key(v, TH_OTEL_TOOLS), c, TH_MESSAGES_TOOLS,
			style->text_max);
	}
	th_conversation_free(c);
}

void th_otel_call(struct th_otlp *o, struct th_otlp_field list, const struct th_otel_style *style,
	const struct th_span_facts *f)
{
	const struct th_call *c = f->call;
	enum th_semconv v = style->semconv;
	th_otlp_put_text(o, list, "gen_ai.operation.name", th_otel_operation(c));
	th_otlp_put_text(o, list, th_otel_key(v, TH_OTEL_PROVIDER), c->provider);
	th_otlp_put_text(o, list, "gen_ai.request.model", c->model_asked);
	th_otlp_put_text(o, list, "gen_ai.response.model", c->model_used);
	th_otlp_put_text(o, list, "gen_ai.response.id", c->response_id);
	if (c->streamed && th_otel_key(v, TH_OTEL_STREAM)) {
		th_otlp_put_bool(o, list, th_otel_key(v, TH_OTEL_STREAM), true);
	}
	if (c->finish_raw) {
		th_otlp_put_texts(o, list, "gen_ai.response.finish_reasons", c->finish_raw);
	}
	if (c->first_chunk.from && th_otel_key(v, TH_OTEL_FIRST_CHUNK)) {
		th_otlp_put_double(o, list, th_otel_key(v, TH_OTEL_FIRST_CHUNK),
			(double)c->first_chunk.n / 1e9);
	}
	put_usage(o, list, v, &c->tokens);
	if (style->content) {
		put_content(o, list, style, f->event.exchange);
	}
}

/* ---- OpenInference ---- */

static const char *inference_kind(const struct th_call *c)
{
	return c->operation == TH_OP_EMBEDDINGS ? "EMBEDDING"
		: c->operation == TH_OP_RERANK	? "RERANKER"
						: "LLM";
}

static void put_key(struct th_otlp *o, struct th_otlp_field list, const char *prefix, size_t at,
	const char *member, const char *text)
{
	th_auto_free char *key = th_tool_format("%s.%zu.%s", prefix, at, member);
	th_otlp_put_text(o, list, key, text);
}

/* Lists are flattened into their keys. */
static void put_turn(struct th_otlp *o, struct th_otlp_field list, const char *prefix, size_t at,
	const struct th_turn *t)
{
	size_t calls = 0;
	put_key(o, list, prefix, at, "message.role", t->role);
	for (size_t i = 0; i < t->n_parts; i++) {
		const struct th_part *p = &t->parts[i];
		if (p->kind == TH_PART_TOOL_CALL) {
			th_auto_free char *call = th_tool_format(
				"%s.%zu.message.tool_calls.%zu.tool_call", prefix, at, calls++);
			th_auto_free char *name = th_tool_format("%s.function.name", call);
			th_auto_free char *arguments = th_tool_format(
				"%s.function.arguments", call);
			th_otlp_put_text(o, list, name, p->name);
			th_otlp_put_text(o, list, arguments, p->text);
		} else if (p->kind == TH_PART_TOOL_RESULT) {
			put_key(o, list, prefix, at, "message.tool_call_id", p->id);
			put_key(o, list, prefix, at, "message.content", p->text);
		} else if (p->kind == TH_PART_TEXT && t->n_parts == 1) {
			put_key(o, list, prefix, at, "message.content", p->text);
		} else if (p->kind == TH_PART_TEXT) {
			th_auto_free char *member = th_tool_format(
				"message.contents.%zu.message_content.text", i);
			put_key(o, list, prefix, at, member, p->text);
		}
	}
}

static void put_talk(struct th_otlp *o, struct th_otlp_field list, const struct th_conversation *c)
{
	size_t asked = c->n_turns - c->answered;
	th_auto_free char *input = th_messages_words(c, false);
	th_auto_free char *output = th_messages_words(c, true);
	th_otlp_put_text(o, list, "input.value", input);
	th_otlp_put_text(o, list, "output.value", output);
	for (size_t i = 0; i < asked; i++) {
		put_turn(o, list, "llm.input_messages", i, &c->turns[i]);
	}
	if (c->answered) {
		put_turn(o, list, "llm.output_messages", 0, &c->turns[asked]);
	}
}

void th_openinference(struct th_otlp *o, struct th_otlp_field list,
	const struct th_otel_style *style, const struct th_span_facts *f)
{
	const struct th_call *c = f->call;
	struct th_conversation *talk = NULL;
	th_otlp_put_text(o, list, "openinference.span.kind", inference_kind(c));
	th_otlp_put_text(o, list, "llm.model_name", th_call_model(c));
	th_otlp_put_text(o, list, "llm.provider", c->provider);
	put_count(o, list, "llm.token_count.prompt", c->tokens.input);
	put_count(o, list, "llm.token_count.completion", c->tokens.output);
	put_count(o, list, "llm.token_count.total", c->tokens.total);
	put_count(o, list, "llm.token_count.prompt_details.cache_read", c->tokens.cache_read);
	put_count(o, list, "llm.token_count.prompt_details.cache_write", c->tokens.cache_write);
	put_count(o, list, "llm.token_count.completion_details.reasoning", c->tokens.reasoning);
	if (style->content && th_conversation_read(f->event.exchange, &talk) == 0) {
		put_talk(o, list, talk);
	}
	th_conversation_free(talk);
}
