/* See fold.h. The order matters: lock, ask whether the owner is gone, look whether the file is
 * still there (another folder may have finished between open and lock), append, remove. */
#include "capture/fold.h"

#include <dirent.h>
#include <limits.h>
#include <sys/mman.h>

#include "base/bus.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/sys.h"
#include "capture/append.h"
#include "capture/key.h"
#include "capture/live.h"
#include "capture/live_feed.h"
#include "capture/pack.h"

#define THOROUGH_UP_TO (3u << 18)
#define PORTION (2u << 20) /* bytes of a block of frames that cannot be split */
#define STEP (256u << 10)  /* bytes of a live file that are in memory at once, at most */
#define OWN_LOCK_TRIES 20
#define OWN_LOCK_PAUSE 1000000 /* ns */

enum claim {
	CLAIM_OWN,    /* the caller wrote it and is done */
	CLAIM_ORPHAN, /* only when the owner is gone */
};

struct job {
	const char *path, *live_path;
	uint64_t own_writer;
	struct th_patience patience;
	enum claim claim;
	struct th_folding *folding;
};

/* ---- what the next block may refer to ---- */

static void keep(struct th_folding *f, void *map, size_t size)
{
	if (f->kept) {
		th_bus_forget(f->kept);
		munmap(f->kept, f->kept_size);
	}
	f->kept = map;
	f->kept_size = size;
}

void th_folding_finish(struct th_folding *f)
{
	keep(f, NULL, 0);
	if (f->ready) {
		th_splitter_finish(&f->splitter);
	}
	f->ready = false;
}

/* What a block leans on is let go of in one way when it is a file's, in another when it is memory.
 */
static int prepare(struct th_folding *f, bool of_file)
{
	if (f->ready && f->splitter.of_file != of_file) {
		th_folding_finish(f);
	}
	int r = f->ready ? 0 : th_splitter_init(&f->splitter, &th_split_writer);
	f->ready = r == 0;
	if (r == 0) {
		f->splitter.of_file = of_file;
	}
	return r;
}

/* Where it is memory of ours, there is none to spare once it was looked at. */
static void forget_base(struct th_folding *f)
{
	if (!f->splitter.of_file) {
		keep(f, NULL, 0);
	}
}

/* ---- blocks ---- */

/* Of an encrypted file `stored` is memory of ours, to be encrypted in place. */
static int append_stored(const struct job *job, const struct th_live_header *h, struct th_block *b,
	struct th_slice stored)
{
	uint8_t tag[TH_GCM_TAG_BYTES], *p = (uint8_t *)(uintptr_t)stored.p;
	size_t tag_n = 0;
	b->stored_bytes = (uint32_t)stored.n;
	if (h->flags & TH_FILE_ENCRYPTED) {
		int r = th_key_seal_block(b, h->file_id, p, stored.n, tag);
		if (r < 0) {
			return r;
		}
		tag_n = sizeof(tag);
	}
	b->crc = th_crc32c(th_crc32c(0, p, stored.n), tag, tag_n);
	const struct iovec parts[] = {{p, stored.n}, {tag, tag_n}};
	return th_capture_append(job->path, h->file_id, b, parts, 2);
}

static int level_for(size_t n)
{
	return n <= THOROUGH_UP_TO ? TH_PACK_THOROUGH_LEVEL : TH_PACK_LEVEL;
}

static int append_stored_split(const struct job *job, const struct th_live_header *h,
	struct th_block *b, const struct th_split *split, struct th_slice stored)
{
	b->flags |= TH_BLOCK_SPLIT;
	b->frames = split->count;
	b->raw_bytes = (uint32_t)split->frames.n;
	b->told = split->told;
	if (split->leans) {
		b->flags |= TH_BLOCK_LEANS;
		b->base_first = split->base_first;
		b->base_bytes = split->base_bytes;
	}
	int r = append_stored(job, h, b, stored);
	th_splitter_lean_on(&job->folding->splitter, r == 0 ? split : NULL, b->first_seq);
	return r;
}

