/* Message framing of HTTP/1.0 and 1.1 (RFC 9112), one direction of one connection, incremental.
 *
 * The parser is pulled: give it bytes, it says what the next ones are and how many it took. It
 * keeps nothing but a few counters; slices point into the caller's bytes. Heads are found by
 * looking for the empty line; whoever needs a head in one piece gathers the pieces. */
#ifndef WIRE_HTTP1_H
#define WIRE_HTTP1_H

#include "base/bytes.h"
#include "wire/head.h"

#define TH_H1_HEAD_MAX (256u << 10) /* a longer head is an error */

enum th_h1_kind {
	TH_H1_MORE,  /* all bytes taken, nothing to say */
	TH_H1_HEAD,  /* a piece of a head; `last`: it ends here, call th_h1_body() next */
	TH_H1_BODY,  /* a piece of the body, as on the wire with chunk framing; `last`: message ends
		      */
	TH_H1_ERROR, /* not HTTP/1 from here on */
};

struct th_h1_event {
	enum th_h1_kind kind;
	bool last;
	bool trailer; /* BODY: of the trailer section, which is in pieces of its own if it has
		       * fields */
	struct th_slice bytes;
};

struct th_h1_parser {
	uint8_t state; /* 0: before a head */
	uint8_t line;  /* where in a head's line end */
	uint8_t chunk; /* where in chunk framing */
	bool any;      /* a byte of the present head was seen */
	bool trailer;  /* within a trailer section that is given by itself */
	uint32_t head_len;
	uint64_t left; /* body or chunk bytes to come */
};

/* Takes a prefix of `in` and returns its length (0 only with ERROR or empty input). Empty lines
 * before a head are taken as part of it (RFC 9112 2.2). */
size_t th_h1_next(struct th_h1_parser *p, struct th_slice in, struct th_h1_event *ret_event);

/* Has nothing been taken of the next head? Who then takes all of it from the bytes by himself calls
 * th_h1_body() next. */
bool th_h1_is_between(const struct th_h1_parser *p);

/* How the body of a message is delimited (RFC 9112 6.3). */
enum th_h1_body {
	TH_H1_BODY_NONE,
	TH_H1_BODY_LENGTH,
	TH_H1_BODY_CHUNKED,
	TH_H1_BODY_UNTIL_CLOSE,
	TH_H1_BODY_TUNNEL, /* 101, or 2xx to CONNECT: what follows is another protocol */
	TH_H1_BODY_BAD,
};

/* *ret_length is set for LENGTH. Transfer-Encoding goes before Content-Length (6.3, rule 3), also
 * in HTTP/1.0, as clients have it. */
enum th_h1_body th_h1_request_framing(const struct th_head *head, uint64_t *ret_length);
/* `method` of the request that is answered. 1xx other than 101 have no body. */
enum th_h1_body th_h1_response_framing(
	const struct th_head *head, struct th_slice method, uint64_t *ret_length);

/* The same of a head's bytes. */
static inline enum th_h1_body th_h1_request_body(struct th_slice head, uint64_t *ret_length)
{
	return th_h1_request_framing(&(struct th_head){.bytes = head}, ret_length);
}

static inline enum th_h1_body th_h1_response_body(
	struct th_slice head, struct th_slice method, uint64_t *ret_length)
{
	return th_h1_response_framing(&(struct th_head){.bytes = head}, method, ret_length);
}

/* After the last HEAD piece: tells the parser what follows. For NONE (and LENGTH 0) the message is
 * over and the parser is before the next head; no BODY event comes. */
void th_h1_body(struct th_h1_parser *p, enum th_h1_body body, uint64_t length);

#endif
