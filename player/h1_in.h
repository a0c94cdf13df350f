/* Requests of HTTP/1 as the agent sends them: bytes in one buffer, of which one request at a time
 * is taken, as far as it is there. What came behind it stays for the next. */
#ifndef PLAYER_H1_IN_H
#define PLAYER_H1_IN_H

#include "player/buf.h"
#include "wire/http1.h"

struct th_h1_in {
	struct th_buf buf; /* the request, and what came behind it */
	size_t at;	   /* of it, what the parser has taken */
	struct th_h1_parser parser;
	size_t head_n;	      /* 0: the head is not whole */
	bool whole;	      /* the request has been taken to its end */
	enum th_h1_body body; /* of the request, once its head is whole */
};

/* Forgets the request that was taken; the next one begins. */
void th_h1_in_next(struct th_h1_in *in);

/* Takes what is there of the request, its head first, and its body by a further call. False: it is
 * no HTTP/1. */
bool th_h1_in_take(struct th_h1_in *in);

/* As th_h1_in_take() takes a head, one of `n` bytes of which it is known already that its body is
 * `length` bytes long, or that there is none. */
void th_h1_in_take_known(struct th_h1_in *in, size_t n, uint64_t length);

/* The head, and what was taken of the body, as on the wire. */
struct th_slice th_h1_in_head(const struct th_h1_in *in);
struct th_slice th_h1_in_body(const struct th_h1_in *in);

/* What was not taken. */
struct th_slice th_h1_in_unread(const struct th_h1_in *in);

#endif
