/* See writer_parts.h. Room is a part of a live file that is allocated and mapped; on a full disk
 * there is none, and it is not asked for again at once. */
#include "base/clock.h"
#include "base/sys.h"
#include "capture/writer_parts.h"

#define LIVE_FIRST_SIZE (64u << 10)
#define LIVE_SECOND_SIZE (256u << 10)
#define LIVE_TRIES 16		 /* each may meet a folder, see make_live() */
#define RETRY_PAUSE 100000000ull /* ns between attempts to get room on a full disk */

/* The file stays until finish folds it; its mapping is not needed for that. */
void th_room_leave(struct th_writer *w)
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
		size = th_live_window_end(end);
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
		th_room_leave(w);
	}
	return make_live(w, need);
}

int th_room_make(struct th_writer *w, size_t need)
{
	if (th_room_has(w, need)) {
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

bool th_room_is_gone(const char *path, uint64_t inode, size_t least)
{
	struct stat st;
	int r = th_sys_stat(path, &st);
	return r == -ENOENT || (r == 0 && (st.st_ino != inode || (size_t)st.st_size < least));
}

void th_room_notice(struct th_writer *w)
{
	if (!w->window.map) {
		return;
	}
	if (th_room_is_gone(w->live_path, w->live_inode, w->window.offset + w->window.size)) {
		count_gone(w);
		th_room_leave(w);
	} else if (th_room_lost(w)) {
		th_room_leave(w);
	}
}
