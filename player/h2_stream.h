/* One stream of an HTTP/2 connection of the agent, and how its answer is given. Within player/. */
#ifndef PLAYER_H2_STREAM_H
#define PLAYER_H2_STREAM_H

#include <nghttp2/nghttp2.h>

#include "player/answer.h"
#include "player/h2_duplex.h"
#include "player/h2_taken.h"

/* An agent that does not say what it said then is not waited for longer. */
#define TH_DUPLEX_PATIENCE_NS 5000000000ull

/* A head, with what the fields of a list take. */
#define TH_H2_HEAD_MAX (512u << 10)

enum th_h2_step {
	TH_H2_STEP_ASKING, /* the request is being read */
	TH_H2_STEP_TURN,   /* answering, once it is its turn (order.h) */
	TH_H2_STEP_INTERIMS,
	TH_H2_STEP_HEAD,
	TH_H2_STEP_DATA,
	TH_H2_STEP_CUT,	   /* all that was recorded went; the end is still to be shown */
	TH_H2_STEP_SILENT, /* nothing more was recorded: the agent is expected to give up */
	TH_H2_STEP_LIVE,   /* the network answers (online_h2.h) */
	TH_H2_STEP_OVER,   /* nothing more will come */
};

struct th_h2_session;

struct th_h2_stream {
	struct th_h2_session *session;
	struct th_h2_stream *next;
	int32_t id;
	enum th_h2_step step;
	struct th_buf head; /* as TH_HEAD_LIST */
	bool head_over;
	struct th_buf body, raw; /* raw: as it came, for the network; body is redacted */
	bool continued;		 /* a 100 was sent that nobody has recorded */
	struct th_online_call *live;
	bool may_be_duplex;
	struct th_duplex *duplex;
	uint64_t patient_until; /* th_clock_mono() */
	const struct th_exchange *x;
	char *miss;	      /* JSON of a 424 */
	uint64_t asked_at;    /* th_clock_mono() */
	uint64_t waits_since; /* for its turn, or a part's; th_clock_mono(); 0: it does not */
	bool given;	      /* all of the answer went, or it was given up */
	struct th_timeline timeline;
	size_t interims, piece, offset; /* what has gone */
	bool deferred;			/* nghttp2 waits to be told of more data */
	uint64_t silent_until;		/* SILENT: th_clock_mono() */
};

struct th_h2_session {
	struct th_caller *c;
	nghttp2_session *ng;
	struct th_h2_stream *streams;
	struct th_ending dying; /* not KEEP: a stream ended because the connection did */
	uint64_t dying_since;
	const struct th_connection *recorded; /* of the latest answer */
	uint64_t last_byte;		      /* recorded time of the latest answer's end */
	uint64_t idle_since;		      /* th_clock_mono(); 0: it is not idle */
	uint64_t served;
	uint64_t last_part; /* recorded time of what went last */
	struct th_h2_taken taken;
	struct th_h2_online *live; /* NULL: nothing went to the network */
};

/* Fields as nghttp2 takes them; the caller frees `nv`. */
struct th_h2_fields {
	nghttp2_nv *nv;
	size_t n;
};

/* `copied`: the head goes before nghttp2 has sent them. False without memory. */
bool th_h2_fields_make(const struct th_head *head, bool copied, struct th_h2_fields *ret_fields);

/* Adds a field to a head that is a list (TH_HEAD_LIST). False: it would be larger than
 * TH_H2_HEAD_MAX, of which a sender may need few bytes (RFC 7541 7.3); or no memory. */
bool th_h2_head_add(struct th_buf *head, struct th_slice name, struct th_slice value);

/* The request's head is there, and its body is to follow: a recorded 100 goes out, or an answer
 * that began before the request was over. */
void th_h2_stream_expect(struct th_h2_stream *s);

/* A 100 that nobody recorded: to go live, the body is needed. */
void th_h2_stream_continue(struct th_h2_stream *s);

/* More of the body is there. False: no memory. */
bool th_h2_stream_data(struct th_h2_stream *s, struct th_slice bytes);

/* The request is whole: finds its answer and begins. */
void th_h2_stream_asked(struct th_h2_stream *s);

/* Begins the answer `x`, claimed elsewhere. */
void th_h2_stream_begin(struct th_h2_stream *s, const struct th_exchange *x);

/* Within h2_asking.c and h2_stream.c: the request's head; sends the next interim head of `x`;
 * nanoseconds to wait for what the agent had said before `time` in the recording. */
struct th_head th_h2_stream_request(const struct th_h2_stream *s);
bool th_h2_stream_interim(struct th_h2_stream *s, const struct th_exchange *x);
uint64_t th_h2_stream_wait_for_agent(struct th_h2_stream *s, uint64_t time);

/* Goes as far as time allows. Returns the nanoseconds until there is more to do, UINT64_MAX: not by
 * itself. */
uint64_t th_h2_stream_drive(struct th_h2_stream *s);

/* Is it in the middle of sending? */
bool th_h2_stream_busy(const struct th_h2_stream *s);

struct th_h2_stream *th_h2_stream_new(struct th_h2_session *session, int32_t id);
void th_h2_stream_free(struct th_h2_stream *s);

#endif
