/* Blocks that were torn and written again: whoever appended one was killed on the way, or the disk
 * was full, and the frames came into the file later, or are in their live file still. */
#ifndef CAPTURE_TORN_H
#define CAPTURE_TORN_H

#include "capture/segments.h"

/* Takes those out of `s`, and the damage that they were noted as, and counts them. The segments are
 * sorted. */
void th_torn_drop(struct th_segments *s);

#endif
