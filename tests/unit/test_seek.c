#include "trace/seek.h"

#include "tests/unit/scratch.h"

#include <errno.h>

#include "capture/key.h"
#include "tests/unit/fake_run.h"

TestSuite(seek, .init = scratch_setup, .fini = scratch_teardown);

#define NO_BODY (TH_FRAME_LAST | TH_FRAME_BODILESS)
#define LAST TH_FRAME_LAST

static struct fake a, b;

static void ask(struct fake *f, uint32_t id, uint32_t conn)
{
	char head[256];
	snprintf(head, sizeof(head), "POST /%u HTTP/1.1\r\nHost: h\r\nX-Of: %c\r\n\r\n", id,
		f == &a ? 'a' : 'b');
	fake_req_head(f, id, conn, LAST, head);
	fake_data(f, TH_FRAME_REQ_DATA, id, LAST, "{\"question\": \"why\"}");
}

static void answer(struct fake *f, uint32_t id, unsigned status)
{
	char text[256];
	snprintf(text, sizeof(text), "HTTP/1.1 %u X\r\nX-Number: %u\r\n\r\n", status, id);
	fake_head(f, TH_FRAME_RES_HEAD, id, LAST, text);
	snprintf(text, sizeof(text), "the answer to %u", id);
	fake_data(f, TH_FRAME_RES_DATA, id, 0, text);
	fake_data(f, TH_FRAME_RES_DATA, id, LAST, "!");
}

static void transfer(struct fake *f, uint32_t handle, uint32_t id, uint64_t began, unsigned status)
{
	char url[64];
	struct th_out *out = fake_begin(f);
	snprintf(url, sizeof(url), "http://h/%u", id);
	th_out_u32(out, handle);
	th_out_u32(out, 3);
	th_out_u32(out, 0);
	th_out_u32(out, 0);
	th_out_u16(out, (uint16_t)status);
	th_out_u8(out, TH_TRANSFER_EASY);
	th_out_u8(out, 11);
	th_out_u32(out, 0);
	th_out_u32(out, 1);
	th_out_u32(out, 0);
	th_out_u64(out, began);
	fake_id(out, 0, 8 * TH_TRANSFER_TIMES);
	th_out_str16(out, TH_SLICE_LIT("http://h/asked"));
	th_out_str16(out, th_slice_str(url));
	for (int i = 0; i < 3; i++) {
		th_out_str16(out, TH_SLICE_LIT(""));
	}
	fake_put(f, TH_FRAME_TRANSFER, 0, 0);
}

static void begin(uint8_t trace)
{
	fake_open(&a, 1000000);
	fake_run(&a, trace, "");
	fake_process(&a, trace, trace, 0, 1);
	fake_open(&b, 1000300);
	fake_process(&b, trace, trace + 100, trace, 3);
	fake_conn(&a, 1, TH_TRANSPORT_PLAIN, 80, "h", "");
	fake_conn(&a, 2, TH_TRANSPORT_OPENSSL, 443, "h", "h");
	fake_conn(&b, 1, TH_TRANSPORT_OPENSSL, 444, "h", "");
}

#define EXCHANGES 60 /* of each process */

/* In many blocks; some exchanges stand in two or more of them. */
static void write_many(bool with_transfers)
{
	begin(7);
	for (uint32_t id = 1; id <= EXCHANGES; id++) {
		uint64_t began = a.time - 1;
		unsigned status = id % 10 == 3 ? 503 : 200;
		ask(&a, id, 1 + id % 2);
		ask(&b, id, 1);
		if (id % 4 == 0) {
			fake_close(&a);
		}
		if (id > 1) {
			answer(&b, id - 1, 200);
		}
		answer(&a, id, status);
		if (with_transfers) {
			transfer(&a, id % 10 == 4 ? 3 : 1 + id % 3, id, began, status);
		}
		if (id % 3 == 0) {
			fake_close(&b);
		}
	}
}

static void finish_many(void)
{
	fake_process_end(&a);
	fake_close(&a);
	fake_close(&b);
}

static struct th_trace *load(void)
{
	struct th_trace *t = NULL;
	cr_assert_eq(th_trace_load(scratch_path, &t, NULL), 0);
	return t;
}

