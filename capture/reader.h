/* Reads a capture: every frame of every writer, whatever state the file is in.
 *
 * Damage never stops the reading: a block whose checksum fails is reported and the search goes on
 * at the next block header; a torn tail is reported; live files beside the capture are read too,
 * and frames that are in both are given once. */
#ifndef CAPTURE_READER_H
#define CAPTURE_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/siphash.h"
#include "capture/layout.h"

/* Where a frame stands. */
struct th_place {
	const char *path; /* the capture or a live file */
	uint64_t offset;  /* of the frame; of its block when that is packed */
	bool packed;	  /* the block is compressed or encrypted */
	uint32_t inner;	  /* then: of the frame among the block's frames */
};

struct th_frame {
	uint8_t type;
	uint8_t flags;
	uint32_t id;
	uint64_t time;		 /* ns since the epoch */
	uint64_t writer;	 /* writer id */
	uint64_t seq;		 /* number within the writer */
	uint64_t skipped;	 /* frames passed over before it (capture/survey.h) */
	struct th_slice payload; /* valid until th_reader_close() */
	struct th_place place;
};

/* A sound block that does not hold frames: a seal, a signature, what a later version may add. */
struct th_extra {
	uint8_t type, flags; /* enum th_block_type, th_block_flag */
	uint64_t writer;
	const char *path;
	uint64_t offset;	 /* of its header */
	struct th_slice payload; /* as stored; valid until th_reader_close() */
};

/* A frame that stands in the file and whose own checksum does not hold. */
struct th_spoilt {
	uint64_t writer, seq;
	struct th_place place;
};

/* One place where the file is not as its format says. */
struct th_damage {
	const char *path; /* the capture or a live file */
	uint64_t offset;
	const char *what; /* one clause, static text */
};

struct th_reader;

/* Opens the capture at `path` and its live files. Returns 0 and the reader, or a negative errno:
 * -ENOENT; -EINVAL: not a capture, or of a newer version (`ret_why`, may be NULL, then has static
 * text saying what and at which offset); -ENOKEY, -EKEYREJECTED: it is encrypted, and there is no
 * key or another one. */
int th_reader_open(const char *path, struct th_reader **ret_reader, const char **ret_why);

/* The same for an outline: a block whose header tells that there is nothing in it which says what
 * runs, processes and losses there are is not opened, when its process ended in good order. Damage
 * in such blocks is not found, and what they tell is believed (th_reader_told()). */
int th_reader_open_outline(const char *path, struct th_reader **ret_reader, const char **ret_why);

/* Of an outline: what all blocks of the writer of the newest frame tell; types 0: each was opened.
 */
struct th_block_told th_reader_told(const struct th_reader *r);

/* Next frame: writers in the order of their first block, each writer's frames in order. True and
 * *ret_frame, or false at the end. */
bool th_reader_next(struct th_reader *r, struct th_frame *ret_frame);

/* All of the next writer's frames that th_reader_next() has not given, at once and instead: the
 * caller frees the array. NULL at the end. */
struct th_frame *th_reader_take_writer(struct th_reader *r, size_t *ret_n);

/* From now on says of each block that is read, in the order of its writer's blocks, what frames
 * stand in it, before they are given: `frames` of them, if the block is as its header says, from
 * `first` on. The memory stays. Live files are not said. */
typedef void th_reader_sight(
	void *with, uint64_t writer, uint64_t first, size_t frames, struct th_slice area);
void th_reader_watch(struct th_reader *r, th_reader_sight *sight, void *with);

/* Begins again with the first frame; payloads given out before stay valid. */
void th_reader_rewind(struct th_reader *r);

/* Blocks that hold no frames, in the file's order. Owned by the reader. */
const struct th_extra *th_reader_extras(const struct th_reader *r, size_t *ret_count);

/* Spoilt frames found so far (all of them once th_reader_next() was false). */
const struct th_spoilt *th_reader_spoilt(const struct th_reader *r, size_t *ret_count);

/* Torn blocks that are passed over, since all that they were to hold was written again (torn.h). */
size_t th_reader_rewritten(const struct th_reader *r);

/* Damage found so far (all of it once th_reader_next() was false). Owned by the reader. */
const struct th_damage *th_reader_damage(const struct th_reader *r, size_t *ret_count);

/* The file's redaction key, and its id (TH_FILE_ID_BYTES). */
const uint8_t *th_reader_key(const struct th_reader *r);
const uint8_t *th_reader_file_id(const struct th_reader *r);

/* Is it an encrypted file? */
bool th_reader_encrypted(const struct th_reader *r);

/* Header, payload and padding of a frame that the reader gave, as they stand. */
struct th_slice th_frame_whole(const struct th_frame *f);

/* Frees the reader and every payload it gave out. Takes NULL; returns NULL. */
struct th_reader *th_reader_close(struct th_reader *r);

#endif
