/* Spans in OpenTelemetry's terms. Which names count depends on the version of the semantic
 * conventions, and on whether a viewer wants OpenInference's names besides. */
#ifndef TOOLS_EXPORT_OTEL_H
#define TOOLS_EXPORT_OTEL_H

#include "tools/export/otlp_out.h"
#include "tools/span_facts.h"

enum th_semconv {
	TH_SEMCONV_1_36, /* the last before gen_ai.provider.name */
	TH_SEMCONV_1_41,
	TH_SEMCONV_LATEST, /* semantic-conventions-genai, main */
	TH_N_SEMCONVS,
};

struct th_otel_style {
	enum th_semconv semconv;
	bool openinference;  /* its attributes besides */
	bool content;	     /* messages and tool definitions, too */
	size_t text_max;     /* bytes of one text in an attribute; 0: any */
	const char *service; /* service.name; NULL: the root process's name */
};

/* "1.36", "1.41", "latest". */
const char *th_semconv_name(enum th_semconv v);

/* The attribute for a fact in these conventions; NULL: they have none. */
enum th_otel_fact {
	TH_OTEL_PROVIDER,
	TH_OTEL_CACHE_READ,
	TH_OTEL_CACHE_WRITE,
	TH_OTEL_REASONING,
	TH_OTEL_FIRST_CHUNK,
	TH_OTEL_STREAM,
	TH_OTEL_OUTPUT_TYPE,
	TH_OTEL_REASONING_LEVEL,
	TH_OTEL_INPUT_MESSAGES,
	TH_OTEL_OUTPUT_MESSAGES,
	TH_OTEL_SYSTEM,
	TH_OTEL_TOOLS,
	TH_N_OTEL_FACTS,
};
const char *th_otel_key(enum th_semconv v, enum th_otel_fact fact);

/* gen_ai.operation.name of a call. */
const char *th_otel_operation(const struct th_call *c);

/* error.type of a span that failed: the status, the provider's word, or what became of it. The
 * caller frees; NULL: it did not fail. */
char *th_otel_error_type(const struct th_span_facts *f);

/* Host and port apart ("[::1]:8080"). The caller frees *ret_host; *ret_port 0: none given. */
void th_otel_server(const struct th_span_facts *f, char **ret_host, uint16_t *ret_port);

/* Resource and scope: the members before the spans or the metrics of a run. */
void th_otel_resource(
	struct th_otlp *o, const struct th_otel_style *style, const struct th_run *run);
void th_otel_scope(struct th_otlp *o);

/* The spans of a run, and what of them belongs to which: found once, for all. */
struct th_otel_run {
	const struct th_span_list *all;
	uint64_t *last; /* of each span: when the last thing that belongs to it ended */
	size_t *first;	/* of each span: what belongs to it and is no span; SIZE_MAX: none */
	size_t *next;	/* of what is no span: the next one of the same */
};

struct th_otel_run th_otel_run_of(const struct th_span_list *all);
void th_otel_run_finish(struct th_otel_run *r);

/* One span, as an item of a list. */
void th_otel_span(struct th_otlp *o, const struct th_otel_style *style,
	const struct th_otel_run *run, const struct th_span_facts *f);

/* It becomes a span of its own; what does not is an event of its process's. */
bool th_otel_is_span(const struct th_span_facts *f);

/* What was said of the span since, as items of its list of events. */
void th_otel_feedback(struct th_otlp *o, const struct th_span_facts *f);

/* Members of a span's list of attributes that no convention has. */
void th_otel_own(struct th_otlp *o, struct th_otlp_field list, const struct th_span_facts *f);

/* ---- inside: attributes of a call to a model; `list` is the span's list of attributes ---- */

/* A number that nobody knows is left out, which is not 0. `key` may be NULL. */
void th_otel_count(
	struct th_otlp *o, struct th_otlp_field list, const char *key, struct th_count c);

void th_otel_call(struct th_otlp *o, struct th_otlp_field list, const struct th_otel_style *style,
	const struct th_span_facts *f);
void th_openinference(struct th_otlp *o, struct th_otlp_field list,
	const struct th_otel_style *style, const struct th_span_facts *f);

#endif
