#include <criterion/criterion.h>
#include <errno.h>

#include "guard.h"
#include "wire/websocket.h"

TestSuite(websocket, .timeout = 30);

static int head_of(const char *bytes, size_t n, struct th_ws_frame *ret)
{
	return th_ws_head(th_guard((struct th_slice){(const uint8_t *)bytes, n}), ret);
}

Test(websocket, reads_every_form_of_length)
{
	static const struct {
		const char *bytes;
		size_t n;
		uint64_t length;
	} heads[] = {
		{"\x81\x05", 2, 5},
		{"\x82\x7e\x01\x00", 4, 256},
		{"\x02\x7f\x00\x00\x00\x01\x00\x00\x00\x02", 10, 0x100000002},
		{"\x81\xfe\x00\x80\x01\x02\x03\x04", 8, 128},
	};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		struct th_ws_frame f;
		for (size_t n = 0; n < heads[i].n; n++) {
			cr_expect_eq(
				head_of(heads[i].bytes, n, &f), 0, "head %zu cut at %zu", i, n);
		}
		cr_assert_eq(head_of(heads[i].bytes, heads[i].n, &f), 1);
		cr_expect_eq(f.length, heads[i].length);
		cr_expect_eq(f.head_n, heads[i].n);
	}
}

Test(websocket, reads_the_first_two_bytes)
{
	struct th_ws_frame f;
	cr_assert_eq(head_of("\xc1\x83\x01\x02\x03\x04", 6, &f), 1);
	cr_expect(f.fin && f.masked);
	cr_expect_eq(f.reserved, 4, "permessage-deflate's bit");
	cr_expect_eq(f.opcode, TH_WS_TEXT);
	cr_expect_eq(memcmp(f.mask, "\x01\x02\x03\x04", 4), 0);
	cr_assert_eq(head_of("\x00\x00", 2, &f), 1);
	cr_expect(!f.fin && !f.masked && f.opcode == TH_WS_CONTINUATION);
}

Test(websocket, refuses_what_is_no_frame)
{
	struct th_ws_frame f;
	cr_expect_eq(head_of("\x83", 1, &f), -EBADMSG, "reserved opcode");
	cr_expect_eq(head_of("\x8b\x00", 2, &f), -EBADMSG, "reserved control opcode");
	cr_expect_eq(head_of("\x09\x00", 2, &f), -EBADMSG, "a ping in pieces");
	cr_expect_eq(head_of("\x89\x7e", 2, &f), -EBADMSG, "a long ping");
	cr_expect_eq(head_of("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", 10, &f), -EBADMSG);
}

Test(websocket, writes_what_it_reads)
{
	static const uint64_t lengths[] = {0, 125, 126, 65535, 65536, 1ull << 40};
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		uint8_t head[TH_WS_HEAD_MAX];
		struct th_ws_frame f;
		size_t n = th_ws_write_head(TH_WS_BINARY, lengths[i], head);
		cr_assert_eq(th_ws_head((struct th_slice){head, n}, &f), 1);
		cr_expect_eq(f.length, lengths[i]);
		cr_expect_eq(f.head_n, n);
		cr_expect(f.fin && !f.masked && f.opcode == TH_WS_BINARY);
	}
}

/* RFC 6455 5.7: "Hello", masked. */
Test(websocket, unmasks_from_any_offset)
{
	static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
	for (size_t cut = 0; cut <= 5; cut++) {
		uint8_t text[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
		th_ws_mask(mask, 0, text, cut);
		th_ws_mask(mask, cut, text + cut, sizeof(text) - cut);
		cr_expect_eq(memcmp(text, "Hello", 5), 0, "cut at %zu", cut);
	}
}
