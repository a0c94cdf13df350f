/* What was asked before an answer came, when it was recorded, is asked before it comes again.
 *
 * A recorded server took its time; at pace 0 the player takes none. A program that asks several
 * things at once then sees the first answer before it has asked the second question, and may act
 * on that: curl -Z puts the next transfer on the connection that has just become idle, where the
 * recording opened another. So an answer waits for the questions that were recorded as asked
 * between its own question and itself, on other connections; they cannot depend on it. But not when
 * the program has been quiet for a while, or for long: a changed program may not ask them at all.
 * A program that asks one thing at a time never waits. */
#ifndef PLAYER_ORDER_H
#define PLAYER_ORDER_H

#include "trace/trace.h"

#define TH_ORDER_QUIET_NS 200000000ull /* nobody asked or connected for so long: nobody will */
#define TH_ORDER_WAIT_NS 2000000000ull /* of one answer, in any case */
#define TH_ORDER_LOOK_NS 300000ull     /* between two looks */
#define TH_ORDER_AHEAD_MAX 512	       /* questions looked at behind an answer's own */

struct th_order;

/* NULL without memory. The run must stay. */
struct th_order *th_order_create(const struct th_run *run);
/* Takes NULL; returns NULL. */
struct th_order *th_order_destroy(struct th_order *o);

/* The question of this exchange has been asked. Thread-safe. */
void th_order_asked(struct th_order *o, const struct th_exchange *x);

/* Somebody connected, and may be about to ask. Thread-safe. */
void th_order_stirred(struct th_order *o);

/* Should an answer due at `since` (th_clock_mono()) still be held back? */
bool th_order_patient(const struct th_order *o, uint64_t since);

/* Has everything been asked that was asked before `time`, a time of the answer of `x`? */
bool th_order_clear(const struct th_order *o, const struct th_exchange *x, uint64_t time);

#endif
