/* Compression of a block's payload with zstd, inside the agent: all memory is mapped, none is
 * allocated from the agent's heap. */
#ifndef CAPTURE_PACK_H
#define CAPTURE_PACK_H

#include "base/bytes.h"

struct th_packed {
	struct th_slice bytes; /* in `map` */
	void *map;
	size_t map_size;
};

/* Compresses `in` into one zstd frame. `deadline`: th_clock_mono() time at which to give up
 * (UINT64_MAX: never). 0; -ETIME; -E2BIG: it would not become smaller; -ENOMEM. */
int th_pack(struct th_slice in, uint64_t deadline, struct th_packed *ret_packed);

void th_pack_finish(struct th_packed *p);

#endif
