/* The recorded request that is probably asked: the next one of the same connection, or of the same
 * endpoint. Where what is asked is that one to the byte, its fingerprints are known, and neither
 * the canonical form of the body nor a digest of it has to be made: an agent that resends its
 * history with each turn is recognised at the speed of memory.
 *
 * This decides nothing: it tells what th_canon_request() would say. */
#ifndef PLAYER_LIKELY_H
#define PLAYER_LIKELY_H

#include "player/canon_request.h"
#include "player/closing.h"

struct th_likely;

/* For a run, of whose exchanges nothing is known yet; they must stay. NULL without memory. */
struct th_likely *th_likely_create(const struct th_run *run);
/* Takes NULL; returns NULL. */
struct th_likely *th_likely_destroy(struct th_likely *l);

/* Notes what th_canon_request() has made of a recorded exchange; in the run's order. `connection`
 * is a number below the run's count of them, or any larger one: none. `queue` is the caller's. */
void th_likely_note(struct th_likely *l, const struct th_exchange *x, uint32_t connection,
	uint32_t queue, const struct th_canon *c);

/* What was noted as the queue of x. */
uint32_t th_likely_queue(const struct th_likely *l, const struct th_exchange *x);

/* What the messages of x, which was noted, say of how their connection goes on. */
struct th_closing th_likely_closing(const struct th_likely *l, const struct th_exchange *x);

/* The one that was noted next on the same connection; NULL: none. */
const struct th_exchange *th_likely_after(const struct th_likely *l, const struct th_exchange *x);

/* Would th_canon_request() say of what is asked what it said of x? `c` is what
 * th_canon_request_head() made of it; `full` and `kind` are set then. False: it is not known. */
bool th_likely_is(const struct th_likely *l, const struct th_exchange *x,
	const struct th_exchange *asked, struct th_canon *c);

/* `x` was answered: brings what is likely to be asked and answered next into the caches, while
 * nobody waits for it. Of a run of any size it has been read long ago. */
void th_likely_fetch(const struct th_likely *l, const struct th_exchange *x);

#endif
