/* Attributes of a call to a model as OpenInference names them (Phoenix, Arize): lists are flattened
 * into their keys, and each result of a tool is a message of its own, also where the dialect puts
 * several into one. Source: OpenInference, spec/semantic_conventions.md. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tools/export/messages_json.h"
#include "tools/export/otel.h"
#include "tools/json_out.h"
#include "tools/tools.h"

/* Where messages are put, one after the other. */
struct list {
	struct th_otlp *o;
	struct th_otlp_field at;
	const char *name; /* "llm.input_messages" */
	size_t text_max;
	size_t n;
};

static const char *kind_of(const struct th_call *c)
{
	return c->operation == TH_OP_EMBEDDINGS ? "EMBEDDING"
		: c->operation == TH_OP_RERANK	? "RERANKER"
						: "LLM";
}

/* Of the message that is being put; nothing of an empty text. */
static void put(const struct list *l, const char *member, const char *text)
{
	th_auto_free char *key = th_tool_format("%s.%zu.message.%s", l->name, l->n, member);
	th_auto_free char *cut = th_messages_cut(text, l->text_max);
	th_otlp_put_text(l->o, l->at, key, cut);
}

static void put_item(
	const struct list *l, const char *of, size_t i, const char *member, const char *text)
{
	th_auto_free char *key = th_tool_format("%s.%zu.%s", of, i, member);
	put(l, key, text);
}

static void put_tool_call(const struct list *l, size_t i, const struct th_part *p)
{
	put_item(l, "tool_calls", i, "tool_call.id", *p->id ? p->id : NULL);
	put_item(l, "tool_calls", i, "tool_call.function.name", p->name);
	put_item(l, "tool_calls", i, "tool_call.function.arguments", p->text);
}

static void put_result(struct list *l, const struct th_part *p)
{
	put(l, "role", "tool");
	put(l, "tool_call_id", *p->id ? p->id : NULL);
	put(l, "name", *p->name ? p->name : NULL);
	put(l, "content", p->text);
	l->n++;
}

/* Words and calls; one text stands by itself. */
static void put_words(struct list *l, const struct th_turn *t, size_t n_others)
{
	size_t calls = 0, contents = 0;
	put(l, "role", t->role);
	for (size_t i = 0; i < t->n_parts; i++) {
		const struct th_part *p = &t->parts[i];
		if (p->kind == TH_PART_TOOL_CALL) {
			put_tool_call(l, calls++, p);
		} else if (p->kind == TH_PART_TEXT && n_others == 1) {
			put(l, "content", p->text);
		} else if (p->kind == TH_PART_TEXT) {
			put_item(l, "contents", contents, "message_content.type", "text");
			put_item(l, "contents", contents++, "message_content.text", p->text);
		}
	}
	l->n++;
}

static void put_turn(struct list *l, const struct th_turn *t)
{
	size_t n_others = 0;
	for (size_t i = 0; i < t->n_parts; i++) {
		if (t->parts[i].kind == TH_PART_TOOL_RESULT) {
			put_result(l, &t->parts[i]);
		} else {
			n_others++;
		}
	}
	if (n_others || t->n_parts == 0) {
		put_words(l, t, n_others);
	}
}

static void put_offers(
	struct th_otlp *o, struct th_otlp_field list, const struct th_conversation *c)
{
	for (size_t i = 0; i < c->n_offers; i++) {
		th_auto_free char *key = th_tool_format("llm.tools.%zu.tool.json_schema", i);
		th_auto_free char *json = th_messages_offer(&c->offers[i]);
		th_otlp_put_text(o, list, key, json);
	}
}

static void put_value(struct th_otlp *o, struct th_otlp_field list, const char *key,
	const struct th_conversation *c, bool answer, size_t text_max)
{
	th_auto_free char *words = th_messages_words(c, answer);
	th_auto_free char *cut = th_messages_cut(words, text_max);
	th_otlp_put_text(o, list, key, cut);
}

static void put_talk(struct th_otlp *o, struct th_otlp_field list, const struct th_conversation *c,
	size_t text_max)
{
	size_t asked = c->n_turns - c->answered;
	struct list to = {o, list, "llm.input_messages", text_max, 0};
	put_value(o, list, "input.value", c, false, text_max);
	put_value(o, list, "output.value", c, true, text_max);
	for (size_t i = 0; i < asked; i++) {
		put_turn(&to, &c->turns[i]);
	}
	to = (struct list){o, list, "llm.output_messages", text_max, 0};
	if (c->answered) {
		put_turn(&to, &c->turns[asked]);
	}
	put_offers(o, list, c);
}

static void put_setting(struct th_jout *j, const char *key, struct th_setting s)
{
	if (s.there) {
		th_jout_key(j, key);
		th_jout_double(j, s.n);
	}
}

/* As one JSON text. */
static void put_parameters(
	struct th_otlp *o, struct th_otlp_field list, const struct th_parameters *p)
{
	char *text = NULL;
	size_t n = 0;
	struct th_jout j = {.out = open_memstream(&text, &n)};
	if (!j.out) {
		th_tool_no_memory();
	}
	th_jout_open(&j, '{');
	if (p->max_tokens.from) {
		th_jout_put_u64(&j, "max_tokens", p->max_tokens.n);
	}
	put_setting(&j, "temperature", p->temperature);
	put_setting(&j, "top_p", p->top_p);
	put_setting(&j, "top_k", p->top_k);
	put_setting(&j, "frequency_penalty", p->frequency_penalty);
	put_setting(&j, "presence_penalty", p->presence_penalty);
	bool any = j.comma;
	th_jout_close(&j, '}');
	if (fclose(j.out) != 0) {
		th_tool_no_memory();
	}
	th_otlp_put_text(o, list, "llm.invocation_parameters", any ? text : NULL);
	free(text);
}

void th_openinference(struct th_otlp *o, struct th_otlp_field list,
	const struct th_otel_style *style, const struct th_span_facts *f)
{
	const struct th_call *c = f->call;
	struct th_conversation *talk = NULL;
	th_otlp_put_text(o, list, "openinference.span.kind", kind_of(c));
	th_otlp_put_text(o, list,
		c->operation == TH_OP_EMBEDDINGS ? "embedding.model_name" : "llm.model_name",
		th_call_model(c));
	th_otlp_put_text(o, list, "llm.provider", c->provider);
	put_parameters(o, list, &c->parameters);
	th_otel_count(o, list, "llm.token_count.prompt", c->tokens.input);
	th_otel_count(o, list, "llm.token_count.completion", c->tokens.output);
	th_otel_count(o, list, "llm.token_count.total", c->tokens.total);
	th_otel_count(o, list, "llm.token_count.prompt_details.cache_read", c->tokens.cache_read);
	th_otel_count(o, list, "llm.token_count.prompt_details.cache_write", c->tokens.cache_write);
	th_otel_count(o, list, "llm.token_count.completion_details.reasoning", c->tokens.reasoning);
	if (style->content && th_conversation_read(f->event.exchange, &talk) == 0) {
		put_talk(o, list, talk, style->text_max);
	}
	th_conversation_free(talk);
}
