/* HPACK decoding against RFC 7541's examples and against libnghttp2's encoder. */
#include "wire/hpack.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "guard.h"

/* Fields as text, one per line: what a test compares. */
struct text {
	char p[8192];
	size_t n;
	unsigned fields;
	uint64_t sum; /* over all bytes of all fields, for lists too large for the text */
};

static void note(void *ctx, struct th_slice name, struct th_slice value, uint8_t *ret_note)
{
	struct text *t = ctx;
	t->fields++;
	for (size_t i = 0; i < name.n; i++) {
		t->sum = t->sum * 31 + name.p[i];
	}
	for (size_t i = 0; i < value.n; i++) {
		t->sum = t->sum * 37 + value.p[i];
	}
	if (t->n + name.n + value.n + 4 < sizeof(t->p)) {
		t->n += (size_t)sprintf(
			t->p + t->n, "%.*s: %.*s\n", (int)name.n, name.p, (int)value.n, value.p);
	}
}

static struct th_slice bytes_of(const char *hex, uint8_t *room)
{
	size_t n = 0;
	for (; *hex; hex++) {
		if (*hex != ' ') {
			cr_assert(th_hex_decode(&room[n++], hex, 1));
			hex++;
		}
	}
	return (struct th_slice){room, n};
}

static int decode_hex(struct th_hpack *h, const char *hex, struct text *t)
{
	uint8_t room[1024];
	*t = (struct text){0};
	return th_hpack_decode(h, th_guard(bytes_of(hex, room)), note, t);
}

static void expect(struct th_hpack *h, const char *hex, const char *fields)
{
	struct text t;
	cr_assert_eq(decode_hex(h, hex, &t), 0, "%s", hex);
	cr_assert_str_eq(t.p, fields);
}

static void expect_error(const char *hex, int error)
{
	struct th_hpack *h = th_hpack_create(4096);
	struct text t;
	cr_assert_eq(decode_hex(h, hex, &t), error, "%s", hex);
	th_hpack_destroy(h);
}

/* Counts how often it has met a field. */
static void count(void *ctx, struct th_slice name, struct th_slice value, uint8_t *ret_note)
{
	uint8_t *told = ctx;
	*told = (*ret_note)++;
}

static uint8_t met(struct th_hpack *h, const char *hex)
{
	uint8_t room[64], told = 0;
	cr_assert_eq(th_hpack_decode(h, bytes_of(hex, room), count, &told), 0, "%s", hex);
	return told;
}

/* A note is of a field, and goes when it goes: of the static table, of the dynamic one wherever it
 * has moved to, of none that is in no table. */
Test(hpack, notes)
{
	struct th_hpack *h = th_hpack_create(4096);
	cr_expect_eq(met(h, "82"), 0);
	cr_expect_eq(met(h, "82"), 1);
	cr_expect_eq(met(h, "83"), 0);
	cr_expect_eq(met(h, "0001 6101 62"), 0);
	cr_expect_eq(met(h, "0001 6101 62"), 0, "without indexing");
	cr_expect_eq(met(h, "0201 78"), 0, "only the name is indexed");
	cr_expect_eq(met(h, "4001 6101 62"), 0);
	cr_expect_eq(met(h, "be"), 1);
	cr_expect_eq(met(h, "4001 6101 63"), 0);
	cr_expect_eq(met(h, "be"), 1);
	cr_expect_eq(met(h, "bf"), 2);
	cr_expect_eq(met(h, "7e01 78"), 0, "the name of another");
	cr_expect_eq(met(h, "c0"), 3);
	cr_expect_eq(met(h, "203f e11f 4001 6101 62"), 0, "the table was emptied");
	cr_expect_eq(met(h, "be"), 1);
	th_hpack_destroy(h);
}

Test(hpack, what_changes_the_table_is_counted)
{
	static const struct {
		const char *hex;
		bool changes;
	} blocks[] = {{"82", false}, {"4001 6101 62", true}, {"be", false}, {"0001 6101 62", false},
		{"1001 6101 62", false}, {"be82", false}, {"3fe1 1fbe", true}, {"2082", true}};
	struct th_hpack *h = th_hpack_create(4096);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		const uint32_t before = th_hpack_changes(h);
		met(h, blocks[i].hex);
		cr_expect_eq(th_hpack_changes(h) != before, blocks[i].changes, "%zu", i);
	}
	th_hpack_destroy(h);
}

