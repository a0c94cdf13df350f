/* Inside capture/: what the writer is made of. writer.c has what each frame goes through; here is
 * how it comes by room for them (writer_room.c), and how it does without (writer_block.c). All of
 * it with the writer's lock held. */
#ifndef CAPTURE_WRITER_PARTS_H
#define CAPTURE_WRITER_PARTS_H

#include "base/bus.h"
#include "base/bytes.h"
#include "capture/writer.h"

/* What each frame goes through is one piece of code. */
#define INLINE static inline __attribute__((always_inline))

#define LOST_FRAME_ROOM 112
/* At a live file's end, for LOST frames alone: of the first, second, fourth … loss, and at the end.
 * On a disk that is really full there may be no other place to tell of them. */
#define LOST_RESERVE (40 * LOST_FRAME_ROOM)

/* ---- room (writer_room.c) ---- */

/* A file never stands for more than TH_LIVE_MAX bytes, since the agent's end waits for its folder.
 */
INLINE bool th_room_has(const struct th_writer *w, size_t need)
{
	return w->window.map && w->window.offset + w->window.size - w->tail >= need &&
		w->tail + w->spared + need <= TH_LIVE_MAX;
}

/* Gets room for `need` bytes in a live file, this one or another. 0 or a negative errno; after one,
 * none is looked for again for a while. */
int th_room_make(struct th_writer *w, size_t need);

/* Did what was written to the live file go nowhere? */
INLINE bool th_room_lost(const struct th_writer *w)
{
	return th_bus_any() && th_bus_lost(w->window.map);
}

/* Leaves the live file, if there is one, to th_writer_finish(). */
void th_room_leave(struct th_writer *w);

/* Is the live file where it was, with all that was mapped? If not, it is left, and what it held
 * counts as lost. Its mapping tells nothing of the first, and of the second only where it is
 * written to. */
void th_room_notice(struct th_writer *w);

/* Is the file at `path` another one, or shorter than `least`? */
bool th_room_is_gone(const char *path, uint64_t inode, size_t least);

/* ---- losses (writer.c) ---- */

/* Puts a LOST frame into the live file, which has room for it. False: it went nowhere. */
bool th_losses_say(struct th_writer *w, uint64_t time);

/* Tells of losses that no frame has told of yet: in the live file, if that still has room, or in a
 * block. 0 or a negative errno. */
int th_losses_tell(struct th_writer *w);

/* ---- frames ---- */

/* Short pieces, as many parts of a frame are, by two copies that overlap: a call costs more. */
INLINE void copy_part(uint8_t *to, const void *p, size_t n)
{
	const uint8_t *from = p;
	if (n > 16) {
		memcpy(to, from, n);
	} else if (n >= 8) {
		memcpy(to, from, 8);
		memcpy(to + n - 8, from + n - 8, 8);
	} else if (n >= 4) {
		memcpy(to, from, 4);
		memcpy(to + n - 4, from + n - 4, 4);
	} else {
		for (size_t i = 0; i < n; i++) {
			to[i] = from[i];
		}
	}
}

/* A frame without its first 8 bytes; its length. */
INLINE size_t th_frame_lay_out(
	uint8_t *at, const struct th_frame_header *h, const struct iovec *parts, int n)
{
	uint8_t *to = at + TH_FRAME_HEADER_BYTES;
	th_frame_encode(at, h);
	for (int i = 0; i < n; i++) {
		copy_part(to, parts[i].iov_base, parts[i].iov_len);
		to += parts[i].iov_len;
	}
	return (size_t)(to - at);
}

/* ---- blocks (writer_block.c) ---- */

/* A block whose frames stand where they are, to be written by one system call. Begins as zeros. */
struct th_gathered {
	struct th_block block;
	struct iovec all[TH_APPEND_PARTS];
	int n;
};

/* Frame header, payload and padding. `head` and the parts must stay until it is appended. */
void th_gathered_add(struct th_gathered *g, uint8_t head[TH_FRAME_HEADER_BYTES],
	const struct th_frame_header *h, const struct iovec *parts, int n);

/* These append a block to the capture, of frames from w->next_seq on. 0 or a negative errno. */
int th_gathered_append(struct th_writer *w, struct th_gathered *g);
int th_block_append(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n);
int th_block_append_encrypted(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n);

#endif
