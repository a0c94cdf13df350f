/* Are two messages of a WebSocket the same? Text that is JSON is compared as JSON. */
#ifndef PLAYER_SAME_MESSAGE_H
#define PLAYER_SAME_MESSAGE_H

#include "player/script.h"

/* A recorded frame, and the head and the unmasked payload of one that was just sent. */
bool th_same_message(
	const struct th_said *then, const struct th_ws_frame *f, struct th_slice payload);

#endif
