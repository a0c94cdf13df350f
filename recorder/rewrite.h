/* Bytes that the agent is about to send, with trace context put into the requests that begin in
 * them (TRACEHOOK_PROPAGATE): `traceparent`, and `tracestate` and `baggage` if they were inherited
 * (W3C Trace Context, W3C Baggage).
 *
 * Only what stands whole in the bytes is touched: the head of an HTTP/1 request, HTTP/2 HEADERS
 * without CONTINUATION, as fields that enter no table. A request that has a traceparent is left
 * alone, and so is one whose head comes in pieces: half of it is gone by then.
 *
 * Whoever sends them instead must go on with them once a part is gone, and tell the agent of its
 * own bytes only: th_rewrite_given(). */
#ifndef RECORDER_REWRITE_H
#define RECORDER_REWRITE_H

#include <sys/uio.h>

#include "recorder/recorder.h"

#define TH_REWRITE_IN_MAX (14u << 10) /* of the agent's bytes; those behind stay as they are */
#define TH_REWRITE_TEXT_MAX 1200      /* added to one request */
#define TH_REWRITE_EDITS_MAX 12	      /* requests that begin in the bytes; more are left alone */

struct th_rewrite {
	size_t taken; /* bytes of the agent's that these stand for */
	size_t n;     /* bytes */
	unsigned edits;
	struct {
		size_t from;   /* from here on they are other than the agent's, or bound to be */
		size_t at, to; /* added */
	} edit[TH_REWRITE_EDITS_MAX];
	/* The sender's own: */
	size_t sent;  /* bytes */
	size_t given; /* bytes of the agent's that it was told of, with those behind `taken` */
	uint8_t p[TH_REWRITE_IN_MAX + TH_REWRITE_EDITS_MAX * TH_REWRITE_TEXT_MAX];
};

/* What children and requests get besides; NULL: nothing was inherited. Once, after
 * th_recorder_start(). */
void th_rewrite_start(const char *tracestate, const char *baggage);

/* NULL: they are to be sent as they are. Else memory of the pool, for th_rewrite_free(). */
struct th_rewrite *th_rewrite_of(struct th_conn_ref c, const struct iovec *iov, int count);
void th_rewrite_free(struct th_rewrite *w);

/* How many of the agent's bytes the first `sent` stand for. */
size_t th_rewrite_given(const struct th_rewrite *w, size_t sent);

/* Is it too late to go back to the agent's own bytes, `sent` being gone? */
bool th_rewrite_bound(const struct th_rewrite *w, size_t sent);

/* ---- inside: for taps ---- */

enum th_rewrite_has {
	TH_REWRITE_TRACEPARENT = 1,
	TH_REWRITE_TRACESTATE = 2,
	TH_REWRITE_BAGGAGE = 4,
};

/* Which of them the field is; 0: none. */
unsigned th_rewrite_field(struct th_slice name);

/* The fields to add to a request that has those already: as lines, or as HPACK literals that enter
 * no table (RFC 7541 6.2.2). Returns their length, at most TH_REWRITE_TEXT_MAX. */
size_t th_rewrite_lines(unsigned has, uint8_t *ret_text);
size_t th_rewrite_literals(unsigned has, uint8_t *ret_text);

void th_rewrite_keep(struct th_rewrite *w, struct th_slice bytes);

/* What was kept from `from` on and is added now belong together. False: there is no room. */
bool th_rewrite_add(struct th_rewrite *w, size_t from, const uint8_t *text, size_t n);

#endif
