/* Stands in for recorder/emit.c: what a tap emits becomes text that a test compares.
 * There is no other tap to switch to.
 *
 * It also watches over what holds for any tap: nothing is said of a side of an exchange after its
 * end (but what goes through a tunnel, whose request was complete before it was one), and exchanges
 * are numbers that th_emit_begin() gave out (or that the test says it adopted).
 *
 * One line per frame, "EXCHANGE TYPE [flags] …", fields on lines of their own behind two blanks.
 * Pieces of one message's data or HTTP/1 head that follow each other run together, flags at their
 * end, so that the text does not depend on how the input was cut. Request fields named
 * "authorization" are shown as redacted. */
#ifndef TESTS_UNIT_EMIT_DOUBLE_H
#define TESTS_UNIT_EMIT_DOUBLE_H

#include "recorder/emit.h"

#define TH_EMIT_DOUBLE_EXCHANGES 16384

enum th_emit_side {
	TH_EMIT_NOTHING, /* was seen of it */
	TH_EMIT_OPEN,
	TH_EMIT_ENDED,
};

struct th_emit_double {
	char text[32768]; /* what does not fit is left out */
	size_t n;
	uint32_t exchanges;
	uint32_t open_data; /* exchange and type of the data line that is being written */
	uint8_t open_data_type;
	bool quiet; /* count and add up only */
	struct {
		uint8_t seen;	    /* enum th_emit_side */
		uint8_t type;	    /* of its last frame */
		uint64_t body, sum; /* of its data: bytes, and their digest */
		uint64_t story;	    /* digest of all that was said of it, however it was cut */
	} side[TH_EMIT_DOUBLE_EXCHANGES][2]; /* request, response */
	uint64_t frames, lost_events;
};

extern struct th_emit_double th_emitted;

void th_emitted_reset(void);

/* Continues the digest `sum` (0 to begin with) over n bytes, as `sum` and `story` are made. */
uint64_t th_emit_digest(uint64_t sum, const void *p, size_t n);

/* A digest of what was said of each side, in whatever order among the sides. */
uint64_t th_emitted_story(void);

/* Every side of which anything was seen has ended, and so has every response. */
void th_emitted_check_ended(void);

#endif
