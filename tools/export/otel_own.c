/* Attributes of our own, on every span: what kinds of event it is, what a model decided, and the
 * hashes of what went in and out, by which a tool's result is found in the exchange that gave it.
 */
#include "base/cleanup.h"
#include "genai/event_type.h"
#include "tools/body.h"
#include "tools/export/otel.h"

static void put_types(struct th_otlp *o, struct th_otlp_field list, const struct th_span_facts *f)
{
	const char *names[TH_N_TYPES];
	size_t n = 0;
	for (unsigned t = 0; t < TH_N_TYPES; t++) {
		if (f->types & 1u << t) {
			names[n++] = th_event_type_name(t);
		}
	}
	th_auto_free char *decision = th_span_decision(f);
	th_otlp_put_texts(o, list, "tracehook.event_types", names, n);
	th_otlp_put_text(o, list, "tracehook.decision", decision);
}

static void put_hash(
	struct th_otlp *o, struct th_otlp_field list, const char *key, const struct th_message *m)
{
	char hash[TH_BODY_HASH_CHARS];
	if (m->present && m->head.bytes.n && !m->sha256) {
		th_cleanup(th_body_finish) struct th_body b = th_body_load(m);
		if (!b.limited) {
			th_body_hash(&b, hash);
			th_otlp_put_text(o, list, key, hash);
		}
	}
}

static void put_text_hash(
	struct th_otlp *o, struct th_otlp_field list, const char *key, const char *text)
{
	char hash[TH_BODY_HASH_CHARS];
	if (text) {
		th_body_hash_text(text, hash);
		th_otlp_put_text(o, list, key, hash);
	}
}

static void put_hashes(struct th_otlp *o, struct th_otlp_field list, const struct th_span_facts *f)
{
	if (f->event.kind == TH_EVENT_EXCHANGE) {
		put_hash(o, list, "tracehook.input_hash", &f->event.exchange->request);
		put_hash(o, list, "tracehook.output_hash", &f->event.exchange->response);
	} else if (f->event.kind == TH_EVENT_TOOL) {
		const struct th_tool_span *t = f->event.tool;
		put_text_hash(o, list, "tracehook.input_hash", t->call->arguments);
		put_text_hash(o, list, "tracehook.output_hash", t->result ? t->result->text : NULL);
	}
}

void th_otel_own(struct th_otlp *o, struct th_otlp_field list, const struct th_span_facts *f)
{
	put_types(o, list, f);
	put_hashes(o, list, f);
}
