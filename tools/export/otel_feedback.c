/* Feedback as events of the span it is about. Source: semantic conventions for GenAI, event
 * gen_ai.evaluation.result (a name that older conventions do not have, and do not forbid). */
#include "base/cleanup.h"
#include "tools/export/otel.h"
#include "tools/pretty_json.h"
#include "trace/annotations.h"

#define EVENTS TH_OTLP(11, "events")
#define ATTRIBUTES TH_OTLP(3, "attributes")

static void put_words(struct th_otlp *o, const char *key, struct th_slice words)
{
	if (words.n) {
		th_otlp_put_slice(o, ATTRIBUTES, key, words);
	}
}

static void put_event(struct th_otlp *o, const struct th_annotation *a)
{
	th_otlp_item(o, EVENTS);
	th_otlp_fixed64(o, TH_OTLP(1, "timeUnixNano"), a->time);
	th_otlp_text(o, TH_OTLP(2, "name"), TH_SLICE_LIT("gen_ai.evaluation.result"));
	th_otlp_list(o, ATTRIBUTES);
	put_words(o, "gen_ai.evaluation.name", a->name.n ? a->name : TH_SLICE_LIT("feedback"));
	if (a->scored) {
		th_otlp_put_double(o, ATTRIBUTES, "gen_ai.evaluation.score.value", a->score);
	}
	put_words(o, "gen_ai.evaluation.score.label", a->label);
	put_words(o, "gen_ai.evaluation.explanation", a->comment);
	put_words(o, "tracehook.feedback.author", a->author);
	put_words(o, "tracehook.feedback.data", a->data);
	th_otlp_list_end(o);
	th_otlp_close(o);
}

void th_otel_feedback(struct th_otlp *o, const struct th_span_facts *f)
{
	size_t n = 0;
	const struct th_annotation *const *all = th_annotations_of(f->run, th_span_id(f), &n);
	for (size_t i = 0; i < n; i++) {
		put_event(o, all[i]);
	}
}
