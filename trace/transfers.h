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

/* How many look-ups, connections and exchanges are looked at for the transfers of one writer, all
 * told, and for one of them: what is further off belongs to none. */
#define TH_TRANSFER_LOOKS_MAX (64u << 20)
#define TH_TRANSFER_CANDIDATES_MAX 4096

/* Threads stamp what they write a little before it is written: so many may be out of order. */
#define TH_TRANSFER_DISORDER_MAX 64

/* Of one that failed without an exchange: joins it to the look-up or connection that failed. Takes
 * what it looks at from *looks, and gives up without any. */
void th_transfers_failed(struct th_collected *c, struct th_transfer *t, size_t *looks);

#endif
