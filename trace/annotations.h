/* What was said of spans after they were recorded (ANNOTATION frames): scores, labels, data. */
#ifndef TRACE_ANNOTATIONS_H
#define TRACE_ANNOTATIONS_H

#include "trace/collect.h"

/* Takes an ANNOTATION frame. */
void th_annotations_frame(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in);

/* Puts those who recorded first, in order of writer, and behind them those who only annotated a
 * run that is there: these are no processes. Returns how many recorded. */
size_t th_annotations_set_apart(struct th_collected **all, size_t n);

/* Then, runs being built: gives each its annotations and annotators. */
void th_annotations_assign(struct th_arena *a, struct th_trace *t, struct th_collected **all,
	size_t recorded, size_t n);

/* Those of one span, in order of time; NULL and 0: none. */
const struct th_annotation *const *th_annotations_of(
	const struct th_run *run, const uint8_t span_id[TH_SPAN_ID_BYTES], size_t *ret_n);

#endif
