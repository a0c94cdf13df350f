/* Inside trace/: joins the processes of a capture to runs, and a run's processes to a tree. */
#ifndef TRACE_RUNS_H
#define TRACE_RUNS_H

#include "trace/collect.h"

/* Fills t->runs from what was collected of all writers. Allocation failures stay in a->failed. */
void th_runs_build(struct th_arena *a, struct th_trace *t, struct th_collected **all, size_t n);

#endif
