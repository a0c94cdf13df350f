/* The content of a chunked body lies in order within it, and the body ends well when, and only
 * when, the incremental parser of the recorder (http1.c) says so too. */
#include "wire/chunked.h"

#include <errno.h>

#include "fuzz.h"
#include "wire/http1.h"

struct pieces {
	const uint8_t *at;
	size_t n;
};

static void piece(void *ctx, struct th_slice s)
{
	struct pieces *c = ctx;
	FUZZ_CHECK(s.n == 0 || s.p >= c->at);
	c->at = s.n ? s.p + s.n : c->at;
	c->n += s.n;
}

/* 0, -EAGAIN, -EBADMSG as th_chunked_decode() has it. */
static int by_parser(struct th_slice in)
{
	struct th_h1_parser parser = {0};
	struct th_h1_event e = {.kind = TH_H1_MORE};
	th_h1_body(&parser, TH_H1_BODY_CHUNKED, 0);
	while (in.n && !e.last && e.kind != TH_H1_ERROR) {
		size_t n = th_h1_next(&parser, in, &e);
		in.p += n;
		in.n -= n;
	}
	if (e.kind == TH_H1_ERROR) {
		return -EBADMSG;
	}
	return e.last ? 0 : -EAGAIN;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pieces c = {.at = p};
	struct th_slice in = {p, n}, trailer = {NULL, 0};
	int r = th_chunked_decode(in, piece, &c, &trailer);
	FUZZ_CHECK(r == 0 || r == -EAGAIN || r == -EBADMSG);
	FUZZ_CHECK(c.at <= p + n && c.n <= n);
	FUZZ_CHECK(trailer.n == 0 || (trailer.p >= p && trailer.p + trailer.n <= p + n));
	FUZZ_CHECK((r == 0) == (by_parser(in) == 0));
	return 0;
}
