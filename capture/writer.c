/* See writer.h. A frame costs a copy, a checksum and one 8-byte store; system calls come only when
 * a live file is made, grows, or is left for the next one. Files that are full wait for finish:
 * compressing 16 MiB is nothing to do inside somebody's write(). */
#include "capture/writer.h"

#include <sys/mman.h>

#include "base/bus.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/sys.h"
#include "capture/append.h"
#include "capture/fold.h"
#include "capture/live.h"

#define LIVE_FIRST_SIZE (64u << 10)
#define LIVE_SECOND_SIZE (256u << 10)
#define LIVE_TRIES 16		 /* each may meet a folder, see make_live() */
#define RETRY_PAUSE 100000000ull /* ns between attempts to get room on a full disk */
#define LOST_FRAME_ROOM 112
/* At a live file's end, for LOST frames alone: of the first, second, fourth … loss, and at the end.
 * On a disk that is really full there may be no other place to tell of them. */
#define LOST_RESERVE (40 * LOST_FRAME_ROOM)
#define MEND_ROOM (32u << 10)
#define PAGE_BYTES 4096 /* at least as small as anywhere */
#define STAGING_BYTES (TH_FRAME_HEADER_BYTES + TH_FRAME_PAYLOAD_MAX + 2 * TH_GCM_TAG_BYTES)

/* What each frame goes through is one piece of code. */
#define INLINE static inline __attribute__((always_inline))

static const char *reason_of(int error)
{
	switch (-error) {
	case ENOSPC:
	case EDQUOT:
		return "disk full";
	case EFBIG:
		return "file size limit reached";
	case EMSGSIZE:
		return "event too large";
	case EBUSY:
		return "recorder busy";
	case ENOENT:
	case ESTALE:
		return "the capture, or a live file, was removed, cut or replaced";
	default:
		return "capture not writable";
	}
}

/* Also without the lock: a thread that did not get it must still count. */
static void count_loss(struct th_writer *w, size_t bytes, int error)
{
	__atomic_fetch_add(&w->lost_events, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&w->lost_bytes, bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&w->error, error, __ATOMIC_RELAXED);
}

static uint64_t random_id(void)
{
	uint64_t id = 0;
	if (th_sys_random(&id, sizeof(id)) < 0 || id == 0) {
		id = (th_clock_now() << 20) ^ th_sys_getpid();
	}
	return id;
}

/* What is encrypted is put together in private memory. */
static int prepare_encryption(struct th_writer *w, const struct th_file_header *h)
{
	if (!(h->flags & TH_FILE_ENCRYPTED)) {
		return 0;
	}
	void *map = mmap(
		NULL, STAGING_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED) {
		return -ENOMEM;
	}
	w->staging = map;
	w->encrypted = true;
	return 0;
}

static int begin(struct th_writer *w, const char *path, const struct th_capture_open *open)
{
	const struct th_file_header *h = &open->header;
	memset(w, 0, offsetof(struct th_writer, path));
	int r = prepare_encryption(w, h);
	if (r < 0) {
		return r;
	}
	strcpy(w->path, path);
	memcpy(w->file_id, h->file_id, sizeof(w->file_id));
	memcpy(w->key, h->key, sizeof(w->key));
	w->id = random_id();
	w->inode = open->inode;
	w->open = *open;
	w->is_open = true;
	return 0;
}

static __attribute__((noinline)) int begin_behind_link(
	struct th_writer *w, const char *path, const struct th_capture_open *open)
{
	char real[PATH_MAX];
	th_capture_real_path(path, real);
	return strlen(real) < sizeof(w->path) ? begin(w, real, open) : -ENAMETOOLONG;
}

int th_writer_open(struct th_writer *w, const char *path)
{
	struct th_capture_open open;
	if (strlen(path) >= sizeof(w->path)) {
		return -ENAMETOOLONG;
	}
	int r = th_capture_open(path, &open);
	if (r < 0) {
		return r;
	}
	r = open.linked ? begin_behind_link(w, path, &open) : begin(w, path, &open);
	if (r < 0) {
		th_capture_close(&open);
	}
	return r;
}

