/* One exchange whole, for reading: both heads, decoded bodies, events with their times, how it
 * ended. */
#ifndef TOOLS_EXCHANGE_TEXT_H
#define TOOLS_EXCHANGE_TEXT_H

#include <stdio.h>

#include "trace/trace.h"

void th_exchange_text(
	FILE *out, const struct th_run *run, const struct th_exchange *x, bool colour);

#endif
