/* What was said over a WebSocket, for reading: a line for each frame, with its time, its side, what
 * it is and how long; its payload below, JSON laid out. */
#ifndef TOOLS_WS_TEXT_H
#define TOOLS_WS_TEXT_H

#include <stdio.h>

#include "trace/trace.h"

/* `start`: what the times are relative to, ns since the epoch. */
void th_ws_text(FILE *out, const struct th_exchange *x, uint64_t start);

#endif
