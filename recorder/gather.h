/* A growing buffer from the pool, for the few things that must be had in one piece: an unfinished
 * head, and bytes that came before it is known what they are. Bounded by whoever adds. */
#ifndef RECORDER_GATHER_H
#define RECORDER_GATHER_H

#include "base/bytes.h"

/* Zeroed is empty. */
struct th_gather {
	uint8_t *p;
	uint32_t n, cap;
};

static inline struct th_slice th_gather_slice(const struct th_gather *g)
{
	return (struct th_slice){g->p, g->n};
}

/* Appends. False, and nothing changed, when there would be more than `limit` bytes or there is no
 * memory. */
bool th_gather_add(struct th_gather *g, struct th_slice in, size_t limit);

/* For something that mostly comes whole: *ret_all is what was gathered with `piece` added; when
 * nothing was gathered before and `last` is set, it is `piece` itself and nothing is copied. Valid
 * until the next call. False as above. */
bool th_gather_join(struct th_gather *g, struct th_slice piece, bool last, size_t limit,
	struct th_slice *ret_all);

/* Empties and gives the memory back. */
void th_gather_free(struct th_gather *g);

#endif