Test(hpack, literals_of_rfc_c2)
{
	struct th_hpack *h = th_hpack_create(4096);
	expect(h, "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
		"custom-key: custom-header\n");
	expect(h, "040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path\n");
	expect(h, "1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret\n");
	expect(h, "82", ":method: GET\n");
	expect(h, "be", "custom-key: custom-header\n");
	th_hpack_destroy(h);
}

#define REQUEST_1 ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n"
#define REQUEST_2 REQUEST_1 "cache-control: no-cache\n"
#define REQUEST_3 \
	":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\n" \
	"custom-key: custom-value\n"

Test(hpack, requests_of_rfc_c3_and_c4)
{
	struct th_hpack *h = th_hpack_create(4096);
	expect(h, "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d", REQUEST_1);
	expect(h, "8286 84be 5808 6e6f 2d63 6163 6865", REQUEST_2);
	expect(h, "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
		REQUEST_3);
	th_hpack_destroy(h);
	h = th_hpack_create(4096);
	expect(h, "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff", REQUEST_1);
	expect(h, "8286 84be 5886 a8eb 1064 9cbf", REQUEST_2);
	expect(h, "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf", REQUEST_3);
	th_hpack_destroy(h);
}

#define RESPONSE_1 \
	":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n" \
	"location: https://www.example.com\n"
#define RESPONSE_2 \
	":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n" \
	"location: https://www.example.com\n"
#define RESPONSE_3 \
	":status: 200\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:22 GMT\n" \
	"location: https://www.example.com\ncontent-encoding: gzip\n" \
	"set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\n"

Test(hpack, responses_with_eviction_of_rfc_c5_and_c6)
{
	struct th_hpack *h = th_hpack_create(256);
	expect(h,
		"4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133"
		"2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70"
		"6c65 2e63 6f6d",
		RESPONSE_1);
	expect(h, "4803 3330 37c1 c0bf", RESPONSE_2);
	expect(h,
		"88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d"
		"54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049"
		"5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e"
		"3d31",
		RESPONSE_3);
	th_hpack_destroy(h);
	h = th_hpack_create(256);
	expect(h,
		"4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6"
		"2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
		RESPONSE_1);
	expect(h, "4883 640e ffc1 c0bf", RESPONSE_2);
	expect(h,
		"88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab"
		"77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f"
		"9587 3160 65c0 03ed 4ee5 b106 3d50 07",
		RESPONSE_3);
	th_hpack_destroy(h);
}

Test(hpack, refuses_what_the_rfc_forbids)
{
	expect_error("80", -EBADMSG);			/* index 0 */
	expect_error("be", -EBADMSG);			/* dynamic index of an empty table */
	expect_error("ff", -EBADMSG);			/* integer cut */
	expect_error("ff ff ff ff ff ff 7f", -EBADMSG); /* integer too long */
	expect_error("40 01", -EBADMSG);		/* name cut */
	expect_error("40 01 61", -EBADMSG);		/* value missing */
	expect_error("40 01 61 05 62", -EBADMSG);	/* value cut */
	expect_error("40 01 61 7f ff ff 7f", -E2BIG);	/* value longer than allowed */
	expect_error("3f e2 1f", -EBADMSG);		/* table size 4,097 of 4,096 */
	expect_error("82 20", -EBADMSG);		/* size update after a field */
}

Test(hpack, refuses_bad_huffman_strings)
{
	struct th_hpack *h = th_hpack_create(4096);
	expect(h, "40 01 61 81 1f", "a: a\n"); /* five bits and three of padding */
	th_hpack_destroy(h);
	expect_error("40 01 61 81 18", -EBADMSG);	   /* padding of zeros */
	expect_error("40 01 61 82 1f ff", -EBADMSG);	   /* eleven bits of padding */
	expect_error("40 01 61 81 ff", -EBADMSG);	   /* eight bits of padding, no code */
	expect_error("40 01 61 84 ff ff ff ff", -EBADMSG); /* EOS */
	expect_error("40 01 61 81 fe", -EBADMSG);	   /* the code of '!' is cut */
}

