/* Content codings, undone in memory for readers of a capture.
 *
 * Each coding is one function that decodes a whole input into a growing buffer (`sink`), which
 * knows the limit. Whatever ends the decoding, the sink keeps what was made: a recording may have
 * been cut anywhere, and its beginning is worth seeing.
 *
 * Lenient as clients are: "deflate" may lack its zlib wrapper (RFC 9110 8.4.1.2), gzip may have
 * several members and trailing bytes, zstd several frames. */
#include "wire/coding.h"

#include <brotli/decode.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define SINK_MIN ((size_t)16 << 10)
#define INFLATE_PIECE ((size_t)1 << 30) /* zlib counts in 32 bits */

struct sink {
	uint8_t *p;
	size_t n, cap, limit;
};

/* Room for at least one more byte: 0, -E2BIG, -ENOMEM. There is room for one byte over the limit:
 * only its coming shows that the limit does not do. */
static int sink_room(struct sink *s)
{
	if (s->n < s->cap) {
		return 0;
	}
	if (s->n > s->limit) {
		return -E2BIG;
	}
	size_t cap = s->cap ? s->cap * 2 : SINK_MIN;
	cap = cap <= s->limit ? cap : s->limit + 1;
	uint8_t *p = realloc(s->p, cap);
	if (!p) {
		return -ENOMEM;
	}
	s->p = p;
	s->cap = cap;
	return 0;
}

static int decode_identity(struct th_slice in, struct sink *out)
{
	while (in.n) {
		int r = sink_room(out);
		if (r < 0) {
			return r;
		}
		size_t n = out->cap - out->n < in.n ? out->cap - out->n : in.n;
		memcpy(out->p + out->n, in.p, n);
		out->n += n;
		in.p += n;
		in.n -= n;
	}
	return 0;
}

/* ---- zlib ---- */

static size_t at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

/* One stream; 0 at its end, with what is left in *in. */
static int inflate_stream(z_stream *z, struct th_slice *in, struct sink *out)
{
	for (;;) {
		int r = sink_room(out);
		if (r < 0) {
			return r;
		}
		size_t in_n = at_most(in->n, INFLATE_PIECE);
		size_t out_n = at_most(out->cap - out->n, INFLATE_PIECE);
		z->next_in = (uint8_t *)in->p;
		z->avail_in = (unsigned)in_n;
		z->next_out = out->p + out->n;
		z->avail_out = (unsigned)out_n;
		r = inflate(z, Z_NO_FLUSH);
		in->p += in_n - z->avail_in;
		in->n -= in_n - z->avail_in;
		out->n += out_n - z->avail_out;
		if (r == Z_STREAM_END) {
			return 0;
		}
		if (r != Z_OK) {
			return r == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
		}
	}
}

/* `window_bits` as inflateInit2() has it: 15 zlib, -15 raw, 31 gzip. */
static int inflate_one(int window_bits, struct th_slice *in, struct sink *out)
{
	z_stream z = {0};
	if (inflateInit2(&z, window_bits) != Z_OK) {
		return -ENOMEM;
	}
	int r = inflate_stream(&z, in, out);
	inflateEnd(&z);
	return r;
}

static bool is_gzip_member(struct th_slice in)
{
	return in.n >= 2 && in.p[0] == 0x1f && in.p[1] == 0x8b;
}

static int decode_gzip(struct th_slice in, struct sink *out)
{
	int r;
	do {
		r = inflate_one(31, &in, out);
	} while (r == 0 && is_gzip_member(in));
	return r;
}

/* RFC 1950 2.2: method 8, window at most 32 KiB, and a check over both bytes. */
static bool is_zlib(struct th_slice in)
{
	return in.n >= 2 && (in.p[0] & 0x0f) == 8 && in.p[0] >> 4 <= 7 &&
		(in.p[0] << 8 | in.p[1]) % 31 == 0;
}

static int decode_deflate(struct th_slice in, struct sink *out)
{
	struct th_slice left = in;
	size_t before = out->n;
	int r = inflate_one(is_zlib(in) ? 15 : -15, &left, out);
	if (r != -EBADMSG || !is_zlib(in) || out->n > before) {
		return r;
	}
	return inflate_one(-15, &in, out); /* raw bytes that look like a wrapper */
}

/* ---- brotli ---- */

static void destroy_brotli(BrotliDecoderState **d)
{
	BrotliDecoderDestroyInstance(*d);
}

