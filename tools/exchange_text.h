/* One exchange whole, for reading: both heads, decoded bodies, events with their times, how it
 * ended. */
#ifndef TOOLS_EXCHANGE_TEXT_H
#define TOOLS_EXCHANGE_TEXT_H

#include <stdio.h>

#include "trace/trace.h"

/* Its first lines only: number, URL, status, ids, times. */
void th_exchange_text_title(
	FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour);

/* Its last line, when the answer was cut or none came. */
void th_exchange_text_end(FILE *out, const struct th_exchange *x, bool colour);

void th_exchange_text(
	FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour);

#endif
