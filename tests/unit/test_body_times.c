#include "trace/body_times.h"

#include <criterion/criterion.h>
#include <zlib.h>

static struct th_piece pieces[64];

static struct th_message message(const char *head, bool list)
{
	struct th_message m = {.present = true, .head_done = true, .version = 11, .pieces = pieces};
	m.head.bytes = th_slice_str(head);
	m.head.list = list;
	return m;
}

static void add(struct th_message *m, uint64_t time, struct th_slice bytes)
{
	pieces[m->n_pieces++] = (struct th_piece){time, bytes};
	m->body_bytes += bytes.n;
}

static uint64_t at(const struct th_message *m, size_t n)
{
	struct th_body_times t = {0};
	cr_assert(th_body_times_init(&t, m));
	uint64_t time = th_body_times_at(&t, n);
	th_body_times_finish(&t);
	return time;
}

Test(body_times, plain_bodies_by_their_bytes)
{
	struct th_message m = message("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", false);
	add(&m, 10, TH_SLICE_LIT("ab"));
	add(&m, 20, TH_SLICE_LIT("cdef"));
	cr_assert_eq(at(&m, 1), 10);
	cr_assert_eq(at(&m, 2), 10);
	cr_assert_eq(at(&m, 3), 20);
	cr_assert_eq(at(&m, 6), 20);
	cr_assert_eq(at(&m, 7), 0, "never there");
}

/* The same chunked body, cut into two pieces at every byte: a content byte is there with the piece
 * that holds it. */
Test(body_times, chunk_framing_is_seen_through_at_every_cut)
{
	static const char wire[] = "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n";
	static const size_t offsets[] = {3, 4, 5, 15, 16, 17, 18};
	for (size_t cut = 0; cut <= strlen(wire); cut++) {
		struct th_message m = message(
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false);
		add(&m, 10, (struct th_slice){(const uint8_t *)wire, cut});
		add(&m, 20, (struct th_slice){(const uint8_t *)wire + cut, strlen(wire) - cut});
		for (size_t i = 0; i < 7; i++) {
			cr_assert_eq(at(&m, i + 1), offsets[i] < cut ? 10 : 20, "cut %zu byte %zu",
				cut, i);
		}
		cr_assert_eq(at(&m, 8), 0);
	}
}

Test(body_times, compressed_bodies_by_what_can_be_decoded)
{
	static uint8_t packed[4096];
	static char plain[3000];
	for (size_t i = 0; i < sizeof(plain); i++) {
		plain[i] = (char)('a' + i * i * 7 % 26);
	}
	z_stream z = {.next_in = (uint8_t *)plain, .next_out = packed, .avail_out = sizeof(packed)};
	deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	struct th_message m = message("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", false);
	size_t from = 0;
	for (uint64_t i = 0; i < 3; i++) {
		z.avail_in = 1000;
		deflate(&z, i == 2 ? Z_FINISH : Z_SYNC_FLUSH);
		size_t to = sizeof(packed) - z.avail_out;
		add(&m, 10 * (i + 1), (struct th_slice){packed + from, to - from});
		from = to;
	}
	deflateEnd(&z);
	cr_assert_eq(at(&m, 1), 10);
	cr_assert_eq(at(&m, 1000), 10);
	cr_assert_eq(at(&m, 1001), 20);
	cr_assert_eq(at(&m, 3000), 30);
	cr_assert_eq(at(&m, 3001), 0);
}

Test(body_times, nothing_is_known_without_pieces)
{
	struct th_message m = message("HTTP/1.1 200 OK\r\n\r\n", false);
	cr_assert_eq(at(&m, 0), 0);
	cr_assert_eq(at(&m, 1), 0);
}
