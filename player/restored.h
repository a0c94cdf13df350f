/* Answers as the agent got them: what was replaced in their heads is put back, where it was kept
 * and this user has the key (capture/kept.h). Where not, an answer keeps its stand-ins, and is
 * marked (th_exchange.stood_in), so that the report can say so. Only the player does this: what
 * shows or exports a capture never sees more than stand-ins.
 */
#ifndef PLAYER_RESTORED_H
#define PLAYER_RESTORED_H

#include "capture/answers_key.h"
#include "player/buf.h"
#include "trace/trace.h"

struct th_restored_value;

struct th_restored {
	struct th_restored_value *values; /* by token */
	size_t n_values;
	void **owned; /* what was decrypted, and heads that were made anew */
	size_t n_owned;
	const char *why; /* values that were kept could not be read, one clause; NULL: all could */
};

/* Restores the run's answers, whose heads point into `r` from then on. `where` the user's keys may
 * be. 0 or -ENOMEM. */
int th_restored_run(struct th_restored *r, const struct th_reader *reader,
	const struct th_answers_where *where, const struct th_run *run);

/* The run must not be used afterwards. */
void th_restored_finish(struct th_restored *r);

#endif
