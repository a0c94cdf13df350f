/* What was said of spans after the fact, as the views show it. */
#ifndef TOOLS_FEEDBACK_H
#define TOOLS_FEEDBACK_H

#include <stdio.h>

#include "tools/json_out.h"
#include "trace/annotations.h"

/* "feedback": a list of objects; no member when nothing was said of the span. `span_id` may be
 * NULL. */
void th_feedback_json(struct th_jout *j, const struct th_run *run, const uint8_t *span_id);

/* The newest score or label in a word or two, how many more there are: "0.8 good", "bad, +2"; NULL:
 * nothing was said. The caller frees. */
char *th_feedback_word(const struct th_run *run, const uint8_t *span_id);

/* All that was said, a paragraph each, an empty line before them; nothing when there is none. */
void th_feedback_text(FILE *out, const struct th_run *run, const uint8_t *span_id);

#endif
