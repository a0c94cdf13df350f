/* Adds an annotation to a capture: a block of its own, of a writer that writes nothing else
 * (FORMAT.md, "Annotations"). Outside the agent. */
#ifndef CAPTURE_ANNOTATE_H
#define CAPTURE_ANNOTATE_H

#include "capture/reader.h"

struct th_annotation_text {
	const uint8_t *trace_id, *span_id; /* TH_TRACE_ID_BYTES, TH_SPAN_ID_BYTES */
	uint64_t root;			   /* writer of the run's root process */
	const double *score;		   /* NULL: none */
	struct th_slice name, label, comment, author, data;
};

/* 0; -EMSGSIZE: it is longer than a frame may be; or as th_capture_append(), th_key_seal_block().
 */
int th_annotate(const char *path, const struct th_reader *r, const struct th_annotation_text *text);

#endif
