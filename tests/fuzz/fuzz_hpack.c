/* HPACK decoding agrees with libnghttp2's. The input is a sequence of blocks, each behind a byte
 * with its length. */
#include "wire/hpack.h"

#include <errno.h>
#include <nghttp2/nghttp2.h>

#include "fuzz.h"

#define TABLE_SIZE 4096

static void field(struct fuzz_digest *d, struct th_slice name, struct th_slice value)
{
	fuzz_note_int(d, name.n);
	fuzz_note(d, name.p, name.n);
	fuzz_note_int(d, value.n);
	fuzz_note(d, value.p, value.n);
}

/* A note is of this field, or there is none. */
static void our_field(void *ctx, struct th_slice name, struct th_slice value, uint8_t *note)
{
	struct fuzz_digest alone = {0};
	field(ctx, name, value);
	field(&alone, name, value);
	const uint8_t mark = (uint8_t)(alone.sum ^ alone.sum >> 32) | 1;
	FUZZ_CHECK(!*note || *note == mark);
	*note = mark;
}

static int theirs(nghttp2_hd_inflater *i, struct th_slice in, struct fuzz_digest *d)
{
	int flags = 0;
	while (!(flags & NGHTTP2_HD_INFLATE_FINAL)) {
		nghttp2_nv nv;
		ssize_t n = nghttp2_hd_inflate_hd2(i, &nv, &flags, in.p, in.n, 1);
		if (n < 0) {
			return -EBADMSG;
		}
		in.p += n;
		in.n -= (size_t)n;
		if (flags & NGHTTP2_HD_INFLATE_EMIT) {
			field(d, (struct th_slice){nv.name, nv.namelen},
				(struct th_slice){nv.value, nv.valuelen});
		}
	}
	return nghttp2_hd_inflate_end_headers(i);
}

/* Theirs may also refuse what is only unwise, and ours integers padded with zeros and lists that
 * unpack without end; but what both accept, they must understand alike. */
static bool one_block(struct th_hpack *h, nghttp2_hd_inflater *i, struct th_slice block)
{
	struct fuzz_digest a = {0}, b = {0};
	int r = th_hpack_decode(h, block, our_field, &a);
	FUZZ_CHECK(r == 0 || r == -EBADMSG || r == -E2BIG);
	int s = theirs(i, block, &b);
	FUZZ_CHECK(r < 0 || s < 0 || fuzz_same(&a, &b));
	return r == 0 && s == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_in in = {.p = p, .n = n};
	struct th_hpack *h = th_hpack_create(TABLE_SIZE);
	nghttp2_hd_inflater *i = NULL;
	FUZZ_CHECK(nghttp2_hd_inflate_new(&i) == 0);
	bool good = true;
	while (in.n && good) {
		size_t len = th_in_u8(&in);
		good = one_block(h, i, th_in_bytes(&in, len < in.n ? len : in.n));
	}
	nghttp2_hd_inflate_del(i);
	th_hpack_destroy(h);
	return 0;
}