void th_writer_settle(struct th_writer *w)
{
	if (w->is_open) {
		th_capture_close(&w->open);
		w->is_open = false;
	}
}

int th_writer_init(struct th_writer *w, const char *path)
{
	int r = th_writer_open(w, path);
	if (r == 0) {
		th_writer_settle(w);
	}
	return r;
}

/* ---- room ---- */

/* The file stays until finish folds it; its mapping is not needed for that. */
static void leave_live(struct th_writer *w)
{
	if (!w->window.map) {
		return;
	}
	w->waiting += (int64_t)(w->next_seq - w->first_seq);
	w->first_seq = w->next_seq;
	th_again_forget(&w->again, SIZE_MAX);
	th_live_unmap(&w->window);
}

/* A key of its own for the live file that is going to be made. */
static int choose_live_key(struct th_writer *w, struct th_live_header *h)
{
	if (!w->encrypted) {
		h->flags |= TH_FILE_REFERS;
		return 0;
	}
	int r = th_key_salt(h->salt);
	h->flags |= TH_FILE_ENCRYPTED;
	th_live_key_init(&w->live_key, w->file_id, w->id);
	return r < 0 ? r : th_key_live(h->salt, &w->live_key.key);
}

static int create_live(struct th_writer *w, size_t need)
{
	struct th_live_header h = {.writer = w->id, .first_seq = w->next_seq};
	struct stat st;
	size_t size = LIVE_FIRST_SIZE;
	uint32_t number = w->live_count + 1;
	struct th_file_header now;
	while (size < TH_LIVE_HEADER_BYTES + need) {
		size *= 2;
	}
	int r = th_capture_header_of(w->path, &now, &st);
	if (r == 0 && memcmp(now.file_id, w->file_id, sizeof(w->file_id)) != 0) {
		r = -ESTALE; /* beside another capture no reader would look for it */
	}
	if (r == 0) {
		r = th_live_name(w->live_path, sizeof(w->live_path), w->path, w->id, number);
	}
	r = r < 0 ? r : choose_live_key(w, &h);
	if (r < 0) {
		return r;
	}
	memcpy(h.file_id, w->file_id, sizeof(h.file_id));
	th_owner_sign(&h.owner);
	r = th_live_create(w->live_path, st.st_mode & 0777, &h, size, &w->live_inode, &w->window);
	if (r == 0 || r == -EAGAIN) {
		w->live_count = number;
	}
	if (r < 0) {
		return r;
	}
	w->first_seq = w->next_seq;
	w->live_size = size;
	w->tail = TH_LIVE_HEADER_BYTES;
	w->spared = 0;
	th_again_forget(&w->again, SIZE_MAX);
	return 0;
}

/* Whoever ends beside us looks for orphans, and takes a file for one that was opened but not locked
 * yet. On a loaded machine one of a hundred files meets that, and the next one, since the other is
 * still looking, one of ten. */
static int make_live(struct th_writer *w, size_t need)
{
	int r = -EAGAIN;
	for (int i = 0; i < LIVE_TRIES && r == -EAGAIN; i++) {
		r = create_live(w, need);
	}
	return r;
}

/* The size that the live file is to have: in small steps at first, since most processes say little,
 * and then a window at a time, since what takes long must not be done at once. */
static size_t next_size(const struct th_writer *w, size_t need)
{
	size_t size = w->live_size, end = w->tail + need;
	while (size < end && size < TH_LIVE_WINDOW) {
		size = size < LIVE_SECOND_SIZE ? LIVE_SECOND_SIZE : 2 * size;
	}
	if (size >= TH_LIVE_WINDOW) {
		size = (end + TH_LIVE_WINDOW - 1) / TH_LIVE_WINDOW * TH_LIVE_WINDOW;
	}
	return size < TH_LIVE_MAX ? size : TH_LIVE_MAX;
}

/* On a disk that is nearly full: no more than what is needed now. */
static size_t least_size(const struct th_writer *w, size_t need)
{
	size_t size = (w->tail + need + LIVE_FIRST_SIZE - 1) & ~(size_t)(LIVE_FIRST_SIZE - 1);
	return size > w->live_size ? size : w->live_size;
}

