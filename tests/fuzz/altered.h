/* A small sound capture, and the input as a list of what somebody does to its bytes: for the
 * targets that prove that nothing of it goes unnoticed. Include once per target. */
#ifndef TESTS_FUZZ_ALTERED_H
#define TESTS_FUZZ_ALTERED_H

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/writer.h"
#include "fuzz.h"

#define ALTERED_MAX (64u << 10)

struct altered_file {
	uint8_t bytes[ALTERED_MAX];
	size_t n;
};

static inline void altered_put(struct th_writer *w, uint8_t type, uint8_t flags, uint32_t id,
	const void *head, size_t n, const char *text)
{
	const struct iovec parts[] = {
		{(void *)(uintptr_t)head, n}, {(void *)(uintptr_t)text, strlen(text)}};
	FUZZ_CHECK(th_writer_put(w, type, flags, id, 1000, parts, 2) == 0);
}

/* A run of one process with an exchange. */
static inline void altered_write(struct th_writer *w)
{
	static const uint8_t run[42] = {[0] = 7, [24] = 1}, request[16] = {1, [8] = 3, [12] = 11};
	static const uint8_t process[54] = {[0] = 7, [16] = 1, [40] = 1}, answer[4] = {11};
	altered_put(w, TH_FRAME_RUN, 0, 0, run, sizeof(run), "");
	altered_put(w, TH_FRAME_PROCESS, 0, 0, process, sizeof(process), "");
	altered_put(w, TH_FRAME_REQ_HEAD, TH_FRAME_LAST | TH_FRAME_BODILESS, 1, request,
		sizeof(request), "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
	altered_put(w, TH_FRAME_RES_HEAD, TH_FRAME_LAST, 1, answer, sizeof(answer),
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
	altered_put(w, TH_FRAME_RES_DATA, TH_FRAME_LAST, 1, "hello", 5, "");
}

static inline void altered_read(const char *path, struct altered_file *ret_file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret_file->bytes, sizeof(ret_file->bytes));
	FUZZ_CHECK(n > 0 && (size_t)n < sizeof(ret_file->bytes));
	ret_file->n = (size_t)n;
	close(fd);
}

static inline void altered_store(const char *path, const struct altered_file *f)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FUZZ_CHECK(fd >= 0 && write(fd, f->bytes, f->n) == (ssize_t)f->n);
	close(fd);
}

static inline size_t altered_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* One deed: what, where (u16), and how much (u8) or with what. */
static inline void altered_once(struct altered_file *f, struct th_in *in)
{
	uint8_t deed = th_in_u8(in);
	size_t at = th_in_u16(in) % (f->n + 1);
	size_t n = th_in_u8(in), rest = f->n - at;
	uint8_t *p = f->bytes + at;
	switch (deed % 5) {
	case 0: /* changed */
		if (rest) {
			*p ^= (uint8_t)n;
		}
		break;
	case 1: /* removed */
		n = altered_min(n, rest);
		memmove(p, p + n, rest - n);
		f->n -= n;
		break;
	case 2: /* repeated */
		n = altered_min(altered_min(n, rest), sizeof(f->bytes) - f->n);
		memmove(p + n, p, rest);
		f->n += n;
		break;
	case 3: /* cut */
		f->n = at;
		break;
	default: { /* written over */
		struct th_slice with = th_in_bytes(in, altered_min(n, in->n));
		if (with.n) {
			memcpy(p, with.p, altered_min(with.n, rest));
		}
	}
	}
}

/* False: it is as it was. */
static inline bool altered_make(
	const struct altered_file *good, struct th_slice deeds, struct altered_file *ret_file)
{
	struct th_in in = {deeds.p, deeds.n, false};
	memcpy(ret_file->bytes, good->bytes, good->n);
	ret_file->n = good->n;
	while (in.n >= 4 && ret_file->n) {
		altered_once(ret_file, &in);
	}
	return ret_file->n != good->n || memcmp(ret_file->bytes, good->bytes, good->n) != 0;
}

#endif
