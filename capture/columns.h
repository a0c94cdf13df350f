/* The beginning of split frames (FORMAT.md, "Split blocks"): what kinds of frames there are, of
 * what, and when. Reading side; takes whatever bytes it is given. */
#ifndef CAPTURE_COLUMNS_H
#define CAPTURE_COLUMNS_H

#include "base/bytes.h"

struct th_columns {
	uint64_t references, text;
	struct th_in types, flags, ids, times; /* the last two: differences */
};

/* A difference: the value to add, modulo 2^64. */
static inline uint64_t th_columns_signed(struct th_in *in)
{
	uint64_t v = th_in_varint(in);
	return v >> 1 ^ -(v & 1);
}

static inline struct th_in th_columns_bytes(struct th_in *in, size_t n)
{
	struct th_slice s = th_in_bytes(in, n);
	return (struct th_in){s.p, s.n, false};
}

/* A column of n varints, for later. */
static inline struct th_in th_columns_varints(struct th_in *in, uint64_t n)
{
	struct th_in column = *in;
	for (; n && !in->failed; n--) {
		th_in_varint(in);
	}
	return column;
}

/* Reads the columns of so many frames and leaves `in` behind them; in->failed when they are not
 * all there. */
static inline void th_columns_find(
	struct th_in *in, uint32_t frames, struct th_columns *ret_columns)
{
	ret_columns->references = th_in_varint(in);
	ret_columns->text = th_in_varint(in);
	ret_columns->types = th_columns_bytes(in, frames);
	ret_columns->flags = th_columns_bytes(in, frames);
	ret_columns->ids = th_columns_varints(in, frames);
	ret_columns->times = th_columns_varints(in, frames);
}

#endif
