/* What comes out keeps to its bound, is the input where nothing was replaced, and says nothing of a
 * value behind a field or parameter that is secret. */
#include "capture/redact.h"

#include "base/cleanup.h"
#include "fuzz.h"

static const struct th_redaction how = {.key = {1}};

static void check(struct th_slice in,
	size_t (*redact)(const struct th_redaction *, struct th_slice, uint8_t *, bool *))
{
	th_auto_free uint8_t *out = malloc(th_redact_bound(in.n));
	bool redacted = false;
	size_t n = redact(&how, in, out, &redacted);
	FUZZ_CHECK(n <= th_redact_bound(in.n));
	FUZZ_CHECK(redacted || th_slice_eq(in, (struct th_slice){out, n}));
}

/* The input as the value of a secret field: no line of it may survive a marker's presence. */
static void check_secret(const uint8_t *p, size_t n)
{
	static const char before[] = "GET /?token=", after[] = "zqzqzqzq HTTP/1.1\r\n\r\n";
	size_t total = sizeof(before) - 1 + n + sizeof(after) - 1;
	th_auto_free uint8_t *in = malloc(total);
	th_auto_free uint8_t *out = malloc(th_redact_bound(total));
	bool redacted = false;
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n' || p[i] == '&' || p[i] == ';' || p[i] == '#' || p[i] == '?') {
			return; /* the value ends there, by right */
		}
	}
	memcpy(in, before, sizeof(before) - 1);
	if (n) {
		memcpy(in + sizeof(before) - 1, p, n);
	}
	memcpy(in + sizeof(before) - 1 + n, after, sizeof(after) - 1);
	size_t m = th_redact_h1_head(&how, (struct th_slice){in, total}, out, &redacted);
	FUZZ_CHECK(redacted && !memmem(out, m, "zqzqzqzq", 8));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	check((struct th_slice){p, n}, th_redact_h1_head);
	check((struct th_slice){p, n}, th_redact_url);
	check_secret(p, n);
	return 0;
}
