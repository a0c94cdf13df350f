/* When each byte of a decoded body had arrived, from the times of the pieces on the wire. */
#ifndef TRACE_BODY_TIMES_H
#define TRACE_BODY_TIMES_H

#include "trace/http.h"

struct th_body_times {
	const struct th_message *message;
	size_t *decoded; /* per piece: decoded bytes that were there once it had come */
};

/* False when it would cost too much to find out (large compressed streams), or without memory. */
bool th_body_times_init(struct th_body_times *t, const struct th_message *m);
void th_body_times_finish(struct th_body_times *t);

/* Time (ns since the epoch) at which the first n decoded bytes were there; 0 when unknown. */
uint64_t th_body_times_at(const struct th_body_times *t, size_t n);

#endif
