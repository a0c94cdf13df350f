/* Inside trace/: what a client library said of its transfers, and which exchanges each consists of.
 */
#ifndef TRACE_TRANSFERS_H
#define TRACE_TRANSFERS_H

#include "trace/collect.h"

/* Takes a TRANSFER frame. */
void th_transfers_frame(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in);

/* After the writer's last frame, exchanges being tied to their connections: finds the exchanges of
 * each transfer and links them in the order in which they followed each other. */
void th_transfers_finish(struct th_arena *a, struct th_collected *c);

/* Of one that failed without an exchange: joins it to the look-up or connection that failed. */
void th_transfers_failed(struct th_collected *c, struct th_transfer *t);

#endif
