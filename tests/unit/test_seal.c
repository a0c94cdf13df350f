#include "capture/seal.h"

#include "tests/unit/scratch.h"

#include <errno.h>

#include "base/crc32c.h"
#include "capture/append.h"
#include "capture/verify.h"

#define PARENT 0x1111
#define CHILD 0x2222

TestSuite(seal, .init = scratch_setup, .fini = scratch_teardown);

/* A frame is a letter: 'P' a PROCESS frame, any other one a piece of a body. */
static size_t put_frame(uint8_t *to, char letter)
{
	struct th_frame_header h = {.type = letter == 'P' ? TH_FRAME_PROCESS : TH_FRAME_RES_DATA,
		.id = letter == 'P' ? 0 : 1,
		.time = 1000};
	size_t length = TH_FRAME_HEADER_BYTES + 5;
	memset(to, 0, th_frame_room(length));
	th_frame_encode(to, &h);
	memset(to + TH_FRAME_HEADER_BYTES, letter, 5);
	uint64_t commit = th_frame_commit((uint32_t)length, th_crc32c(0, to + 8, length - 8));
	memcpy(to, &commit, sizeof(commit));
	return th_frame_room(length);
}

static struct th_file_header header;

static void put_block(uint64_t writer, uint64_t first, const char *letters)
{
	uint8_t payload[4096];
	struct th_block b = {.type = TH_BLOCK_FRAMES, .writer = writer, .first_seq = first};
	size_t n = 0;
	for (; letters[b.frames]; b.frames++) {
		n += put_frame(payload + n, letters[b.frames]);
	}
	b.raw_bytes = b.stored_bytes = (uint32_t)n;
	b.crc = th_crc32c(0, payload, n);
	const struct iovec part = {payload, n};
	cr_assert_eq(th_capture_append(scratch_path, header.file_id, &b, &part, 1), 0);
}

/* A capture of the same id, whose parent and child wrote these frames ("": none). */
static void begin_file(const char *parent, const char *child)
{
	uint8_t bytes[TH_FILE_HEADER_BYTES];
	memset(header.file_id, 7, sizeof(header.file_id));
	th_file_header_encode(bytes, &header);
	scratch_write(scratch_path, bytes, sizeof(bytes));
	if (*child) {
		put_block(CHILD, 0, child);
	}
	if (*parent) {
		put_block(PARENT, 0, parent);
	}
}

static const uint8_t trace_id[TH_TRACE_ID_BYTES] = {1, 2, 3};

struct opened {
	struct th_reader *reader;
	struct th_written_list written;
	struct th_hasher *hasher;
};

/* With its chains made ahead, or not. */
static struct opened open_hashed(bool ahead)
{
	struct opened o = {0};
	th_chain_ahead_least = 0;
	cr_assert_eq(th_reader_open(scratch_path, &o.reader, NULL), 0);
	struct th_chain_ahead *a = ahead ? th_chain_ahead_create(o.reader) : NULL;
	cr_assert_eq(th_written_load(o.reader, &o.written), 0);
	o.written.ahead = a;
	o.hasher = th_hasher_create();
	cr_assert_not_null(o.hasher);
	return o;
}

static struct opened open_file(void)
{
	return open_hashed(false);
}

static void close_file(struct opened *o)
{
	th_written_finish(&o->written);
	th_hasher_destroy(o->hasher);
	th_reader_close(o->reader);
}

static uint8_t *sealed;
static size_t sealed_n;

static void seal_file(const char *parent, const char *child)
{
	const struct th_sealed_writer writers[] = {{PARENT, 0}, {CHILD, 1}};
	uint8_t previous[TH_HASH_BYTES];
	begin_file(parent, child);
	struct opened o = open_file();
	cr_assert_eq(th_seal_newest(o.hasher, o.reader, previous), 0);
	cr_assert_eq(th_seal_make(o.hasher, o.reader, &o.written, writers, 2, trace_id, previous,
			     &sealed, &sealed_n),
		0);
	close_file(&o);
}

