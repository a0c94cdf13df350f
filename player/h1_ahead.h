/* Requests of HTTP/1 that follow on a connection before the answer to one has come whole: of an
 * agent that pipelines, and of one that has given the answer up (h1_out.h). What was read of the
 * answer after they had been sent must not come before they are sent. */
#ifndef PLAYER_H1_AHEAD_H
#define PLAYER_H1_AHEAD_H

#include "player/index.h"
#include "trace/trace.h"

struct th_h1_ahead {
	const struct th_run *run;
	const struct th_exchange *x; /* whose answer is being given */
	size_t at;		     /* of the run's exchanges, the next to look at */
	size_t sent;
	const struct th_exchange *next; /* the first that followed x; NULL: none by then */
};

struct th_h1_ahead th_h1_ahead_begin(const struct th_run *run, const struct th_exchange *x);

/* How many requests the recorded agent had sent behind x on its connection by then. Times do not
 * decrease from call to call. */
size_t th_h1_ahead_by(struct th_h1_ahead *a, uint64_t time);

/* How many of those that th_h1_ahead_by() counted have not been asked elsewhere: which connection
 * takes the next request of several is a race in many agents. */
size_t th_h1_ahead_unasked(const struct th_h1_ahead *a, struct th_index *ix);

/* How many heads of requests there are, in bytes that begin with one. */
size_t th_h1_ahead_count(struct th_slice unread);

#endif
