/* From what a connection's server has read to what it is to send: the part that HTTP/1 and HTTP/2
 * have in common. */
#ifndef PLAYER_ANSWER_H
#define PLAYER_ANSWER_H

#include "base/unix_name.h"
#include "capture/redact.h"
#include "player/arrivals.h"
#include "player/bound.h"
#include "player/ca.h"
#include "player/closing.h"
#include "player/index.h"
#include "player/lanes.h"
#include "player/order.h"
#include "player/parsed.h"
#include "player/peers.h"
#include "player/protocol.h"
#include "player/resets.h"
#include "player/stream.h"
#include "player/tally.h"
#include "player/upstream.h"
#include "player/verdicts.h"
#include "player/world.h"

/* What all connections of a replay share; nothing of it changes while they run. */
struct th_serving {
	struct th_run *run;
	struct th_world world;	       /* as the processes of the tree have it */
	struct th_redaction redaction; /* as of the capture */
	const struct th_rules *rules;  /* of TH_MATCH_VOLATILE; NULL: it was not asked for */
	struct th_index *index;
	struct th_order *order;
	struct th_arrivals *arrivals;
	struct th_peers peers;
	struct th_ca *ca;
	struct th_parsed *parsed;
	SSL_CTX *tls;
	struct th_lanes *lanes;
	struct th_resets *resets;
	struct th_bound *bound;
	struct th_verdicts *verdicts;
	struct th_tally *tally;
	enum th_on_miss on_miss;
	struct th_online *live;		      /* NULL: nothing ever goes to the network */
	const struct th_exchange *live_after; /* once this was asked for, misses go there */
	double pace;
	bool extended_connect; /* some server of the run took one (RFC 8441) */
	size_t left_out;       /* exchanges behind the one at which the replay ends */
	uint64_t silence_ns;   /* least patience with an agent that waits in vain; 0: the usual */
};

/* One connection of the agent. */
struct th_caller {
	struct th_serving *serving;
	struct th_hello hello;
	struct th_stream stream;
	struct th_asker asker;
	struct th_process process; /* as a recording would have them */
	struct th_connection connection;
	char sni[256];
	uint32_t verdict;      /* TH_TLS_CODE() of the recorded handshake; 0: it was good */
	bool relayed;	       /* that was told by a relay */
	uint8_t alert;	       /* of the server's once hands were shaken; 0: none */
	struct th_canon canon; /* used again for each request */
	bool head_read;	       /* of the request being answered: canon is of its head */
	const struct th_exchange *last; /* that it was answered with; NULL: none yet */
	struct th_buf redacted;		/* the head of the request being answered */
	struct th_buf asked;		/* as it came; empty: not kept */
	struct th_length_line asked_line, redacted_line;
	bool asked_list;
	struct th_buf tunnel;  /* the head of the CONNECT that brought us here */
	struct th_upstream up; /* for what goes live */
	struct th_buf met; /* certificates that the agent was shown as the server's, as up.chain */
	char live_why[TH_UPSTREAM_WHY_BYTES];
};

/* Fills in what the hello says; the stream's descriptor is the caller's. */
void th_caller_init(
	struct th_caller *c, struct th_serving *serving, const struct th_hello *hello, int fd);
void th_caller_finish(struct th_caller *c);

/* Makes an exchange of a request as it came, without its body; the head is redacted as the
 * capture's is. Slices point into `head` and the caller's buffers. False: no memory. */
bool th_answer_head(
	struct th_caller *c, struct th_head head, uint8_t version, struct th_exchange *ret_asked);

/* The same of a head that th_answer_head_again() found at the beginning of `in`. */
bool th_answer_head_known(struct th_caller *c, struct th_slice in,
	const struct th_head_again *again, uint8_t version, struct th_exchange *ret_asked);

/* Does `in` begin with a head of HTTP/1 that is the one before on this connection, but for its
 * length? */
bool th_answer_head_again(
	const struct th_caller *c, struct th_slice in, struct th_head_again *ret_again);

/* Makes the canonical form of that head in c->canon, once. False: it cannot be read. */
bool th_answer_read_head(struct th_caller *c, const struct th_exchange *asked);

/* Adds the body as it came, in the caller's own memory: it is redacted there as the capture's are.
 * `piece` is storage for it. */
void th_answer_body(struct th_caller *c, struct th_exchange *asked, struct th_slice body,
	struct th_piece *piece);

enum th_found {
	TH_FOUND_NOTHING,  /* a miss */
	TH_FOUND_RECORDED, /* *ret_claim */
	TH_FOUND_LIVE,	   /* nothing is recorded, and the network is to be asked (online.h) */
};

/* Claims the answer. Of a miss, unless misses abort, *ret_body is the JSON of a 424 (DESIGN 1.1),
 * which the caller frees. Counts what is recorded or missed, and notes the request as asked
 * (order.h). */