Test(hpack, entry_larger_than_the_table_empties_it)
{
	struct th_hpack *h = th_hpack_create(64);
	struct text t;
	expect(h, "40 01 61 01 62 be", "a: b\na: b\n");
	expect(h,
		"40 01 61 24 6363636363636363636363636363636363636363636363636363636363636363"
		"63636363",
		"a: cccccccccccccccccccccccccccccccccccc\n");
	cr_assert_eq(decode_hex(h, "be", &t), -EBADMSG);
	th_hpack_destroy(h);
}

Test(hpack, name_of_the_entry_that_its_use_evicts)
{
	struct th_hpack *h = th_hpack_create(40);
	expect(h, "40 03 616263 03 646566", "abc: def\n");
	for (int i = 0; i < 50; i++) {
		expect(h, "7e 03 303132", "abc: 012\n");
		expect(h, "be", "abc: 012\n");
	}
	th_hpack_destroy(h);
}

Test(hpack, table_grows_only_to_the_acknowledged_limit)
{
	struct th_hpack *h = th_hpack_create(64);
	struct text t;
	expect(h, "40 01 61 01 62", "a: b\n");
	th_hpack_limit(h, 128);
	expect(h, "3f 61 40 01 63 01 64 bf be", "c: d\na: b\nc: d\n");
	cr_assert_eq(decode_hex(h, "3f 62", &t), -EBADMSG, "129");
	expect(h, "20 82", ":method: GET\n");
	cr_assert_eq(decode_hex(h, "be", &t), -EBADMSG, "size 0 emptied the table");
	th_hpack_destroy(h);
}

Test(hpack, a_block_that_unpacks_without_end_is_refused)
{
	struct th_hpack *h = th_hpack_create(4096);
	static uint8_t block[8192];
	const size_t value = 3072;
	memset(block, 0xbe, sizeof(block));
	memcpy(block, "\x40\x01\x61\x7f\x81\x17", 6);
	memset(block + 6, 'v', value);
	struct text t = {0};
	cr_assert_eq(th_hpack_decode(h, (struct th_slice){block, sizeof(block)}, note, &t), -E2BIG);
	cr_assert_lt(t.fields, 400);
	th_hpack_destroy(h);
}

/* ---- against libnghttp2's encoder ---- */

enum {
	ROUNDS = 3000,
	FIELDS_MAX = 24,
};

static uint64_t seed = 0x9e3779b97f4a7c15;

static unsigned rnd(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)((seed >> 20) % below);
}

/* A few names and values, so that the tables are used, and any byte at all. */
static size_t random_string(char *p, size_t max, bool name)
{
	static const char *const known[] = {":path", ":status", "content-type", "x-request-id",
		"date", "cookie", "authorization", "200", "application/json", "gzip, br", ""};
	if (rnd(3)) {
		return (size_t)sprintf(p, "%s", known[rnd(name ? 7 : 11)]);
	}
	size_t n = rnd(20) ? rnd(30) : rnd((unsigned)max);
	for (size_t i = 0; i < n; i++) {
		p[i] = (char)(rnd(4) ? 'a' + rnd(26) : rnd(256));
	}
	return n;
}

struct list {
	nghttp2_nv nv[FIELDS_MAX];
	size_t n;
	char strings[FIELDS_MAX][2][3000];
};

static void random_list(struct list *l)
{
	l->n = rnd(FIELDS_MAX);
	for (size_t i = 0; i < l->n; i++) {
		l->nv[i] = (nghttp2_nv){
			.name = (uint8_t *)l->strings[i][0],
			.value = (uint8_t *)l->strings[i][1],
			.namelen = random_string(l->strings[i][0], 200, true),
			.valuelen = random_string(l->strings[i][1], 3000, false),
			.flags = rnd(8) ? NGHTTP2_NV_FLAG_NONE : NGHTTP2_NV_FLAG_NO_INDEX,
		};
	}
}

struct check {
	const struct list *l;
	size_t at;
};

