/* Finds what was said before: long runs of bytes of a body that stand in the frames before it. An
 * agent resends its whole history with each call; this is where that stops costing anything. Usable
 * inside the agent: no memory but what it is given. */
#ifndef CAPTURE_REPEATS_H
#define CAPTURE_REPEATS_H

#include "base/bytes.h"

#define TH_REPEAT_MIN 256 /* shorter ones are left to zstd */
#define TH_REPEATS_PLACES (64u << 10)

struct th_repeats_table {
	uint64_t gears[256];
	uint32_t places[TH_REPEATS_PLACES]; /* behind samples, modulo 2^32 */
};

/* Places are counted across all frames that one finder sees. Two stretches can be looked into: the
 * frames of the block before, and those of the present one. */
struct th_repeats {
	struct th_repeats_table *table;
	struct th_slice base; /* n 0: there is none */
	struct th_slice own;
	uint64_t base_at, own_at;
	uint64_t low; /* what lies below is not in memory any more */
};

struct th_repeat {
	size_t at, n;	   /* in the body */
	uint64_t distance; /* back from there */
	bool in_base;
};

/* A body, or a piece of one, of n bytes at own.p + offset. The rest is zeros at first. */
struct th_repeats_scan {
	size_t offset, n;
	size_t at;   /* hashed up to here */
	size_t from; /* end of the repeat before */
	uint64_t hash;
};

/* `table` is zeros. */
void th_repeats_init(struct th_repeats *r, struct th_repeats_table *table);

/* The next repeat, behind the one before it. False: there is none. */
bool th_repeats_next(
	const struct th_repeats *r, struct th_repeats_scan *s, struct th_repeat *ret_repeat);

#endif