enum th_found th_answer_find(struct th_caller *c, const struct th_exchange *asked,
	struct th_claim *ret_claim, char **ret_body);

/* Claims an answer that was given before the request's body came (Expect), by the head alone. */
bool th_answer_find_early(
	struct th_caller *c, const struct th_exchange *asked, struct th_claim *ret_claim);

/* HTTP/1: claims an answer that began, or a request that was cut, before its body was over
 * (h1_early.h), by the head in c->canon and `sent`, what there is of the body. */
bool th_answer_find_begun(struct th_caller *c, struct th_slice sent, struct th_claim *ret_claim);

/* From how many bytes of the body on, `from` at least, that may succeed; SIZE_MAX: never. */
size_t th_answer_early_need(struct th_caller *c, size_t from);

/* Takes nothing more from an agent whose sending failed in the request of `x`. */
void th_caller_refuse(struct th_caller *c, const struct th_exchange *x);

/* Claims an answer that began before the request was over (h2_duplex.h), by the head in c->canon
 * and what there is of the body. */
bool th_answer_find_duplex(struct th_caller *c, struct th_slice sent, struct th_claim *ret_claim);

/* Counts a whole connection as a miss: "connect 192.0.2.1:5432". */
void th_caller_miss_peer(struct th_caller *c, const char *why);

/* The peer as reports name it. */
#define TH_PEER_TEXT_BYTES (TH_UNIX_NAME_BYTES + 24)
void th_peer_text(const struct th_hello *h, char ret_text[TH_PEER_TEXT_BYTES]);

/* "POST https://host/path", from canonical text, so without anything secret; valid UTF-8. The
 * caller frees; NULL without memory. */
char *th_answer_request_line(const struct th_canon *c);

/* When recorded things are due: their distance to the end of the request, by the pace. */
struct th_timeline {
	uint64_t start, recorded_start;
	double pace;
};

struct th_timeline th_timeline_begin(const struct th_serving *s, const struct th_exchange *x);

/* Nanoseconds to wait until what was recorded at `time`; 0: now. */
uint64_t th_timeline_wait(const struct th_timeline *t, uint64_t time);

/* What follows the last byte of an answer. */
enum th_after {
	TH_AFTER_KEEP,	      /* the connection goes on */
	TH_AFTER_NOTIFY,      /* closed in good order */
	TH_AFTER_NOTIFY_ONLY, /* close_notify, but the socket stays until the agent closes, too */
	TH_AFTER_FIN,	      /* closed without close_notify */
	TH_AFTER_RESET,	      /* closed, and to the agent it is `code` */
	TH_AFTER_ALERT,	      /* TLS: the alert `code`, and closed */
	TH_AFTER_SILENT,      /* nothing more until the agent gives up */
};

struct th_ending {
	enum th_after after;
	uint32_t code; /* errno of a reset; number of an alert */
	bool refuses;  /* RESET: what the agent sends from now on fails */
	uint64_t
		patience_ns; /* SILENT: the agent gave up well within it; longer is no repetition */
	uint64_t idle_ns; /* KEEP: the peer closed so long after, if nobody asked again; 0: never */
	uint64_t idle_until;		   /* when that was, in the recording; 0: it is not known */
	const struct th_connection *there; /* only what was asked of its server counts for that */
	bool at_once;		       /* it is to be there when the agent next looks, or sends */
	enum th_after then;	       /* how */
	const struct th_exchange *cut; /* SILENT: the exchange whose answer stops here */
};

/* HTTP/1: what to do after the answer of `x`. */
struct th_ending th_ending_of(
	struct th_serving *s, const struct th_exchange *x, const struct th_closing *closing);

/* HTTP/2: a stream ended because its connection did; KEEP when it did not. */
struct th_ending th_ending_of_stream(struct th_serving *s, const struct th_exchange *x);

/* HTTP/2: how the connection ended after all its streams were done. */
struct th_ending th_ending_of_connection(
	struct th_serving *s, const struct th_connection *conn, uint64_t last);

/* Nanoseconds until the peer of an idle connection (`idle_ns`) goes, after which to ask again; 0:
 * now. `waited` since the connection is idle. What the recorded agent had asked by then, anywhere,
 * shall have been asked: a slow agent would meet a closed connection else, or a pool that hands
 * out its connections in another order. */
uint64_t th_ending_idle_left(struct th_serving *s, const struct th_ending *e, uint64_t waited);

/* Notes as missed that the agent waits longer for the rest of an answer than the recording can
 * tell of. */
void th_caller_silent_too_long(struct th_caller *c, const struct th_exchange *x);

/* Notes as missed that the agent does not go on with a request as it did, whose answer has begun.
 */
void th_caller_strayed(struct th_caller *c, const struct th_exchange *x, const char *why);

/* Carries an ending out (all but KEEP): returns when the agent has closed, too. */
void th_caller_end(struct th_caller *c, const struct th_ending *e);

#endif
