/* A connection after it left HTTP: WebSocket (RFC 6455), or any other protocol behind a 101 or
 * inside a CONNECT. Plays the recorded server's part by its script (script.h): each part comes when
 * the agent has said what it had said before it then. */
#ifndef PLAYER_DIALOG_H
#define PLAYER_DIALOG_H

#include "player/answer.h"
#include "player/script.h"

/* Sends the head of the answer; a Sec-WebSocket-Accept in it is made to fit the key in `asked`. 0
 * or a negative errno. */
int th_dialog_begin(struct th_caller *c, const struct th_exchange *x, const struct th_head *asked);

/* Serves to the end of the connection; `early` is what was read behind the request. */
void th_dialog_serve(struct th_caller *c, const struct th_exchange *x, struct th_slice early);

#endif
