/* Attributes of a call to a model: gen_ai.*. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tools/export/messages_json.h"
#include "tools/export/otel.h"
#include "tools/tools.h"

void th_otel_count(struct th_otlp *o, struct th_otlp_field list, const char *key, struct th_count c)
{
	if (key && c.from != TH_ABSENT) {
		th_otlp_put_int(o, list, key, (int64_t)c.n);
	}
}

static void put_usage(
	struct th_otlp *o, struct th_otlp_field list, enum th_semconv v, const struct th_tokens *t)
{
	th_otel_count(o, list, "gen_ai.usage.input_tokens", t->input);
	th_otel_count(o, list, "gen_ai.usage.output_tokens", t->output);
	th_otel_count(o, list, th_otel_key(v, TH_OTEL_CACHE_READ), t->cache_read);
	th_otel_count(o, list, th_otel_key(v, TH_OTEL_CACHE_WRITE), t->cache_write);
	th_otel_count(o, list, th_otel_key(v, TH_OTEL_REASONING), t->reasoning);
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

static void put_measure(
	struct th_otlp *o, struct th_otlp_field list, const char *key, struct th_setting m)
{
	if (m.there) {
		th_otlp_put_double(o, list, key, m.n);
	}
}

/* A whole number in the newest conventions, a fraction before. */
static void put_top_k(
	struct th_otlp *o, struct th_otlp_field list, enum th_semconv v, struct th_setting m)
{
	if (m.there && v == TH_SEMCONV_LATEST) {
		th_otlp_put_int(o, list, "gen_ai.request.top_k", (int64_t)m.n);
	} else {
		put_measure(o, list, "gen_ai.request.top_k", m);
	}
}

static void put_parameters(struct th_otlp *o, struct th_otlp_field list, enum th_semconv v,
	const struct th_parameters *p)
{
	th_otel_count(o, list, "gen_ai.request.max_tokens", p->max_tokens);
	th_otel_count(o, list, "gen_ai.request.seed", p->seed);
	if (p->choices.n > 1) {
		th_otel_count(o, list, "gen_ai.request.choice.count", p->choices);
	}
	put_measure(o, list, "gen_ai.request.temperature", p->temperature);
	put_measure(o, list, "gen_ai.request.top_p", p->top_p);
	put_top_k(o, list, v, p->top_k);
	put_measure(o, list, "gen_ai.request.frequency_penalty", p->frequency_penalty);
	put_measure(o, list, "gen_ai.request.presence_penalty", p->presence_penalty);
	if (p->n_stops) {
		th_otlp_put_texts(o, list, "gen_ai.request.stop_sequences",
			(const char *const *)p->stops, p->n_stops);
	}
	th_otlp_put_text(o, list, th_otel_key(v, TH_OTEL_OUTPUT_TYPE), p->json ? "json" : NULL);
	th_otlp_put_text(o, list, th_otel_key(v, TH_OTEL_REASONING_LEVEL), p->reasoning);
}

/* One per choice, in their order. */
static void put_finishes(struct th_otlp *o, struct th_otlp_field list, const struct th_call *c)
{
	const char *reasons[TH_CHOICES_MAX] = {c->finish_raw};
	size_t n = c->finish_raw != NULL;
	for (size_t i = 0; i < TH_CHOICES_MAX && c->finishes[i]; i++) {
		reasons[i] = c->finishes[i];
		n = i + 1;
	}
	if (n) {
		th_otlp_put_texts(o, list, "gen_ai.response.finish_reasons", reasons, n);
	}
}

void th_otel_call(struct th_otlp *o, struct th_otlp_field list, const struct th_otel_style *style,
	const struct th_span_facts *f)
{
	const struct th_call *c = f->call;
	enum th_semconv v = style->semconv;
	th_otlp_put_text(o, list, "gen_ai.operation.name", th_otel_operation(c));
	th_otlp_put_text(o, list, th_otel_key(v, TH_OTEL_PROVIDER), c->provider);
	th_otlp_put_text(o, list, "gen_ai.request.model", c->model_asked);
	put_parameters(o, list, v, &c->parameters);
	th_otlp_put_text(o, list, "gen_ai.response.model", c->model_used);
	th_otlp_put_text(o, list, "gen_ai.response.id", c->response_id);
	if (c->streamed && th_otel_key(v, TH_OTEL_STREAM)) {
		th_otlp_put_bool(o, list, th_otel_key(v, TH_OTEL_STREAM), true);
	}
	put_finishes(o, list, c);
	if (c->first_chunk.from && th_otel_key(v, TH_OTEL_FIRST_CHUNK)) {
		th_otlp_put_double(o, list, th_otel_key(v, TH_OTEL_FIRST_CHUNK),
			(double)c->first_chunk.n / 1e9);
	}
	put_usage(o, list, v, &c->tokens);
	if (style->content) {
		put_content(o, list, style, f->event.exchange);
	}
}
