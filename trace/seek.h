/* One exchange of a large capture, without reading the rest of it.
 *
 * A survey (capture/survey.h) tells which exchanges there are and where; then only those parts of
 * the capture are read in which this one stands, its connection and its transfer, and what says
 * which runs and processes there are. Damage elsewhere is not found: th_trace_load() finds it. */
#ifndef TRACE_SEEK_H
#define TRACE_SEEK_H

#include "trace/trace.h"

struct th_seek_wish {
	uint64_t number;		   /* from 1, in the chosen run; 0: by its id, */
	uint8_t span_id[TH_SPAN_ID_BYTES]; /* which is this, in any run or the chosen one */
	uint64_t least;			   /* bytes: a smaller capture had better be read whole */
	/* Which run is meant, of a trace without exchanges; NULL: not known. NULL: any. */
	const struct th_run *(*choose)(const struct th_trace *t, void *with);
	void *with;
};

/* 0, the trace and in it the exchange, which is as th_trace_load() would give it. What else the
 * trace has of exchanges is but a part, and their `order` is theirs in the whole run. -EAGAIN: not
 * to be had this way, or not surely the same: read all of the capture. */
int th_trace_seek(const char *path, const struct th_seek_wish *wish, struct th_trace **ret_trace,
	const struct th_exchange **ret_exchange);

#endif
