/* Inside trace/: a trace while it is loaded. */
#ifndef TRACE_LOADING_H
#define TRACE_LOADING_H

#include "trace/runs.h"

struct th_loading {
	struct th_trace trace; /* first: what the caller holds */
	struct th_arena arena;
	struct th_collected **all; /* by writer */
	size_t n;
};

/* Takes all frames that the reader gives. 0 or -ENOMEM. */
int th_loading_collect(struct th_loading *l);

/* Makes runs of what was collected. 0 or -ENOMEM. */
int th_loading_build(struct th_loading *l);

#endif
