/* The capture file as its writers see it: made once with its header, then only appended to, each
 * block with one O_APPEND write (Linux holds the inode's lock for a whole write to a regular file,
 * so blocks of different processes never mix). Inside the agent; no descriptor stays open. */
#ifndef CAPTURE_APPEND_H
#define CAPTURE_APPEND_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "capture/layout.h"

/* Opens the capture at `path`, making it or its header when it is missing or empty, and reads its
 * header. 0, or -EINVAL not a capture, -ENOTSUP of a newer version, -EMEDIUMTYPE not encrypted
 * though there is a key, what th_key_admit() or open() says. A file that is something else is never
 * written to. */
int th_capture_create(const char *path, struct th_file_header *ret_header);

/* A capture that is open. Not for long: a descriptor that stays is the agent's to close, and what
 * it opens then has that number (P33). */
struct th_capture_open {
	int fd;
	uint64_t inode;
	bool linked; /* its path is a symbolic link */
	struct th_file_header header;
};

/* th_capture_create(), leaving it open. */
int th_capture_open(const char *path, struct th_capture_open *ret_open);
void th_capture_close(struct th_capture_open *open);

/* Where the file itself is when `path` is a symbolic link: live files lie beside it, whatever name
 * it was called by. Else, and when that cannot be found out, `path` as it is (cut at PATH_MAX). */
void th_capture_real_path(const char *path, char ret_path[PATH_MAX]);

/* Reads the header of the capture at `path`; as above. And with it what kind of file that is. */
int th_capture_header(const char *path, struct th_file_header *ret_header);
int th_capture_header_of(const char *path, struct th_file_header *ret_header, struct stat *ret_st);

/* Appends a block whose payload is in parts (at most TH_APPEND_PARTS). 0; -ESTALE: there is
 * no file at `path` any more, or not the one with that file id; -ENOSPC, -EFBIG …: nothing or only
 * a part of it could be written (readers skip a torn block). */
#define TH_APPEND_PARTS 16
int th_capture_append(const char *path, const uint8_t *file_id, const struct th_block *b,
	const struct iovec *parts, int n);

/* The same in two steps. */
int th_capture_open_again(
	const char *path, const uint8_t *file_id, struct th_capture_open *ret_open);
int th_capture_append_open(const struct th_capture_open *open, const struct th_block *b,
	const struct iovec *parts, int n);

#endif
