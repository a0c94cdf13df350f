/* Which recorded exchange answers a request: fingerprint → queues of answers, claimed once each
 * (DESIGN 2.4).
 *
 * Preferred in this order: the asker's own lane (process, thread, connection), its process and
 * thread, then issue order; each first among what was asked with the same credentials, then among
 * all. Each preference is a queue of its own whose head moves past what has
 * been claimed, so a look-up costs the same with 10 and with 100,000 spans. Thread-safe. */
#ifndef PLAYER_INDEX_H
#define PLAYER_INDEX_H

#include "player/canon_request.h"
#include "player/closing.h"
#include "player/player.h"
#include "player/rules.h"
#include "player/sockets.h"

#define TH_LANE_UNKNOWN UINT32_MAX

/* Who asks, in the recording's terms. */
struct th_asker {
	uint8_t version;     /* 10, 11, 20 */
	uint32_t process;    /* th_index_lane() */
	uint32_t thread;     /* ordinal in the process */
	uint32_t connection; /* how many the process had opened by then: th_sockets_ordinal() */
};

struct th_claim {
	const struct th_exchange *x;
	bool crossed; /* it is another process's or thread's, and there were several to choose from
		       */
	const char *relaxed; /* the relaxation that it took, "volatile" or "sequence"; NULL: none */
};

/* What an index knows about a request that nothing answers. */
struct th_near {
	size_t same;		      /* recorded with this fingerprint and version, all claimed */
	uint8_t other_version;	      /* the same request was recorded over this version; 0: no */
	const struct th_exchange **x; /* of the same endpoint, in issue order; the caller frees */
	size_t n;
	size_t total;
};

#define TH_NEAR_MAX 64 /* unclaimed first */

struct th_index;

/* Indexes every exchange of the run that has a request. `match` is bits of enum th_match; `rules`
 * are for VOLATILE, else NULL. NULL without memory. The run and the rules must stay. */
struct th_index *th_index_create(
	const struct th_run *run, unsigned match, const struct th_rules *rules);

/* Takes NULL; returns NULL. */
struct th_index *th_index_destroy(struct th_index *ix);

/* The number of the process that has this lane (lanes.h), or TH_LANE_UNKNOWN. */
uint32_t th_index_lane(const struct th_index *ix, const char *lane);

/* Claims the answer to a request. With rules, c->masked must have been taken. False: none. */
bool th_index_claim(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	struct th_claim *ret_claim);

/* Where what is asked equals, to the byte, a recorded request that is likely to be asked now, after
 * `last` (NULL: nothing) on this connection: claims what th_index_claim() would. `c` is what
 * th_canon_request_head() made of it, and has `full` and `kind` then. False: nothing is said of it,
 * and nothing claimed. */
bool th_index_claim_likely(struct th_index *ix, const struct th_exchange *asked,
	const struct th_exchange *last, struct th_canon *c, const struct th_asker *who,
	struct th_claim *ret_claim);

/* The exchange that th_index_claim() may come to choose for a head whose body waits for 100
 * (Expect), by its head alone: to see which interim answers it has. Claims nothing; NULL: none. */
const struct th_exchange *th_index_peek_head(
	struct th_index *ix, const struct th_canon *c, const struct th_asker *who);

/* Claims an exchange whose request was answered before its body was whole: by head, and the wire
 * bytes of its body must be a prefix of `sent`. */
bool th_index_claim_partial(struct th_index *ix, const struct th_canon *c, struct th_slice sent,
	const struct th_asker *who, struct th_claim *ret_claim);

/* HTTP/1: claims an exchange that was answered or cut before its body was over (h1_early.h), by its
 * head and by `sent`, what there is of its body. */
bool th_index_claim_early(struct th_index *ix, const struct th_canon *c, struct th_slice sent,
	const struct th_asker *who, struct th_claim *ret_claim);

/* From how many bytes of the body on, `from` at least, there may be one; SIZE_MAX: never. */
size_t th_index_early_need(
	struct th_index *ix, const struct th_canon *c, const struct th_asker *who, size_t from);

/* Claims an exchange that was answered before its request was over (h2_duplex.h), by its head and
 * by `sent`, what there is of its body. */
bool th_index_claim_duplex(struct th_index *ix, const struct th_canon *c, struct th_slice sent,
	const struct th_asker *who, struct th_claim *ret_claim);

/* Is there one with this head that is not claimed? */
bool th_index_has_duplex(struct th_index *ix, const struct th_canon *c, const struct th_asker *who);

/* Was this exchange given as an answer? */
bool th_index_was_claimed(struct th_index *ix, const struct th_exchange *x);

/* How many have not been claimed. */
size_t th_index_unused(struct th_index *ix);

/* The sockets of the run; the index's own. */
const struct th_sockets *th_index_sockets(const struct th_index *ix);

/* Is there an exchange that began before `time` and has not been claimed? */
bool th_index_left_before(struct th_index *ix, uint64_t time);

/* The same, of those that its process sent to the server of `conn`. */
bool th_index_left_there(struct th_index *ix, const struct th_connection *conn, uint64_t time);

/* How many exchanges of this recorded connection have not been claimed. */
size_t th_index_left_on(struct th_index *ix, const struct th_connection *conn);

/* For the explanation of a miss. 0 or -ENOMEM. */
int th_index_near(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	struct th_near *ret_near);

/* th_closing_of() an exchange of the index. */
struct th_closing th_index_closing(const struct th_index *ix, const struct th_exchange *x);

/* `x` was answered; see th_likely_fetch(). */
void th_index_fetch(const struct th_index *ix, const struct th_exchange *x);

#endif
