/* A decoded body for reading: JSON laid out, event streams event by event, other text as it is,
 * the beginning of anything else as a hex dump. */
#ifndef TOOLS_BODY_TEXT_H
#define TOOLS_BODY_TEXT_H

#include <stdio.h>

#include "trace/trace.h"

/* `start`: what the times of events are relative to, ns since the epoch. */
void th_body_text(FILE *out, const struct th_message *m, uint64_t start);

#endif
