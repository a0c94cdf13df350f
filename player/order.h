/* Keeps cause and effect in the recorded order without keeping recorded time.
 *
 * With answers given at once a concurrent agent would do other things than it did: reuse the
 * connection whose answer is already there, finish tasks in another order, and so ask differently.
 * So an answer waits until every request that the recording saw before it has been asked, and
 * every answer that had ended before it has been given. A sequential agent never waits. When
 * nothing comes any more for about as long as the recorded answer took (a second at most), what is
 * missing is not waited for again. Thread-safe. */
#ifndef PLAYER_ORDER_H
#define PLAYER_ORDER_H

#include "player/taken.h"
#include "trace/trace.h"

#define TH_ORDER_PATIENCE_NS 1000000000ull
#define TH_ORDER_LEAST_NS 200000000ull

/* How long to wait without progress, when the recording took `took` ns. */
uint64_t th_order_patience(uint64_t took);

struct th_order;

/* NULL without memory. The run must stay. */
struct th_order *th_order_create(const struct th_run *run);
/* Takes NULL; returns NULL. */
struct th_order *th_order_destroy(struct th_order *o);

/* The request of `x` was asked; its answer is claimed. */
void th_order_asked(struct th_order *o, const struct th_exchange *x);

/* Somebody connected, and may be about to ask: waiting goes on. */
void th_order_stirred(struct th_order *o);

/* All of its answer was given and taken, or nobody is there to take it. Allowed more than once. */
void th_order_answered(struct th_order *o, const struct th_exchange *x);

/* All of its answer was sent to g->fd. Once the agent has read it, or after TH_ORDER_PATIENCE_NS,
 * it counts as answered to whoever waits. `g` stays until th_order_answered(), which must come
 * before the descriptor is closed. */
void th_order_given(struct th_order *o, const struct th_exchange *x, struct th_given *g);

/* Is what th_order_given() was told of read by now? */
bool th_order_is_taken(struct th_order *o, struct th_given *g);

/* What is waited for of an answer: its end; or, where the agent knew the length and the stream of
 * HTTP/2 was ended later only, that its body is whole. */
struct th_order_event {
	const struct th_exchange *x;
	bool whole;
};

/* Are the two apart? */
bool th_order_has_whole(struct th_order *o, const struct th_exchange *x);

/* It is on its way on the connection `way` (an address of the caller's): what goes with it there
 * does not wait for th_order_taken(), which must come before `way` is anything else. */
void th_order_sent(struct th_order *o, struct th_order_event e, const void *way);

/* The agent has it. */
void th_order_taken(struct th_order *o, struct th_order_event e);

/* Has anybody had to wait for one of these, or for what came later? */
bool th_order_is_awaited(struct th_order *o, const struct th_order_event *events, size_t n);

/* Waits for the turn of `x`. */
void th_order_wait(struct th_order *o, const struct th_exchange *x);

/* After that, waits for the turn of what was read of its answer at `time`: no answer that ended
 * earlier ends later. */
void th_order_wait_part(struct th_order *o, const struct th_exchange *x, uint64_t time);

/* When the answer began, interim answers included. */
uint64_t th_order_answer_began(const struct th_exchange *x);

/* The same two questions for who asks again and never blocks. `way`: it goes with what was sent on
 * that connection; NULL: by itself. *since is when the waiting began (th_clock_mono()); 0: not yet;
 * it is kept here. */
bool th_order_ready(
	struct th_order *o, const struct th_exchange *x, const void *way, uint64_t *since);
bool th_order_ready_part(struct th_order *o, const struct th_exchange *x, uint64_t time,
	const void *way, uint64_t *since);

#endif