static void compare(void *ctx, struct th_slice name, struct th_slice value, uint8_t *ret_note)
{
	struct check *c = ctx;
	cr_assert_lt(c->at, c->l->n);
	const nghttp2_nv *nv = &c->l->nv[c->at++];
	cr_assert(th_slice_eq(name, (struct th_slice){nv->name, nv->namelen}));
	cr_assert(th_slice_eq(value, (struct th_slice){nv->value, nv->valuelen}));
}

static void maybe_resize(nghttp2_hd_deflater *d, struct th_hpack *h)
{
	static const unsigned sizes[] = {0, 64, 300, 4096, 20000, 65536};
	for (unsigned changes = rnd(10) ? 0 : 1 + rnd(2); changes; changes--) {
		unsigned size = sizes[rnd(6)];
		th_hpack_limit(h, 65536);
		cr_assert_eq(nghttp2_hd_deflate_change_table_size(d, size), 0);
	}
}

Test(hpack, random_lists_of_nghttp2)
{
	static struct list l;
	static uint8_t block[200000];
	nghttp2_hd_deflater *d = NULL;
	cr_assert_eq(nghttp2_hd_deflate_new(&d, 65536), 0);
	struct th_hpack *h = th_hpack_create(4096);
	for (int round = 0; round < ROUNDS; round++) {
		maybe_resize(d, h);
		random_list(&l);
		ssize_t n = nghttp2_hd_deflate_hd(d, block, sizeof(block), l.nv, l.n);
		cr_assert_geq(n, 0);
		struct check c = {.l = &l};
		struct th_slice in = th_guard((struct th_slice){block, (size_t)n});
		cr_assert_eq(th_hpack_decode(h, in, compare, &c), 0, "round %d", round);
		cr_assert_eq(c.at, l.n);
	}
	th_hpack_destroy(h);
	nghttp2_hd_deflate_del(d);
}

Test(hpack, every_symbol_of_the_huffman_code)
{
	static uint8_t block[2000];
	struct th_hpack *h = th_hpack_create(0);
	for (unsigned symbol = 0; symbol < 256; symbol++) {
		nghttp2_hd_deflater *d = NULL;
		cr_assert_eq(nghttp2_hd_deflate_new(&d, 0), 0);
		struct list l = {.n = 1};
		uint8_t value[200]; /* short codes around it, so that Huffman is chosen */
		memset(value, 'a', sizeof(value));
		value[symbol % 100] = (uint8_t)symbol;
		l.nv[0] = (nghttp2_nv){(uint8_t *)"x", value, 1, sizeof(value), 0};
		ssize_t n = nghttp2_hd_deflate_hd(d, block, sizeof(block), l.nv, 1);
		cr_assert(n > 0 && n < 150);
		struct check c = {.l = &l};
		struct th_slice in = {block, (size_t)n};
		cr_assert_eq(th_hpack_decode(h, in, compare, &c), 0, "symbol %u", symbol);
		cr_assert_eq(c.at, 1);
		nghttp2_hd_deflate_del(d);
	}
	th_hpack_destroy(h);
}

/* A cut block is refused or gives a beginning of the list, and never reads beyond its end. */
Test(hpack, blocks_cut_at_every_byte)
{
	static struct list l;
	static uint8_t block[200000];
	for (int round = 0; round < 20; round++) {
		nghttp2_hd_deflater *d = NULL;
		cr_assert_eq(nghttp2_hd_deflate_new(&d, 4096), 0);
		random_list(&l);
		ssize_t n = nghttp2_hd_deflate_hd(d, block, sizeof(block), l.nv, l.n);
		for (ssize_t cut = 0; cut < n; cut++) {
			struct th_hpack *h = th_hpack_create(4096);
			struct check c = {.l = &l};
			struct th_slice in = th_guard((struct th_slice){block, (size_t)cut});
			int r = th_hpack_decode(h, in, compare, &c);
			cr_assert(r == 0 || r == -EBADMSG);
			th_hpack_destroy(h);
		}
		nghttp2_hd_deflate_del(d);
	}
}

Test(hpack, destroy_takes_null)
{
	cr_assert_null(th_hpack_destroy(NULL));
}
