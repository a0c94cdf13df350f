/* A growable buffer for code outside the agent. Remembers its first failure: add everything, then
 * ask `failed` once. Bounded, as a body is. */
#ifndef PLAYER_BUF_H
#define PLAYER_BUF_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"

#define TH_BUF_LIMIT ((size_t)1 << 30)

struct th_buf {
	uint8_t *p;
	size_t n, cap;
	bool failed;
};

/* Room for n more bytes after p + n; false and `failed` when there is none. */
static inline bool th_buf_room(struct th_buf *b, size_t n)
{
	if (b->failed || n > TH_BUF_LIMIT - b->n) {
		b->failed = true;
		return false;
	}
	if (b->cap - b->n >= n) {
		return true;
	}
	size_t cap = b->cap ? b->cap : 256;
	while (cap - b->n < n) {
		cap *= 2;
	}
	uint8_t *p = realloc(b->p, cap);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

static inline void th_buf_add(struct th_buf *b, const void *p, size_t n)
{
	if (n && th_buf_room(b, n)) {
		memcpy(b->p + b->n, p, n);
		b->n += n;
	}
}

static inline void th_buf_slice(struct th_buf *b, struct th_slice s)
{
	th_buf_add(b, s.p, s.n);
}

static inline void th_buf_str(struct th_buf *b, const char *s)
{
	th_buf_add(b, s, strlen(s));
}

static inline void th_buf_u8(struct th_buf *b, uint8_t c)
{
	th_buf_add(b, &c, 1);
}

static inline __attribute__((format(printf, 2, 3))) void th_buf_fmt(
	struct th_buf *b, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0) {
		th_buf_add(b, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	}
}

static inline struct th_slice th_buf_view(const struct th_buf *b)
{
	return (struct th_slice){b->p, b->n};
}

/* The contents as a string the caller frees; NULL when anything failed. The buffer is empty then.
 */
static inline char *th_buf_take(struct th_buf *b)
{
	th_buf_u8(b, 0);
	char *s = (char *)b->p;
	if (b->failed) {
		free(b->p);
		s = NULL;
	}
	*b = (struct th_buf){0};
	return s;
}

/* For th_cleanup(). */
static inline void th_buf_finish(struct th_buf *b)
{
	free(b->p);
	*b = (struct th_buf){0};
}

#endif
