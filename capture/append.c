#include "capture/append.h"

#include <errno.h>

#include "base/fsize.h"
#include "base/sys.h"
#include "capture/key.h"

#define HEADER_LOCK_TRIES 500
#define HEADER_LOCK_PAUSE 1000000 /* ns */

static int read_header(int fd, struct th_file_header *ret_header)
{
	uint8_t bytes[TH_FILE_HEADER_BYTES];
	long n = th_sys_pread(fd, bytes, sizeof(bytes), 0);
	if (n < 0) {
		return (int)n;
	}
	return n == sizeof(bytes) ? th_file_header_decode(bytes, ret_header) : -EINVAL;
}

static int file_size(int fd, off_t *ret_size)
{
	struct stat st;
	int r = th_sys_fstat(fd, &st);
	if (r < 0) {
		return r;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EINVAL;
	}
	*ret_size = st.st_size;
	return 0;
}

static int write_header(int fd)
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
		return 0;
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

static int write_header_once(int fd)
{
	off_t size = 0;
	int r = lock_bounded(fd);
	if (r < 0) {
		return r;
	}
	r = file_size(fd, &size);
	if (r == 0 && size == 0) {
		r = write_header(fd);
	}
	th_sys_flock(fd, LOCK_UN); /* by hand: a child forked meanwhile shares the lock */
	return r;
}

int th_capture_create(const char *path, struct th_file_header *ret_header)
{
	off_t size = 0;
	int fd = th_sys_open(path, O_RDWR | O_CREAT | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd < 0) {
		return fd;
	}
	int r = file_size(fd, &size);
	if (r == 0 && size == 0) {
		r = write_header_once(fd);
	}
	if (r == 0) {
		r = read_header(fd, ret_header);
	}
	th_sys_close(fd);
	if (r == 0 && th_key_present() && !(ret_header->flags & TH_FILE_ENCRYPTED)) {
		return -EMEDIUMTYPE;
	}
	return r < 0 ? r : th_key_admit(ret_header);
}

int th_capture_header(const char *path, struct th_file_header *ret_header)
{
	int fd = th_sys_open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0) {
		return fd;
	}
	int r = read_header(fd, ret_header);
	th_sys_close(fd);
	return r;
}

/* A live file that somebody laid beside an encrypted capture, say, does not come into it. */
static bool belongs(const struct th_file_header *h, const struct th_block *b)
{
	return !(h->flags & TH_FILE_ENCRYPTED) == !(b->flags & TH_BLOCK_ENCRYPTED);
}

static int append_to(int fd, const uint8_t *file_id, const struct th_block *b,
	const struct iovec *parts, int n, size_t total)
{
	struct th_file_header h;
	int r = read_header(fd, &h);
	if (r < 0) {
		return r;
	}
	if (memcmp(h.file_id, file_id, sizeof(h.file_id)) != 0) {
		return -ESTALE;
	}
	if (!belongs(&h, b)) {
		return -EMEDIUMTYPE;
	}
	struct th_fsize_guard guard = th_fsize_begin();
	long wrote = th_sys_writev(fd, parts, n);
	th_fsize_end(&guard);
	if (wrote < 0) {
		return (int)wrote;
	}
	return (size_t)wrote == total ? 0 : -ENOSPC;
}

int th_capture_append(const char *path, const uint8_t *file_id, const struct th_block *b,
	const struct iovec *parts, int n)
{
	uint8_t header[TH_BLOCK_HEADER_BYTES];
	struct iovec all[TH_APPEND_PARTS + 1] = {{header, sizeof(header)}};
	size_t total = sizeof(header);
	if (n > TH_APPEND_PARTS) {
		return -EINVAL;
	}
	th_block_encode(header, file_id, b);
	for (int i = 0; i < n; i++) {
		all[i + 1] = parts[i];
		total += parts[i].iov_len;
	}
	int fd = th_sys_open(path, O_RDWR | O_APPEND | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0) {
		return fd == -ENOENT ? -ESTALE : fd;
	}
	int r = append_to(fd, file_id, b, all, n + 1, total);
	th_sys_close(fd);
	return r;
}
