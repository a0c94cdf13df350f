/* Metrics as OTLP: one request per run, with cumulative sums from its start on. Source:
 * metrics.proto of opentelemetry-proto. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/export/export.h"
#include "tools/export/metrics.h"
#include "tools/export/otlp_send.h"
#include "tools/tools.h"

enum {
	CUMULATIVE = 2,
};

static void put_dimensions(struct th_otlp *o, struct th_otlp_field list, const struct th_point *p)
{
	th_otlp_list(o, list);
	for (size_t i = 0; i < p->n_dimensions; i++) {
		const struct th_dimension *d = &p->dimensions[i];
		if (d->number) {
			th_otlp_put_int(o, list, d->key, atoll(d->value));
		} else {
			th_otlp_put_text(o, list, d->key, d->value);
		}
	}
	th_otlp_list_end(o);
}

static void put_times(struct th_otlp *o, const struct th_metrics *m)
{
	th_otlp_fixed64(o, TH_OTLP(2, "startTimeUnixNano"), m->began);
	th_otlp_fixed64(o, TH_OTLP(3, "timeUnixNano"), m->ended);
}

static void put_histogram(struct th_otlp *o, const struct th_metrics *m, const struct th_point *p)
{
	const struct th_metric *metric = p->metric;
	th_otlp_item(o, TH_OTLP(1, "dataPoints"));
	put_times(o, m);
	th_otlp_fixed64(o, TH_OTLP(4, "count"), p->count);
	th_otlp_double(o, TH_OTLP(5, "sum"), p->sum);
	th_otlp_fixed64s(o, TH_OTLP(6, "bucketCounts"), p->buckets, metric->n_bounds + 1);
	th_otlp_doubles(o, TH_OTLP(7, "explicitBounds"), metric->bounds, metric->n_bounds);
	put_dimensions(o, TH_OTLP(9, "attributes"), p);
	th_otlp_double(o, TH_OTLP(11, "min"), p->min);
	th_otlp_double(o, TH_OTLP(12, "max"), p->max);
	th_otlp_close(o);
}

static void put_sum(struct th_otlp *o, const struct th_metrics *m, const struct th_point *p)
{
	th_otlp_item(o, TH_OTLP(1, "dataPoints"));
	put_times(o, m);
	th_otlp_double(o, TH_OTLP(4, "asDouble"), p->sum);
	put_dimensions(o, TH_OTLP(7, "attributes"), p);
	th_otlp_close(o);
}

/* The points of one metric, from `i` on; returns the first of the next. */
static size_t put_metric(struct th_otlp *o, const struct th_metrics *m, size_t i)
{
	const struct th_metric *metric = m->points[i]->metric;
	th_otlp_item(o, TH_OTLP(2, "metrics"));
	th_otlp_text(o, TH_OTLP(1, "name"), th_slice_str(metric->name));
	th_otlp_text(o, TH_OTLP(2, "description"), th_slice_str(metric->help));
	th_otlp_text(o, TH_OTLP(3, "unit"), th_slice_str(metric->unit));
	th_otlp_open(o, metric->bounds ? TH_OTLP(9, "histogram") : TH_OTLP(7, "sum"));
	th_otlp_list(o, TH_OTLP(1, "dataPoints"));
	for (; i < m->n && m->points[i]->metric == metric; i++) {
		if (metric->bounds) {
			put_histogram(o, m, m->points[i]);
		} else {
			put_sum(o, m, m->points[i]);
		}
	}
	th_otlp_list_end(o);
	th_otlp_number(o, TH_OTLP(2, "aggregationTemporality"), CUMULATIVE);
	if (!metric->bounds) {
		th_otlp_flag(o, TH_OTLP(3, "isMonotonic"), true);
	}
	th_otlp_close(o);
	th_otlp_close(o);
	return i;
}

static char *request(
	const struct th_export *e, const struct th_view_run *run, bool json, size_t *ret_n)
{
	struct th_otlp o;
	struct th_metrics m = th_metrics_of(run, e->style.semconv);
	th_otlp_init(&o, json);
	th_otlp_list(&o, TH_OTLP(1, "resourceMetrics"));
	th_otlp_item(&o, TH_OTLP(1, "resourceMetrics"));
	th_otel_resource(&o, &e->style, run->run);
	th_otlp_list(&o, TH_OTLP(2, "scopeMetrics"));
	th_otlp_item(&o, TH_OTLP(2, "scopeMetrics"));
	th_otel_scope(&o);
	th_otlp_list(&o, TH_OTLP(2, "metrics"));
	for (size_t i = 0; i < m.n;) {
		i = put_metric(&o, &m, i);
	}
	th_otlp_list_end(&o);
	th_otlp_close(&o);
	th_otlp_list_end(&o);
	th_otlp_close(&o);
	th_otlp_list_end(&o);
	th_metrics_finish(&m);
	return th_otlp_finish(&o, ret_n);
}

int th_export_otlp_metrics(const struct th_export *e, const struct th_view_runs *runs)
{
	struct th_otlp_target *target = NULL;
	int code = e->send ? th_otlp_target_open("metrics", e->send, &target) : TH_EXIT_OK;
	for (size_t i = 0; i < runs->n && code == TH_EXIT_OK; i++) {
		size_t n;
		bool json = !target || th_otlp_target_json(target);
		th_auto_free char *bytes = request(e, &runs->runs[i], json, &n);
		if (target) {
			code = th_otlp_send(target, bytes, n);
		} else {
			fwrite(bytes, 1, n, e->out);
			fputc('\n', e->out);
		}
	}
	th_otlp_target_close(target);
	return code;
}
