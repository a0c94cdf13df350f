/* What an agent sends again: the history of a conversation goes out with each of its turns. In a
 * live file such a frame says where the bytes stand already, and brings the rest alone (FORMAT.md,
 * "What stands there already"). To compare costs a third of a copy, and takes no new page.
 *
 * The writing half (again.c) is inside the agent and keeps where the last few bodies stand, as
 * pieces of the part of the live file that is mapped. Only what a body begins with is looked for.
 * The reading half is capture/again_read.c. */
#ifndef CAPTURE_AGAIN_H
#define CAPTURE_AGAIN_H

#include <stdbool.h>

#include "capture/layout.h"

#define TH_AGAIN_BODIES 8
#define TH_AGAIN_PIECES 64
#define TH_AGAIN_WORTH 1024 /* bytes: no shorter repetition is looked for */

/* Bytes of the live file; offsets are from its beginning. */
struct th_again_piece {
	uint32_t offset, length;
};

struct th_again_body {
	uint32_t n;	/* pieces */
	uint32_t total; /* their bytes */
	uint32_t at;	/* bytes of the exchange's body so far */
	bool same;	/* so far it is what the pieces begin with, and they may go on */
	struct th_again_piece piece[TH_AGAIN_PIECES];
};

/* Zeroed it is valid, and empty; then nothing behind its first word is looked at. */
struct th_again {
	uint64_t next;			    /* bodies so far; the one to be replaced next */
	uint32_t exchange[TH_AGAIN_BODIES]; /* whose frames each goes on with, 0: nobody's */
	uint64_t sample[TH_AGAIN_BODIES];
	struct th_again_body body[TH_AGAIN_BODIES];
};

/* A frame that is about to be written: the body it belongs to (NULL: one that is not kept), and how
 * many bytes it begins with that stand in the file. */
struct th_again_found {
	struct th_again_body *body;
	uint32_t n;
};

/* What stands in front of that offset is mapped no longer. */
void th_again_forget(struct th_again *a, size_t before);

/* `file`: where the live file's beginning would be in memory. */
struct th_again_found th_again_find(
	struct th_again *a, uintptr_t file, uint32_t exchange, struct th_slice bytes);

/* What the frame's payload begins with when found->n is not 0; `size`: of all that the frame
 * stands for. Returns its length, which is less than found->n. */
size_t th_again_encode(const struct th_again_found *found, uint32_t size, uint8_t *ret_bytes);

/* The frame was written, what is new in it at `offset`. */
void th_again_keep(const struct th_again_found *found, uint32_t offset, uint32_t length);

/* Frames of a live file, of which `file` is all that there is, from *at on: as they would stand had
 * they been written whole, into `out`, as many as fit into `cap`; or, with NULL, measured until
 * they are `cap` bytes or more. Their bytes; *at is behind the last one, *ret_count how many. Ends
 * at the first that is not sound. */
size_t th_again_whole(
	struct th_slice file, size_t *at, uint8_t *out, size_t cap, uint32_t *ret_count);

#endif
