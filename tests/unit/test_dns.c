/* DNS messages: what programs ask and servers answer, cut at every byte, and what we answer. */
#include "wire/dns.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "guard.h"

#define NAME "\3api\7example\4test\0"
#define ASK(type) "\x12\x34\1\0\0\1\0\0\0\0\0\0" NAME "\0" type "\0\1"

static const uint8_t address[16] = {0x20, 1, 0xd, 0xb8, [15] = 7};

static int question(struct th_slice message, struct th_dns_question *q)
{
	return th_dns_read_query(th_guard(message), q);
}

Test(dns, a_query)
{
	struct th_dns_question q;
	cr_assert_eq(question(TH_SLICE_LIT(ASK("\1")), &q), 0);
	cr_assert_str_eq(q.name, "api.example.test");
	cr_assert_eq(q.type, TH_DNS_A);
	cr_assert_eq(q.end, sizeof(ASK("\1")) - 1);
	/* With a record of EDNS behind it. */
	cr_assert_eq(question(TH_SLICE_LIT("\0\0\1\0\0\1\0\0\0\0\0\1\1x\0\0\x1c\0\1"
					   "\0\0\x29\4\xd0\0\0\0\0\0\0"),
			     &q),
		0);
	cr_assert_str_eq(q.name, "x");
	cr_assert_eq(q.type, TH_DNS_AAAA);
	cr_assert_eq(question(TH_SLICE_LIT("\0\0\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1"), &q), 0);
	cr_assert_str_eq(q.name, "", "the root");
	cr_assert_eq(question(TH_SLICE_LIT("\0\0\1\0\0\1\0\0\0\0\0\0\3a.\t\0\0\2\0\1"), &q), 0);
	cr_assert_str_eq(q.name, "a??", "a dot within a label is no dot");
}

Test(dns, no_query)
{
	static const struct th_slice bad[] = {
		TH_SLICE_LIT(""), TH_SLICE_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		TH_SLICE_LIT("\0\0\x81\0\0\1\0\0\0\0\0\0\1x\0\0\1\0\1"),    /* an answer */
		TH_SLICE_LIT("\0\0\x28\0\0\1\0\0\0\0\0\0\1x\0\0\1\0\1"),    /* an update */
		TH_SLICE_LIT("\0\0\1\0\0\2\0\0\0\0\0\0\1x\0\0\1\0\1"),	    /* two questions */
		TH_SLICE_LIT("\0\0\1\0\0\1\0\0\0\0\0\0\1x\0\0\1\0\3"),	    /* Chaosnet */
		TH_SLICE_LIT("\0\0\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\0\1\0\1"), /* points to itself */
	};
	struct th_dns_question q;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		cr_assert_eq(question(bad[i], &q), -EBADMSG, "%zu", i);
	}
	struct th_slice whole = TH_SLICE_LIT(ASK("\1"));
	for (size_t n = 0; n < whole.n; n++) {
		cr_assert_eq(question((struct th_slice){whole.p, n}, &q), -EBADMSG, "%zu", n);
	}
}

/* A name of 253 letters and dots is the longest; one more is none. */
Test(dns, long_names)
{
	uint8_t message[400] = {[5] = 1};
	struct th_dns_question q;
	for (size_t last = 61; last <= 62; last++) {
		size_t n = 12;
		for (int i = 0; i < 4; i++) {
			size_t length = i < 3 ? 63 : last;
			message[n] = (uint8_t)length;
			memset(message + n + 1, 'a', length);
			n += 1 + length;
		}
		memcpy(message + n, "\0\0\1\0\1", 5);
		int r = question((struct th_slice){message, n + 5}, &q);
		cr_assert_eq(r, last == 61 ? 0 : -EBADMSG);
		cr_assert_eq(strlen(q.name), 253);
	}
	memset(message + 12, 1, 300);
	cr_assert_eq(question((struct th_slice){message, sizeof(message)}, &q), -EBADMSG);
}

