/* A capture of calls as a recorder would write them: mkcalls CAPTURE COUNT [KEY-FILE] <CALLS
 *
 * CALLS is what bench/workload_make.py writes; the first COUNT are taken. One process, one
 * connection; requests in pieces of 64 KiB, as libcurl sends them, answers in pieces of 16 KiB, as
 * TLS libraries give them; times as irregular as real
 * ones. It is how sizes are tested: the writer is the real one, with as much time as it wants. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/key.h"
#include "tests/cli/mkframes.h"

#define SENT_PIECE 65536
#define RECEIVED_PIECE 16384

static uint64_t now = 3000000;

/* Between 10 and 140 us later. */
static uint64_t later(void)
{
	static uint32_t random = 1;
	random = random * 1664525 + 1013904223;
	return now += 10000 + (random >> 15);
}

static void put_body(uint8_t type, uint32_t id, struct th_slice body)
{
	const size_t piece = type == TH_FRAME_REQ_DATA ? SENT_PIECE : RECEIVED_PIECE;
	while (body.n) {
		size_t n = body.n < piece ? body.n : piece;
		mk_begin();
		th_out_bytes(&mk_out, body.p, n);
		mk_frame_at(type, n == body.n ? TH_FRAME_LAST : 0, id, later());
		body.p += n;
		body.n -= n;
	}
}

/* mk_out has the fixed fields of the head's frame. */
static void put_message(uint8_t head_type, uint8_t data_type, uint32_t id, struct th_slice message)
{
	const uint8_t *end = memmem(message.p, message.n, "\r\n\r\n", 4);
	if (!end) {
		fprintf(stderr, "mkcalls: a message without a head\n");
		exit(1);
	}
	size_t head = (size_t)(end - message.p) + 4;
	th_out_bytes(&mk_out, message.p, head);
	mk_frame_at(head_type, TH_FRAME_LAST, id, later());
	put_body(data_type, id, (struct th_slice){message.p + head, message.n - head});
}

/* The next message on stdin; false: none. */
static bool next_message(struct th_slice *ret_message)
{
	static uint8_t *room;
	uint8_t size[4];
	if (fread(size, 1, sizeof(size), stdin) != sizeof(size)) {
		return false;
	}
	size_t n = th_le32(size);
	room = realloc(room, n + 1);
	*ret_message = (struct th_slice){room, n};
	return room && fread(room, 1, n, stdin) == n;
}

int main(int argc, char **argv)
{
	static const struct mk_conn conn = {
		1, TH_TRANSPORT_OPENSSL, "127.0.0.1", 443, "localhost", "localhost", "http/1.1", 0};
	const unsigned long count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
	struct th_slice message;
	if (count == 0 || (argc > 3 && th_key_load(argv[3]) < 0)) {
		fprintf(stderr, "usage: mkcalls CAPTURE COUNT [KEY-FILE] <CALLS\n");
		return 64;
	}
	mk_begin_process(argv[1]);
	mk_run(0xa0, 0, "");
	mk_process(0xa0, 0xa1, 0, 100, 1, 0, "agent");
	mk_conn(&conn, 2);
	for (uint32_t id = 1; id <= count && next_message(&message); id++) {
		mk_begin_request(1, 0, false);
		put_message(TH_FRAME_REQ_HEAD, TH_FRAME_REQ_DATA, id, message);
		if (!next_message(&message)) {
			return 1;
		}
		mk_begin();
		th_out_u32(&mk_out, 11); /* HTTP/1.1, the bytes as on the wire */
		put_message(TH_FRAME_RES_HEAD, TH_FRAME_RES_DATA, id, message);
	}
	mk_process_end(now / 1000000 + 1);
	mk_finish_process();
	return 0;
}