static void same_message(const struct th_message *x, const struct th_message *y)
{
	cr_assert(th_slice_eq(x->head.bytes, y->head.bytes));
	cr_assert_eq(x->body_bytes, y->body_bytes);
	cr_assert_eq(x->n_pieces, y->n_pieces);
	for (size_t i = 0; i < x->n_pieces; i++) {
		cr_assert(th_slice_eq(x->pieces[i].bytes, y->pieces[i].bytes));
		cr_assert_eq(x->pieces[i].time, y->pieces[i].time);
	}
	cr_assert_eq(x->began, y->began);
	cr_assert_eq(x->ended, y->ended);
	cr_assert_eq(x->finished, y->finished);
	cr_assert_eq(x->gap, y->gap);
	cr_assert_eq(x->end, y->end);
}

static void same_exchange(const struct th_exchange *x, const struct th_exchange *y)
{
	cr_assert_eq(x->id, y->id);
	cr_assert_eq(x->order, y->order);
	cr_assert_eq(x->process->writer, y->process->writer);
	cr_assert_str_eq(x->process->lane, y->process->lane);
	cr_assert_eq(memcmp(x->span_id, y->span_id, sizeof(x->span_id)), 0);
	cr_assert_eq(x->connection == NULL, y->connection == NULL);
	if (x->connection) {
		cr_assert_eq(x->connection->port, y->connection->port);
	}
	same_message(&x->request, &y->request);
	same_message(&x->response, &y->response);
	cr_assert_eq(x->transfer == NULL, y->transfer == NULL);
	if (x->transfer) {
		cr_assert_eq(x->transfer->handle, y->transfer->handle);
		cr_assert_eq(x->transfer->attempt, y->transfer->attempt);
		cr_assert_eq(x->transfer->steps, y->transfer->steps);
	}
	cr_assert_eq(x->follows == NULL, y->follows == NULL);
	if (x->follows) {
		cr_assert_eq(x->follows->order, y->follows->order);
		cr_assert_eq(x->why_follows, y->why_follows);
	}
}

static const struct th_run *newest(const struct th_trace *t, void *with)
{
	(void)with;
	return t->n_runs ? t->runs[t->n_runs - 1] : NULL;
}

/* 1: it was found, and is as it should be. 0: all has to be read. */
static int found(const struct th_seek_wish *wish, const struct th_exchange *wanted)
{
	struct th_trace *t = NULL;
	const struct th_exchange *x = NULL;
	int r = th_trace_seek(scratch_path, wish, &t, &x);
	if (r < 0) {
		cr_assert_eq(r, -EAGAIN);
		return 0;
	}
	same_exchange(x, wanted);
	th_trace_free(t);
	return 1;
}

/* Looks for each exchange in both ways; how many were found without reading all. */
static size_t seek_all(void)
{
	struct th_trace *t = load();
	size_t n = 0;
	for (size_t r = 0; r < t->n_runs; r++) {
		const struct th_run *run = t->runs[r];
		for (size_t i = 0; i < run->n_exchanges; i++) {
			const struct th_exchange *x = run->exchanges[i];
			struct th_seek_wish by_number = {.number = i + 1, .choose = newest};
			struct th_seek_wish by_id = {.number = 0};
			memcpy(by_id.span_id, x->span_id, sizeof(by_id.span_id));
			n += r + 1 == t->n_runs && found(&by_number, x);
			n += found(&by_id, x);
		}
	}
	struct th_seek_wish beyond = {.number = 1000000, .choose = newest};
	cr_assert_eq(found(&beyond, NULL), 0);
	th_trace_free(t);
	return n;
}

Test(seek, each_exchange_is_as_a_reader_of_all_finds_it)
{
	write_many(false);
	cr_assert_eq(seek_all(), 4 * EXCHANGES, "live files");
	finish_many();
	cr_assert_eq(seek_all(), 4 * EXCHANGES, "blocks");
}

Test(seek, also_in_an_encrypted_capture)
{
	char path[80];
	snprintf(path, sizeof(path), "%s/key", scratch_dir);
	scratch_write(path, "0123456789abcdef0123456789abcdef", 32);
	cr_assert_eq(th_key_load(path), 0);
	write_many(false);
	cr_assert_eq(seek_all(), 4 * EXCHANGES, "live files");
	finish_many();
	cr_assert_eq(seek_all(), 4 * EXCHANGES, "blocks");
	th_key_forget();
}

Test(seek, also_in_the_first_of_several_runs)
{
	write_many(false);
	finish_many();
	begin(8);
	ask(&a, 1, 1);
	answer(&a, 1, 200);
	finish_many();
	cr_assert_eq(seek_all(), 2 * EXCHANGES + 2, "the first one's by their ids only");
}

