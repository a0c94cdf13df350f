/* Compression of a block's payload with zstd, inside the agent: all memory is mapped, none is
 * allocated from the agent's heap. */
#ifndef CAPTURE_PACK_H
#define CAPTURE_PACK_H

#include "base/bytes.h"
#include "base/clock.h"

#define TH_PACK_LEVEL 3 /* where time counts */
#define TH_PACK_THOROUGH_LEVEL 6
#define TH_PACK_ARCHIVE_LEVEL 19

struct th_packed {
	struct th_slice bytes; /* in `map` */
	void *map;
	size_t map_size;
};

/* Compresses `in` into one zstd frame, at a level of zstd's. 0; -ETIME: patience is over (NULL:
 * never); -E2BIG: it would not become smaller; -ENOMEM. */
int th_pack(struct th_slice in, int level, const struct th_patience *patience,
	struct th_packed *ret_packed);

void th_pack_finish(struct th_packed *p);

#endif
