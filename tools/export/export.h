/* Giving a capture to other programs. A format is one file, one function, and one line in the table
 * of export.c. */
#ifndef TOOLS_EXPORT_EXPORT_H
#define TOOLS_EXPORT_EXPORT_H

#include <stdio.h>

#include "tools/export/otel.h"
#include "tools/prices.h"
#include "tools/view.h"

struct th_export {
	FILE *out;
	struct th_otel_style style;
	const char *send; /* a collector's URL, "" to find it in the environment; NULL: to `out` */
	const struct th_prices *prices; /* NULL: none */
};

struct th_export_format {
	const char *name, *help;
	/* TH_EXIT_OK, or an exit code after an error line. */
	int (*run)(const struct th_export *e, const struct th_view_runs *runs);
	bool sends; /* knows --send */
};

/* NULL: there is no such format. */
const struct th_export_format *th_export_format(const char *name);

/* All names, for people: "csv, curl, ...". */
const char *th_export_names(void);

int th_export_csv(const struct th_export *e, const struct th_view_runs *runs);
int th_export_curl(const struct th_export *e, const struct th_view_runs *runs);
int th_export_dataset(const struct th_export *e, const struct th_view_runs *runs);
int th_export_har(const struct th_export *e, const struct th_view_runs *runs);
int th_export_jsonl(const struct th_export *e, const struct th_view_runs *runs);
int th_export_mermaid(const struct th_export *e, const struct th_view_runs *runs);
int th_export_otlp(const struct th_export *e, const struct th_view_runs *runs);
int th_export_otlp_metrics(const struct th_export *e, const struct th_view_runs *runs);
int th_export_prometheus(const struct th_export *e, const struct th_view_runs *runs);

#endif
