/* All differences of two JSON values, each as a path and two nodes.
 *
 * Members are compared by name. Of arrays of different lengths the equal elements at both ends are
 * set aside first, so that a message put in between is one difference and not one for each message
 * behind it. */
#ifndef PLAYER_JSON_DIFF_H
#define PLAYER_JSON_DIFF_H

#include "player/canon_json.h"

struct th_json_difference {
	struct th_slice path;	/* "messages[2].content"; empty: the whole value */
	uint32_t a, b;		/* nodes; TH_JSON_NONE: not there */
	bool is_text;		/* both are strings */
	size_t byte, character; /* if so: where they part, the character's first byte */
};

/* False: that is enough. */
typedef bool th_json_difference_fn(void *ctx, const struct th_json_difference *d);

/* Calls `fn` for each difference in the order in which they stand. False: the values are equal. */
bool th_json_diff(
	const struct th_json *a, const struct th_json *b, th_json_difference_fn *fn, void *ctx);

/* Appends a member's name to a path: ".name", "[\"odd name\"]". */
void th_json_path_add_key(struct th_buf *path, struct th_slice key);

#endif
