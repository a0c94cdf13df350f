/* See ws_inflate.h. */
#include "wire/ws_inflate.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#define STEP ((size_t)16 << 10)
#define PIECE ((size_t)1 << 30) /* zlib counts in 32 bits */
#define WINDOW 32768

struct th_ws_inflate {
	z_stream z;
	int failed; /* what was answered the first time, for good; 0 */
};

struct sink {
	uint8_t *p;
	size_t n, cap;
	size_t most; /* one byte above the limit, so that going past it shows */
};

struct th_ws_inflate *th_ws_inflate_create(void)
{
	struct th_ws_inflate *w = calloc(1, sizeof(*w));
	if (w && inflateInit2(&w->z, -15) != Z_OK) {
		free(w);
		return NULL;
	}
	return w;
}

struct th_ws_inflate *th_ws_inflate_destroy(struct th_ws_inflate *w)
{
	if (w) {
		inflateEnd(&w->z);
		free(w);
	}
	return NULL;
}

/* Room for at least one byte more. */
static int sink_room(struct sink *s)
{
	if (s->n < s->cap) {
		return 0;
	}
	if (s->cap >= s->most) {
		return -E2BIG;
	}
	size_t cap = s->cap ? 2 * s->cap : STEP;
	cap = cap < s->most ? cap : s->most;
	uint8_t *p = realloc(s->p, cap);
	if (!p) {
		return -ENOMEM;
	}
	s->p = p;
	s->cap = cap;
	return 0;
}

/* A message may end in a final block (RFC 7692 7.2.3.4): the next one begins a stream anew, which
 * may refer to what came before. */
static int begin_anew(z_stream *z)
{
	uint8_t window[WINDOW];
	unsigned n = sizeof(window);
	bool ok = inflateGetDictionary(z, window, &n) == Z_OK && inflateReset(z) == Z_OK &&
		(n == 0 || inflateSetDictionary(z, window, n) == Z_OK);
	return ok ? 0 : -EBADMSG;
}

static int inflate_some(z_stream *z, struct th_slice *in, struct sink *out)
{
	size_t in_n = in->n < PIECE ? in->n : PIECE;
	size_t out_n = out->cap - out->n < PIECE ? out->cap - out->n : PIECE;
	z->next_in = (uint8_t *)in->p;
	z->avail_in = (unsigned)in_n;
	z->next_out = out->p + out->n;
	z->avail_out = (unsigned)out_n;
	int r = inflate(z, Z_SYNC_FLUSH);
	in->p += in_n - z->avail_in;
	in->n -= in_n - z->avail_in;
	out->n += out_n - z->avail_out;
	switch (r) {
	case Z_STREAM_END:
		return begin_anew(z);
	case Z_OK:
	case Z_BUF_ERROR:
		return 0;
	default:
		return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	}
}

/* Until all is taken and what it gives is out. */
static int inflate_all(z_stream *z, struct th_slice in, struct sink *out)
{
	bool full = true;
	int r = 0;
	while (r == 0 && (in.n || full)) {
		r = sink_room(out);
		if (r == 0) {
			r = inflate_some(z, &in, out);
			full = z->avail_out == 0;
		}
	}
	return r;
}

int th_ws_inflate_frame(struct th_ws_inflate *w, struct th_slice payload, bool fin, size_t limit,
	uint8_t **ret_bytes, size_t *ret_n)
{
	struct sink out = {.most = limit + 1};
	int r = w->failed;
	if (r == 0) {
		r = inflate_all(&w->z, payload, &out);
	}
	if (r == 0 && fin) { /* what its sender left away (7.2.1) */
		r = inflate_all(&w->z, TH_SLICE_LIT("\x00\x00\xff\xff"), &out);
	}
	if (r == -ENOMEM) {
		free(out.p);
		return r;
	}
	w->failed = r == 0 && out.n > limit ? -E2BIG : r;
	*ret_bytes = out.p;
	*ret_n = out.n < limit ? out.n : limit;
	return w->failed;
}
