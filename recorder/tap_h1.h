/* Inside the HTTP/1 tap: its state, shared by its three files (tap_h1.c, h1_request.c,
 * h1_response.c). */
#ifndef RECORDER_TAP_H1_H
#define RECORDER_TAP_H1_H

#include "recorder/conn.h"
#include "recorder/h1_memory.h"
#include "recorder/hold.h"
#include "wire/http1.h"

#define TH_H1_PIPELINE_MAX 64	   /* requests awaiting their response */
#define TH_H1_HELD_MAX (64u << 10) /* response bytes that came before their request */

enum th_h1_method {
	TH_H1_OTHER_METHOD,
	TH_H1_HEAD_METHOD,
	TH_H1_CONNECT_METHOD,
};

/* Expect: 100-continue of the request being sent. */
enum th_h1_expect {
	TH_H1_NOT_WAITING,
	TH_H1_WAITING, /* the body is held back until an interim response, or patience ends */
	TH_H1_REFUSED, /* a final response came instead: the body may never be sent */
};

/* After 101 or a CONNECT that succeeded. */
enum th_h1_tunnel {
	TH_H1_NO_TUNNEL,
	TH_H1_CONNECTED, /* nothing was sent through it yet */
	TH_H1_THROUGH,	 /* its bytes are the exchange's data */
	TH_H1_SECRET,	 /* it carries TLS: its bytes are not recorded */
};

/* An exchange whose response is due. */
struct th_h1_asked {
	uint32_t id;
	uint8_t method; /* enum th_h1_method */
};

struct th_h1 {
	struct th_conn *conn;
	uint8_t tunnel; /* enum th_h1_tunnel */

	struct th_h1_parser req;
	struct th_gather req_head; /* or, when REFUSED, bytes that are either head or body */
	uint32_t sending;	   /* exchange whose request goes on, 0: none */
	uint8_t expect;		   /* enum th_h1_expect, of it */

	struct th_gather req_trailer;
	struct th_hold req_hold;

	struct th_h1_parser res;
	struct th_gather res_head;
	uint32_t res_written; /* bytes of res_head that are in the capture */
	bool res_interim;     /* so far it is a 1xx head, which is written when it is whole */
	struct th_gather res_trailer;
	struct th_hold res_hold;
	bool until_close;
	struct th_gather held;
	bool reading_held; /* it is read now; its memory is about to go */

	struct th_h1_asked asked[TH_H1_PIPELINE_MAX]; /* a ring, oldest first */
	uint32_t first, count;
	uint8_t heard; /* by other processes, when the newest was asked (foreign.h) */

	bool again; /* it has been asked something before */
	struct th_h1_memory *memory;
};

/* As in struct th_tap (h1_rewrite.c). */
bool th_h1_may_begin(const void *state);
bool th_h1_rewrite(const void *state, struct th_slice in, struct th_rewrite *w);

/* Bytes sent, in messages. False as in struct th_tap. */
bool th_h1_read_requests(struct th_h1 *t, struct th_slice in);
/* As recognise in struct th_tap. */
int th_h1_recognise(struct th_slice in);
/* The request being sent ends here. */
void th_h1_end_request(struct th_h1 *t, enum th_end how, uint32_t code);

/* Bytes received, in messages. */
bool th_h1_read_responses(struct th_h1 *t, struct th_slice in);
/* Keeps a response that comes before its request; false: it cannot be one, and so is no HTTP. */
bool th_h1_hold(struct th_h1 *t, struct th_slice in);
/* Reads what was kept, when the request just seen is the one it answers. */
bool th_h1_read_held(struct th_h1 *t);
/* The oldest response due ends here. */
void th_h1_end_response(struct th_h1 *t, enum th_end how, uint32_t code);

/* A piece of a trailer section: written when it is whole. False: there is no room to wait for that.
 */
bool th_h1_trailer(struct th_gather *g, struct th_hold *body, uint32_t exchange, uint8_t type,
	const struct th_h1_event *ev);
/* The message is cut, perhaps within its trailer section: what there is of it is written. */
void th_h1_end_body(struct th_gather *g, struct th_hold *body, uint32_t exchange, uint8_t type);

static inline struct th_redact_memory *th_h1_remembered(struct th_h1 *t, enum th_redact_side side)
{
	return t->memory ? &t->memory->side[side] : NULL;
}

/* What of a body of `length` bytes came with its head, for one frame: nothing where it may have to
 * be held back. */
static inline struct th_slice th_h1_body_with_head(
	enum th_redact_side side, enum th_h1_body body, uint64_t length, struct th_slice rest)
{
	if (body != TH_H1_BODY_LENGTH || rest.n == 0 || th_hold_hides(side)) {
		return (struct th_slice){NULL, 0};
	}
	rest.n = rest.n < length ? rest.n : (size_t)length;
	rest.n = rest.n < TH_FRAME_PAYLOAD_MAX ? rest.n : TH_FRAME_PAYLOAD_MAX;
	return rest;
}

/* Bytes of a tunnel. */
void th_h1_tunnel_sent(struct th_h1 *t, struct th_slice in);
void th_h1_tunnel_received(struct th_h1 *t, struct th_slice in);

static inline const struct th_h1_asked *th_h1_oldest(const struct th_h1 *t)
{
	return t->count ? &t->asked[t->first] : NULL;
}

/* Empty lines before a head are no part of a message (RFC 9112 2.2). */
static inline struct th_slice th_h1_skip_empty_lines(struct th_slice in)
{
	while (in.n && (in.p[0] == '\r' || in.p[0] == '\n')) {
		in.p++;
		in.n--;
	}
	return in;
}

static inline struct th_slice th_h1_rest(struct th_slice in, size_t taken)
{
	return (struct th_slice){in.p + taken, in.n - taken};
}

/* "HTTP/1.0" or "HTTP/1.1" as the frames have it. */
static inline uint8_t th_h1_version(struct th_slice text)
{
	return text.p[7] == '0' ? 10 : 11;
}

#endif