/* An alias, an address of each kind, and a record of another sort. */
#define ANSWER \
	"\x12\x34\x81\x80\0\1\0\4\0\0\0\0" NAME "\0\1\0\1" \
	"\xc0\x0c\0\5\0\1\0\0\0\x0a\0\4\1b\xc0\x10" \
	"\1b\xc0\x10\0\1\0\1\0\0\0\x0a\0\4\xc0\0\2\1" \
	"\1b\0\0\x1c\0\1\0\0\0\x0a\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7" \
	"\0\0\x10\0\1\0\0\0\x0a\0\2\1x"

Test(dns, an_answer)
{
	struct th_dns_answer a;
	cr_assert_eq(th_dns_read_answer(th_guard(TH_SLICE_LIT(ANSWER)), &a), 0);
	cr_assert_str_eq(a.question.name, "api.example.test");
	cr_assert_eq(a.code, TH_DNS_NO_ERROR);
	cr_assert_not(a.truncated);
	cr_assert_eq(a.n, 2);
	cr_assert_eq(a.addresses[0].family, 4);
	cr_assert_arr_eq(a.addresses[0].bytes, "\xc0\0\2\1", 4);
	cr_assert_eq(a.addresses[1].family, 6);
	cr_assert_arr_eq(a.addresses[1].bytes, address, 16);
	cr_assert_eq(th_dns_read_answer(th_guard(TH_SLICE_LIT(ASK("\1"))), &a), -EBADMSG);
}

Test(dns, an_answer_cut_at_every_byte)
{
	struct th_slice whole = TH_SLICE_LIT(ANSWER);
	struct th_dns_answer a;
	for (size_t n = 0; n < whole.n; n++) {
		struct th_slice part = th_guard((struct th_slice){whole.p, n});
		cr_assert_eq(th_dns_read_answer(part, &a), -EBADMSG, "%zu", n);
	}
	uint8_t cut[] = ANSWER;
	cut[2] |= 2;
	struct th_slice part = th_guard((struct th_slice){cut, sizeof(cut) - 20});
	cr_assert_eq(th_dns_read_answer(part, &a), 0);
	cr_assert(a.truncated);
}

Test(dns, composed)
{
	struct th_slice query = th_guard(TH_SLICE_LIT(ASK("\x1c")));
	struct th_dns_question q;
	struct th_dns_answer a;
	uint8_t room[TH_DNS_MESSAGE_MAX];
	struct th_out out = {room, sizeof(room), 0, false};
	cr_assert_eq(th_dns_read_query(query, &q), 0);
	th_dns_put_answer(&out, query, &q, TH_DNS_NO_SUCH_NAME);
	cr_assert_eq(th_dns_read_answer((struct th_slice){room, out.n}, &a), 0);
	cr_assert_eq(a.code, TH_DNS_NO_SUCH_NAME);
	cr_assert_eq(a.n, 0);
	cr_assert_arr_eq(room, "\x12\x34\x81\x83\0\1", 6, "its id, and recursion");
	size_t n = 0;
	while (th_dns_put_address(&out, 6, address)) {
		n++;
	}
	cr_assert_not(out.failed);
	cr_assert_eq(n, (sizeof(room) - q.end) / 28);
	cr_assert_eq(th_dns_read_answer((struct th_slice){room, out.n}, &a), 0);
	cr_assert_eq(a.n, n);
	cr_assert_arr_eq(a.addresses[n - 1].bytes, address, 16);
}

static int composed_query(const char *name, struct th_dns_question *q)
{
	uint8_t room[TH_DNS_MESSAGE_MAX];
	struct th_out out = {room, sizeof(room), 0, false};
	int r = th_dns_put_query(&out, name, TH_DNS_AAAA);
	return r < 0 ? r : question((struct th_slice){room, out.n}, q);
}

