#include "wire/chunked.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "tests/unit/guard.h"

struct sink {
	char text[256];
	size_t n;
	int pieces;
};

static void collect(void *ctx, struct th_slice piece)
{
	struct sink *s = ctx;
	memcpy(s->text + s->n, piece.p, piece.n);
	s->n += piece.n;
	s->pieces++;
}

static int decode(const char *in, struct sink *s, struct th_slice *ret_trailer)
{
	*s = (struct sink){0};
	return th_chunked_decode(th_guard(th_slice_str(in)), collect, s, ret_trailer);
}

Test(chunked, joins_chunks)
{
	struct sink s;
	cr_assert_eq(decode("5\r\nhello\r\n7;x=\"y\"\r\n, world\r\n0\r\n\r\n", &s, NULL), 0);
	cr_assert_str_eq(s.text, "hello, world");
	cr_assert_eq(s.pieces, 2);
}

Test(chunked, takes_bare_line_feeds_and_upper_case)
{
	struct sink s;
	cr_assert_eq(decode("A\n0123456789\n0\n\n", &s, NULL), 0);
	cr_assert_str_eq(s.text, "0123456789");
}

Test(chunked, gives_the_trailer)
{
	struct sink s;
	struct th_slice trailer = {NULL, 0};
	cr_assert_eq(decode("1\r\nx\r\n0\r\nDigest: y\r\nB: c\r\n\r\nrest", &s, &trailer), 0);
	cr_assert(th_slice_eq(trailer, TH_SLICE_LIT("Digest: y\r\nB: c\r\n")));
	cr_assert_eq(decode("0\r\n\r\n", &s, &trailer), 0);
	cr_assert_eq(trailer.n, 0);
}

Test(chunked, gives_what_came_before_every_cut)
{
	const char whole[] = "5\r\nhello\r\n3\r\nabc\r\n0\r\nT: u\r\n\r\n";
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		struct sink s = {0};
		struct th_slice in = th_guard((struct th_slice){(const uint8_t *)whole, n});
		cr_assert_eq(th_chunked_decode(in, collect, &s, NULL), -EAGAIN, "cut at %zu", n);
		cr_assert_eq(memcmp(s.text, "helloabc", s.n), 0);
		size_t content = n < 3 ? 0 : n < 8 ? n - 3 : n < 13 ? 5 : n < 16 ? n - 8 : 8;
		cr_assert_eq(s.n, content, "cut at %zu", n);
	}
}

Test(chunked, refuses_bad_framing)
{
	static const char *const bad[] = {
		"\r\n",
		"x\r\n",
		"5x\r\nhello\r\n",
		"-1\r\n",
		"10000000000000000\r\n",
		"2\r\nabc\r\n0\r\n\r\n",
		"2\r\nab\rx0\r\n\r\n",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sink s;
		cr_assert_eq(decode(bad[i], &s, NULL), -EBADMSG, "%s", bad[i]);
	}
}
