/* Compression of a block's payload with zstd, inside the agent: all memory is mapped, none is
 * allocated from the agent's heap. */
#ifndef CAPTURE_PACK_H
#define CAPTURE_PACK_H

#include <sys/uio.h>

#include "base/bytes.h"

#define TH_PACK_LEVEL 3 /* where time counts */
#define TH_PACK_THOROUGH_LEVEL 6
#define TH_PACK_ARCHIVE_LEVEL 19

struct th_packed {
	struct th_slice bytes; /* in `map` */
	void *map;
	size_t map_size;
};

/* Compresses `in` into one zstd frame. `deadline`: th_clock_mono() time at which to give up
 * (UINT64_MAX: never). 0; -ETIME; -E2BIG: it would not become smaller; -ENOMEM. */
int th_pack(struct th_slice in, uint64_t deadline, struct th_packed *ret_packed);

/* As th_pack(), of what the `n` parts are together, at a level of zstd's. */
int th_pack_parts(const struct iovec *parts, int n, int level, uint64_t deadline,
	struct th_packed *ret_packed);

/* No compression: a copy of all parts, one behind the other. 0 or -ENOMEM. */
int th_pack_copy(const struct iovec *parts, int n, struct th_packed *ret_packed);

void th_pack_finish(struct th_packed *p);

#endif
