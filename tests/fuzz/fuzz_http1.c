/* HTTP/1 framing is the same however the bytes were cut, and leaves no byte out. The first byte
 * says which direction it is (bit 0), and whether the request was a HEAD (bit 1). */
#include "wire/http1.h"

#include "fuzz.h"

struct run {
	struct th_h1_parser parser;
	bool response, head_request, tunnel;
	struct fuzz_digest events;
	uint8_t head[8192];
	size_t head_n;
};

static void on_head(struct run *r, const struct th_h1_event *e)
{
	size_t n = e->bytes.n < sizeof(r->head) - r->head_n ? e->bytes.n
							    : sizeof(r->head) - r->head_n;
	memcpy(r->head + r->head_n, e->bytes.p, n);
	r->head_n += n;
	if (!e->last) {
		return;
	}
	struct th_slice head = {r->head, r->head_n};
	struct th_slice method = r->head_request ? TH_SLICE_LIT("HEAD") : TH_SLICE_LIT("GET");
	uint64_t length = 0;
	enum th_h1_body body = r->response ? th_h1_response_body(head, method, &length)
					   : th_h1_request_body(head, &length);
	fuzz_note_int(&r->events, body);
	fuzz_note_int(&r->events, length);
	r->head_n = 0;
	r->tunnel = body == TH_H1_BODY_TUNNEL || body == TH_H1_BODY_BAD;
	if (!r->tunnel) {
		th_h1_body(&r->parser, body, length);
	}
}

/* Takes all of the bytes, or stops for good. Returns how many were taken. */
static size_t feed(struct run *r, struct th_slice in)
{
	size_t taken = 0;
	while (taken < in.n && !r->tunnel) {
		struct th_h1_event e;
		size_t n = th_h1_next(
			&r->parser, (struct th_slice){in.p + taken, in.n - taken}, &e);
		if (e.kind == TH_H1_ERROR) {
			r->tunnel = true;
			break;
		}
		FUZZ_CHECK(n > 0 && n <= in.n - taken && e.bytes.n == n);
		FUZZ_CHECK(e.bytes.p == in.p + taken);
		taken += n;
		fuzz_note(&r->events, e.bytes.p, e.bytes.n);
		if (e.last) {
			fuzz_note_int(&r->events, e.kind);
		}
		if (e.kind == TH_H1_HEAD) {
			on_head(r, &e);
		}
	}
	return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n < 1 || n > sizeof(((struct run *)NULL)->head)) {
		return 0;
	}
	struct run whole = {.response = p[0] & 1, .head_request = p[0] & 2}, bytes = whole;
	size_t taken = feed(&whole, (struct th_slice){p + 1, n - 1});
	size_t each = 0;
	for (size_t i = 1; i < n && !bytes.tunnel; i++) {
		each += feed(&bytes, (struct th_slice){p + i, 1});
	}
	FUZZ_CHECK(taken == each);
	FUZZ_CHECK(whole.tunnel == bytes.tunnel);
	FUZZ_CHECK(fuzz_same(&whole.events, &bytes.events));
	return 0;
}