/* As they stand: what would not become smaller. */
static int append_plain(const struct job *job, const struct th_live_header *h, struct th_block *b,
	struct th_slice frames, uint32_t count)
{
	th_splitter_lean_on(&job->folding->splitter, NULL, 0);
	b->frames = count;
	b->raw_bytes = (uint32_t)frames.n;
	b->told = th_frames_told(frames);
	return append_stored(job, h, b, frames);
}

/* What repeats in the frames costs nothing, also where there is no time for compression, or where
 * that would not help. */
static int append_split(const struct job *job, const struct th_live_header *h, struct th_block *b,
	const struct th_split *split)
{
	struct th_packed packed;
	if (th_pack(split->bytes, level_for(split->bytes.n), &job->patience, &packed) == 0) {
		b->flags = TH_BLOCK_ZSTD;
		int r = append_stored_split(job, h, b, split, packed.bytes);
		th_pack_finish(&packed);
		return r;
	}
	bool gone = job->folding->splitter.feed; /* the first of the frames may be */
	return gone || split->bytes.n < split->frames.n
		? append_stored_split(job, h, b, split, split->bytes)
		: append_plain(job, h, b, split->frames, split->count);
}

/* Whole frames from the first one on, of that size or the one that is longer. */
static struct th_slice portion(struct th_slice frames, size_t size, uint32_t *ret_count)
{
	struct th_frame_header h;
	size_t at = 0;
	*ret_count = 0;
	while (at < size && th_frame_step((struct th_slice){frames.p + at, frames.n - at}, &h)) {
		at += th_frame_room(h.length);
		++*ret_count;
	}
	return (struct th_slice){frames.p, at};
}

/* One block, of the first of them. -EBADMSG: one of them is not what was written. */
static int append_first(const struct job *job, const struct th_live_header *h,
	struct th_slice frames, uint64_t seq, struct th_split *ret_split)
{
	struct th_block b = {TH_BLOCK_FRAMES, 0, h->writer, seq};
	struct th_splitter *splitter = &job->folding->splitter;
	int r;
	bool taken = th_splitter_take(splitter, frames, ret_split) == 0;
	forget_base(job->folding);
	if (splitter->feed && splitter->feed->failed) {
		return -EBADMSG;
	}
	if (taken) {
		r = append_split(job, h, &b, ret_split);
	} else {
		ret_split->frames = portion(frames, PORTION, &ret_split->count);
		r = append_plain(job, h, &b, ret_split->frames, ret_split->count);
	}
	job->folding->frames += r == 0 ? ret_split->count : 0;
	return r;
}

/* In as many blocks as it takes. */
static int append_frames(
	const struct job *job, const struct th_live_header *h, struct th_slice frames)
{
	struct th_split split;
	uint64_t seq = h->first_seq;
	int r = 0;
	while (r == 0 && frames.n > 0) {
		r = append_first(job, h, frames, seq, &split);
		frames.p += split.frames.n;
		frames.n -= split.frames.n;
		seq += split.count;
	}
	return r;
}

/* ---- live files ---- */

/* Up to the first one that is not sound; does any of them refer to others? */
static struct th_slice sound_frames(struct th_slice area, bool *ret_refer)
{
	struct th_frame_header h;
	size_t at = 0, let_go = 0;
	bool ok = false;
	while (th_frame_decode((struct th_slice){area.p + at, area.n - at}, &h, &ok) && ok) {
		*ret_refer |= th_frame_refers(&h);
		at += th_frame_room(h.length);
		if (at - let_go >= STEP) {
			/* What was read since brought some of the pages before it back. */
			th_split_let_go((struct th_slice){area.p, at});
			let_go = at;
		}
	}
	return (struct th_slice){area.p, at};
}

/* Those that are not to be had as they stand. Without the key of an encrypted file it is left for
 * somebody who has it: it would not compress. */