/* What the seal says of a file with these frames. */
static struct th_fault check_hashed(bool ahead, const char *parent, const char *child, size_t tags)
{
	struct th_fault fault;
	struct th_seal seal;
	size_t n;
	begin_file(parent, child);
	struct opened o = open_file();
	cr_assert_eq(th_seal_append(scratch_path, o.reader, PARENT, sealed, sealed_n), 0);
	close_file(&o);
	o = open_hashed(ahead);
	const struct th_extra *extras = th_reader_extras(o.reader, &n);
	cr_assert_eq(n, 1);
	cr_assert_eq(th_seal_decode(o.hasher, o.reader, extras, &seal), 0);
	cr_assert_eq(seal.n, 2);
	seal.tags.n = tags ? seal.tags.n : 0;
	cr_assert_eq(th_seal_check(o.hasher, o.reader, &o.written, &seal, &fault), 0);
	if (fault.kind == TH_FAULT_NONE) {
		th_seal_check_rest(&o.written, &seal, &fault);
	}
	close_file(&o);
	return fault;
}

/* But for what points into the file that was open. */
static bool is_same(const struct th_fault *a, const struct th_fault *b)
{
	return a->kind == b->kind && a->writer == b->writer && a->number == b->number &&
		a->count == b->count && a->placed == b->placed &&
		(!a->placed ||
			(a->place.offset == b->place.offset && a->place.packed == b->place.packed &&
				a->place.inner == b->place.inner));
}

static struct th_fault check_with(const char *parent, const char *child, size_t tags)
{
	struct th_fault fault = check_hashed(false, parent, child, tags);
	struct th_fault ahead = check_hashed(true, parent, child, tags);
	cr_expect(is_same(&fault, &ahead), "%s, %s", parent, child);
	return fault;
}

static struct th_fault check(const char *parent, const char *child)
{
	return check_with(parent, child, 1);
}

static void expect(struct th_fault f, enum th_fault_kind kind, uint64_t writer, uint64_t number)
{
	cr_expect_eq(f.kind, kind, "kind %d, not %d", f.kind, kind);
	cr_expect_eq(f.writer, writer, "writer %lx", (unsigned long)f.writer);
	cr_expect_eq(f.number, number, "frame %lu, not %lu", (unsigned long)f.number,
		(unsigned long)number);
}

Test(seal, holds_for_what_was_sealed)
{
	seal_file("PabcdefghijkP", "Pxyz");
	cr_assert_eq(check("PabcdefghijkP", "Pxyz").kind, TH_FAULT_NONE);
	cr_assert_eq(check_with("PabcdefghijkP", "Pxyz", 0).kind, TH_FAULT_NONE);
	free(sealed);
}

Test(seal, does_not_depend_on_blocks)
{
	seal_file("Pabcd", "Pxyz");
	begin_file("Pab", "Px");
	put_block(PARENT, 3, "cd");
	put_block(CHILD, 2, "yz");
	struct opened o = open_file();
	struct th_seal seal;
	struct th_fault fault;
	cr_assert_eq(th_seal_append(scratch_path, o.reader, PARENT, sealed, sealed_n), 0);
	close_file(&o);
	o = open_file();
	size_t n;
	cr_assert_eq(th_seal_decode(o.hasher, o.reader, th_reader_extras(o.reader, &n), &seal), 0);
	cr_assert_eq(th_seal_check(o.hasher, o.reader, &o.written, &seal, &fault), 0);
	cr_assert_eq(fault.kind, TH_FAULT_NONE);
	close_file(&o);
	free(sealed);
}

Test(seal, names_the_first_frame_that_is_not_as_it_was)
{
	seal_file("Pabcdefgh", "Pxyz");
	expect(check("PabXdefgh", "Pxyz"), TH_FAULT_CHANGED, PARENT, 3);
	expect(check("PabXdefgh", "Pxyq"), TH_FAULT_CHANGED, PARENT, 3);
	expect(check("Pabcdefgh", "Pxyq"), TH_FAULT_CHANGED, CHILD, 3);
	expect(check("Pabdefgh", "Pxyz"), TH_FAULT_REMOVED, PARENT, 3);
	expect(check("abcdefgh", "Pxyz"), TH_FAULT_REMOVED, PARENT, 0);
	expect(check("PabcXdefgh", "Pxyz"), TH_FAULT_INSERTED, PARENT, 4);
	expect(check("PabcXYZdefgh", "Pxyz"), TH_FAULT_INSERTED, PARENT, 4);
	expect(check("Pabdcefgh", "Pxyz"), TH_FAULT_MOVED, PARENT, 3);
	expect(check("Pbcdefgha", "Pxyz"), TH_FAULT_MOVED, PARENT, 1);
	expect(check("Pabcd", "Pxyz"), TH_FAULT_CUT, PARENT, 5);
	expect(check("Pabcdefgh", ""), TH_FAULT_WRITER, CHILD, 0);
	expect(check("", "Pxyz"), TH_FAULT_WRITER, PARENT, 0);
	expect(check("PabcdefghX", "Pxyz"), TH_FAULT_ADDED, PARENT, 9);
	expect(check("Pabcdefgh", "PxyzX"), TH_FAULT_ADDED, CHILD, 4);
	cr_expect_eq(check("Pabcd", "Pxyz").count, 4);
	cr_expect_eq(check("PabcXYZdefgh", "Pxyz").count, 3);
	expect(check_with("PabXdefgh", "Pxyz", 0), TH_FAULT_UNKNOWN, PARENT, 0);
	free(sealed);
}

