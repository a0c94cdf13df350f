/* Spans as OTLP: batches of at most BATCH_MAX bytes, since collectors refuse larger requests, and
 * drop a whole batch for one large attribute; each a line of JSON, or sent. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "tools/export/export.h"
#include "tools/export/otlp_send.h"
#include "tools/tools.h"

#define BATCH_MAX (3u << 20)
#define BATCH_SPANS 512

struct batch {
	const struct th_export *e;
	const struct th_run *run;
	struct th_otlp_target *target; /* NULL: to a file */
	struct th_otlp o;
	size_t spans; /* in the one that is open */
	int code;
};

static void begin(struct batch *b)
{
	struct th_otlp *o = &b->o;
	th_otlp_init(o, !b->target || th_otlp_target_json(b->target));
	th_otlp_list(o, TH_OTLP(1, "resourceSpans"));
	th_otlp_item(o, TH_OTLP(1, "resourceSpans"));
	th_otel_resource(o, &b->e->style, b->run);
	th_otlp_list(o, TH_OTLP(2, "scopeSpans"));
	th_otlp_item(o, TH_OTLP(2, "scopeSpans"));
	th_otel_scope(o);
	th_otlp_list(o, TH_OTLP(2, "spans"));
	b->spans = 0;
}

static void end(struct batch *b)
{
	struct th_otlp *o = &b->o;
	size_t n;
	th_otlp_list_end(o);
	th_otlp_close(o);
	th_otlp_list_end(o);
	th_otlp_close(o);
	th_otlp_list_end(o);
	th_auto_free char *bytes = th_otlp_finish(o, &n);
	if (b->target) {
		int code = th_otlp_send(b->target, bytes, n);
		b->code = b->code == TH_EXIT_OK ? code : b->code;
	} else {
		fwrite(bytes, 1, n, b->e->out);
		fputc('\n', b->e->out);
	}
}

static void export_run(struct batch *b, const struct th_view_run *r)
{
	struct th_otel_run run = th_otel_run_of(&r->spans);
	bool open = false;
	b->run = r->run;
	for (size_t i = 0; i < r->spans.n; i++) {
		if (!r->shown[i] || !th_otel_is_span(&r->spans.spans[i])) {
			continue;
		}
		if (open && (b->spans == BATCH_SPANS || th_otlp_size(&b->o) > BATCH_MAX)) {
			end(b);
			open = false;
		}
		if (!open) {
			begin(b);
			open = true;
		}
		th_otel_span(&b->o, &b->e->style, &run, &r->spans.spans[i]);
		b->spans++;
	}
	if (open) {
		end(b);
	}
	th_otel_run_finish(&run);
}

int th_export_otlp(const struct th_export *e, const struct th_view_runs *runs)
{
	struct batch b = {.e = e, .code = TH_EXIT_OK};
	if (e->send) {
		int code = th_otlp_target_open("traces", e->send, &b.target);
		if (code != TH_EXIT_OK) {
			return code;
		}
	}
	for (size_t i = 0; i < runs->n; i++) {
		export_run(&b, &runs->runs[i]);
	}
	th_otlp_target_close(b.target);
	return b.code;
}
