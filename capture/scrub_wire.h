/* Scrubs a body as it is on the wire: the framing of chunks stays where it is, their content is
 * taken out, scrubbed, which does not change its length, and put back. Pure; usable inside the
 * agent. */
#ifndef CAPTURE_SCRUB_WIRE_H
#define CAPTURE_SCRUB_WIRE_H

#include "capture/scrub.h"

#define TH_SCRUB_WIRE_MAX (512u << 10) /* a longer body is not looked into, but withheld */

/* Where one is in a body; zeroed at its beginning, but for `chunked`. */
struct th_wire_place {
	bool chunked;  /* RFC 9112 7.1; the framing must be right */
	uint8_t state; /* private */
	uint64_t left;
};

/* Moves *at over framing in p[*at..n); the length of the content there, 0 at the end. The place is
 * then behind that content. */
size_t th_wire_content(struct th_wire_place *w, const uint8_t *p, size_t n, size_t *at);

/* Scrubs n bytes in place, from `place` on, which does not move, and masks what extensions of
 * chunks say. `room`: 2 * n bytes. 1: something was replaced; 0: nothing; or as
 * th_scrub_content(). */
int th_scrub_wire(const struct th_scrub *s, const struct th_wire_place *place, uint8_t *p, size_t n,
	uint8_t *room);

#endif
