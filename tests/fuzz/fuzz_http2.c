/* HTTP/2 frames are the same however the bytes were cut. The first byte says whether it is the
 * client's direction (bit 0) and whether its beginning goes without saying (bit 1). */
#include "wire/http2.h"

#include "fuzz.h"

struct said {
	struct fuzz_digest all;
	bool in_data;
};

static void note(struct said *s, uint8_t kind, uint32_t a, uint32_t b)
{
	uint32_t v[3] = {kind, a, b};
	fuzz_note(&s->all, v, sizeof(v));
}

static void on_data(
	void *ctx, uint32_t stream, struct th_slice piece, bool last_piece, bool end_stream)
{
	struct said *s = ctx;
	if (!s->in_data) {
		note(s, 'd', stream, 0);
	}
	fuzz_note(&s->all, piece.p, piece.n);
	FUZZ_CHECK(last_piece || !end_stream);
	s->in_data = !last_piece;
	if (last_piece) {
		note(s, 'e', end_stream, 0);
	}
}

static int on_headers(
	void *ctx, uint32_t stream, uint32_t promised, struct th_slice block, bool end_stream)
{
	struct said *s = ctx;
	FUZZ_CHECK(stream && !s->in_data);
	note(s, 'h', stream, promised);
	note(s, 'b', end_stream, (uint32_t)block.n);
	fuzz_note(&s->all, block.p, block.n);
	return 0;
}

static void on_rst(void *ctx, uint32_t stream, uint32_t code)
{
	FUZZ_CHECK(stream);
	note(ctx, 'r', stream, code);
}

static void on_setting(void *ctx, uint16_t id, uint32_t value)
{
	note(ctx, 's', id, value);
}

static void on_ack(void *ctx)
{
	note(ctx, 'a', 0, 0);
}

static void on_goaway(void *ctx, uint32_t last_stream, uint32_t code)
{
	note(ctx, 'g', last_stream, code);
}

static const struct th_h2_callbacks callbacks = {
	on_data, on_headers, on_rst, on_setting, on_ack, on_goaway};

static int run(struct th_slice in, uint8_t how, size_t step, struct fuzz_digest *ret_all)
{
	struct said s = {.in_data = false};
	struct th_h2_parser p;
	th_h2_init(&p, &callbacks, &s, how & 1);
	int r = 0;
	if (how & 2) {
		th_h2_feed(&p, how & 1 ? TH_SLICE_LIT(TH_H2_PREFACE) : TH_SLICE_LIT(""));
		r = th_h2_feed(&p, TH_SLICE_LIT("\0\0\0\4\0\0\0\0\0"));
		FUZZ_CHECK(r == 0);
	}
	for (size_t at = 0; at < in.n; at += step) {
		size_t n = in.n - at < step ? in.n - at : step;
		r = th_h2_feed(&p, (struct th_slice){in.p + at, n});
	}
	th_h2_finish(&p);
	*ret_all = s.all;
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n < 2) {
		return 0;
	}
	struct th_slice in = {p + 1, n - 1};
	struct fuzz_digest whole, thirds, bytes;
	int r = run(in, p[0], in.n, &whole);
	FUZZ_CHECK(r == run(in, p[0], 1, &bytes) && fuzz_same(&whole, &bytes));
	FUZZ_CHECK(r == run(in, p[0], in.n / 3 + 1, &thirds) && fuzz_same(&whole, &thirds));
	return 0;
}
