/* Live files: the preallocated mapping beside the capture into which one process writes its
 * frames, and the question whether that process still lives. Inside the agent. */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

#include <sys/types.h>

#include "capture/layout.h"

#define TH_LIVE_INFIX "-live-"
#define TH_LIVE_SUFFIX_MAX 40 /* infix, 16 hex digits, '-', a number, NUL */

/* Writes "<capture>-live-<writer as 16 hex digits>-<number>" and a NUL. 0 or -ENAMETOOLONG. */
int th_live_name(char *ret_path, size_t cap, const char *capture, uint64_t writer, uint32_t number);

/* Is `name` (without directory) a live file of the capture called `capture`? */
bool th_live_is_name(const char *name, struct th_slice capture);

/* The calling process, as the owner of a live file that is being made: with a moment at which it is
 * there in place of its start time, which takes reading a file that the system puts together. A
 * process of its number that began later is another one. */
void th_owner_sign(struct th_owner *ret_owner);

/* The calling process, as one that judges owners: with its start time, if /proc shows processes as
 * it knows them. */
void th_owner_self(struct th_owner *ret_owner);

/* Is `owner`, who has not the judge's writer, an earlier use of the judge's own number? */
bool th_owner_was_here(const struct th_owner *owner, const struct th_owner *self);

/* May the owner still write? True also when that cannot be known from here: another pid
 * namespace, or no /proc. */
bool th_owner_may_live(const struct th_owner *owner, const struct th_owner *self);

/* The part of a live file that is mapped, shared and writable. It slides along the file: touched
 * pages count as the agent's memory, and a whole live file would be too many.
 *
 * It ends at a multiple of TH_LIVE_WINDOW, beyond the file's end at first, so that the file grows
 * beneath it and nothing is mapped anew; and it is as large as a large page, so that the kernel
 * puts it where each piece of the page cache lies as in the file: then a piece is mapped by one
 * page fault, where it took one for each page, and each of these as long as the piece is large. */
#define TH_LIVE_WINDOW (2u << 20)
#define TH_LIVE_NEED_MAX (1u << 20) /* of one call: more than two frames of the largest size */
#define TH_LIVE_ALIGN (64u << 10)   /* of its beginning: a multiple of the page size anywhere */
struct th_live_window {
	uint8_t *map;
	size_t offset; /* in the file */
	size_t size;   /* so much is there, and may be written to */
	size_t mapped;
};

/* Where a window ends that holds the bytes before `end`. */
static inline size_t th_live_window_end(size_t end)
{
	return (end + TH_LIVE_WINDOW - 1) / TH_LIVE_WINDOW * TH_LIVE_WINDOW;
}

/* Makes a file of `size` bytes with `header` at its start, and maps its beginning; it must not
 * exist. 0 and the inode's number; or a negative errno, and no file is left. -EAGAIN: it was taken
 * for one that somebody left unfinished, and removed: try the next name. */
int th_live_create(const char *path, mode_t mode, const struct th_live_header *header, size_t size,
	uint64_t *ret_inode, struct th_live_window *ret_window);

/* Extends the file to `size`, when it is smaller, and the window with it; and slides it forward if
 * it does not hold the `need` bytes from offset `tail` on. -ESTALE: the file at `path` is not the
 * one mapped, or was cut. On failure the window is as before. */
int th_live_slide(const char *path, uint64_t inode, size_t size, size_t tail, size_t need,
	struct th_live_window *window);

/* The file stays. Of a window without a mapping nothing. */
void th_live_unmap(struct th_live_window *window);

#endif
