#include "capture/reader.h"

#include "tests/unit/scratch.h"

#include <sys/wait.h>

#include "base/crc32c.h"
#include "capture/alive.h"
#include "capture/decoded.h"
#include "capture/fold.h"
#include "capture/frame.h"
#include "capture/layout.h"
#include "capture/writer.h"

TestSuite(reader, .init = scratch_setup, .fini = scratch_teardown);

static struct th_writer w;

static void put(struct th_writer *to, uint32_t id, const char *text)
{
	struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
	cr_assert_eq(
		th_writer_put(to, TH_FRAME_REQ_DATA, TH_FRAME_LAST, id, 1000 + id, &part, 1), 0);
}

static void put_direct(struct th_writer *to, uint32_t id, const char *text)
{
	struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
	cr_assert_eq(th_writer_put_direct(to, TH_FRAME_REQ_DATA, 0, id, 1000 + id, &part, 1), 0);
}

static struct th_reader *open_reader(void)
{
	struct th_reader *r = NULL;
	const char *why = "";
	int e = th_reader_open(scratch_path, &r, &why);
	cr_assert_eq(e, 0, "%d %s", e, why);
	return r;
}

/* Reads everything: ids as one string of numbers, and the damage count. */
static const char *ids_of(struct th_reader *r, size_t *ret_damage)
{
	static char ids[8192];
	size_t n = 0;
	struct th_frame f;
	ids[0] = '\0';
	while (th_reader_next(r, &f)) {
		n += (size_t)snprintf(ids + n, sizeof(ids) - n, "%s%u", n ? " " : "", f.id);
		cr_assert_lt(n, sizeof(ids));
	}
	th_reader_damage(r, ret_damage);
	return ids;
}

static void expect(const char *ids, size_t damage)
{
	struct th_reader *r = open_reader();
	size_t n = 0;
	cr_assert_str_eq(ids_of(r, &n), ids);
	cr_assert_eq(n, damage);
	th_reader_close(r);
}

static const char *why_of(int expected)
{
	struct th_reader *r = NULL;
	const char *why = "";
	cr_assert_eq(th_reader_open(scratch_path, &r, &why), expected);
	cr_assert_null(r, "untouched on failure");
	return why;
}

Test(reader, gives_frames_as_they_were_put)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_direct(&w, 1, "one");
	put(&w, 2, "");
	char a[] = "a", bcd[] = "bc\0d";
	struct iovec parts[3] = {{a, 1}, {NULL, 0}, {bcd, 4}};
	cr_assert_eq(th_writer_put(&w, 200, 0x85, 3, UINT64_MAX, parts, 3), 0);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	struct th_reader *r = open_reader();
	struct th_frame f;
	cr_assert(th_reader_next(r, &f));
	cr_assert_eq(f.type, TH_FRAME_REQ_DATA);
	cr_assert_eq(f.flags, 0);
	cr_assert_eq(f.time, 1001);
	cr_assert_eq(f.writer, w.id);
	cr_assert_eq(f.seq, 0);
	cr_assert(th_slice_eq(f.payload, TH_SLICE_LIT("one")));
	cr_assert(th_reader_next(r, &f));
	cr_assert_eq(f.flags, TH_FRAME_LAST);
	cr_assert_eq(f.payload.n, 0);
	cr_assert(th_reader_next(r, &f));
	cr_assert_eq(f.type, 200, "types that the reader does not know are given too");
	cr_assert_eq(f.flags, 0x85);
	cr_assert_eq(f.time, UINT64_MAX);
	cr_assert_eq(f.seq, 2);
	cr_assert(th_slice_eq(f.payload, TH_SLICE_LIT("abc\0d")));
	cr_assert_not(th_reader_next(r, &f));
	cr_assert_eq(memcmp(th_reader_key(r), w.key, sizeof(w.key)), 0);
	cr_assert_null(th_reader_close(r));
	cr_assert_null(th_reader_close(NULL));
}

