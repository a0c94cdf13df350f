/* Metrics in Prometheus's text format (version 0.0.4), for node_exporter's textfile collector or a
 * push gateway. Names as OpenTelemetry's compatibility rules make them: dots become underscores,
 * the unit a suffix, counters end in _total. Runs are told apart by a label. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "tools/export/export.h"
#include "tools/export/metrics.h"
#include "tools/tools.h"

static void put_name(FILE *out, const struct th_metric *m)
{
	for (const char *p = m->name; *p; p++) {
		fputc(isalnum((unsigned char)*p) ? *p : '_', out);
	}
	fputs(strcmp(m->unit, "s") == 0 ? "_seconds" : "", out);
	fputs(m->bounds ? "" : "_total", out);
}

static void put_label(FILE *out, const char *key, const char *value)
{
	for (const char *p = key; *p; p++) {
		fputc(isalnum((unsigned char)*p) ? *p : '_', out);
	}
	fputs("=\"", out);
	for (const char *p = value; *p; p++) {
		if (*p == '\\' || *p == '"') {
			fputc('\\', out);
		}
		fputs(*p == '\n' ? "\\n" : (char[]){*p, '\0'}, out);
	}
	fputc('"', out);
}

struct sample {
	FILE *out;
	const struct th_point *p;
	const char *run;
};

static void put_line(const struct sample *s, const char *suffix, const char *le, double v)
{
	put_name(s->out, s->p->metric);
	fprintf(s->out, "%s{", suffix);
	put_label(s->out, "trace_id", s->run);
	for (size_t i = 0; i < s->p->n_dimensions; i++) {
		fputc(',', s->out);
		put_label(s->out, s->p->dimensions[i].key, s->p->dimensions[i].value);
	}
	if (le) {
		fputc(',', s->out);
		put_label(s->out, "le", le);
	}
	fprintf(s->out, "} %.17g\n", v);
}

static void put_point(const struct sample *s)
{
	const struct th_metric *m = s->p->metric;
	uint64_t below = 0;
	if (!m->bounds) {
		put_line(s, "", NULL, s->p->sum);
		return;
	}
	for (size_t i = 0; i < m->n_bounds; i++) {
		char le[32];
		snprintf(le, sizeof(le), "%g", m->bounds[i]);
		below += s->p->buckets[i];
		put_line(s, "_bucket", le, (double)below);
	}
	put_line(s, "_bucket", "+Inf", (double)s->p->count);
	put_line(s, "_sum", NULL, s->p->sum);
	put_line(s, "_count", NULL, (double)s->p->count);
}

static void put_head(FILE *out, const struct th_metric *m)
{
	fputs("# HELP ", out);
	put_name(out, m);
	fprintf(out, " %s\n# TYPE ", m->help);
	put_name(out, m);
	fprintf(out, " %s\n", m->bounds ? "histogram" : "counter");
}

/* All points of the metric, of all runs: they must stand together. */
static void put_metric(FILE *out, const struct th_metric *m, const struct th_view_runs *runs,
	const struct th_metrics *all)
{
	put_head(out, m);
	for (size_t r = 0; r < runs->n; r++) {
		char id[2 * TH_TRACE_ID_BYTES + 1] = "";
		th_hex_encode(id, runs->runs[r].run->trace_id, TH_TRACE_ID_BYTES);
		for (size_t i = 0; i < all[r].n; i++) {
			const struct sample s = {out, all[r].points[i], id};
			if (s.p->metric == m) {
				put_point(&s);
			}
		}
	}
}

/* Metrics in the order in which a run has them first. */
static const struct th_metric *next_metric(
	const struct th_view_runs *runs, const struct th_metrics *all, const char *after)
{
	const struct th_metric *best = NULL;
	for (size_t r = 0; r < runs->n; r++) {
		for (size_t i = 0; i < all[r].n; i++) {
			const struct th_metric *m = all[r].points[i]->metric;
			if (strcmp(m->name, after) > 0 &&
				(!best || strcmp(m->name, best->name) < 0)) {
				best = m;
			}
		}
	}
	return best;
}

int th_export_prometheus(const struct th_export *e, const struct th_view_runs *runs)
{
	struct th_metrics *all = th_tool_alloc((runs->n + 1) * sizeof(*all));
	for (size_t r = 0; r < runs->n; r++) {
		all[r] = th_metrics_of(&runs->runs[r], e->style.semconv);
	}
	const struct th_metric *m = next_metric(runs, all, "");
	for (; m; m = next_metric(runs, all, m->name)) {
		put_metric(e->out, m, runs, all);
	}
	for (size_t r = 0; r < runs->n; r++) {
		th_metrics_finish(&all[r]);
	}
	free(all);
	return TH_EXIT_OK;
}