Test(dns, a_query_composed)
{
	struct th_dns_question q;
	cr_assert_eq(composed_query("api.example.test", &q), 0);
	cr_assert_str_eq(q.name, "api.example.test");
	cr_assert_eq(q.type, TH_DNS_AAAA);
	cr_assert_eq(composed_query("a.", &q), 0);
	cr_assert_str_eq(q.name, "a");
	cr_assert_eq(composed_query(".", &q), 0);
	cr_assert_str_eq(q.name, "");
	cr_assert_eq(composed_query("a..b", &q), -EINVAL);
	cr_assert_eq(composed_query(".a", &q), -EINVAL);
	char name[256];
	memset(name, 'a', sizeof(name));
	name[255] = 0;
	name[64] = '.';
	cr_assert_eq(composed_query(name, &q), -EINVAL, "a label of 64 letters");
	name[63] = name[127] = name[191] = '.';
	name[64] = 'a';
	cr_assert_eq(composed_query(name, &q), -EINVAL, "255 letters and dots");
	name[253] = 0;
	cr_assert_eq(composed_query(name, &q), 0);
	cr_assert_eq(strlen(q.name), 253);
}

/* ---- a recorded answer once more ---- */

/* A query in another letter case, with another id, no recursion, and a cookie of the client's. */
#define COOKIE_QUERY \
	"\xab\xcd\0\0\0\1\0\0\0\0\0\1\3aPi\7eXample\4tEst\0\0\1\0\1" \
	"\0\0\x29\4\xd0\0\0\0\0\0\xc\0\xa\0\x8newnewne"
#define COOKIE_ANSWER \
	"\x12\x34\x81\x80\0\1\0\1\0\0\0\1" NAME "\0\1\0\1" \
	"\xc0\x0c\0\1\0\1\0\0\1\x0a\0\4\x7f\0\0\1" \
	"\0\0\x29\4\xd0\0\0\0\0\0\x14\0\xa\0\x10oldoldolserverss"

static int put_recorded(struct th_slice query, struct th_slice message, struct th_out *out)
{
	struct th_dns_question q;
	cr_assert_eq(th_dns_read_query(query, &q), 0);
	return th_dns_put_recorded(out, query, &q, message);
}

Test(dns, a_recorded_answer_fits_the_question)
{
	uint8_t room[256];
	struct th_out out = {room, sizeof(room), 0, false};
	struct th_slice message = TH_SLICE_LIT(COOKIE_ANSWER);
	cr_assert_eq(put_recorded(TH_SLICE_LIT(COOKIE_QUERY), message, &out), 0);
	cr_assert_eq(out.n, message.n);
	cr_expect_arr_eq(room, "\xab\xcd\x80\x80", 4, "its id, and no recursion was desired");
	cr_expect_arr_eq(room + 12, "\3aPi\7eXample\4tEst", 17, "its letter case");
	cr_expect_arr_eq(room + message.n - 16, "newnewneserverss", 16, "the client's cookie");
	cr_expect_arr_eq(room + 34, message.p + 34, message.n - 34 - 16, "and all the rest");
}

Test(dns, a_recorded_answer_to_another_question_is_none)
{
	uint8_t room[256];
	struct th_out out = {room, sizeof(room), 0, false};
	struct th_slice query = TH_SLICE_LIT(ASK("\1"));
	cr_expect_eq(put_recorded(query, TH_SLICE_LIT(ANSWER), &out), 0);
	cr_expect_eq(put_recorded(TH_SLICE_LIT(ASK("\x1c")), TH_SLICE_LIT(ANSWER), &out), -EBADMSG);
	/* HTTPS is type 65, 'A'; 97 is 'a'. */
	cr_expect_eq(put_recorded(TH_SLICE_LIT(ASK("A")), TH_SLICE_LIT(ASK("a")), &out), -EBADMSG);
	cr_expect_eq(put_recorded(query, TH_SLICE_LIT("\0\0\x81\x80\0\1\0\0\0\0\0\0\1x\0\0\1\0\1"),
			     &out),
		-EBADMSG);
	for (size_t n = 0; n < sizeof(ASK("\1")) - 1; n++) {
		struct th_slice cut = th_guard((struct th_slice){(const uint8_t *)ANSWER, n});
		cr_expect_eq(put_recorded(query, cut, &out), -EBADMSG, "cut at %zu", n);
	}
	struct th_out small = {room, 20, 0, false};
	cr_expect_eq(put_recorded(query, TH_SLICE_LIT(ANSWER), &small), -EMSGSIZE);
	cr_expect_eq(small.n, 0);
}

