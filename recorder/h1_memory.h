/* What an HTTP/1 connection remembers of its heads: agents ask again and again with nearly the same
 * one, and are answered with one whose fields are named alike. Of either side it is the head before
 * and where its lines are, so that only what differs is looked at again; and the lines that were
 * redacted, with what became of them.
 *
 * Memory from the pool, for connections that are used a second time; bounded over all of them. */
#ifndef RECORDER_H1_MEMORY_H
#define RECORDER_H1_MEMORY_H

#include "base/lines_beside.h"
#include "capture/redact_lines.h"

#define TH_H1_MEMORIES_MAX 340 /* at once; a further connection has none */

struct th_h1_memory {
	struct th_redact_memory side[2]; /* by enum th_redact_side */
	struct th_lines_model asked;
	uint8_t method, version;	 /* of it: enum th_h1_method; as frames have it */
	struct th_lines_model *answered; /* NULL: there was no memory */
};

_Static_assert(sizeof(struct th_h1_memory) <= 8192, "one of the pool's blocks");
_Static_assert(sizeof(struct th_lines_model) <= 4096, "and half of one");

/* NULL: there are too many, or there is no memory. */
struct th_h1_memory *th_h1_memory_create(void);
/* Takes NULL; returns NULL. */
struct th_h1_memory *th_h1_memory_destroy(struct th_h1_memory *m);

#endif
