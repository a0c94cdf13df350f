/* All that is known of each span, a JSON object a line: as tracehook dump --json says it, for the
 * spans that the filters let pass. */
#include "tools/export/export.h"
#include "tools/span_json.h"
#include "tools/tools.h"

static void put_span(FILE *out, const struct th_span_facts *f)
{
	if (f->event.kind != TH_EVENT_TOOL) {
		th_span_json(out, f->run, &f->event, f->call);
		return;
	}
	struct th_jout j = {.out = out};
	th_jout_open(&j, '{');
	th_span_facts_json(&j, f);
	th_jout_close(&j, '}');
	fputc('\n', out);
}

int th_export_jsonl(const struct th_export *e, const struct th_view_runs *runs)
{
	for (size_t r = 0; r < runs->n; r++) {
		for (size_t i = 0; i < runs->runs[r].spans.n; i++) {
			if (runs->runs[r].shown[i]) {
				put_span(e->out, &runs->runs[r].spans.spans[i]);
			}
		}
	}
	return TH_EXIT_OK;
}