Test(reader, refuses_what_is_no_capture_and_says_why)
{
	uint8_t bytes[200];
	memset(bytes, 'x', sizeof(bytes));
	cr_assert_str_eq(why_of(-ENOENT), "does not exist");
	scratch_write(scratch_path, bytes, 0);
	cr_assert_str_eq(why_of(-EINVAL), "is empty");
	scratch_write(scratch_path, bytes, sizeof(bytes));
	cr_assert_str_eq(why_of(-EINVAL), "is not a tracehook capture");
	scratch_write(scratch_path, TH_FILE_MAGIC, TH_MAGIC_BYTES);
	cr_assert_str_eq(why_of(-EINVAL), "is not a tracehook capture");
	struct th_file_header h = {0};
	th_file_header_encode(bytes, &h);
	bytes[63] = 1;
	scratch_write(scratch_path, bytes, TH_FILE_HEADER_BYTES);
	cr_assert_str_eq(why_of(-EINVAL), "has a damaged file header (the first 64 bytes)");
	bytes[8] = TH_FORMAT_VERSION + 1;
	scratch_write(scratch_path, bytes, TH_FILE_HEADER_BYTES);
	cr_assert_not_null(strstr(why_of(-EINVAL), "newer tracehook"));
	unlink(scratch_path);
	mkdir(scratch_path, 0700);
	cr_assert_str_eq(why_of(-EINVAL), "is not a regular file");
	cr_assert_eq(th_reader_open("/nonexistent/x", &(struct th_reader *){NULL}, NULL), -ENOENT);
}

Test(reader, reads_live_files_and_gives_each_frame_once)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_direct(&w, 1, "direct");
	put(&w, 2, "live");
	put(&w, 3, "live");
	expect("1 2 3", 0);
	/* Folded, but the folder died before it removed the live file. */
	char copy[256];
	size_t n;
	uint8_t *live = scratch_read(w.live_path, &n);
	strcpy(copy, w.live_path);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	scratch_write(copy, live, n);
	free(live);
	expect("1 2 3", 0);
	put(&w, 4, "next live file");
	expect("1 2 3 4", 0);
}

Test(reader, never_writes)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(&w, 1, "x");
	char before[256];
	strcpy(before, w.live_path);
	expect("1", 0);
	cr_assert_gt(scratch_size(before), 0);
	cr_assert_eq(scratch_size(scratch_path), TH_FILE_HEADER_BYTES);
}

/* By whatever name the capture is called: the live files lie beside the file itself. */
Test(reader, finds_live_files_by_another_name)
{
	char link[80], away[80];
	snprintf(link, sizeof(link), "%s/link.thc", scratch_dir);
	snprintf(away, sizeof(away), "%s/away", scratch_dir);
	cr_assert_eq(mkdir(away, 0700), 0);
	strcat(away, "/run.thc");
	cr_assert_eq(symlink("away/run.thc", link), 0);
	cr_assert_eq(th_writer_init(&w, link), 0);
	put(&w, 1, "text");
	cr_assert(th_capture_may_grow(link));
	strcpy(scratch_path, link);
	expect("1", 0);
	strcpy(scratch_path, away);
	expect("1", 0);
	cr_assert_eq(th_fold_orphans(link, 0, UINT64_MAX), 1);
	expect("1", 0);
}

Test(reader, says_which_live_file_it_cannot_read)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(&w, 1, "text");
	chmod(scratch_dir, 0755);
	chmod(scratch_path, 0644);
	chmod(w.live_path, 0);
	pid_t child = fork();
	int status = -1;
	if (child == 0) {
		if (geteuid() == 0) {
			cr_assert_eq(setuid(65534), 0);
		}
		expect("", 1);
		_exit(0);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
}

Test(reader, keeps_writers_apart)
{
	static struct th_writer v, u;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_assert_eq(th_writer_init(&v, scratch_path), 0);
	cr_assert_eq(th_writer_init(&u, scratch_path), 0);
	put_direct(&v, 10, "v first");
	put_direct(&w, 20, "w");
	put(&v, 11, "v");
	put(&w, 21, "w");
	put(&u, 30, "only live");
	put_direct(&v, 12, "v, into the live file");
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	put_direct(&w, 22, "w");
	cr_assert_eq(th_writer_finish(&v, UINT64_MAX), 0);
	expect("10 11 12 20 21 22 30", 0);
}

