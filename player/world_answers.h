/* The part of a world file that holds what name servers answered (struct th_world_dns).
 *
 * Of several answers to one question the first of those that say most is kept: records before their
 * absence, that before a failure, anything before silence. So who asks once in a replay where the
 * recording had to ask again is answered at once. */
#ifndef PLAYER_WORLD_ANSWERS_H
#define PLAYER_WORLD_ANSWERS_H

#include "player/world.h"
#include "trace/trace.h"

struct th_world_answers {
	struct th_world_dns *entries;
	struct th_world_answer *answers; /* sorted; as many as entries, once gathered */
	size_t n;
	size_t bytes; /* of names and messages */
};

/* 0 or -ENOMEM. */
int th_world_answers_gather(struct th_world_answers *a, const struct th_run *run);

/* Appends names and messages to `out`, whose first byte is the file's, and tells the entries. */
void th_world_answers_lay(struct th_world_answers *a, struct th_out *out);

void th_world_answers_finish(struct th_world_answers *a);

#endif
