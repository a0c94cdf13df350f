/* Where in a conversation with a model a JSON path is: which message, which block of it. */
#ifndef PLAYER_EXPLAIN_PLACE_H
#define PLAYER_EXPLAIN_PLACE_H

#include "player/canon_json.h"

/* Appends "message 2 (user), block 0 (text): " for "messages[2].content[0].text" of a body in
 * which these are there, "tool 1 (measure): ", "system instructions: "; nothing for any other
 * path. Numbers count from 0, as those of the path. */
void th_explain_place(const struct th_json *body, struct th_slice path, struct th_buf *out);

#endif
