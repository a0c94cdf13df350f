/* Messages lie in order within the bytes and cover them without a gap; what a message says does
 * not depend on what comes after it. */
#include "wire/event_stream.h"

#include <errno.h>

#include "fuzz.h"

static void check_header(const struct th_event_message *m)
{
	struct th_slice value;
	if (th_event_stream_header(m, ":event-type", &value) && value.n) {
		FUZZ_CHECK(value.p >= m->headers.p);
		FUZZ_CHECK(value.p + value.n <= m->headers.p + m->headers.n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_slice bytes = {p, n};
	struct th_event_message m, alone;
	size_t pos = 0, from = 0, none = 0;
	int r;
	while ((r = th_event_stream_next(bytes, &pos, &m)) > 0) {
		FUZZ_CHECK(pos > from && pos <= n);
		FUZZ_CHECK(m.headers.p == p + from + 12);
		FUZZ_CHECK(m.payload.p + m.payload.n + 4 == p + pos);
		check_header(&m);
		struct th_slice only = {p + from, pos - from};
		none = 0;
		FUZZ_CHECK(th_event_stream_next(only, &none, &alone) == 1);
		FUZZ_CHECK(th_slice_eq(alone.payload, m.payload));
		from = pos;
	}
	FUZZ_CHECK(pos == from && (r == 0) == (pos == n));
	FUZZ_CHECK(r == 0 || r == -EAGAIN || r == -EBADMSG);
	return 0;
}