Test(reader, ignores_live_files_of_another_capture)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(&w, 1, "old");
	unlink(scratch_path);
	static struct th_writer v;
	cr_assert_eq(th_writer_init(&v, scratch_path), 0);
	put(&v, 2, "new");
	expect("2", 0);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), -ESTALE, "and it is not folded into it");
	expect("2", 0);
}

/* A small file of three blocks by two writers: direct, folded and compressed, direct. */
static uint8_t *small_file(size_t *ret_n)
{
	static struct th_writer v;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_assert_eq(th_writer_init(&v, scratch_path), 0);
	put_direct(&w, 1, "first");
	for (uint32_t i = 2; i < 8; i++) {
		put(&v, i, "again and again the same words, which compress");
	}
	cr_assert_eq(th_writer_finish(&v, UINT64_MAX), 0);
	put_direct(&w, 8, "last");
	return scratch_read(scratch_path, ret_n);
}

Test(reader, every_truncation_is_read_up_to_the_cut)
{
	size_t n, damage;
	uint8_t *bytes = small_file(&n);
	expect("1 8 2 3 4 5 6 7", 0);
	int whole = 0;
	for (size_t cut = TH_FILE_HEADER_BYTES; cut < n; cut++) {
		scratch_write(scratch_path, bytes, cut);
		struct th_reader *r = open_reader();
		const char *ids = ids_of(r, &damage);
		cr_assert(ids[0] == '\0' || ids[0] == '1');
		if (damage == 0) {
			whole++; /* cut between two blocks */
		} else {
			cr_assert_eq(damage, 1);
		}
		th_reader_close(r);
	}
	cr_assert_eq(whole, 3, "after the header, the first and the second block");
	free(bytes);
}

Test(reader, any_flipped_byte_costs_at_most_its_block)
{
	size_t n, damage;
	uint8_t *bytes = small_file(&n);
	size_t first = TH_FILE_HEADER_BYTES + TH_BLOCK_HEADER_BYTES + 32;
	size_t last = n - TH_BLOCK_HEADER_BYTES - 32;
	for (size_t at = TH_FILE_HEADER_BYTES; at < n; at++) {
		bytes[at] ^= 0x41;
		scratch_write(scratch_path, bytes, n);
		bytes[at] ^= 0x41;
		struct th_reader *r = open_reader();
		const char *ids = ids_of(r, &damage);
		cr_assert_geq(damage, 1, "byte %zu", at);
		if (at >= first) {
			cr_assert_eq(ids[0], '1', "byte %zu: %s", at, ids);
		}
		if (at < first || at >= last) {
			cr_assert_not_null(strstr(ids, "2 3 4 5 6 7"), "byte %zu: %s", at, ids);
		}
		if (at < last) {
			cr_assert_not_null(strstr(ids, "8"), "byte %zu: %s", at, ids);
		}
		th_reader_close(r);
	}
	free(bytes);
}

/* Its maker was killed in the middle of the header: nothing was lost, so nothing is damaged. */
Test(reader, a_live_file_whose_header_was_not_finished_is_no_damage)
{
	size_t n;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(&w, 1, "text");
	uint8_t *bytes = scratch_read(w.live_path, &n);
	memset(bytes, 0, TH_MAGIC_BYTES);
	memset(bytes + TH_LIVE_HEADER_BYTES, 0, n - TH_LIVE_HEADER_BYTES);
	scratch_write(w.live_path, bytes, n);
	expect("", 0);
	bytes[TH_LIVE_HEADER_BYTES] = 1; /* a frame: then the header was whole once */
	scratch_write(w.live_path, bytes, n);
	expect("", 1);
	free(bytes);
}