/* A child is another one when its parent was. */
Test(seal, a_child_hangs_on_its_parent)
{
	struct th_seal seal;
	size_t n;
	uint8_t value[TH_HASH_BYTES];
	seal_file("aPbc", "Pxyz");
	memcpy(value, sealed + TH_SEAL_FIXED_BYTES + 96, sizeof(value));
	free(sealed);
	seal_file("aPbX", "Pxyz");
	cr_expect_arr_eq(
		value, sealed + TH_SEAL_FIXED_BYTES + 96, sizeof(value), "only its beginning");
	free(sealed);
	seal_file("XPbc", "Pxyz");
	cr_expect_arr_neq(value, sealed + TH_SEAL_FIXED_BYTES + 96, sizeof(value));
	struct opened o = open_file();
	th_seal_append(scratch_path, o.reader, PARENT, sealed, sealed_n);
	close_file(&o);
	o = open_file();
	cr_assert_eq(th_seal_decode(o.hasher, o.reader, th_reader_extras(o.reader, &n), &seal), 0);
	cr_expect_eq(th_seal_entry(&seal, 1).parent, 1);
	close_file(&o);
	free(sealed);
}

/* Frames that were missing when it was sealed are no fault of later. */
Test(seal, covers_what_is_there)
{
	const struct th_sealed_writer writers[] = {{PARENT, 0}};
	const uint8_t previous[TH_HASH_BYTES] = {0};
	struct th_seal seal;
	struct th_fault fault;
	size_t n;
	begin_file("Pab", "");
	put_block(PARENT, 10, "cde");
	struct opened o = open_file();
	cr_assert_eq(th_seal_make(o.hasher, o.reader, &o.written, writers, 1, trace_id, previous,
			     &sealed, &sealed_n),
		0);
	th_seal_append(scratch_path, o.reader, PARENT, sealed, sealed_n);
	close_file(&o);
	o = open_file();
	cr_assert_eq(th_seal_decode(o.hasher, o.reader, th_reader_extras(o.reader, &n), &seal), 0);
	cr_expect_eq(th_seal_entry(&seal, 0).frames, 6);
	cr_expect_eq(th_seal_entry(&seal, 0).next, 13);
	cr_assert_eq(th_seal_check(o.hasher, o.reader, &o.written, &seal, &fault), 0);
	cr_expect_eq(fault.kind, TH_FAULT_NONE);
	close_file(&o);
	free(sealed);
}

/* Two frames of one number: a reader may use either, so they have to be the same. */
Test(seal, a_second_frame_of_the_same_number_is_damage)
{
	size_t n;
	begin_file("Pabc", "");
	put_block(PARENT, 2, "bc");
	struct opened o = open_file();
	th_reader_damage(o.reader, &n);
	cr_expect_eq(n, 0);
	close_file(&o);
	put_block(PARENT, 2, "bX");
	o = open_file();
	th_reader_damage(o.reader, &n);
	cr_expect_eq(n, 1);
	cr_expect_eq(o.written.at[0].n, 4);
	cr_expect_eq(o.written.at[0].frames[3].payload.p[0], 'c', "the first one counts");
	close_file(&o);
}

/* A seal comes from outside: whatever is in it, decoding ends well. */
Test(seal, malformed_seals_are_refused)
{
	struct th_seal seal;
	seal_file("Pabc", "Pxyz");
	struct opened o = open_file();
	struct th_extra block = {.type = TH_BLOCK_SEAL, .payload = {sealed, sealed_n}};
	cr_assert_eq(th_seal_decode(o.hasher, o.reader, &block, &seal), 0);
	for (size_t n = 0; n < sealed_n; n++) {
		block.payload.n = n;
		cr_expect_lt(th_seal_decode(o.hasher, o.reader, &block, &seal), 0, "%zu", n);
	}
	block.payload.n = sealed_n;
	sealed[TH_SEAL_FIXED_BYTES + 8] = 1;
	cr_expect_eq(th_seal_decode(o.hasher, o.reader, &block, &seal), -EINVAL, "its own parent");
	sealed[TH_SEAL_FIXED_BYTES + 8] = 0;
	sealed[TH_SEAL_FIXED_BYTES + 23] = 0xff;
	cr_expect_eq(th_seal_decode(o.hasher, o.reader, &block, &seal), -EINVAL, "so many frames");
	sealed[TH_SEAL_FIXED_BYTES + 23] = 0;
	sealed[0] = 2;
	cr_expect_eq(th_seal_decode(o.hasher, o.reader, &block, &seal), -ENOTSUP);
	close_file(&o);
	free(sealed);
}