static int append_fed(const struct job *job, const struct th_live_header *h, struct th_slice stored)
{
	struct th_live_feed feed;
	struct th_split split;
	int r = th_live_feed_init(&feed, h, stored);
	if (r < 0) {
		return r;
	}
	job->folding->splitter.feed = &feed.feed;
	struct th_slice frames = th_live_feed_rest(&feed);
	while (r == 0 && frames.n > 0) {
		r = append_first(job, h, frames, feed.begin.seq, &split);
		th_live_feed_taken(&feed, split.count, split.frames.n);
		frames = th_live_feed_rest(&feed);
	}
	job->folding->splitter.feed = NULL;
	keep(job->folding, feed.map, feed.size + TH_GCM_TAG_BYTES);
	return r;
}

static bool is_free(const struct job *job, const struct th_live_header *h)
{
	struct th_owner self;
	if (job->claim == CLAIM_OWN) {
		return true;
	}
	if (h->writer == job->own_writer) {
		return false;
	}
	th_owner_self(&self);
	return th_owner_was_here(&h->owner, &self) || !th_owner_may_live(&h->owner, &self);
}

/* Its magic is written last, and its maker holds the lock until then: it was killed on the way. Or
 * it was cut: then its owner, who knows how many frames it had, misses them. */
static int remove_unfinished(const struct job *job)
{
	int r = th_sys_unlink(job->live_path);
	return r < 0 ? r : -ENOENT;
}

static int fold_map(const struct job *job, const uint8_t *map, size_t size)
{
	struct th_live_header h;
	if (th_le64(map) == 0) {
		return remove_unfinished(job);
	}
	int r = th_live_header_decode(map, &h);
	if (r < 0) {
		return r;
	}
	if (!is_free(job, &h)) {
		return -EBUSY;
	}
	bool encrypted = h.flags & TH_FILE_ENCRYPTED, refer = false;
	struct th_slice frames = sound_frames(
		(struct th_slice){map + TH_LIVE_HEADER_BYTES, size - TH_LIVE_HEADER_BYTES}, &refer);
	bool fed = encrypted || (refer && h.flags & TH_FILE_REFERS);
	if (frames.n == 0) { /* it was cut, say: the next one leans on what came before it */
		return th_sys_unlink(job->live_path);
	}
	r = prepare(job->folding, !fed);
	if (r < 0) {
		return r;
	}
	if (fed) {
		r = append_fed(job, &h, frames);
	} else {
		r = append_frames(job, &h, frames);
		keep(job->folding, (void *)(uintptr_t)map, size);
	}
	return r < 0 ? r : th_sys_unlink(job->live_path);
}

/* Is the file behind `fd`, now locked, still the one at the path? */
static int check_linked(const char *path, int fd, size_t *ret_size)
{
	struct stat st, at_path;
	int r = th_sys_fstat(fd, &st);
	if (r == 0) {
		r = th_sys_stat(path, &at_path);
	}
	if (r < 0) {
		return r;
	}
	if (st.st_ino != at_path.st_ino || st.st_dev != at_path.st_dev) {
		return -ENOENT;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > TH_BLOCK_MAX) {
		return -EINVAL;
	}
	*ret_size = (size_t)st.st_size;
	return 0;
}

static int fold_locked(const struct job *job, int fd)
{
	size_t size = 0;
	int r = check_linked(job->live_path, fd, &size);
	if (r < 0) {
		return r;
	}
	bool has_header = size >= TH_LIVE_HEADER_BYTES;
	if (size == 0 || (!has_header && job->claim == CLAIM_OWN)) {
		return remove_unfinished(job);
	}
	if (!has_header) {
		return -EINVAL;
	}
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		return -errno;
	}
	th_bus_watch(map, size);
	r = fold_map(job, map, size);
	if (job->folding->kept != map) {
		th_bus_forget(map);
		munmap(map, size);
	}
	return r;
}

/* Asked before it is locked, too: who only looks must not keep its owner from folding it. One that
 * is just being made tells nothing yet. */
static bool is_in_use(const struct job *job, int fd)
{
	uint8_t bytes[TH_LIVE_HEADER_BYTES];
	struct th_live_header h;
	return job->claim != CLAIM_OWN &&
		th_sys_pread(fd, bytes, sizeof(bytes), 0) == sizeof(bytes) &&
		th_live_header_decode(bytes, &h) == 0 && !is_free(job, &h);
}

