/* Answers of a connection of HTTP/2 that are on their way and not yet known to be with the agent.
 * What is to be given later, here or on other connections, waits for that (order.h); within
 * player/.
 *
 * A socket tells only whether all of it was read. So when somebody waits, nothing new is sent until
 * then, or until patience is over. */
#ifndef PLAYER_H2_TAKEN_H
#define PLAYER_H2_TAKEN_H

#include "player/order.h"
#include "player/stream.h"

struct th_h2_taken {
	struct th_order_event *sent;
	size_t n, cap;
	uint64_t since;	   /* th_clock_mono() of the latest */
	uint64_t pause_ns; /* until the next look */
};

/* That was handed to the connection of this table. */
void th_h2_taken_note(struct th_h2_taken *t, struct th_order *o, struct th_order_event e);

/* Looks whether the agent has it all; `flushed`: nothing is left that the socket did not take.
 * Returns the nanoseconds until to look again; 0: now it has, and somebody may go on; UINT64_MAX:
 * nothing was on its way. */
uint64_t th_h2_taken_look(
	struct th_h2_taken *t, struct th_order *o, const struct th_stream *stream, bool flushed);

/* Must nothing more be sent for now? */
bool th_h2_taken_holds(const struct th_h2_taken *t, struct th_order *o);

/* The connection is over. Frees. */
void th_h2_taken_finish(struct th_h2_taken *t, struct th_order *o);

#endif
