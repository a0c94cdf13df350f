/* The frames of a block, taken apart so that they compress well (FORMAT.md, "Split blocks"):
 * headers in columns, texts apart from bodies, what repeats as references. Usable inside the
 * agent: memory is mapped, of a size that the limits tell. The other half is capture/join.h. */
#ifndef CAPTURE_SPLIT_H
#define CAPTURE_SPLIT_H

#include <stdint.h>

#include "capture/layout.h"
#include "capture/repeats.h"

#define TH_SPLIT_CHECKED (128u << 10) /* frames, in bytes, per checksum */
#define TH_SPLIT_LEAN_MAX 32	      /* blocks that lean one on the other in a row */
#define TH_SPLIT_LEAN_WORTH (32u << 10)

/* What one block may hold: bytes of frames, bytes that are left of them, frames. */
struct th_split_limits {
	size_t raw, text;
	uint32_t frames;
};

/* Those of a writer, with which a splitter takes 6 MiB of memory at most; those of an archive. */
extern const struct th_split_limits th_split_writer, th_split_archive;

/* Frames that come into memory only as they are taken: makes whole ones from `at` on, which is
 * where it ended before, or the block's begin; returns where they end now: at `at` when there are
 * none. Of such frames no more than the last TH_SPLIT_WINDOW bytes stay in memory. */
struct th_split_feed {
	const uint8_t *(*fill)(void *with, const uint8_t *at);
	void *with;
	bool failed; /* what comes next is no frame */
};
#define TH_SPLIT_WINDOW (2u << 20)

struct th_splitter {
	struct th_split_limits limits;
	struct th_repeats repeats;
	uint8_t *map;
	size_t size;
	bool of_file; /* frames are mapped from a file: their pages are let go of on the way */
	const struct th_split_feed *feed; /* NULL: all frames are there */
	uint32_t depth;	     /* blocks that the base leans on, itself among them; 0: no base */
	uint64_t base_first; /* number of the base's first frame */
};

struct th_split {
	struct th_slice frames; /* those that were taken, from the start */
	uint32_t count;
	struct th_block_told told;
	bool leans; /* on the block whose first frame is base_first, of base_bytes */
	uint64_t base_first;
	uint32_t base_bytes;
	struct th_slice bytes; /* split frames; valid until the next ones are taken */
};

/* Lets go of the pages of a mapping of a file, which count as the process's memory; it may still be
 * read. */
void th_split_let_go(struct th_slice mapped);

/* The same of memory of ours, whose content is gone then: of the pages that lie wholly in it. */
void th_split_give_back(struct th_slice mapped);

/* 0 or -ENOMEM. */
int th_splitter_init(struct th_splitter *s, const struct th_split_limits *limits);
void th_splitter_finish(struct th_splitter *s);

/* Takes as many of the frames, which are sound and follow each other, as a block holds. 0; -EINVAL:
 * not even the first can be written this way; -ENODATA: there is none. */
int th_splitter_take(struct th_splitter *s, struct th_slice frames, struct th_split *ret_split);

/* The next block may refer to this one, whose frames begin with that number and must stay where
 * they are in memory; NULL: to none. */
void th_splitter_lean_on(struct th_splitter *s, const struct th_split *split, uint64_t first);

#endif
