#include "capture/append.h"

#include <errno.h>

#include "base/fsize.h"
#include "base/sys.h"
#include "base/text.h"
#include "capture/key.h"

#define HEADER_LOCK_TRIES 500
#define HEADER_LOCK_PAUSE 1000000 /* ns */
#define PAGE 4096
#define WRITE_TRIES 3

static int read_header(int fd, struct th_file_header *ret_header)
{
	uint8_t bytes[TH_FILE_HEADER_BYTES];
	long n = th_sys_pread(fd, bytes, sizeof(bytes), 0);
	if (n < 0) {
		return (int)n;
	}
	return n == sizeof(bytes) ? th_file_header_decode(bytes, ret_header) : -EINVAL;
}

static int look(int fd, struct stat *ret_st)
{
	int r = th_sys_fstat(fd, ret_st);
	return r == 0 && !S_ISREG(ret_st->st_mode) ? -EINVAL : r;
}

static int write_header(int fd, struct th_file_header *ret_header)
{
	struct th_file_header h;
	uint8_t bytes[TH_FILE_HEADER_BYTES];
	int r = th_sys_random(&h, sizeof(h));
	if (r < 0) {
		return r;
	}
	th_key_begin(&h);
	th_file_header_encode(bytes, &h);
	struct th_fsize_guard guard = th_fsize_begin();
	long n = th_sys_pwrite(fd, bytes, sizeof(bytes), 0);
	th_fsize_end(&guard);
	if (n == sizeof(bytes)) {
		return th_file_header_decode(bytes, ret_header);
	}
	th_sys_ftruncate(fd, 0); /* under the lock, and the file was empty: nothing is lost */
	return n < 0 ? (int)n : -ENOSPC;
}

/* Two processes may find the file empty: the second one waits and finds the header. */
static int lock_bounded(int fd)
{
	int r = -EWOULDBLOCK;
	for (int i = 0; i < HEADER_LOCK_TRIES && r < 0; i++) {
		r = th_sys_flock(fd, LOCK_EX | LOCK_NB);
		if (r != -EWOULDBLOCK && r != -EINTR) {
			return r;
		}
		th_sys_sleep(HEADER_LOCK_PAUSE);
	}
	return r;
}

/* 1: somebody else did it. */
static int write_header_once(int fd, struct th_file_header *ret_header)
{
	struct stat st;
	int r = lock_bounded(fd);
	if (r < 0) {
		return r;
	}
	r = look(fd, &st);
	if (r == 0) {
		r = st.st_size == 0 ? write_header(fd, ret_header) : 1;
	}
	th_sys_flock(fd, LOCK_UN); /* by hand: a child forked meanwhile shares the lock */
	return r;
}

static int take_header(struct th_capture_open *open)
{
	struct stat st;
	int r = look(open->fd, &st);
	if (r < 0) {
		return r;
	}
	open->inode = st.st_ino;
	r = st.st_size == 0 ? write_header_once(open->fd, &open->header) : 1;
	if (r > 0) {
		r = read_header(open->fd, &open->header);
	}
	if (r == 0 && th_key_present() && !(open->header.flags & TH_FILE_ENCRYPTED)) {
		r = -EMEDIUMTYPE;
	}
	return r < 0 ? r : th_key_admit(&open->header);
}

int th_capture_open(const char *path, struct th_capture_open *ret_open)
{
	const int flags = O_RDWR | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK;
	struct th_capture_open open = {.fd = th_sys_open(path, flags | O_NOFOLLOW, 0600)};
	if (open.fd == -ELOOP) {
		open.linked = true;
		open.fd = th_sys_open(path, flags, 0600);
	}
	if (open.fd < 0) {
		return open.fd;
	}
	int r = take_header(&open);
	if (r < 0) {
		th_sys_close(open.fd);
		return r;
	}
	*ret_open = open;
	return 0;
}

void th_capture_close(struct th_capture_open *open)
{
	th_sys_close(open->fd);
	open->fd = -1;
}

int th_capture_create(const char *path, struct th_file_header *ret_header)
{
	struct th_capture_open open;
	int r = th_capture_open(path, &open);
	if (r == 0) {
		*ret_header = open.header;
		th_capture_close(&open);
	}
	return r;
}

/* Of an open file; its length, 0 when it is not there. */
static size_t path_of(int fd, char ret_path[PATH_MAX])
{
	char link[32] = "/proc/self/fd/";
	struct stat st, at_path;
	th_put_decimal(link + strlen(link), (uint32_t)fd);
	long n = TH_SYS(SYS_readlinkat, AT_FDCWD, link, ret_path, PATH_MAX - 1);
	if (n <= 0 || ret_path[0] != '/') {
		return 0;
	}
	ret_path[n] = '\0';
	bool there = th_sys_fstat(fd, &st) == 0 && th_sys_stat(ret_path, &at_path) == 0 &&
		st.st_ino == at_path.st_ino && st.st_dev == at_path.st_dev;
	return there ? (size_t)n : 0;
}

