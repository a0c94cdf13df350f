/* The byte tables of capture/FORMAT.md as functions: file header, block header, live header and
 * frame header, each encoded and decoded in one place. Pure; usable inside the agent. */
#ifndef CAPTURE_LAYOUT_H
#define CAPTURE_LAYOUT_H

#include "base/bytes.h"
#include "base/siphash.h"
#include "capture/frame.h"

#define TH_FILE_ID_BYTES 16
#define TH_BOOT_ID_BYTES 16
#define TH_SALT_BYTES 16 /* random but for the last byte, which is 0 */
#define TH_KEY_CHECK_BYTES 16

#define TH_LIVE_MAX (16u << 20)	 /* largest live file that a writer makes */
#define TH_BLOCK_MAX (64u << 20) /* largest block payload, stored or not, that a reader takes */

struct th_file_header {
	uint8_t file_id[TH_FILE_ID_BYTES];
	uint8_t key[TH_SIPHASH_KEY_BYTES]; /* encrypted: zeros in the file (capture/key.h) */
	uint8_t check[TH_KEY_CHECK_BYTES]; /* encrypted: tells the right key from a wrong one */
	uint16_t flags;			   /* enum th_file_flag */
};

/* All decoders: 0; -EINVAL: not such a header; -ENOTSUP: of a newer version. */
void th_file_header_encode(uint8_t *ret_bytes, const struct th_file_header *h);
int th_file_header_decode(const uint8_t *p, struct th_file_header *ret_header);

/* What frames a block holds, said in its header so that whoever only wants an outline need not open
 * it. It is no more than a claim: whoever opens the block compares. */
struct th_block_told {
	uint32_t types;	   /* bit t: one of type t < 32, bit 0: of another; 0: nothing is said */
	uint32_t exchange; /* the highest number of an exchange, 0: none */
	uint64_t latest;   /* time */
};

struct th_block {
	uint8_t type, flags;
	uint64_t writer, first_seq;
	uint32_t frames, raw_bytes, stored_bytes, crc;
	uint8_t salt[TH_SALT_BYTES]; /* encrypted: of its key */
	uint64_t base_first; /* leaning: number of the first frame of the block it leans on, */
	uint32_t base_bytes; /* and the size of that block's frames */
	struct th_block_told told;
};

/* The file id is part of the checksum: a block of another capture that was recorded as content is
 * never mistaken for one of ours when a reader searches behind damage. */
void th_block_encode(uint8_t *ret_bytes, const uint8_t *file_id, const struct th_block *b);
int th_block_decode(const uint8_t *p, const uint8_t *file_id, struct th_block *ret_block);

/* Who writes a live file; zeros where it could not be found out. */
struct th_owner {
	uint32_t pid;
	uint64_t start; /* /proc/PID/stat field 22 */
	uint64_t pid_ns;
	uint8_t boot[TH_BOOT_ID_BYTES];
	uint64_t alive_at; /* ns of CLOCK_BOOTTIME, instead of `start`: it had begun by then */
};

struct th_live_header {
	uint64_t writer, first_seq;
	struct th_owner owner;
	uint8_t file_id[TH_FILE_ID_BYTES];
	uint8_t salt[TH_SALT_BYTES]; /* encrypted: of its key */
	uint16_t flags;		     /* enum th_file_flag */
};

void th_live_header_encode(uint8_t *ret_bytes, const struct th_live_header *h);
int th_live_header_decode(const uint8_t *p, struct th_live_header *ret_header);

struct th_frame_header {
	uint32_t length; /* with the header, without padding */
	uint32_t crc;
	uint8_t type, flags;
	uint32_t id;
	uint64_t time;
};

/* Is the payload bytes of a body, or of a tunnel? Those come apart from the rest (split.h). */
static inline bool th_frame_is_body(uint8_t type)
{
	return type == TH_FRAME_REQ_DATA || type == TH_FRAME_RES_DATA;
}

/* In a live file whose frames may refer: does this one? */
static inline bool th_frame_refers(const struct th_frame_header *h)
{
	return h->type == TH_FRAME_REQ_DATA && h->flags & TH_FRAME_REFERS;
}

/* Bytes that a frame of `length` takes. */
static inline size_t th_frame_room(size_t length)
{
	return (length + TH_FRAME_ALIGN - 1) & ~(size_t)(TH_FRAME_ALIGN - 1);
}

/* All but length and crc, which are stored last (th_frame_commit). */
static inline void th_frame_encode(uint8_t *ret_bytes, const struct th_frame_header *h)
{
	const uint32_t kind = h->type | (uint32_t)h->flags << 8;
	memcpy(ret_bytes + 8, &kind, sizeof(kind));
	memcpy(ret_bytes + 12, &h->id, sizeof(h->id));
	memcpy(ret_bytes + 16, &h->time, sizeof(h->time));
}

/* Length and crc as the one value that makes the frame exist. */
static inline uint64_t th_frame_commit(uint32_t length, uint32_t crc)
{
	return (uint64_t)crc << 32 | length;
}

void th_block_told_add(struct th_block_told *told, const struct th_frame_header *h);

static inline void th_block_told_join(struct th_block_told *told, const struct th_block_told *more)
{
	told->types |= more->types;
	told->exchange = more->exchange > told->exchange ? more->exchange : told->exchange;
	told->latest = more->latest > told->latest ? more->latest : told->latest;
}

/* The fields of 24 bytes, whatever they are. */
void th_frame_header_decode(const uint8_t *p, struct th_frame_header *ret_header);

/* 1: a frame stands at `in`, whole (*ret_ok: and its checksum holds). 0: none does, nor can one be
 * found behind it. */
int th_frame_decode(struct th_slice in, struct th_frame_header *ret_header, bool *ret_ok);

/* The same without its checksum: of frames that were just put together. */
int th_frame_step(struct th_slice in, struct th_frame_header *ret_header);

/* Frames from the start of `in` on that are whole and sound: their bytes and number. */
size_t th_frames_scan(struct th_slice in, uint32_t *ret_count);

/* What sound frames that follow each other are. */
struct th_block_told th_frames_told(struct th_slice in);

#endif
