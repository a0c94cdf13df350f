/* Finds the exchange that a user means: "#3" or "3" of a run, or the beginning of a span id. */
#ifndef TOOLS_SPAN_CHOICE_H
#define TOOLS_SPAN_CHOICE_H

#include "trace/trace.h"

/* `run_prefix` NULL: numbers count in the run that th_load_run() chooses, ids are looked for in all
 * runs. TH_EXIT_OK; after an error line TH_EXIT_MISSING (none), TH_EXIT_USAGE (several, listed). */
int th_span_choose(const struct th_trace *t, const char *path, const char *run_prefix,
	const char *span, const struct th_run **ret_run, const struct th_exchange **ret_exchange);

#endif
