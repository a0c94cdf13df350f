/* What frames a segment holds: of what kind, of what and when, without putting them together. Split
 * blocks have that at their beginning, so a few hundredths of a capture tell where everything is.
 *
 * It is for finding one's way: what is shown is read as ever, with all checks. */
#ifndef CAPTURE_GLANCE_H
#define CAPTURE_GLANCE_H

#include <zstd.h>

#include "capture/segments.h"
#include "capture/survey.h"

/* Tells of all frames of `segment`, part number `part`, in order; *ret_told: what they are,
 * *ret_frames: how many. 0; -EBADMSG: they are not what the block's header says, or its checksum
 * does not hold; -ENOTSUP: it has to be read to know; -ENOMEM, -ENOKEY. */
int th_glance(const struct th_segments *s, const struct th_segment *segment, uint32_t part,
	ZSTD_DCtx *zstd, const struct th_survey_teller *teller, struct th_block_told *ret_told,
	uint32_t *ret_frames);

#endif