/* ---- made ahead ---- */

/* How many values of the writer's frames were made ahead; each has to be the right one. */
static size_t known_ahead(struct opened *o, uint64_t writer)
{
	static const uint8_t zeros[TH_HASH_BYTES];
	const struct th_written *w = th_written_find(&o->written, writer);
	uint8_t value[TH_HASH_BYTES], next[TH_HASH_BYTES], made[TH_HASH_BYTES];
	size_t n = 0;
	cr_assert_eq(th_chain_start(o->hasher, o->reader, writer, zeros, value), 0);
	th_chain_ahead_seek(o->written.ahead, writer);
	for (size_t i = 0; w && i < w->n; i++) {
		const struct th_frame *f = &w->frames[i];
		cr_assert_eq(th_chain_next(o->hasher, value, f->seq, f, next), 0);
		if (th_chain_ahead_next(o->written.ahead, value, f, made)) {
			cr_expect_arr_eq(made, next, sizeof(next), "frame %zu", i);
			n++;
		}
		memcpy(value, next, sizeof(value));
	}
	return n;
}

Test(seal, chains_are_made_ahead_where_blocks_follow_each_other)
{
	begin_file("Pabc", "Pxy");
	put_block(PARENT, 4, "defgh");
	put_block(CHILD, 3, "z");
	put_block(PARENT, 9, "i");
	struct opened o = open_hashed(true);
	cr_expect_eq(known_ahead(&o, PARENT), 10);
	cr_expect_eq(known_ahead(&o, CHILD), 4);
	cr_expect_eq(known_ahead(&o, PARENT), 10, "once more");
	cr_expect_eq(known_ahead(&o, 0x3333), 0);
	close_file(&o);
}

Test(seal, what_does_not_follow_is_not_made_ahead)
{
	begin_file("Pabc", "");
	put_block(PARENT, 5, "ef"); /* the fifth is missing */
	struct opened o = open_hashed(true);
	cr_expect_eq(known_ahead(&o, PARENT), 4);
	close_file(&o);
	begin_file("Pabc", "");
	put_block(PARENT, 2, "bcd"); /* two of them twice */
	o = open_hashed(true);
	cr_expect_leq(known_ahead(&o, PARENT), 4);
	close_file(&o);
}

Test(seal, a_value_made_ahead_is_for_its_frame_behind_its_value_alone)
{
	uint8_t start[TH_HASH_BYTES], other[TH_HASH_BYTES] = {1}, made[TH_HASH_BYTES];
	static const uint8_t zeros[TH_HASH_BYTES];
	begin_file("Pabc", "");
	struct opened o = open_hashed(true);
	const struct th_frame *f = th_written_find(&o.written, PARENT)->frames;
	struct th_frame renumbered = f[0];
	renumbered.seq++;
	cr_assert_eq(th_chain_start(o.hasher, o.reader, PARENT, zeros, start), 0);
	th_chain_ahead_seek(o.written.ahead, PARENT);
	cr_expect_not(th_chain_ahead_next(o.written.ahead, other, &f[0], made));
	cr_expect_not(th_chain_ahead_next(o.written.ahead, start, &f[0], made), "it is over");
	th_chain_ahead_seek(o.written.ahead, PARENT);
	cr_expect_not(th_chain_ahead_next(o.written.ahead, start, &f[1], made));
	th_chain_ahead_seek(o.written.ahead, PARENT);
	cr_expect_not(th_chain_ahead_next(o.written.ahead, start, &renumbered, made));
	th_chain_ahead_seek(o.written.ahead, PARENT);
	cr_expect(th_chain_ahead_next(o.written.ahead, start, &f[0], made));
	cr_expect_not(th_chain_ahead_next(o.written.ahead, start, &f[1], made));
	cr_expect_not(th_chain_ahead_next(NULL, start, &f[0], made));
	close_file(&o);
}
