/* The first difference of two JSON values, as a path and both values. */
#ifndef PLAYER_EXPLAIN_JSON_H
#define PLAYER_EXPLAIN_JSON_H

#include "player/canon_json.h"

/* Appends "messages[2].content at character 17: asked "…", recorded "…"". False: they are equal. */
bool th_explain_json(
	const struct th_json *asked, const struct th_json *recorded, struct th_buf *out);

#endif
