/* What an HTTP/1 connection remembers of its heads: agents ask again and again with nearly the same
 * one. Of a request it is its bytes and where its lines are, so that only what differs is looked at
 * again; of either side the lines that were redacted, with what became of them.
 *
 * Memory from the pool, for connections that are used a second time; bounded over all of them. */
#ifndef RECORDER_H1_MEMORY_H
#define RECORDER_H1_MEMORY_H

#include "capture/redact_lines.h"

#define TH_H1_MEMORIES_MAX 512 /* at once; a further connection has none */
#define TH_H1_HEAD_KEPT 2048   /* a longer one is looked at as if it were the first */

struct th_h1_memory {
	struct th_redact_memory side[2]; /* by enum th_redact_side */
	struct th_lines lines;		 /* of the request head before, if there is one */
	uint16_t head_n;		 /* 0: there is none */
	uint8_t method, version;	 /* of it: enum th_h1_method; as frames have it */
	uint8_t head[TH_H1_HEAD_KEPT];
};

_Static_assert(sizeof(struct th_h1_memory) <= 8192, "one of the pool's blocks");

/* NULL: there are too many, or there is no memory. */
struct th_h1_memory *th_h1_memory_create(void);
/* Takes NULL; returns NULL. */
struct th_h1_memory *th_h1_memory_destroy(struct th_h1_memory *m);

/* As th_lines_of(), into m->lines. Needs th_h1_memory_keep() or th_h1_memory_forget() next. */
bool th_h1_memory_lines(struct th_h1_memory *m, struct th_slice in);

/* The head of m->lines is the one that the next is compared with. */
void th_h1_memory_keep(struct th_h1_memory *m, struct th_slice head);

static inline void th_h1_memory_forget(struct th_h1_memory *m)
{
	m->head_n = 0;
}

#endif
