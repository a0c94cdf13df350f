#include "wire/event_stream.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <zlib.h>

#include "tests/unit/guard.h"

static uint8_t bytes[512];

static void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

/* A message at `at` in bytes; returns where it ends. */
static size_t put_message(size_t at, struct th_slice headers, struct th_slice payload)
{
	uint8_t *p = bytes + at;
	size_t n = 16 + headers.n + payload.n;
	put_be32(p, (uint32_t)n);
	put_be32(p + 4, (uint32_t)headers.n);
	put_be32(p + 8, (uint32_t)crc32(0, p, 8));
	memcpy(p + 12, headers.p, headers.n);
	memcpy(p + 12 + headers.n, payload.p, payload.n);
	put_be32(p + n - 4, (uint32_t)crc32(0, p, (uInt)n - 4));
	return at + n;
}

/* A header of every type before the one that is looked for. */
static const char headers[] =
	"\1t\0\1f\1\1b\2x\1s\3xx\1i\4xxxx\1l\5xxxxxxxx\1y\6\0\2ab\1a\10xxxxxxxx"
	"\1u\11xxxxxxxxxxxxxxxx\4:who\7\0\3you";
#define HEADERS TH_SLICE_LIT(headers)

static size_t put_two(void)
{
	return put_message(
		put_message(0, HEADERS, TH_SLICE_LIT("{}")), TH_SLICE_LIT(""), TH_SLICE_LIT("x"));
}

Test(event_stream, messages_in_order)
{
	size_t n = put_two(), pos = 0;
	struct th_slice all = {bytes, n}, value;
	struct th_event_message m;
	cr_assert_eq(th_event_stream_next(all, &pos, &m), 1);
	cr_expect(th_slice_eq(m.payload, TH_SLICE_LIT("{}")));
	cr_assert(th_event_stream_header(&m, ":who", &value));
	cr_expect(th_slice_eq(value, TH_SLICE_LIT("you")));
	cr_expect_not(th_event_stream_header(&m, "y", &value), "bytes are no string");
	cr_assert_eq(th_event_stream_next(all, &pos, &m), 1);
	cr_expect(th_slice_eq(m.payload, TH_SLICE_LIT("x")));
	cr_expect_not(th_event_stream_header(&m, ":who", &value));
	cr_expect_eq(th_event_stream_next(all, &pos, &m), 0);
	cr_expect_eq(pos, n);
}

Test(event_stream, cut_anywhere)
{
	size_t n = put_two(), first = 16 + sizeof(headers) - 1 + 2;
	for (size_t k = 0; k < n; k++) {
		struct th_slice part = th_guard((struct th_slice){bytes, k});
		struct th_event_message m;
		size_t pos = 0, seen = 0;
		int r;
		while ((r = th_event_stream_next(part, &pos, &m)) > 0) {
			seen++;
		}
		cr_assert_eq(seen, k >= first ? 1 : 0);
		cr_assert_eq(r, k == 0 || k == first ? 0 : -EAGAIN, "%zu: %d", k, r);
		cr_assert_eq(pos, k >= first ? first : 0);
	}
}

Test(event_stream, every_changed_bit_is_noticed)
{
	size_t n = put_message(0, HEADERS, TH_SLICE_LIT("{}"));
	for (size_t i = 0; i < 8 * n; i++) {
		struct th_event_message m;
		size_t pos = 0;
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		struct th_slice spoilt = th_guard((struct th_slice){bytes, n});
		cr_assert_eq(th_event_stream_next(spoilt, &pos, &m), -EBADMSG);
		cr_assert_eq(pos, 0);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

Test(event_stream, impossible_lengths)
{
	static const uint32_t lengths[][2] = {
		{0, 0}, {15, 0}, {16, 1}, {20, 5}, {TH_EVENT_STREAM_MESSAGE_MAX + 1, 0}};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct th_event_message m;
		size_t pos = 0;
		put_be32(bytes, lengths[i][0]);
		put_be32(bytes + 4, lengths[i][1]);
		put_be32(bytes + 8, (uint32_t)crc32(0, bytes, 8));
		struct th_slice all = {bytes, sizeof(bytes)};
		cr_expect_eq(th_event_stream_next(all, &pos, &m), -EBADMSG);
	}
}

Test(event_stream, malformed_headers)
{
	static const struct th_slice bad[] = {TH_SLICE_LIT("\1"), TH_SLICE_LIT("\1t"),
		TH_SLICE_LIT("\1t\12"), TH_SLICE_LIT("\1t\7\0\5abc"), TH_SLICE_LIT("\377t")};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct th_event_message m = {.headers = th_guard(bad[i])};
		struct th_slice value;
		cr_expect_not(th_event_stream_header(&m, "t", &value));
	}
}
