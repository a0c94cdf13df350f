/* When a part of a decoded body had arrived. */
#ifndef TRACE_BODY_ARRIVAL_H
#define TRACE_BODY_ARRIVAL_H

#include "trace/trace.h"

/* Time of the piece with which the first `n` bytes of the body, as th_http_body() decodes it, were
 * there; of the last piece when they never were; 0 when there is no piece. */
uint64_t th_body_arrival(const struct th_message *m, size_t n);

#endif
