/* Which process went on as another one: exec leaves the pid and says no word of an end. */
#ifndef TRACE_SUCCESSION_H
#define TRACE_SUCCESSION_H

#include "trace/arena.h"
#include "trace/trace.h"

/* Fills in `replaced` of the run's processes, whose departures are there, and says whether the last
 * program in the root's place ended in good order. Without memory it is not known to have. */
bool th_succession_find(struct th_arena *a, struct th_run *run);

#endif
