/* Inside trace/: the frames of exchanges (REQ_… and RES_…). */
#ifndef TRACE_COLLECT_EXCHANGE_H
#define TRACE_COLLECT_EXCHANGE_H

#include "trace/collect.h"

/* Takes a frame of type TH_FRAME_REQ_HEAD to TH_FRAME_RES_END. */
void th_collect_exchange_frame(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in);

/* After the writer's last frame, its process's span id known: ties exchanges to their connections
 * and names them. */
void th_collect_exchanges_finish(struct th_collected *c);

#endif
