/* Answers of HTTP/1 on their way to the agent: what the recorded agent was given by one call leaves
 * in one piece, one TLS record or one system call.
 *
 * It matters where an agent drops what it has read too much: Python's http.client takes a 103 for
 * the final answer, so that one which came with it is lost, and one which came later is read as
 * the answer to the next request. */
#ifndef PLAYER_H1_OUT_H
#define PLAYER_H1_OUT_H

#include "player/stream.h"

struct th_h1_out {
	struct th_stream *stream;
	struct th_slice held; /* not sent yet; in joined, when it is of several parts */
	struct th_buf joined;
	uint64_t time; /* of the part that was put last */
};

/* Was what is recorded at `time` read together with what was put last and is not sent yet? */
bool th_h1_out_goes_on(const struct th_h1_out *o, uint64_t time);

/* Adds a part that was read at `time`; the bytes must stay until they are sent. 0 or a negative
 * errno. */
int th_h1_out_put(struct th_h1_out *o, uint64_t time, struct th_slice bytes);

/* Nothing more was read with what is held. 0 or a negative errno. */
int th_h1_out_end_read(struct th_h1_out *o);

/* Nothing more follows: what is held is gathered in the stream, and not sent. */
int th_h1_out_last(struct th_h1_out *o);

/* Sends all. 0 or a negative errno. */
int th_h1_out_flush(struct th_h1_out *o);

/* For th_cleanup() too. */
void th_h1_out_finish(struct th_h1_out *o);

#endif
