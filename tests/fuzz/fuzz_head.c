/* Whatever is in a head, what is found in it lies within it, in order. The first byte says whether
 * it is a field list (bit 0) or HTTP/1 bytes. */
#include "wire/head.h"

#include "fuzz.h"

static bool within(struct th_slice part, struct th_slice all)
{
	return part.n == 0 || (part.p >= all.p && part.p + part.n <= all.p + all.n);
}

static void check_fields(const struct th_head *h)
{
	struct th_field f;
	size_t pos = 0, before = 0;
	while (th_head_next(h, &pos, &f)) {
		FUZZ_CHECK(pos > before && pos <= h->bytes.n);
		FUZZ_CHECK(within(f.name, h->bytes) && within(f.value, h->bytes));
		before = pos;
	}
}

static void check_lists(const struct th_head *h)
{
	struct th_slice list = h->bytes, element;
	size_t left = list.n + 1;
	while (th_list_next(&list, &element)) {
		FUZZ_CHECK(within(element, h->bytes) && list.n < left);
		left = list.n;
	}
	th_head_has_token(h, "connection", "close");
}

static void check_start(const struct th_head *h)
{
	struct th_slice a, b, c;
	uint16_t status;
	if (th_h1_request_line(h->bytes, &a, &b, &c)) {
		FUZZ_CHECK(within(a, h->bytes) && within(b, h->bytes) && within(c, h->bytes));
	}
	if (th_h1_status_line(h->bytes, &a, &status, &b)) {
		FUZZ_CHECK(within(a, h->bytes) && within(b, h->bytes) && status <= 999);
	}
	if (th_head_request(h, &a, &b)) {
		FUZZ_CHECK(within(a, h->bytes) && within(b, h->bytes));
	}
	FUZZ_CHECK(th_head_status(h) <= 999);
	FUZZ_CHECK(within(th_head_authority(h), h->bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n >= 1) {
		const struct th_head h = {{p + 1, n - 1}, p[0] & 1};
		check_fields(&h);
		check_lists(&h);
		check_start(&h);
	}
	return 0;
}
