/* Redacts the frames of one writer of a capture as they would have been when they were recorded
 * (capture/redact.h, capture/scrub_wire.h): heads, trailers, URLs and the run's texts by the
 * default list, and all that rules apply to.
 *
 * Frames keep their numbers, so that what was missing is still known to be missing. What cannot be
 * looked into does not reach the copy: in its place stands a frame that says nothing, or that the
 * body was withheld. */
#ifndef TOOLS_REDACT_COPY_H
#define TOOLS_REDACT_COPY_H

#include "capture/reader.h"
#include "capture/redact.h"

struct th_redact_copy {
	struct th_redaction how;
	struct th_slice rules; /* text of how.rules, kept in RUN; empty: none */
	size_t changed;	       /* frames in which something was replaced */
	size_t withheld;       /* bodies, or what is left of exchanges that cannot be followed */
	uint8_t **owned;       /* memory of payloads */
	size_t n_owned;
};

/* Changes the n frames of one writer, in order, in place; their payloads are valid until
 * th_redact_copy_finish(). */
void th_redact_copy_writer(struct th_redact_copy *c, struct th_frame *frames, size_t n);

void th_redact_copy_finish(struct th_redact_copy *c);

#endif
