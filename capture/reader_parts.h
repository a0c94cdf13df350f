/* Inside capture/: what a reader is made of, for the survey. */
#ifndef CAPTURE_READER_PARTS_H
#define CAPTURE_READER_PARTS_H

#include <zstd.h>

#include "capture/segments.h"

struct th_reader_parts {
	struct th_segments *segments;
	ZSTD_DCtx *zstd;
};

struct th_reader_parts th_reader_inside(struct th_reader *r);

#endif