/* Its owner waits a little for those that looked at it while it was being made. */
static int lock(const struct job *job, int fd)
{
	int tries = job->claim == CLAIM_OWN ? OWN_LOCK_TRIES : 1;
	int r = th_sys_flock(fd, LOCK_EX | LOCK_NB);
	while (r == -EWOULDBLOCK && --tries > 0) {
		th_sys_sleep(OWN_LOCK_PAUSE);
		r = th_sys_flock(fd, LOCK_EX | LOCK_NB);
	}
	return r;
}

static int fold(const struct job *job)
{
	int fd = th_sys_open(job->live_path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0) {
		return fd;
	}
	int r = is_in_use(job, fd) ? -EBUSY : lock(job, fd);
	if (r == 0) {
		r = fold_locked(job, fd);
		th_sys_flock(fd, LOCK_UN); /* by hand: a child forked meanwhile shares the lock */
	} else if (r == -EWOULDBLOCK) {
		r = -EBUSY;
	}
	th_sys_close(fd);
	return r;
}

/* One that nothing goes before. */
static int fold_alone(struct job *job)
{
	struct th_folding folding = {.ready = false};
	job->folding = &folding;
	int r = fold(job);
	th_folding_finish(&folding);
	return r;
}

int th_fold_live(const char *path, const char *live_path, uint64_t budget_ns)
{
	struct job job = {path, live_path, 0, th_patience_for(budget_ns), CLAIM_ORPHAN};
	return fold_alone(&job);
}

int th_fold_own(const char *path, const char *live_path, const struct th_patience *patience,
	struct th_folding *folding)
{
	const struct job job = {path, live_path, 0, *patience, CLAIM_OWN, folding};
	return fold(&job);
}

struct entry { /* struct linux_dirent64 */
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Folds the live files among the entries that one getdents() gave; returns how many. */
static int fold_entries(struct job *job, const uint8_t *p, size_t n, char *live_path, size_t dir_n,
	struct th_slice name, const struct th_patience *give_up)
{
	int folded = 0;
	while (n > 0) {
		const struct entry *e = (const void *)p;
		size_t name_n = strlen(e->name);
		if (th_live_is_name(e->name, name) && dir_n + name_n < PATH_MAX &&
			!th_patience_over(give_up)) {
			memcpy(live_path + dir_n, e->name, name_n + 1);
			folded += fold_alone(job) == 0;
		}
		p += e->length;
		n -= e->length;
	}
	return folded;
}

int th_fold_orphans(const char *path, uint64_t own_writer, uint64_t budget_ns)
{
	char live_path[PATH_MAX], real[PATH_MAX];
	_Alignas(8) uint8_t entries[4096];
	th_capture_real_path(path, real);
	struct th_slice name = th_slice_str(real);
	size_t dir_n = name.n;
	while (dir_n && real[dir_n - 1] != '/') {
		dir_n--;
	}
	if (name.n + TH_LIVE_SUFFIX_MAX > PATH_MAX) {
		return -ENAMETOOLONG;
	}
	memcpy(live_path, real, dir_n);
	live_path[dir_n] = '\0';
	name = (struct th_slice){name.p + dir_n, name.n - dir_n};
	int fd = th_sys_open(dir_n ? live_path : ".", O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		return fd;
	}
	struct job job = {real, live_path, own_writer, th_patience_for(budget_ns), CLAIM_ORPHAN};
	const struct th_patience give_up = th_patience_for(
		budget_ns > UINT64_MAX / 2 ? UINT64_MAX : 2 * budget_ns);
	int folded = 0;
	long n;
	while ((n = th_sys_getdents(fd, entries, sizeof(entries))) > 0) {
		folded += fold_entries(&job, entries, (size_t)n, live_path, dir_n, name, &give_up);
	}
	th_sys_close(fd);
	return n < 0 ? (int)n : folded;
}