/* A decoder that is out of input may still have output to give. */
static int decode_brotli(struct th_slice in, struct sink *out)
{
	th_cleanup(destroy_brotli)
		BrotliDecoderState *d = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	if (!d) {
		return -ENOMEM;
	}
	for (;;) {
		int r = sink_room(out);
		if (r < 0) {
			return r;
		}
		uint8_t *to = out->p + out->n;
		size_t room = out->cap - out->n;
		BrotliDecoderResult b = BrotliDecoderDecompressStream(
			d, &in.n, &in.p, &room, &to, NULL);
		out->n = out->cap - room;
		if (!BrotliDecoderHasMoreOutput(d) &&
			b != BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
			return b == BROTLI_DECODER_RESULT_SUCCESS ? 0 : -EBADMSG;
		}
	}
}

/* ---- zstd ---- */

static void destroy_zstd(ZSTD_DStream **d)
{
	ZSTD_freeDStream(*d);
}

static bool is_zstd_frame(struct th_slice in)
{
	uint32_t magic = in.n >= sizeof(magic) ? th_le32(in.p) : 0;
	return magic == ZSTD_MAGICNUMBER ||
		(magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

/* ZSTD_decompressStream() gives 0 when a frame is decoded and all of it was handed out. */
static int decode_zstd(struct th_slice in, struct sink *out)
{
	th_cleanup(destroy_zstd) ZSTD_DStream *d = ZSTD_createDStream();
	if (!d) {
		return -ENOMEM;
	}
	ZSTD_inBuffer from = {in.p, in.n, 0};
	for (;;) {
		int r = sink_room(out);
		if (r < 0) {
			return r;
		}
		ZSTD_outBuffer to = {out->p, out->cap, out->n};
		size_t left = ZSTD_decompressStream(d, &to, &from);
		bool stuck = to.pos < to.size && from.pos == from.size;
		out->n = to.pos;
		struct th_slice rest = {in.p + from.pos, in.n - from.pos};
		if (left == 0 && !is_zstd_frame(rest)) {
			return 0;
		}
		if (ZSTD_isError(left) || (left && stuck)) {
			return -EBADMSG;
		}
	}
}

/* ---- lists ---- */

typedef int decoder(struct th_slice in, struct sink *out);

static const struct {
	const char *name;
	decoder *decode;
} codings_known[] = {
	{"br", decode_brotli},
	{"deflate", decode_deflate},
	{"gzip", decode_gzip},
	{"identity", decode_identity},
	{"x-gzip", decode_gzip},
	{"zstd", decode_zstd},
};

static decoder *find_decoder(struct th_slice name)
{
	for (size_t i = 0; i < sizeof(codings_known) / sizeof(codings_known[0]); i++) {
		if (th_slice_ieq(name, th_slice_str(codings_known[i].name))) {
			return codings_known[i].decode;
		}
	}
	return NULL;
}

/* The element before the last comma; *list keeps what is before it. */
static struct th_slice take_last(struct th_slice *list)
{
	size_t at = list->n;
	while (at && list->p[at - 1] != ',') {
		at--;
	}
	struct th_slice last = {list->p + at, list->n - at};
	list->n = at ? at - 1 : 0;
	return th_slice_trim(last);
}

/* The decoders in the order in which they are to run. */
static int parse_codings(struct th_slice list, decoder *ret_decoders[TH_CODINGS_MAX], size_t *ret_n)
{
	size_t n = 0;
	while (list.n) {
		struct th_slice name = take_last(&list);
		if (name.n == 0) {
			continue;
		}
		decoder *d = find_decoder(name);
		if (!d || n == TH_CODINGS_MAX) {
			return -ENOTSUP;
		}
		ret_decoders[n++] = d;
	}
	if (n == 0) {
		ret_decoders[n++] = decode_identity;
	}
	*ret_n = n;
	return 0;
}

/* A body without a byte is one that was not sent (HEAD, 304), in whatever coding. */
static int run(decoder *d, struct th_slice in, struct sink *out)
{
	int r = in.n ? d(in, out) : 0;
	if (out->n > out->limit) {
		out->n = out->limit;
		return -E2BIG;
	}
	return r;
}

int th_coding_decode(struct th_slice codings, struct th_slice in, size_t limit, uint8_t **ret_bytes,
	size_t *ret_n)
{
	decoder *decoders[TH_CODINGS_MAX];
	size_t n = 0;
	int result = parse_codings(codings, decoders, &n);
	if (result < 0) {
		return result;
	}
	th_auto_free uint8_t *made = NULL;
	for (size_t i = 0; i < n; i++) {
		struct sink out = {.limit = limit};
		int r = run(decoders[i], in, &out);
		free(made);
		made = out.p;
		in = (struct th_slice){out.p, out.n};
		if (r == -ENOMEM) {
			return r;
		}
		result = result < 0 ? result : r;
	}
	*ret_bytes = th_steal(&made);
	*ret_n = in.n;
	return result;
}
