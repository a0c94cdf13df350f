/* Why nothing that was recorded answers a request: the nearest recorded span and the first
 * difference (DESIGN 1.1). One line of valid UTF-8, values cut short. */
#ifndef PLAYER_EXPLAIN_H
#define PLAYER_EXPLAIN_H

#include "player/index.h"

/* The caller frees; NULL without memory. `run` is what `near` came from; what `rules` (NULL: none)
 * let pass is no difference. */
char *th_explain_miss(const struct th_run *run, const struct th_rules *rules,
	const struct th_canon *asked, const struct th_near *near);

/* First difference of two canonical requests, "" when they are equal. */
void th_explain_difference(
	const struct th_canon *asked, const struct th_canon *recorded, struct th_buf *out);

/* At most `max` bytes for a line of text: control characters and broken UTF-8 made visible. */
void th_explain_text(struct th_slice s, size_t max, struct th_buf *out);

/* The same in quotes. */
void th_explain_quote(struct th_slice s, size_t max, struct th_buf *out);

#endif
