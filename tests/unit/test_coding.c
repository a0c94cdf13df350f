/* Content codings against their libraries' own encoders: whole, cut, damaged, stacked, limited. */
#include "wire/coding.h"

#include <brotli/encode.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#include "guard.h"

enum {
	PLAIN = 200000,
	ROOM = 400000,
};

struct bytes {
	uint8_t p[ROOM];
	size_t n;
};

static struct bytes plain, coded, again;

static void make_plain(size_t n)
{
	uint32_t x = 1;
	plain.n = n;
	for (size_t i = 0; i < n; i++) {
		x = x * 1103515245 + 12345;
		plain.p[i] = (uint8_t) "abcdefgh      {}"[x >> 28];
	}
}

static struct th_slice slice(const struct bytes *b)
{
	return (struct th_slice){b->p, b->n};
}

/* ---- encoders; each appends to `out` ---- */

typedef void encoder(struct th_slice in, struct bytes *out);

static void encode_zlib(struct th_slice in, struct bytes *out, int window_bits)
{
	z_stream z = {0};
	cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (uint8_t *)in.p;
	z.avail_in = (unsigned)in.n;
	z.next_out = out->p + out->n;
	z.avail_out = (unsigned)(ROOM - out->n);
	cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->n += z.total_out;
	deflateEnd(&z);
}

static void encode_gzip(struct th_slice in, struct bytes *out)
{
	encode_zlib(in, out, 31);
}

static void encode_wrapped(struct th_slice in, struct bytes *out)
{
	encode_zlib(in, out, 15);
}

static void encode_raw(struct th_slice in, struct bytes *out)
{
	encode_zlib(in, out, -15);
}

static void encode_br(struct th_slice in, struct bytes *out)
{
	size_t n = ROOM - out->n;
	cr_assert(
		BrotliEncoderCompress(5, 18, BROTLI_MODE_GENERIC, in.n, in.p, &n, out->p + out->n));
	out->n += n;
}

static void encode_zstd(struct th_slice in, struct bytes *out)
{
	size_t n = ZSTD_compress(out->p + out->n, ROOM - out->n, in.p, in.n, 3);
	cr_assert_not(ZSTD_isError(n));
	out->n += n;
}

static const struct {
	const char *name;
	encoder *encode;
} all[] = {
	{"gzip", encode_gzip},
	{"x-gzip", encode_gzip},
	{"deflate", encode_wrapped},
	{"deflate", encode_raw},
	{"br", encode_br},
	{"zstd", encode_zstd},
};

#define ALL (sizeof(all) / sizeof(all[0]))

/* Decodes and checks that what comes is a beginning of `plain`, `want` bytes of it. */
static void expect(const char *codings, struct th_slice in, size_t limit, int result, size_t want)
{
	uint8_t *p = NULL;
	size_t n = 0;
	int r = th_coding_decode(th_slice_str(codings), th_guard(in), limit, &p, &n);
	cr_assert_eq(r, result, "%s: %d", codings, r);
	cr_assert_eq(n, want, "%s: %zu of %zu", codings, n, want);
	cr_assert(n == 0 || memcmp(p, plain.p, n) == 0, "%s", codings);
	free(p);
}

Test(coding, whole_bodies)
{
	static const size_t sizes[] = {1, 100, 16384, 16385, PLAIN};
	for (size_t i = 0; i < ALL; i++) {
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			make_plain(sizes[k]);
			coded.n = 0;
			all[i].encode(slice(&plain), &coded);
			expect(all[i].name, slice(&coded), PLAIN, 0, plain.n);
			expect(all[i].name, slice(&coded), plain.n, 0, plain.n);
			expect(all[i].name, slice(&coded), plain.n - 1, -E2BIG, plain.n - 1);
		}
	}
}

Test(coding, an_empty_body_in_any_coding)
{
	for (size_t i = 0; i < ALL; i++) {
		expect(all[i].name, (struct th_slice){NULL, 0}, 100, 0, 0);
		coded.n = 0;
		all[i].encode((struct th_slice){plain.p, 0}, &coded);
		expect(all[i].name, slice(&coded), 100, 0, 0);
	}
}

