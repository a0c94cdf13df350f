/* HTTP/2 live (online.h): a session of the player's own with the real server, beside the agent's.
 * Within player/. */
#ifndef PLAYER_ONLINE_H2_H
#define PLAYER_ONLINE_H2_H

#include <poll.h>

#include "player/h2_stream.h"

/* Asks the network for the stream's request (s->head, s->raw); the answer goes to the agent as it
 * comes. */
void th_online_h2_ask(struct th_h2_stream *s);

/* The agent's stream is over. */
void th_online_h2_forget(struct th_h2_stream *s);

/* What to wait for; an fd of -1: nothing. */
struct pollfd th_online_h2_poll(const struct th_h2_session *h);

/* Goes as far as it can without waiting. */
void th_online_h2_turn(struct th_h2_session *h);

/* Frees all of it, when the agent's streams are gone. */
void th_online_h2_finish(struct th_h2_session *h);

#endif
