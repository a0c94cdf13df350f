/* What the views of a capture (tree, spans, stats) have in common: --json, --run, the filters, one
 * capture as argument, and the spans of the runs that are looked at. */
#ifndef TOOLS_VIEW_H
#define TOOLS_VIEW_H

#include "tools/span_filter.h"

struct th_view {
	const char *command;
	const char *run; /* NULL: all runs, or as `one_run` says */
	bool one_run;	 /* the newest that ended properly, else the newest, unless told */
	bool json;
	struct th_span_filter filter;
};

/* For the option table of a subcommand; their letters are "jr:". */
#define TH_VIEW_OPTIONS \
	{"json", no_argument, NULL, 'j'}, {"run", required_argument, NULL, 'r'}, \
		{"help", no_argument, NULL, 'h'}, TH_SPAN_FILTER_OPTIONS

/* Takes an option that is none of the subcommand's own. -1: go on; else the exit code. */
int th_view_take(struct th_view *v, int option);

/* The one argument that is left is the capture. -1: go on; else the exit code. */
int th_view_arguments(const struct th_view *v, int argc, char **argv);

/* The spans of the runs that the view looks at, run by run, and the filter's opinion of each. */
struct th_view_run {
	const struct th_run *run;
	struct th_span_list spans;
	bool *shown;   /* as many as spans */
	bool filtered; /* something is asked */
};

struct th_view_runs {
	struct th_view_run *runs;
	size_t n;
};

/* Loads the capture, hands the runs to `show`, and says what is damaged. Returns the exit code of
 * the subcommand. */
int th_view_show(const struct th_view *v, const char *path,
	void (*show)(void *ctx, const struct th_view_runs *runs), void *ctx);

/* Frees what options have taken. */
void th_view_finish(struct th_view *v);

#endif
