/* Splits a text/event-stream body into events (WHATWG HTML, 9.2 "Server-sent events").
 *
 * Views only. Every block of lines is given, also one of comments alone (": keep-alive", which a
 * browser would not dispatch): whoever shows a recording wants to see it. */
#ifndef WIRE_SSE_H
#define WIRE_SSE_H

#include "base/bytes.h"

struct th_sse_event {
	struct th_slice raw;   /* the whole block, without its blank line */
	struct th_slice event; /* the last "event" field; empty: "message" */
	struct th_slice data;  /* the first "data" line; there may be more: th_sse_data_next() */
	unsigned data_lines;   /* 0: nothing would be dispatched */
	struct th_slice id;    /* the last "id" field */
	bool complete;	       /* false: the body ended before the blank line */
};

/* Next event from *pos on; false at the end of the body. Begin with *pos = 0: only there a byte
 * order mark is skipped. Lines end in CR LF, LF or CR. */
bool th_sse_next(struct th_slice body, size_t *pos, struct th_sse_event *ret_event);

/* The event's data line by line (the data of an event is these, joined by LF): begin with
 * *pos = 0; false when there is no more. */
bool th_sse_data_next(const struct th_sse_event *e, size_t *pos, struct th_slice *ret_line);

#endif