static int extend_live(struct th_writer *w, size_t need)
{
	if (w->tail + w->spared + need > TH_LIVE_MAX) {
		return -EOVERFLOW;
	}
	size_t size = next_size(w, need);
	size = size > w->live_size ? size : w->live_size;
	int r = th_live_slide(w->live_path, w->live_inode, size, w->tail, need, &w->window);
	if ((r == -ENOSPC || r == -EDQUOT) && least_size(w, need) < size) {
		size = least_size(w, need);
		r = th_live_slide(w->live_path, w->live_inode, size, w->tail, need, &w->window);
	}
	if (r == 0) {
		w->live_size = size;
		th_again_forget(&w->again, w->window.offset);
	}
	return r;
}

/* Somebody removed the live file, or cut it, and with it its frames. */
static void count_gone(struct th_writer *w)
{
	__atomic_fetch_add(&w->lost_events, w->next_seq - w->first_seq, __ATOMIC_RELAXED);
	__atomic_store_n(&w->error, -ENOENT, __ATOMIC_RELAXED);
	w->first_seq = w->next_seq;
}

static int get_room(struct th_writer *w, size_t need)
{
	if (w->window.map) {
		int r = extend_live(w, need);
		if (r == 0) {
			return 0;
		}
		if (r != -EOVERFLOW && r != -ESTALE) {
			return r;
		}
		if (r == -ESTALE) {
			count_gone(w);
		}
		leave_live(w);
	}
	return make_live(w, need);
}

/* A file never stands for more than TH_LIVE_MAX bytes, since the agent's end waits for its folder.
 */
static inline bool has_room(const struct th_writer *w, size_t need)
{
	return w->window.map && w->window.offset + w->window.size - w->tail >= need &&
		w->tail + w->spared + need <= TH_LIVE_MAX;
}

