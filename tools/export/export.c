#include "tools/export/export.h"

#include <string.h>

/* In alphabetical order. */
static const struct th_export_format formats[] = {
	{"csv", "a line per span", th_export_csv},
	{"curl", "a shell command per exchange", th_export_curl},
	{"dataset", "input, output and metadata per call to a model, JSON lines",
		th_export_dataset},
	{"har", "HTTP Archive 1.2, for browsers' network panels", th_export_har},
	{"jsonl", "all that is known of each span, JSON lines", th_export_jsonl},
	{"mermaid", "a sequence diagram", th_export_mermaid},
	{"otlp", "OpenTelemetry spans, a batch per line", th_export_otlp, true},
	{"otlp-metrics", "OpenTelemetry metrics", th_export_otlp_metrics, true},
	{"prometheus", "metrics as Prometheus reads them", th_export_prometheus},
};

#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct th_export_format *th_export_format(const char *name)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		if (strcmp(formats[i].name, name) == 0) {
			return &formats[i];
		}
	}
	return NULL;
}

const char *th_export_names(void)
{
	static char names[256];
	size_t n = 0;
	for (size_t i = 0; i < N_FORMATS && !names[sizeof(names) - 1]; i++) {
		n += (size_t)snprintf(
			names + n, sizeof(names) - n, "%s%s", i ? ", " : "", formats[i].name);
	}
	return names;
}