/* What it belongs to may depend on what is far away: then all is read. */
Test(seek, transfers_are_never_told_otherwise)
{
	write_many(true);
	finish_many();
	size_t n = seek_all();
	cr_assert_gt(n, 2 * EXCHANGES, "%zu: those of the process without transfers, and more", n);
}

/* What a relay wrote is its owner's, and counts among the owner's exchanges. */
Test(seek, a_run_with_a_relay_is_read_whole)
{
	static struct fake relay;
	write_many(false);
	fake_open(&relay, 1000600);
	fake_process(&relay, 7, 7, 0, TH_BEGAN_RELAY);
	fake_conn(&relay, 1, TH_TRANSPORT_OPENSSL, 443, "h", "h");
	ask(&relay, 1, 1);
	answer(&relay, 1, 200);
	fake_close(&relay);
	finish_many();
	cr_assert_eq(seek_all(), 0);
}

/* ---- what is read, and what is believed ---- */

/* Makes the block that is being written too large to be looked at whole. */
static void write_much(void)
{
	static uint8_t noise[TH_FRAME_PAYLOAD_MAX];
	struct iovec part = {noise, sizeof(noise)};
	unsigned seed = 1;
	for (size_t i = 0; i < sizeof(noise); i++) {
		noise[i] = (uint8_t)rand_r(&seed);
	}
	fake_close(&a);
	ask(&a, EXCHANGES + 1, 1);
	th_writer_put(&a.w, TH_FRAME_RES_DATA, LAST, EXCHANGES + 1, a.time, &part, 1);
	th_writer_put(&a.w, TH_FRAME_RES_DATA, LAST, EXCHANGES + 1, a.time, &part, 1);
	fake_close(&a);
}

/* Goes over the blocks of the capture; `change` gets each and the block's number. */
static void change_blocks(void (*change)(uint8_t *at, const uint8_t *file_id, size_t number))
{
	size_t n, number = 0;
	uint8_t *p = scratch_read(scratch_path, &n);
	struct th_file_header h;
	struct th_block block;
	cr_assert_eq(th_file_header_decode(p, &h), 0);
	for (size_t at = TH_FILE_HEADER_BYTES; at < n;
		at += TH_BLOCK_HEADER_BYTES + block.stored_bytes) {
		cr_assert_eq(th_block_decode(p + at, h.file_id, &block), 0);
		change(p + at, h.file_id, number++);
	}
	scratch_write(scratch_path, p, n);
	free(p);
}

static void spoil_end_of_large_block(uint8_t *at, const uint8_t *file_id, size_t number)
{
	struct th_block block;
	(void)number;
	cr_assert_eq(th_block_decode(at, file_id, &block), 0);
	if (block.stored_bytes > TH_FRAME_PAYLOAD_MAX) {
		at[TH_BLOCK_HEADER_BYTES + block.stored_bytes - 1000] ^= 1;
	}
}

Test(seek, does_not_read_what_it_does_not_need)
{
	write_many(false);
	write_much();
	finish_many();
	struct th_trace *whole = load();
	const struct th_run *run = whole->runs[0];
	change_blocks(spoil_end_of_large_block);
	struct th_trace *t = load();
	cr_assert_gt(t->n_damage, 0);
	th_trace_free(t);
	cr_assert_eq(run->n_exchanges, 2 * EXCHANGES + 1);
	for (size_t i = 0; i < run->n_exchanges; i++) {
		struct th_seek_wish wish = {.number = i + 1, .choose = newest};
		bool spoilt = run->exchanges[i]->id == EXCHANGES + 1;
		cr_expect_eq(found(&wish, run->exchanges[i]), !spoilt);
	}
	th_trace_free(whole);
}

static void drop_index(uint8_t *at, const uint8_t *file_id, size_t number)
{
	struct th_block block;
	(void)number;
	cr_assert_eq(th_block_decode(at, file_id, &block), 0);
	block.told = (struct th_block_told){0};
	th_block_encode(at, file_id, &block);
}

Test(seek, needs_no_index)
{
	write_many(false);
	finish_many();
	change_blocks(drop_index);
	cr_assert_eq(seek_all(), 4 * EXCHANGES);
}

static void wrong_index(uint8_t *at, const uint8_t *file_id, size_t number)
{
	struct th_block block;
	cr_assert_eq(th_block_decode(at, file_id, &block), 0);
	block.told.exchange += number == 9;
	th_block_encode(at, file_id, &block);
}

Test(seek, does_not_believe_the_index)
{
	write_many(false);
	finish_many();
	change_blocks(wrong_index);
	cr_assert_eq(seek_all(), 0, "all is read, and the damage told");
}
