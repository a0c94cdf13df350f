/* Events lie in order within the body, and what is between them are line ends. */
#include "wire/sse.h"

#include "fuzz.h"

static void check_data(const struct th_sse_event *e)
{
	struct th_slice line;
	unsigned lines = 0;
	for (size_t pos = 0; th_sse_data_next(e, &pos, &line); lines++) {
		FUZZ_CHECK(lines > 0 || th_slice_eq(line, e->data));
	}
	FUZZ_CHECK(lines == e->data_lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_slice body = {p, n};
	struct th_sse_event e;
	size_t pos = 0, seen = 0;
	bool complete = true;
	while (th_sse_next(body, &pos, &e)) {
		size_t at = (size_t)(e.raw.p - p);
		FUZZ_CHECK(complete && e.raw.n && at >= seen && at + e.raw.n <= pos && pos <= n);
		FUZZ_CHECK(e.complete || pos == n);
		for (; seen < at; seen++) {
			FUZZ_CHECK(p[seen] == '\n' || p[seen] == '\r' || seen < 3);
		}
		check_data(&e);
		seen = at + e.raw.n;
		complete = e.complete;
	}
	return 0;
}