/* Every cut of a short body, some of a long one: a beginning comes out, and -EBADMSG. */
Test(coding, cut_bodies)
{
	make_plain(300);
	for (size_t i = 0; i < ALL; i++) {
		coded.n = 0;
		all[i].encode(slice(&plain), &coded);
		for (size_t cut = 1; cut < coded.n; cut++) {
			uint8_t *p = NULL;
			size_t n = 0;
			int r = th_coding_decode(th_slice_str(all[i].name),
				th_guard((struct th_slice){coded.p, cut}), PLAIN, &p, &n);
			cr_assert_eq(r, -EBADMSG, "%s cut at %zu: %d", all[i].name, cut, r);
			cr_assert(n <= plain.n && (n == 0 || memcmp(p, plain.p, n) == 0));
			free(p);
		}
	}
}

Test(coding, most_of_a_cut_long_body_is_seen)
{
	make_plain(PLAIN);
	for (size_t i = 0; i < ALL; i++) {
		coded.n = 0;
		all[i].encode(slice(&plain), &coded);
		uint8_t *p = NULL;
		size_t n = 0;
		struct th_slice cut = {coded.p, coded.n - 10};
		cr_assert_eq(
			th_coding_decode(th_slice_str(all[i].name), cut, PLAIN, &p, &n), -EBADMSG);
		cr_assert_gt(n, plain.n / 4, "%s: %zu", all[i].name, n);
		cr_assert_eq(memcmp(p, plain.p, n), 0);
		free(p);
	}
}

Test(coding, several_members_are_one_body)
{
	make_plain(1000);
	static encoder *const repeat[] = {encode_gzip, encode_zstd};
	static const char *const names[] = {"gzip", "zstd"};
	for (int i = 0; i < 2; i++) {
		coded.n = 0;
		repeat[i]((struct th_slice){plain.p, 400}, &coded);
		repeat[i]((struct th_slice){plain.p + 400, 600}, &coded);
		expect(names[i], slice(&coded), PLAIN, 0, 1000);
		memset(coded.p + coded.n, 0, 20);
		coded.n += 20;
		expect(names[i], slice(&coded), PLAIN, 0, 1000);
	}
}

Test(coding, lists_are_undone_from_the_end)
{
	make_plain(5000);
	coded.n = again.n = 0;
	encode_gzip(slice(&plain), &coded);
	encode_br(slice(&coded), &again);
	expect("gzip, br", slice(&again), PLAIN, 0, plain.n);
	expect(" GZIP ,, identity,BR\t", slice(&again), PLAIN, 0, plain.n);
	coded.n = 0;
	encode_zstd(slice(&again), &coded);
	expect("gzip,br,zstd", slice(&coded), PLAIN, 0, plain.n);
}

Test(coding, identity_copies)
{
	make_plain(50000);
	expect("", slice(&plain), PLAIN, 0, plain.n);
	expect("identity", slice(&plain), PLAIN, 0, plain.n);
	expect(" , ", slice(&plain), 100, -E2BIG, 100);
}

Test(coding, unknown_codings_give_nothing)
{
	make_plain(10);
	uint8_t *p = plain.p;
	size_t n = 77;
	static const char *const unknown[] = {"compress", "gzip, dcb", "aes128gcm, br",
		"identity,identity,identity,identity,identity,identity,identity,identity,identity"};
	for (size_t i = 0; i < 4; i++) {
		cr_assert_eq(th_coding_decode(th_slice_str(unknown[i]), slice(&plain), 10, &p, &n),
			-ENOTSUP);
		cr_assert(p == plain.p && n == 77, "outputs untouched");
	}
}

Test(coding, damage_is_reported)
{
	make_plain(PLAIN);
	for (size_t i = 0; i < ALL; i++) {
		coded.n = 0;
		all[i].encode(slice(&plain), &coded);
		memset(coded.p, 0xee, 8);
		uint8_t *p = NULL;
		size_t n = 0;
		int r = th_coding_decode(th_slice_str(all[i].name), slice(&coded), PLAIN, &p, &n);
		cr_assert_eq(r, -EBADMSG, "%s: %d", all[i].name, r);
		free(p);
	}
}

/* A bomb: a limit's worth is made and no more. */
Test(coding, a_bomb_stops_at_the_limit)
{
	static uint8_t zeros[ROOM];
	memset(plain.p, 0, sizeof(plain.p));
	for (size_t i = 0; i < ALL; i++) {
		coded.n = 0;
		all[i].encode((struct th_slice){zeros, sizeof(zeros)}, &coded);
		cr_assert_lt(coded.n, 1000);
		expect(all[i].name, slice(&coded), 100000, -E2BIG, 100000);
	}
}
