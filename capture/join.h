/* The frames of a split block, put together again (FORMAT.md, "Split blocks"). Reading side: takes
 * whatever bytes it is given. */
#ifndef CAPTURE_JOIN_H
#define CAPTURE_JOIN_H

#include "base/bytes.h"

/* What the block's header says. */
struct th_join {
	struct th_slice area; /* split frames; perhaps cut short */
	uint32_t frames;
	struct th_slice base; /* frames of the block that it leans on; n 0: it leans on none */
	bool spoilt;	      /* set: of some frames the checksum does not hold */
};

/* Writes the frames to `out`, which has room for exactly n bytes. Returns how many there are, whole
 * frames or all of n; of those that may not be as they were the checksum does not hold. */
size_t th_join_frames(struct th_join *j, uint8_t *out, size_t n);

/* An area of split frames is never larger, for n bytes of frames. */
size_t th_join_bound(size_t n);

#endif
