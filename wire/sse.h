/* Splits a text/event-stream body into events (WHATWG HTML, 9.2 "Server-sent events"). */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/bytes.h"

struct th_sse_event {
	struct th_slice raw;   /* the whole block without its blank line */
	struct th_slice event; /* last "event" field, may be empty */
	struct th_slice data;  /* the "data" lines: one line as it is; several: see lines */
	unsigned data_lines;   /* >1: raw holds them, join with LF */
	struct th_slice id;
	bool complete; /* false: the body ended before the blank line */
};

/* Next event from *pos on; false at the end of the body. Lines end in CR LF, LF or CR. */
bool th_sse_next(struct th_slice body, size_t *pos, struct th_sse_event *ret_event);

#endif