/* Cookies that end anywhere, on either side. */
Test(dns, cut_cookies_are_left_alone)
{
	struct th_slice whole = TH_SLICE_LIT(COOKIE_ANSWER);
	struct th_slice asked = TH_SLICE_LIT(COOKIE_QUERY);
	uint8_t room[256];
	for (size_t n = 34; n < whole.n; n++) {
		struct th_out out = {room, sizeof(room), 0, false};
		struct th_slice cut = th_guard((struct th_slice){whole.p, n});
		cr_expect_eq(put_recorded(asked, cut, &out), 0);
		cr_expect_arr_eq(room + 34, whole.p + 34, n - 34);
	}
	for (size_t n = 34; n < asked.n; n++) {
		struct th_out out = {room, sizeof(room), 0, false};
		struct th_slice cut = th_guard((struct th_slice){asked.p, n});
		cr_expect_eq(put_recorded(cut, whole, &out), 0);
		cr_expect_arr_eq(room + 34, whole.p + 34, whole.n - 34);
	}
}

Test(dns, how_much_room_a_client_has)
{
	struct th_dns_question q;
	struct th_slice query = TH_SLICE_LIT(COOKIE_QUERY);
	cr_assert_eq(th_dns_read_query(query, &q), 0);
	cr_expect_eq(th_dns_room(query, &q), 1232);
	query = TH_SLICE_LIT(ASK("\1"));
	cr_assert_eq(th_dns_read_query(query, &q), 0);
	cr_expect_eq(th_dns_room(query, &q), 512);
	uint8_t room[64];
	struct th_out out = {room, sizeof(room), 0, false};
	struct th_dns_answer a;
	th_dns_put_truncated(&out, query, &q);
	cr_assert_eq(th_dns_read_answer((struct th_slice){room, out.n}, &a), 0);
	cr_expect(a.truncated && a.records == 0);
}

Test(dns, streams_that_begin_with_a_question)
{
	static const char question[] = "\0\x21" ASK("\1");
	for (size_t n = 0; n < sizeof(question) - 1; n++) {
		struct th_slice first = th_guard((struct th_slice){(const uint8_t *)question, n});
		cr_expect_eq(th_dns_stream_begins(first), n < TH_DNS_STREAM_FIRST ? -1 : 1);
	}
	static const struct th_slice others[] = {TH_SLICE_LIT("GET / HTTP/1.1\r\n"),
		TH_SLICE_LIT("\x16\3\1\2\0\1\0\1\xfc\3\3abc"), TH_SLICE_LIT("PRI * HTTP/2.0\r\n"),
		TH_SLICE_LIT("\0\x21\x12\x34\x81\x80\0\1\0\0\0\0\0\0"), /* an answer */
		TH_SLICE_LIT("\0\x21\x12\x34\1\0\0\2\0\0\0\0\0\0"),	/* two questions */
		TH_SLICE_LIT("\0\x10\x12\x34\1\0\0\1\0\0\0\0\0\0"),	/* too short */
		TH_SLICE_LIT("\0\0\0\x08\x04\xd2\x16\x2f"), TH_SLICE_LIT("\5")};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		cr_expect_eq(th_dns_stream_begins(others[i]), 0, "%zu", i);
	}
}
