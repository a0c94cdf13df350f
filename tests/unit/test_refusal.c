#include "relay/refusal.h"

#include <criterion/criterion.h>

#define HELLO 22, 3, 1, 0, 2, 1, 0
#define CCS 20, 3, 3, 0, 1, 1

static enum th_refusal_said said_of(const uint8_t *bytes, size_t n, size_t cut)
{
	struct th_refusal r = {0};
	bool decided = th_refusal_read(&r, bytes, cut);
	decided = th_refusal_read(&r, bytes + cut, n - cut) || decided;
	cr_assert_eq(decided, r.said != TH_REFUSAL_OPEN);
	cr_assert(!th_refusal_read(&r, bytes, r.said != TH_REFUSAL_OPEN ? n : 0), "decided once");
	return r.said;
}

static void says(const uint8_t *bytes, size_t n, enum th_refusal_said expected)
{
	for (size_t cut = 0; cut <= n; cut++) {
		cr_expect_eq(said_of(bytes, n, cut), expected, "cut at %zu", cut);
	}
}

#define SAYS(expected, ...) \
	do { \
		static const uint8_t bytes[] = {__VA_ARGS__}; \
		says(bytes, sizeof(bytes), expected); \
	} while (0)

Test(refusal, is_an_alert)
{
	SAYS(TH_REFUSAL_REFUSED, HELLO, 21, 3, 3, 0, 2, 2, 48);
	SAYS(TH_REFUSAL_REFUSED, HELLO, CCS, 23, 3, 3, 0, 19);
	SAYS(TH_REFUSAL_REFUSED, HELLO, HELLO, 23, 3, 3, 0, 19, 1);
}

Test(refusal, is_none_where_the_handshake_goes_on)
{
	SAYS(TH_REFUSAL_ACCEPTED, HELLO, CCS, 23, 3, 3, 0, 53, 1);
	SAYS(TH_REFUSAL_ACCEPTED, HELLO, HELLO, CCS, 22, 3, 3, 0, 40, 21);
	SAYS(TH_REFUSAL_ACCEPTED, HELLO, 'x', 'y', 'z', 1, 2);
	SAYS(TH_REFUSAL_OPEN, HELLO, CCS);
	SAYS(TH_REFUSAL_OPEN, HELLO, 21, 3, 3, 0);
}
