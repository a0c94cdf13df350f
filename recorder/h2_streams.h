/* Inside the recorder: the streams of an HTTP/2 connection that are in progress. */
#ifndef RECORDER_H2_STREAMS_H
#define RECORDER_H2_STREAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder/hold.h"

#define TH_H2_STREAMS_MAX 4096 /* at once; further ones are counted as lost */
#define TH_H2_STREAM_CHAINS 256

enum th_h2_side {
	TH_H2_REQUEST,
	TH_H2_RESPONSE,
};

struct th_h2_stream {
	struct th_h2_stream *next; /* in its chain */
	uint32_t id;
	uint32_t exchange;
	struct {
		bool head; /* its (final) head was seen */
		bool done; /* its end was seen */
		struct th_hold hold;
	} side[2]; /* by enum th_h2_side */
};

/* Zeroed memory is an empty table. Only a client's streams (odd ids) go in. */
struct th_h2_streams {
	struct th_h2_stream *chain[TH_H2_STREAM_CHAINS];
	uint32_t count;
};

/* NULL: not there. */
struct th_h2_stream *th_h2_streams_find(const struct th_h2_streams *t, uint32_t id);

/* A new stream, which must not be there yet; NULL when there are too many, or no memory. */
struct th_h2_stream *th_h2_streams_add(struct th_h2_streams *t, uint32_t id);

/* Frees the stream. */
void th_h2_streams_remove(struct th_h2_streams *t, struct th_h2_stream *s);

/* Calls `each` for every stream; it may remove the stream that it is given. */
void th_h2_streams_each(
	struct th_h2_streams *t, void (*each)(void *ctx, struct th_h2_stream *s), void *ctx);

#endif