void th_capture_real_path(const char *path, char ret_path[PATH_MAX])
{
	bool link = TH_SYS(SYS_readlinkat, AT_FDCWD, path, ret_path, PATH_MAX) >= 0;
	int fd = link ? th_sys_open(path, O_PATH, 0) : -1;
	size_t n = fd < 0 ? 0 : path_of(fd, ret_path);
	if (n == 0) {
		n = strnlen(path, PATH_MAX - 1);
		memcpy(ret_path, path, n);
		ret_path[n] = '\0';
	}
	if (fd >= 0) {
		th_sys_close(fd);
	}
}

int th_capture_header_of(const char *path, struct th_file_header *ret_header, struct stat *ret_st)
{
	int fd = th_sys_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0) {
		return fd;
	}
	int r = th_sys_fstat(fd, ret_st);
	r = r < 0 ? r : read_header(fd, ret_header);
	th_sys_close(fd);
	return r;
}

int th_capture_header(const char *path, struct th_file_header *ret_header)
{
	struct stat st;
	return th_capture_header_of(path, ret_header, &st);
}

/* A live file that somebody laid beside an encrypted capture, say, does not come into it. */
static bool belongs(const struct th_file_header *h, const struct th_block *b)
{
	return !(h->flags & TH_FILE_ENCRYPTED) == !(b->flags & TH_BLOCK_ENCRYPTED);
}

int th_capture_open_again(
	const char *path, const uint8_t *file_id, struct th_capture_open *ret_open)
{
	struct th_capture_open open = {
		.fd = th_sys_open(path, O_RDWR | O_APPEND | O_NOCTTY | O_NONBLOCK, 0)};
	if (open.fd < 0) {
		return open.fd == -ENOENT ? -ESTALE : open.fd;
	}
	int r = read_header(open.fd, &open.header);
	if (r == 0 && memcmp(open.header.file_id, file_id, sizeof(open.header.file_id)) != 0) {
		r = -ESTALE;
	}
	if (r < 0) {
		th_sys_close(open.fd);
		return r;
	}
	*ret_open = open;
	return 0;
}

/* Makes sure that there is room for all of a block, or it would be torn. What stays in the page
 * that the file ends in has it. */
static int reserve(int fd, size_t total, uint64_t limit)
{
	struct stat st;
	int r = th_sys_fstat(fd, &st);
	if (r == 0 && (uint64_t)st.st_size + total > limit) {
		return -EFBIG;
	}
	if (r < 0 || (size_t)st.st_size % PAGE + total <= PAGE) {
		return r;
	}
	r = th_sys_reserve(fd, st.st_size, (off_t)total);
	return r == -EOPNOTSUPP || r == -ENOSYS ? 0 : r;
}

/* A block that came out short, as it may on a network file system, is written once more: readers
 * pass over the torn one. On a full disk that fails. */
static int write_block(int fd, const struct iovec *parts, int n, size_t total)
{
	long wrote = 0;
	for (int i = 0; i < WRITE_TRIES && wrote >= 0 && (size_t)wrote != total; i++) {
		wrote = th_sys_writev(fd, parts, n);
	}
	if (wrote < 0) {
		return (int)wrote;
	}
	return (size_t)wrote == total ? 0 : -ENOSPC;
}

static int write_all(int fd, const struct iovec *parts, int n, size_t total)
{
	struct th_fsize_guard guard = th_fsize_begin();
	int r = reserve(fd, total, guard.limit);
	r = r < 0 ? r : write_block(fd, parts, n, total);
	th_fsize_end(&guard);
	return r;
}

int th_capture_append_open(const struct th_capture_open *open, const struct th_block *b,
	const struct iovec *parts, int n)
{
	uint8_t header[TH_BLOCK_HEADER_BYTES];
	struct iovec all[TH_APPEND_PARTS + 1] = {{header, sizeof(header)}};
	size_t total = sizeof(header);
	if (n > TH_APPEND_PARTS) {
		return -EINVAL;
	}
	th_block_encode(header, open->header.file_id, b);
	for (int i = 0; i < n; i++) {
		all[i + 1] = parts[i];
		total += parts[i].iov_len;
	}
	if (!belongs(&open->header, b)) {
		return -EMEDIUMTYPE;
	}
	return write_all(open->fd, all, n + 1, total);
}

int th_capture_append(const char *path, const uint8_t *file_id, const struct th_block *b,
	const struct iovec *parts, int n)
{
	struct th_capture_open open;
	int r = th_capture_open_again(path, file_id, &open);
	if (r == 0) {
		r = th_capture_append_open(&open, b, parts, n);
		th_capture_close(&open);
	}
	return r;
}
