/* The frames of a live file that are not to be had as they stand: encrypted ones, and such as refer
 * to others before them. They are decrypted, or put together, piece by piece into memory of their
 * own as a splitter asks for them: none of it is on a disk, and never more than the splitter's
 * window is kept. Usable inside the agent. */
#ifndef CAPTURE_LIVE_FEED_H
#define CAPTURE_LIVE_FEED_H

#include "capture/key.h"
#include "capture/split.h"

/* Where the next frame stands in the file, and its number. */
struct th_live_cursor {
	struct th_slice stored;
	uint64_t seq;
};

struct th_live_feed {
	struct th_split_feed feed; /* for the splitter */
	bool encrypted;
	struct th_live_key key;
	struct th_slice file;		   /* else: all that frames may refer to */
	struct th_live_cursor begin, next; /* of the block at hand, of what is decrypted next */
	uint8_t *map;
	size_t size; /* of all frames as they come; the map's is TH_GCM_TAG_BYTES more */
	const uint8_t *block, *at; /* in the map: as `begin`, as `next` */
};

/* `stored` are the frames of the live file with that header, where they stand behind it, each with
 * a checksum that holds; where one refers to what is not there, they end. 0, and the map is the
 * caller's to unmap; -ENOKEY; -ENOMEM; -EBADMSG: one is too short. */
int th_live_feed_init(
	struct th_live_feed *f, const struct th_live_header *h, struct th_slice stored);

/* The frames that are still to be taken; what `feed` has not filled yet is zeros. */
struct th_slice th_live_feed_rest(const struct th_live_feed *f);

/* So many of them, of so many bytes, were taken: the next block begins behind them. */
void th_live_feed_taken(struct th_live_feed *f, uint32_t count, size_t bytes);

#endif
