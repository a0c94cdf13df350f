/* What is read as a query can be answered, and the answer is read back as it was written. */
#include "wire/dns.h"

#include "fuzz.h"

static void check_round_trip(struct th_slice query, const struct th_dns_question *q)
{
	static const uint8_t address[16] = {1, 2, 3, 4};
	uint8_t room[TH_DNS_MESSAGE_MAX];
	struct th_out out = {room, sizeof(room), 0, false};
	struct th_dns_answer a;
	th_dns_put_answer(&out, query, q, TH_DNS_NO_ERROR);
	FUZZ_CHECK(!out.failed);
	size_t n = 0;
	while (th_dns_put_address(&out, n % 2 ? 6 : 4, address)) {
		n++;
	}
	FUZZ_CHECK(th_dns_read_answer((struct th_slice){room, out.n}, &a) == 0);
	FUZZ_CHECK(a.n == n && a.question.type == q->type);
	FUZZ_CHECK(strcmp(a.question.name, q->name) == 0);
}

/* The rest of the input, as what was answered then. */
static void check_recorded(struct th_slice query, const struct th_dns_question *q)
{
	struct th_slice message = {query.p + q->end, query.n - q->end};
	uint8_t room[4096];
	struct th_out out = {room, sizeof(room), 0, false};
	FUZZ_CHECK(th_dns_room(query, q) >= TH_DNS_MESSAGE_MAX);
	if (th_dns_put_recorded(&out, query, q, message) == 0) {
		FUZZ_CHECK(out.n == message.n && memcmp(room, query.p, 2) == 0);
	}
	out.n = 0;
	if (th_dns_put_recorded(&out, query, q, query) == 0) {
		FUZZ_CHECK(out.n == query.n && memcmp(room, query.p, query.n) == 0);
	}
}

static void check_stream(struct th_slice in)
{
	int whole = th_dns_stream_begins(in);
	for (size_t n = 0; n < in.n && n < TH_DNS_STREAM_FIRST; n++) {
		int r = th_dns_stream_begins((struct th_slice){in.p, n});
		FUZZ_CHECK(r == -1 || r == whole);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_slice message = {p, n};
	struct th_dns_question q;
	struct th_dns_answer a;
	check_stream(message);
	if (th_dns_read_query(message, &q) == 0) {
		FUZZ_CHECK(q.end <= n && strlen(q.name) <= TH_DNS_NAME_MAX);
		check_round_trip(message, &q);
		check_recorded(message, &q);
	}
	if (th_dns_read_answer(message, &a) == 0) {
		FUZZ_CHECK(a.n <= TH_DNS_ADDRESSES_MAX && a.question.end <= n);
	}
	return 0;
}