Test(reader, a_flipped_byte_in_a_live_file_ends_it_there)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(&w, 1, "one");
	put(&w, 2, "two");
	put(&w, 3, "three");
	size_t n;
	uint8_t *bytes = scratch_read(w.live_path, &n);
	bytes[TH_LIVE_HEADER_BYTES + 32 + 25] ^= 1;
	scratch_write(w.live_path, bytes, n);
	expect("1", 0);
	bytes[20] ^= 1;
	scratch_write(w.live_path, bytes, n);
	expect("", 1);
	memset(bytes, 0, n);
	scratch_write(w.live_path, bytes, n);
	expect("", 0);
	scratch_write(w.live_path, bytes, 5);
	expect("", 0);
	free(bytes);
}

/* Appends a block with these header fields, checksums right, payload `text`. */
static void append_block(struct th_block b, const char *text)
{
	uint8_t header[TH_BLOCK_HEADER_BYTES];
	b.crc = th_crc32c(0, text, strlen(text));
	th_block_encode(header, w.file_id, &b);
	FILE *f = fopen(scratch_path, "ab");
	fwrite(header, 1, sizeof(header), f);
	fwrite(text, 1, strlen(text), f);
	fclose(f);
}

/* Four blocks of 1 MB, of different bytes each, that lean on nothing. */
static void put_large_blocks(void)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	char *text = malloc(200001);
	for (uint32_t i = 0; i < 20; i++) {
		memset(text, 'a' + (int)i, 200000);
		text[200000] = '\0';
		put(&w, i + 1, text);
		if (i % 5 == 4) {
			cr_assert_eq(th_writer_finish(&w, 0), 0);
			cr_assert_eq(th_writer_init(&w, scratch_path), 0);
		}
	}
	free(text);
	put_direct(&w, 21, "small");
}

Test(reader, takes_no_more_memory_than_it_may_and_gives_what_has_room)
{
	put_large_blocks();
	expect("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21", 0);
	th_decoded_most = 2500000;
	expect("1 2 3 4 5 6 7 8 9 10 21", 2);
	th_decoded_most = 0;
}

Test(reader, bounds_what_a_header_claims)
{
	struct th_block b = {.type = TH_BLOCK_FRAMES, .writer = 5, .frames = 1};
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	b.raw_bytes = TH_BLOCK_MAX + 1;
	append_block(b, "");
	b.raw_bytes = 100;
	b.stored_bytes = UINT32_MAX;
	append_block(b, "text");
	b.stored_bytes = 4;
	b.flags = TH_BLOCK_ZSTD;
	append_block(b, "text");
	put_direct(&w, 1, "sound");
	expect("1", 3);
}

Test(reader, skips_block_types_it_does_not_know_but_says_what_it_cannot_read)
{
	struct th_block b = {.type = 9, .writer = 5};
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_direct(&w, 1, "a");
	append_block(b, "");
	put_direct(&w, 2, "b");
	expect("1 2", 0);
	b.type = TH_BLOCK_FRAMES;
	b.flags = 0x10;
	append_block(b, "");
	put_direct(&w, 3, "c");
	expect("1 2 3", 1);
}

/* A capture that was itself downloaded and recorded: its blocks are content, not ours. */
Test(reader, is_not_misled_by_a_capture_within_a_damaged_block)
{
	size_t n;
	static struct th_writer v;
	uint8_t *inner = small_file(&n);
	unlink(scratch_path);
	cr_assert_eq(th_writer_init(&v, scratch_path), 0);
	struct iovec part = {inner, n};
	cr_assert_eq(th_writer_put_direct(&v, TH_FRAME_RES_DATA, 0, 50, 1, &part, 1), 0);
	put_direct(&v, 51, "after");
	free(inner);
	expect("50 51", 0);
	uint8_t *bytes = scratch_read(scratch_path, &n);
	bytes[TH_FILE_HEADER_BYTES + TH_BLOCK_HEADER_BYTES + 30] ^= 1;
	scratch_write(scratch_path, bytes, n);
	free(bytes);
	expect("51", 1);
}
