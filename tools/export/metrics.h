/* Figures of a run as metrics: histograms and counters, each by a few dimensions.
 *
 * Names and boundaries are OpenTelemetry's where it has them (semantic conventions for GenAI, MCP
 * and HTTP metrics); those that begin with "tracehook." are ours: tokens used, and how long the run
 * (flow), each process (node) and each exchange (rpc) took. */
#ifndef TOOLS_EXPORT_METRICS_H
#define TOOLS_EXPORT_METRICS_H

#include "tools/export/otel.h"
#include "tools/view.h"

#define TH_METRIC_DIMENSIONS 8
#define TH_METRIC_BOUNDS 16

struct th_metric {
	const char *name, *unit, *help;
	const double *bounds; /* of a histogram; NULL: a counter */
	size_t n_bounds;
};

struct th_dimension {
	const char *key;
	char *value;
	bool number;
};

struct th_point {
	const struct th_metric *metric;
	struct th_dimension dimensions[TH_METRIC_DIMENSIONS];
	size_t n_dimensions;
	uint64_t count, buckets[TH_METRIC_BOUNDS + 1]; /* of a counter: none */
	double sum, min, max;			       /* of a counter: sum is its value */
};

struct th_metrics {
	struct th_point **points; /* those of a metric together */
	size_t n;
	uint64_t began, ended; /* ns since the epoch */
};

/* Release with th_metrics_finish(). */
struct th_metrics th_metrics_of(const struct th_view_run *run, enum th_semconv semconv);
void th_metrics_finish(struct th_metrics *m);

#endif
