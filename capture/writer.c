/* See writer.h. A frame costs a copy, a checksum and one 8-byte store; system calls come only when
 * a live file is made, grows, or is left for the next one. Files that are full wait for finish:
 * compressing 16 MiB is nothing to do inside somebody's write(). */
#include "capture/writer.h"

#include <sys/mman.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/sys.h"
#include "capture/writer_parts.h"

#define MEND_ROOM (32u << 10)
#define PAGE_BYTES 4096 /* at least as small as anywhere */
#define STAGING_BYTES (TH_FRAME_HEADER_BYTES + TH_FRAME_PAYLOAD_MAX + 2 * TH_GCM_TAG_BYTES)

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

/* ---- frames ---- */

/* A frame without its first 8 bytes, encrypted, with its tag; its length. What was never in the
 * mapping cannot reach the disk. */
static size_t lay_out_encrypted(struct th_writer *w, uint8_t *at, const struct th_frame_header *h,
	const struct iovec *parts, int n)
{
	size_t length = th_frame_lay_out(w->staging, h, parts, n);
	th_live_key_seal(&w->live_key, w->next_seq, w->staging, length);
	length += TH_GCM_TAG_BYTES;
	memcpy(at + 8, w->staging + 8, length - 8);
	return length;
}

/* Is the frame there? */
INLINE bool commit_frame(struct th_writer *w, uint8_t *at, size_t length)
{
	uint32_t crc = th_crc32c(0, at + 8, length - 8);
	if (th_room_lost(w)) {
		return false; /* its beginning may have a page still */
	}
	__atomic_store_n(
		(uint64_t *)(void *)at, th_frame_commit((uint32_t)length, crc), __ATOMIC_RELEASE);
	if (th_room_lost(w)) {
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
		length = th_frame_lay_out(at, h, parts, n);
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

bool th_losses_say(struct th_writer *w, uint64_t time)
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

static int put_slowly(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, size_t total)
{
	bool lossy = w->lost_events != 0;
	size_t tag = w->encrypted ? TH_GCM_TAG_BYTES : 0;
	size_t need = th_frame_room(TH_FRAME_HEADER_BYTES + total + tag);
	int r = th_room_make(w, need + LOST_RESERVE + (lossy ? LOST_FRAME_ROOM : 0));
	if (r < 0) {
		return r;
	}
	if (lossy && !th_losses_say(w, h->time)) {
		return -EIO;
	}
	return append_frame(w, h, parts, n) ? 0 : -EIO;
}

/* The live file has lost pages: the frame goes into another one, if there is room for that. */
static int put_elsewhere(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, size_t total)
{
	th_room_notice(w);
	return put_slowly(w, h, parts, n, total);
}

INLINE int put_locked(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, size_t total)
{
	if (w->lost_events ||
		!th_room_has(w,
			TH_FRAME_HEADER_BYTES + total + TH_GCM_TAG_BYTES + TH_FRAME_ALIGN +
				LOST_RESERVE)) {
		int r = put_slowly(w, h, parts, n, total);
		return r == -EIO && th_room_lost(w) ? put_elsewhere(w, h, parts, n, total) : r;
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

static int put_direct_locked(struct th_writer *w, const struct th_frame_header *h,
	const struct iovec *parts, int n, size_t total)
{
	if (w->window.map || n > TH_APPEND_PARTS - 2) {
		return put_locked(w, h, parts, n, total);
	}
	if (w->path[0] == '\0') {
		return -EBADF;
	}
	return w->encrypted ? th_block_append_encrypted(w, h, parts, n)
			    : th_block_append(w, h, parts, n);
}

int th_losses_tell(struct th_writer *w)
{
	uint8_t payload[LOST_FRAME_ROOM - TH_FRAME_HEADER_BYTES - TH_GCM_TAG_BYTES];
	const struct th_frame_header h = {.type = TH_FRAME_LOST, .time = th_clock_now()};
	if (th_room_has(w, LOST_FRAME_ROOM) && th_losses_say(w, h.time)) {
		return 0;
	}
	th_room_leave(w);
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
		th_losses_tell(w);
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
	struct th_gathered g = {.n = 0};
	if (!w->is_open || w->encrypted || w->window.map || n > TH_WRITER_TOGETHER ||
		total_of(payloads, n) > TH_FRAME_PAYLOAD_MAX) {
		return put_each(w, time, types, payloads, n);
	}
	for (int i = 0; i < n; i++) {
		const struct th_frame_header h = {.type = types[i], .time = time};
		th_gathered_add(&g, heads[i], &h, &payloads[i], 1);
	}
	if (!th_lock(&w->lock)) {
		return put_each(w, time, types, payloads, n);
	}
	int r = th_gathered_append(w, &g);
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
	th_room_notice(w);
	if (w->path[0] == '\0' || !th_room_is_gone(w->path, w->inode, TH_FILE_HEADER_BYTES)) {
		return 0;
	}
	int r = th_capture_header(w->path, &now);
	return r == 0 && memcmp(now.file_id, w->file_id, sizeof(w->file_id)) == 0 ? 0 : -ESTALE;
}

/* Room that can be written to: a file system that copies on write may have none for what is
 * allocated (base/bus.h), and tells by the store to a page. */
static int make_sure_of_room(struct th_writer *w, size_t need)
{
	int r = th_room_make(w, need);
	for (int tries = 0; r == 0 && tries < 2; tries++) {
		volatile uint8_t *free_bytes = w->window.map + (w->tail - w->window.offset);
		for (size_t at = 0; at < need; at += PAGE_BYTES) {
			free_bytes[at] = 0;
		}
		if (!th_room_lost(w)) {
			return 0;
		}
		th_room_notice(w);
		r = th_room_make(w, need);
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
	if (r == 0 && w->lost_events && !th_losses_say(w, th_clock_now())) {
		r = -EIO;
	}
	th_unlock(&w->lock);
	return r == 0;
}

void th_writer_forked(struct th_writer *w)
{
	/* A thread that is not in this process may have been moving the mapping (P28): then its
	 * address cannot be trusted, and a leaked mapping is the lesser evil. */
	bool settled = atomic_load_explicit(&w->lock.word, memory_order_relaxed) == 0;
	if (settled) {
		th_room_leave(w);
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
