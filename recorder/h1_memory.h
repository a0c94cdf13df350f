/* What an HTTP/1 connection remembers of its heads: agents ask again and again with nearly the same
 * one, and are answered with one whose fields are named alike. Of either side it is the head before
 * and where its lines are, so that only what differs is looked at again; and the lines that were
 * redacted, with what became of them.
 *
 * Memory from the pool, for connections that are used a second time; bounded over all of them. */
#ifndef RECORDER_H1_MEMORY_H
#define RECORDER_H1_MEMORY_H

#include "capture/redact_lines.h"

#define TH_H1_MEMORIES_MAX 340 /* at once; a further connection has none */
#define TH_H1_HEAD_KEPT 2048   /* a longer one is looked at as if it were the first */

struct th_h1_seen {
	struct th_lines lines; /* of the head before, if there is one */
	uint16_t head_n;       /* 0: there is none */
	uint8_t head[TH_H1_HEAD_KEPT + TH_LINES_BESIDE];
};

struct th_h1_memory {
	struct th_redact_memory side[2]; /* by enum th_redact_side */
	struct th_h1_seen asked;
	uint8_t method, version;     /* of that one: enum th_h1_method; as frames have it */
	struct th_h1_seen *answered; /* NULL: there was no memory */
};

_Static_assert(sizeof(struct th_h1_memory) <= 8192, "one of the pool's blocks");
_Static_assert(sizeof(struct th_h1_seen) <= 4096, "and half of one");

/* NULL: there are too many, or there is no memory. */
struct th_h1_memory *th_h1_memory_create(void);
/* Takes NULL; returns NULL. */
struct th_h1_memory *th_h1_memory_destroy(struct th_h1_memory *m);

/* As th_lines_of(), into seen->lines. Needs th_h1_seen_keep() or th_h1_seen_forget() next. */
bool th_h1_seen_lines(struct th_h1_seen *seen, struct th_slice in);

/* The head of seen->lines is the one that the next is compared with. */
void th_h1_seen_keep(struct th_h1_seen *seen, struct th_slice head);

static inline void th_h1_seen_forget(struct th_h1_seen *seen)
{
	seen->head_n = 0;
}

#endif
