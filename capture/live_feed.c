#include "capture/live_feed.h"

#include <errno.h>
#include <sys/mman.h>

#include "capture/again.h"

#define STEP (256u << 10) /* bytes that are made at once */

/* Frames of the file on the way. Its pages are let go of now and then, from the first one on: what
 * is read next brings some before it back. */
struct walk {
	const uint8_t *from;
	struct th_slice left;
	size_t seen; /* since the last time */
};

static bool step(struct walk *w, struct th_frame_header *ret_header)
{
	if (!th_frame_step(w->left, ret_header)) {
		return false;
	}
	size_t room = th_frame_room(ret_header->length);
	w->left.p += room;
	w->left.n -= room;
	w->seen += room;
	if (w->seen >= STEP) {
		th_split_let_go((struct th_slice){w->from, (size_t)(w->left.p - w->from)});
		w->seen = 0;
	}
	return true;
}

/* Whole frames from the first one on, of so many bytes and what the last of them has more. */
static struct th_slice first_frames(struct th_slice frames, size_t bytes)
{
	struct th_frame_header h;
	size_t at = 0;
	while (at < bytes && th_frame_step((struct th_slice){frames.p + at, frames.n - at}, &h)) {
		at += th_frame_room(h.length);
	}
	return (struct th_slice){frames.p, at};
}

static void pass(struct th_live_feed *f, size_t stored, uint32_t count, size_t n)
{
	f->next.stored.p += stored;
	f->next.stored.n -= stored;
	f->next.seq += count;
	f->at += n;
}

static void decrypt(struct th_live_feed *f, uint8_t *to)
{
	uint32_t count = 0;
	bool whole;
	struct th_slice few = first_frames(f->next.stored, STEP);
	size_t n = th_live_key_open_all(&f->key, f->next.seq, few, to, &count, &whole);
	f->feed.failed = !whole;
	pass(f, few.n, count, n);
	const uint8_t *from = f->begin.stored.p;
	th_split_let_go((struct th_slice){from, (size_t)(f->next.stored.p - from)});
}

static void put_together(struct th_live_feed *f, uint8_t *to)
{
	uint32_t count = 0;
	size_t begin = (size_t)(f->next.stored.p - f->file.p), at = begin, from = begin;
	size_t n = th_again_whole(f->file, &at, NULL, STEP, &count);
	f->feed.failed = n == 0 || th_again_whole(f->file, &from, to, n, &count) != n;
	th_split_let_go(f->file);
	pass(f, at - begin, count, n);
}

/* A splitter that begins a block anew asks for its beginning again. */
static const uint8_t *fill(void *with, const uint8_t *at)
{
	struct th_live_feed *f = with;
	if (at != f->at) {
		f->next = f->begin;
		f->at = f->block;
	}
	if (!f->feed.failed && f->next.stored.n > 0) {
		uint8_t *to = f->map + (f->at - f->map);
		(f->encrypted ? decrypt : put_together)(f, to);
	}
	return f->at;
}

/* What frames take without their tags; 0: one is too short to have one. */
static size_t plain_size(struct th_slice stored)
{
	struct th_frame_header h;
	struct walk w = {stored.p, stored};
	size_t n = 0;
	while (step(&w, &h)) {
		if (h.length < TH_FRAME_HEADER_BYTES + TH_GCM_TAG_BYTES) {
			return 0;
		}
		n += th_frame_room(h.length - TH_GCM_TAG_BYTES);
	}
	return n;
}

static int begin_encrypted(struct th_live_feed *f, const struct th_live_header *h)
{
	f->size = plain_size(f->begin.stored);
	int r = f->begin.stored.n && f->size == 0 ? -EBADMSG : th_key_live(h->salt, &f->key.key);
	if (r == 0) {
		th_live_key_init(&f->key, h->file_id, h->writer);
	}
	return r;
}

static void begin_referring(struct th_live_feed *f)
{
	const struct th_slice stored = f->begin.stored;
	size_t at = TH_LIVE_HEADER_BYTES;
	uint32_t count;
	f->file = (struct th_slice){
		stored.p - TH_LIVE_HEADER_BYTES, stored.n + TH_LIVE_HEADER_BYTES};
	f->size = th_again_whole(f->file, &at, NULL, SIZE_MAX, &count);
	f->begin.stored.n = at - TH_LIVE_HEADER_BYTES;
	th_split_let_go(f->file);
}

int th_live_feed_init(
	struct th_live_feed *f, const struct th_live_header *h, struct th_slice stored)
{
	int r = 0;
	*f = (struct th_live_feed){.feed = {fill, f},
		.encrypted = h->flags & TH_FILE_ENCRYPTED,
		.begin = {stored, h->first_seq}};
	if (f->encrypted) {
		r = begin_encrypted(f, h);
	} else {
		begin_referring(f);
	}
	if (r < 0) {
		return r;
	}
	f->next = f->begin;
	/* A frame that is being decrypted needs room for its tag. */
	void *map = mmap(NULL, f->size + TH_GCM_TAG_BYTES, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		return -ENOMEM;
	}
	f->map = map;
	f->block = f->at = map;
	return 0;
}

struct th_slice th_live_feed_rest(const struct th_live_feed *f)
{
	return (struct th_slice){f->block, f->size - (size_t)(f->block - f->map)};
}

void th_live_feed_taken(struct th_live_feed *f, uint32_t count, size_t bytes)
{
	struct th_frame_header h;
	struct walk w = {f->begin.stored.p, f->begin.stored};
	f->begin.seq += count;
	while (count > 0 && step(&w, &h)) {
		count--;
	}
	f->begin.stored = w.left;
	f->block += bytes;
}