static int make_room(struct th_writer *w, size_t need)
{
	if (has_room(w, need)) {
		return 0;
	}
	if (w->path[0] == '\0') {
		return -EBADF;
	}
	if (w->retry_at && th_clock_mono() < w->retry_at) {
		return w->room_error;
	}
	w->room_error = get_room(w, need);
	w->retry_at = w->room_error < 0 ? th_clock_mono() + RETRY_PAUSE : 0;
	return w->room_error;
}

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
INLINE size_t lay_out(
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

/* The same, encrypted, with its tag. What was never in the mapping cannot reach the disk. */
static size_t lay_out_encrypted(struct th_writer *w, uint8_t *at, const struct th_frame_header *h,
	const struct iovec *parts, int n)
{
	size_t length = lay_out(w->staging, h, parts, n);
	th_live_key_seal(&w->live_key, w->next_seq, w->staging, length);
	length += TH_GCM_TAG_BYTES;
	memcpy(at + 8, w->staging + 8, length - 8);
	return length;
}

/* Did what was written to the live file go nowhere? */
INLINE bool went_nowhere(const struct th_writer *w)
{
	return th_bus_any() && th_bus_lost(w->window.map);
}

/* Is the frame there? */
INLINE bool commit_frame(struct th_writer *w, uint8_t *at, size_t length)
{
	uint32_t crc = th_crc32c(0, at + 8, length - 8);
	if (went_nowhere(w)) {
		return false; /* its beginning may have a page still */
	}
	__atomic_store_n(
		(uint64_t *)(void *)at, th_frame_commit((uint32_t)length, crc), __ATOMIC_RELEASE);
	if (went_nowhere(w)) {
		return false;
	}
	w->tail += th_frame_room(length);
	w->next_seq++;
	return true;
}

/* What of a request's body stands in the live file already is not written again. */
static size_t lay_out_again(
	struct th_writer *w, uint8_t *at, const struct th_frame_header *h, struct th_slice bytes)
{
	struct th_frame_header refers = *h;
	const uintptr_t file = (uintptr_t)w->window.map - w->window.offset;
	struct th_again_found found = th_again_find(&w->again, file, h->id, bytes);
	refers.flags &= (uint8_t)~TH_FRAME_REFERS;
	struct th_slice rest = {bytes.p + found.n, bytes.n - found.n};
	size_t length = TH_FRAME_HEADER_BYTES;
	if (found.n) {
		refers.flags |= TH_FRAME_REFERS;
		w->spared += found.n;
		length += th_again_encode(&found, (uint32_t)bytes.n, at + length);
	}
	th_frame_encode(at, &refers);
	if (rest.n) {
		memcpy(at + length, rest.p, rest.n);
	}
	if (found.body) {
		th_again_keep(&found, (uint32_t)(w->tail + length), (uint32_t)rest.n);
	}
	return length + rest.n;
}

/* There is room. The store of length and checksum comes last: see FORMAT.md, "Frame". False: the
 * live file has lost pages (base/bus.h), and takes no more frames. */
INLINE bool append_frame(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n)
{
	uint8_t *at = w->window.map + (w->tail - w->window.offset);
	size_t length;
	if (w->encrypted) {
		length = lay_out_encrypted(w, at, h, parts, n);
	} else if (h->type == TH_FRAME_REQ_DATA && n == 1 &&
		(w->again.next || parts->iov_len >= TH_AGAIN_WORTH)) {
		length = lay_out_again(
			w, at, h, (struct th_slice){parts->iov_base, parts->iov_len});
	} else {
		length = lay_out(at, h, parts, n);
	}
	return commit_frame(w, at, length);
}

/* A LOST frame's payload; takes what has been counted. */
static size_t take_losses(struct th_writer *w, uint8_t *ret_payload, size_t cap)
{
	struct th_out out = {.p = ret_payload, .cap = cap};
	th_out_u64(&out, __atomic_exchange_n(&w->lost_events, 0, __ATOMIC_RELAXED));
	th_out_u64(&out, __atomic_exchange_n(&w->lost_bytes, 0, __ATOMIC_RELAXED));
	th_out_str16(&out, th_slice_str(reason_of(__atomic_load_n(&w->error, __ATOMIC_RELAXED))));
	th_out_u8(&out, 1); /* a gap: what was open may lack something */
	return out.n;
}

/* Of taken losses that could not be told of. */
static void give_back(struct th_writer *w, uint64_t events, uint64_t bytes)
{
	__atomic_fetch_add(&w->lost_events, events, __ATOMIC_RELAXED);
	__atomic_fetch_add(&w->lost_bytes, bytes, __ATOMIC_RELAXED);
}

static bool say_losses(struct th_writer *w, uint64_t time)
{
	uint8_t payload[LOST_FRAME_ROOM - TH_FRAME_HEADER_BYTES - TH_GCM_TAG_BYTES];
	const struct th_frame_header h = {.type = TH_FRAME_LOST, .time = time};
	uint64_t events = w->lost_events, bytes = w->lost_bytes;
	struct iovec part = {payload, take_losses(w, payload, sizeof(payload))};
	if (!append_frame(w, &h, &part, 1)) {
		give_back(w, events, bytes);
		return false;
	}
	return true;
}

static bool is_gone(const char *path, uint64_t inode, size_t least)
{
	struct stat st;
	int r = th_sys_stat(path, &st);
	return r == -ENOENT || (r == 0 && (st.st_ino != inode || (size_t)st.st_size < least));
}

/* Is the live file where it was, with all that was mapped? Its mapping tells nothing of the first,
 * and of the second only where it is written to. */
static void notice_removal(struct th_writer *w)
{
	if (!w->window.map) {
		return;
	}
	if (is_gone(w->live_path, w->live_inode, w->window.offset + w->window.size)) {
		count_gone(w);
		leave_live(w);
	} else if (went_nowhere(w)) {
		leave_live(w);
	}
}

static int put_slowly(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, size_t total)
{
	bool lossy = w->lost_events != 0;
	size_t tag = w->encrypted ? TH_GCM_TAG_BYTES : 0;
	size_t need = th_frame_room(TH_FRAME_HEADER_BYTES + total + tag);
	int r = make_room(w, need + LOST_RESERVE + (lossy ? LOST_FRAME_ROOM : 0));
	if (r < 0) {
		return r;
	}
	if (lossy && !say_losses(w, h->time)) {
		return -EIO;
	}
	return append_frame(w, h, parts, n) ? 0 : -EIO;
}

/* The live file has lost pages: the frame goes into another one, if there is room for that. */
static int put_elsewhere(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, size_t total)
{
	notice_removal(w);
	return put_slowly(w, h, parts, n, total);
}

INLINE int put_locked(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, size_t total)
{
	if (w->lost_events ||
		!has_room(w,
			TH_FRAME_HEADER_BYTES + total + TH_GCM_TAG_BYTES + TH_FRAME_ALIGN +
				LOST_RESERVE)) {
		int r = put_slowly(w, h, parts, n, total);
		return r == -EIO && went_nowhere(w) ? put_elsewhere(w, h, parts, n, total) : r;
	}
	return append_frame(w, h, parts, n) ? 0 : put_elsewhere(w, h, parts, n, total);
}

/* Bytes of all parts; larger than any limit when they would not fit an integer. */
INLINE size_t total_of(const struct iovec *parts, int n)
{
	size_t total = 0;
	for (int i = 0; i < n; i++) {
		if (__builtin_add_overflow(total, parts[i].iov_len, &total)) {
			return SIZE_MAX;
		}
	}
	return total;
}

/* One block, of the frames from w->next_seq on. */
static int append(struct th_writer *w, const struct th_block *b, const struct iovec *parts, int n)
{
	struct th_capture_open again;
	int r = w->is_open ? 0 : th_capture_open_again(w->path, w->file_id, &again);
	if (r < 0) {
		return r;
	}
	r = th_capture_append_open(w->is_open ? &w->open : &again, b, parts, n);
	if (!w->is_open) {
		th_capture_close(&again);
	}
	w->next_seq += r == 0 ? b->frames : 0;
	return r;
}

/* A block whose frames stand where they are, to be written by one system call. */
struct gathered {
	struct th_block block;
	struct iovec all[TH_APPEND_PARTS];
	int n;
};

static void gather_part(struct gathered *g, const void *p, size_t n)
{
	g->all[g->n++] = (struct iovec){(void *)(uintptr_t)p, n};
	g->block.crc = th_crc32c(g->block.crc, p, n);
}

/* Frame header, payload and padding. */
static void gather(struct gathered *g, uint8_t head[TH_FRAME_HEADER_BYTES],
	const struct th_frame_header *h, const struct iovec *parts, int n)
{
	static const uint8_t padding[TH_FRAME_ALIGN];
	size_t length = TH_FRAME_HEADER_BYTES;
	th_frame_encode(head, h);
	uint32_t crc = th_crc32c(0, head + 8, TH_FRAME_HEADER_BYTES - 8);
	for (int i = 0; i < n; i++) {
		crc = th_crc32c(crc, parts[i].iov_base, parts[i].iov_len);
		length += parts[i].iov_len;
	}
	uint64_t commit = th_frame_commit((uint32_t)length, crc);
	memcpy(head, &commit, sizeof(commit));
	gather_part(g, head, TH_FRAME_HEADER_BYTES);
	for (int i = 0; i < n; i++) {
		gather_part(g, parts[i].iov_base, parts[i].iov_len);
	}
	gather_part(g, padding, th_frame_room(length) - length);
	g->block.frames++;
	g->block.raw_bytes += (uint32_t)th_frame_room(length);
	th_block_told_add(&g->block.told, h);
}

static int append_gathered(struct th_writer *w, struct gathered *g)
{
	g->block.type = TH_BLOCK_FRAMES;
	g->block.writer = w->id;
	g->block.first_seq = w->next_seq;
	g->block.stored_bytes = g->block.raw_bytes;
	return append(w, &g->block, g->all, g->n);
}

static int append_block(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n)
{
	_Alignas(8) uint8_t head[TH_FRAME_HEADER_BYTES];
	struct gathered g = {.n = 0};
	gather(&g, head, h, parts, n);
	return append_gathered(w, &g);
}

/* The same, encrypted. */
static int append_encrypted(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n)
{
	uint8_t tag[TH_GCM_TAG_BYTES];
	size_t length = lay_out(w->staging, h, parts, n), room = th_frame_room(length);
	uint64_t commit = th_frame_commit(
		(uint32_t)length, th_crc32c(0, w->staging + 8, length - 8));
	memcpy(w->staging, &commit, sizeof(commit));
	memset(w->staging + length, 0, room - length);
	struct th_block b = {TH_BLOCK_FRAMES, 0, w->id, w->next_seq, 1};
	th_block_told_add(&b.told, h);
	b.raw_bytes = (uint32_t)room;
	int r = th_key_seal_block(&b, w->file_id, w->staging, room, tag);
	if (r < 0) {
		return r;
	}
	b.crc = th_crc32c(th_crc32c(0, w->staging, room), tag, sizeof(tag));
	const struct iovec all[] = {{w->staging, room}, {tag, sizeof(tag)}};
	return append(w, &b, all, 2);
}

static int put_direct_locked(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, size_t total)
{
	if (w->window.map || n > TH_APPEND_PARTS - 2) {
		return put_locked(w, h, parts, n, total);
	}
	if (w->path[0] == '\0') {
		return -EBADF;
	}
	return w->encrypted ? append_encrypted(w, h, parts, n) : append_block(w, h, parts, n);
}

/* Losses that no frame has told of yet, as a frame in the live file, if it still has room for that,
 * or in a block. */
static int tell_losses(struct th_writer *w)
{
	uint8_t payload[LOST_FRAME_ROOM - TH_FRAME_HEADER_BYTES - TH_GCM_TAG_BYTES];
	const struct th_frame_header h = {.type = TH_FRAME_LOST, .time = th_clock_now()};
	if (has_room(w, LOST_FRAME_ROOM) && say_losses(w, h.time)) {
		return 0;
	}
	leave_live(w);
	uint64_t events = w->lost_events, bytes = w->lost_bytes;
	struct iovec part = {payload, take_losses(w, payload, sizeof(payload))};
	int r = put_direct_locked(w, &h, &part, 1, part.iov_len);
	if (r < 0) {
		give_back(w, events, bytes);
	}
	return r;
}

/* Counts a loss, and tells of the first, second, fourth … one at once: whoever is killed while the
 * disk is full has told of half of them at least. */
static void lose(struct th_writer *w, size_t bytes, int error)
{
	count_loss(w, bytes, error);
	w->losses++;
	if (w->path[0] && (w->losses & (w->losses - 1)) == 0) {
		tell_losses(w);
	}
}

/* Checks, locks, and counts what could not be written. */
INLINE int put_frame(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, bool direct)
{
	size_t total = total_of(parts, n);
	int r = total <= TH_FRAME_PAYLOAD_MAX ? -EBUSY : -EMSGSIZE;
	if (r == -EMSGSIZE || !th_lock(&w->lock)) {
		count_loss(w, total, r);
		return r;
	}
	r = direct ? put_direct_locked(w, h, parts, n, total) : put_locked(w, h, parts, n, total);
	if (r < 0) {
		lose(w, total, r);
	}
	th_unlock(&w->lock);
	return r;
}

int th_writer_put_frame(
	struct th_writer *w, const struct th_frame_header *h, const struct iovec *parts, int n)
{
	return put_frame(w, h, parts, n, false);
}

void th_writer_put_two(struct th_writer *w, const struct th_writer_frame two[2])
{
	const size_t totals[2] = {
		total_of(two[0].parts, two[0].n), total_of(two[1].parts, two[1].n)};
	if (totals[0] > TH_FRAME_PAYLOAD_MAX || totals[1] > TH_FRAME_PAYLOAD_MAX ||
		!th_trylock(&w->lock)) {
		th_writer_put_frame(w, two[0].header, two[0].parts, two[0].n);
		th_writer_put_frame(w, two[1].header, two[1].parts, two[1].n);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		const struct th_writer_frame *f = &two[i];
		int r = put_locked(w, f->header, f->parts, f->n, totals[i]);
		if (r < 0) {
			lose(w, totals[i], r);
		}
	}
	th_unlock(&w->lock);
}

int th_writer_put(struct th_writer *w, uint8_t type, uint8_t flags, uint32_t id, uint64_t time,
	const struct iovec *parts, int n)
{
	const struct th_frame_header h = {.type = type, .flags = flags, .id = id, .time = time};
	return put_frame(w, &h, parts, n, false);
}

int th_writer_put_direct(struct th_writer *w, uint8_t type, uint8_t flags, uint32_t id,
	uint64_t time, const struct iovec *parts, int n)
{
	const struct th_frame_header h = {.type = type, .flags = flags, .id = id, .time = time};
	return put_frame(w, &h, parts, n, true);
}

/* One after the other. */
static int put_each(struct th_writer *w, uint64_t time, const uint8_t *types,
	const struct iovec *payloads, int n)
{
	int r = 0;
	for (int i = 0; i < n; i++) {
		int one = th_writer_put_direct(w, types[i], 0, 0, time, &payloads[i], 1);
		r = r < 0 ? r : one;
	}
	return r;
}

int th_writer_put_together(struct th_writer *w, uint64_t time, const uint8_t *types,
	const struct iovec *payloads, int n)
{
	_Alignas(8) uint8_t heads[TH_WRITER_TOGETHER][TH_FRAME_HEADER_BYTES];
	struct gathered g = {.n = 0};
	if (!w->is_open || w->encrypted || w->window.map || n > TH_WRITER_TOGETHER ||
		total_of(payloads, n) > TH_FRAME_PAYLOAD_MAX) {
		return put_each(w, time, types, payloads, n);
	}
	for (int i = 0; i < n; i++) {
		const struct th_frame_header h = {.type = types[i], .time = time};
		gather(&g, heads[i], &h, &payloads[i], 1);
	}
	if (!th_lock(&w->lock)) {
		return put_each(w, time, types, payloads, n);
	}
	int r = append_gathered(w, &g);
	for (int i = 0; r < 0 && i < n; i++) {
		lose(w, payloads[i].iov_len, r);
	}
	th_unlock(&w->lock);
	return r;
}

bool th_writer_broken(const struct th_writer *w)
{
	return w->path[0] == '\0' || __atomic_load_n(&w->room_error, __ATOMIC_RELAXED) != 0 ||
		__atomic_load_n(&w->lost_events, __ATOMIC_RELAXED) != 0;
}

/* Is the capture where it was: it, or a copy of it? */
static int check_files(struct th_writer *w)
{
	struct th_file_header now;
	notice_removal(w);
	if (w->path[0] == '\0' || !is_gone(w->path, w->inode, TH_FILE_HEADER_BYTES)) {
		return 0;
	}
	int r = th_capture_header(w->path, &now);
	return r == 0 && memcmp(now.file_id, w->file_id, sizeof(w->file_id)) == 0 ? 0 : -ESTALE;
}

/* Room that can be written to: a file system that copies on write may have none for what is
 * allocated (base/bus.h), and tells by the store to a page. */
static int make_sure_of_room(struct th_writer *w, size_t need)
{
	int r = make_room(w, need);
	for (int tries = 0; r == 0 && tries < 2; tries++) {
		volatile uint8_t *free_bytes = w->window.map + (w->tail - w->window.offset);
		for (size_t at = 0; at < need; at += PAGE_BYTES) {
			free_bytes[at] = 0;
		}
		if (!went_nowhere(w)) {
			return 0;
		}
		notice_removal(w);
		r = make_room(w, need);
	}
	return r < 0 ? r : -EIO;
}

bool th_writer_mend(struct th_writer *w)
{
	if (!th_trylock(&w->lock)) {
		return !th_writer_broken(w); /* somebody is writing just now */
	}
	int r = check_files(w);
	if (r == 0) {
		r = make_sure_of_room(w, LOST_FRAME_ROOM + MEND_ROOM + LOST_RESERVE);
	}
	if (r == 0) {
		w->room_error = 0;
	}
	if (r == 0 && w->lost_events && !say_losses(w, th_clock_now())) {
		r = -EIO;
	}
	th_unlock(&w->lock);
	return r == 0;
}

/* ---- process events ---- */

void th_writer_forked(struct th_writer *w)
{
	/* A thread that is not in this process may have been moving the mapping (P28): then its
	 * address cannot be trusted, and a leaked mapping is the lesser evil. */
	bool settled = atomic_load_explicit(&w->lock.word, memory_order_relaxed) == 0;
	if (settled) {
		leave_live(w);
	}
	w->window = (struct th_live_window){.map = NULL};
	th_again_forget(&w->again, SIZE_MAX);
	w->next_seq = w->first_seq = 0;
	w->waiting = 0;
	w->finishing = 0;
	w->live_count = w->live_folded = 0;
	w->lost_events = w->lost_bytes = w->losses = 0;
	w->error = w->room_error = 0;
	w->retry_at = 0;
	th_writer_settle(w);
	w->id = random_id();
	th_lock_reset(&w->lock);
}

/* Folds live files first..last; *ret_done: the last one that needs no further attempt. */
static int fold_each(const struct th_writer *w, uint32_t first, uint32_t last, uint64_t budget_ns,
	struct th_folding *folding, uint32_t *ret_done)
{
	char live_path[sizeof(w->live_path)];
	const struct th_patience patience = th_patience_for(budget_ns);
	const struct th_patience give_up = th_patience_for(
		budget_ns > UINT64_MAX / 2 ? UINT64_MAX : 2 * budget_ns);
	*ret_done = first - 1;
	for (uint32_t number = first; number <= last; number++) {
		if (number > first && th_patience_over(&give_up)) {
			return -ETIME;
		}
		int r = th_live_name(live_path, sizeof(live_path), w->path, w->id, number);
		if (r == 0) {
			r = th_fold_own(w->path, live_path, &patience, folding);
		}
		if (r < 0 && r != -ENOENT) {
			return r;
		}
		*ret_done = number;
	}
	return 0;
}

static int fold_all(struct th_writer *w, uint32_t first, uint32_t last, uint64_t budget_ns,
	uint32_t *ret_done, uint64_t *ret_frames)
{
	struct th_folding folding = {.ready = false};
	int r = fold_each(w, first, last, budget_ns, &folding, ret_done);
	*ret_frames = folding.frames;
	th_folding_finish(&folding);
	return r;
}

/* When all files that were left have been folded, by whichever thread, no frame waits any more:
 * those that do were in one that somebody cut or removed. */
static void account(struct th_writer *w, uint64_t folded)
{
	uint32_t left = w->live_count - (w->window.map ? 1 : 0);
	w->waiting -= (int64_t)folded;
	if (--w->finishing > 0 || w->live_folded < left) {
		return;
	}
	if (w->waiting > 0) {
		__atomic_fetch_add(&w->lost_events, (uint64_t)w->waiting, __ATOMIC_RELAXED);
		__atomic_store_n(&w->error, -ENOENT, __ATOMIC_RELAXED);
	}
	w->waiting = 0;
}

int th_writer_finish(struct th_writer *w, uint64_t budget_ns)
{
	uint32_t first, last, done = 0;
	uint64_t folded = 0;
	if (w->path[0] == '\0' || !th_lock(&w->lock)) {
		return w->path[0] ? -EBUSY : 0;
	}
	notice_removal(w);
	if (w->lost_events && has_room(w, LOST_FRAME_ROOM)) {
		say_losses(w, th_clock_now());
	}
	leave_live(w);
	first = w->live_folded + 1;
	last = w->live_count;
	w->finishing++;
	th_unlock(&w->lock);
	/* Without the lock: other threads may go on, into the next live file. */
	int r = first <= last ? fold_all(w, first, last, budget_ns, &done, &folded) : 0;
	if (!th_lock(&w->lock)) {
		return -EBUSY;
	}
	w->live_folded = done > w->live_folded ? done : w->live_folded;
	account(w, folded);
	int told = w->lost_events ? tell_losses(w) : 0;
	th_unlock(&w->lock);
	return r < 0 ? r : told;
}
