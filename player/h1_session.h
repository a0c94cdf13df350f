/* One connection of HTTP/1 as it is served (serve_h1.c): what has been read of it, and how far its
 * answer has gone. Here is how it is read: a request whole into one buffer, its head first. */
#ifndef PLAYER_H1_SESSION_H
#define PLAYER_H1_SESSION_H

#include "player/answer.h"
#include "player/h1_ahead.h"
#include "player/h1_in.h"
#include "player/h1_out.h"

/* Of the head before, as long as heads differ in their length alone. */
struct th_h1_known {
	bool plain; /* the body is as long as the head says, or there is none */
	bool expects;
	uint8_t version;
};

struct th_h1_session {
	struct th_caller *c;
	struct th_h1_in in;
	struct th_h1_known known;
	bool again; /* the head is the one before, but for its length; `like` says more */
	struct th_head_again like;
	bool alone;	 /* nothing of it was there when the answer before was sent */
	bool readable;	 /* its head */
	bool continued;	 /* a 100 was sent that nobody has recorded */
	size_t interims; /* of the answer, already sent */
	struct th_h1_out out;
	struct th_h1_ahead ahead;
	const struct th_exchange *early; /* being answered before its body was over; or NULL */
	uint64_t served;		 /* bytes of this answer */
	const struct th_exchange *given; /* the answer sent last, if it may not be read yet */
	struct th_given taking;
	struct th_ending idle; /* KEEP: how the peer went when nobody asked again */
};

/* More bytes behind those in `in`. False: the agent is gone. */
bool th_h1_session_more(struct th_h1_session *s);

/* The next request's head, when it comes. False: the connection is over. */
bool th_h1_session_head(struct th_h1_session *s);

/* Takes more of the body. False: there is none, or the connection is over. */
bool th_h1_session_part(struct th_h1_session *s);

/* The rest of it. */
bool th_h1_session_body(struct th_h1_session *s);

/* Ends the connection, behind what is to be sent. */
void th_h1_session_end(struct th_h1_session *s, const struct th_ending *e);

/* Ends the connection over bytes that nothing can be answered to. False. */
bool th_h1_session_not_http(struct th_h1_session *s);

#endif
