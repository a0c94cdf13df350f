/* What the messages of a recorded HTTP/1 exchange themselves say of how its connection goes on. It
 * stays as it is, and is found out beforehand (th_index_closing()). */
#ifndef PLAYER_CLOSING_H
#define PLAYER_CLOSING_H

#include "trace/trace.h"

struct th_closing {
	bool until;  /* the answer's body goes on until it is closed */
	bool said;   /* it is closed behind the answer */
	bool tunnel; /* what follows is another protocol's: th_tunnel_is() */
};

struct th_closing th_closing_of(const struct th_exchange *x);

#endif
