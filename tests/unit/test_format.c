/* capture/FORMAT.md holds: its example is what our code writes and reads, and the second reader,
 * written from the document alone, finds what ours finds, in whole and in damaged files. */
#include "capture/reader.h"

#include "tests/unit/scratch.h"

#include "base/crc32c.h"
#include "base/text.h"
#include "capture/layout.h"
#include "capture/writer.h"

TestSuite(format, .init = scratch_setup, .fini = scratch_teardown);

/* ---- the example ---- */

#define SPLIT_AT 224 /* its second block */

/* The bytes of one line, "offset  byte byte …  note"; its number of bytes. */
static size_t read_line(const char *line, size_t at, uint8_t *out)
{
	unsigned offset;
	int used = 0;
	size_t n = 0;
	cr_assert_eq(sscanf(line, "%x%n", &offset, &used), 1, "%s", line);
	cr_assert_eq(offset, at);
	line += used + 1;
	while (line[0] == ' ' && th_hex_decode(out + n, line + 1, 1) &&
		(line[3] == ' ' || line[3] == '\n')) {
		n++;
		line += 3;
	}
	return n;
}

static size_t read_example(uint8_t *out)
{
	char line[256];
	size_t n = 0;
	bool inside = false;
	FILE *f = fopen(TH_SOURCE_ROOT "/capture/FORMAT.md", "r");
	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (inside && strncmp(line, "```", 3) == 0) {
			break;
		}
		if (inside) {
			n += read_line(line, n, out + n);
		}
		inside = inside || strcmp(line, "```hex\n") == 0;
	}
	fclose(f);
	return n;
}

/* The lines of frame.h that name a type of frame: its name and number. False: it is none. */
static bool names_type(const char *line, char name[32], unsigned *ret_number)
{
	return sscanf(line, " TH_FRAME_%31[A-Z_] = %u,", name, ret_number) == 2;
}

/* Is there a row "| number | name |" in the table of payloads? */
static bool has_row(const char *name, unsigned number)
{
	char line[4096], row[64];
	bool found = false;
	FILE *f = fopen(TH_SOURCE_ROOT "/capture/FORMAT.md", "r");
	cr_assert_not_null(f);
	snprintf(row, sizeof(row), "| %u | %s | ", number, name);
	while (!found && fgets(line, sizeof(line), f)) {
		found = strncmp(line, row, strlen(row)) == 0;
	}
	fclose(f);
	return found;
}

Test(format, the_document_has_each_type_of_frame)
{
	char line[256], name[32];
	unsigned number, types = 0;
	FILE *f = fopen(TH_SOURCE_ROOT "/capture/frame.h", "r");
	cr_assert_not_null(f);
	while (fgets(line, sizeof(line), f) && !strstr(line, "enum th_frame_type")) {
	}
	while (fgets(line, sizeof(line), f) && line[0] != '}') {
		if (names_type(line, name, &number)) {
			cr_expect(has_row(name, number), "%u, %s", number, name);
			types++;
		}
	}
	fclose(f);
	cr_expect_geq(types, 23);
}

Test(format, the_example_reads_as_the_document_says)
{
	uint8_t bytes[1024];
	size_t n = read_example(bytes), damage = 0;
	struct th_reader *r = NULL;
	struct th_frame f;
	cr_assert_eq(n, 368);
	scratch_write(scratch_path, bytes, n);
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	cr_assert_eq(th_reader_key(r)[15], 0x1f);
	cr_assert(th_reader_next(r, &f));
	cr_assert_eq(f.type, TH_FRAME_RES_DATA);
	cr_assert_eq(f.flags, TH_FRAME_LAST);
	cr_assert_eq(f.id, 3);
	cr_assert_eq(f.time, 1700000000000000000);
	cr_assert_eq(f.writer, 0x1122334455667788);
	cr_assert_eq(f.seq, 0);
	cr_assert(th_slice_eq(f.payload, TH_SLICE_LIT("hello")));
	cr_assert(th_reader_next(r, &f));
	cr_assert_eq(f.type, TH_FRAME_PROCESS_END);
	cr_assert_eq(f.seq, 1);
	cr_assert_eq(th_le64(f.payload.p), 1);
	cr_assert(th_reader_next(r, &f));
	cr_assert_eq(f.id, 4);
	cr_assert_eq(f.time, 1700000000000002000);
	cr_assert(th_slice_eq(f.payload, TH_SLICE_LIT("hello again, agent!")));
	cr_assert(th_reader_next(r, &f));
	cr_assert_eq(f.seq, 3);
	cr_assert_eq(f.flags, TH_FRAME_LAST);
	cr_assert(th_slice_eq(f.payload, TH_SLICE_LIT("hello again, agent!!")));
	cr_assert_not(th_reader_next(r, &f));
	th_reader_damage(r, &damage);
	cr_assert_eq(damage, 0);
	th_reader_close(r);
}

Test(format, the_example_is_what_our_code_writes)
{
	uint8_t bytes[1024], mine[1024] = {0};
	size_t n = read_example(bytes);
	struct th_file_header h;
	struct th_block b;
	cr_assert_eq(th_file_header_decode(bytes, &h), 0);
	cr_assert_eq(th_block_decode(bytes + 64, h.file_id, &b), 0);
	th_file_header_encode(mine, &h);
	th_block_encode(mine + 64, h.file_id, &b);
	size_t at = 160;
	while (at < SPLIT_AT) {
		struct th_frame_header f;
		bool ok = false;
		cr_assert(th_frame_decode((struct th_slice){bytes + at, n - at}, &f, &ok) && ok);
		th_frame_encode(mine + at, &f);
		memcpy(mine + at + 24, bytes + at + 24, f.length - 24);
		uint64_t commit = th_frame_commit(
			f.length, th_crc32c(0, mine + at + 8, f.length - 8));
		memcpy(mine + at, &commit, sizeof(commit));
		at += th_frame_room(f.length);
	}
	cr_assert_eq(th_block_decode(bytes + SPLIT_AT, h.file_id, &b), 0);
	cr_assert_eq(b.flags, TH_BLOCK_SPLIT);
	th_block_encode(mine + SPLIT_AT, h.file_id, &b);
	cr_assert_eq(memcmp(mine, bytes, SPLIT_AT + TH_BLOCK_HEADER_BYTES), 0);
	cr_assert_eq(n, SPLIT_AT + TH_BLOCK_HEADER_BYTES + b.stored_bytes);
}

/* ---- the second reader ---- */

static const char *const type_names[] = {NULL, "RUN", "PROCESS", "PROCESS_END", "NAME", "CONN",
	"CONN_END", "LOST", "REQ_HEAD", "REQ_DATA", "REQ_TRAILER", "REQ_END", "RES_INFO",
	"RES_HEAD", "RES_DATA", "RES_TRAILER", "RES_END"};

/* Our frames, in the words of the second reader. */
static char *ours(size_t *ret_damage)
{
	char *text = NULL;
	size_t size;
	struct th_frame f;
	struct th_reader *r = NULL;
	FILE *out = open_memstream(&text, &size);
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	while (th_reader_next(r, &f)) {
		fprintf(out,
			"{\"writer\": %lu, \"number\": %lu, \"type\": \"%s\", \"flags\": %u, "
			"\"id\": %u, \"time\": %lu, \"payload\": \"",
			f.writer, f.seq, type_names[f.type], f.flags, f.id, f.time);
		for (size_t i = 0; i < f.payload.n; i++) {
			fprintf(out, "%02x", f.payload.p[i]);
		}
		fprintf(out, "\"}\n");
	}
	th_reader_damage(r, ret_damage);
	th_reader_close(r);
	fclose(out);
	return text;
}

/* The second reader's frames; its damage lines are counted and left out. */
static char *theirs(size_t *ret_damage)
{
	char command[512], *text = NULL;
	char *line = NULL;
	size_t size, cap = 0;
	FILE *out = open_memstream(&text, &size);
	snprintf(command, sizeof(command),
		"python3 -B " TH_SOURCE_ROOT "/tests/reader/read_capture.py lenient %s 2>/dev/null",
		scratch_path);
	FILE *in = popen(command, "r");
	*ret_damage = 0;
	while (getline(&line, &cap, in) > 0) {
		if (strncmp(line, "{\"damage\"", 9) == 0) {
			++*ret_damage;
		} else {
			fputs(line, out);
		}
	}
	free(line);
	cr_assert_eq(pclose(in), 0);
	fclose(out);
	return text;
}

static void expect_agreement(void)
{
	size_t my_damage, their_damage;
	char *mine = ours(&my_damage), *other = theirs(&their_damage);
	cr_assert_str_eq(mine, other);
	cr_assert_gt(strlen(mine), 1000);
	cr_assert_eq(my_damage, 0);
	cr_assert_eq(their_damage, 0);
	free(mine);
	free(other);
}

static struct th_writer w, v;

static void put(struct th_writer *to, uint32_t id, size_t n)
{
	static uint8_t bytes[3000];
	struct iovec part = {bytes, n};
	for (size_t i = 0; i < n; i++) {
		bytes[i] = (uint8_t)(i * id >> 3);
	}
	uint8_t type = (uint8_t)(1 + id % 16);
	cr_assert_eq(th_writer_put(to, type, (uint8_t)id, id, 1000 * id, &part, 1), 0);
}

/* Two writers, compressed, stored and direct blocks, a live file. */
static void make_file(void)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_assert_eq(th_writer_init(&v, scratch_path), 0);
	for (uint32_t i = 0; i < 40; i++) {
		struct iovec part = {&i, sizeof(i)};
		put(i % 3 ? &w : &v, i, i * 70 % 2999);
		if (i % 8 == 5) {
			cr_assert_eq(th_writer_finish(&w, i % 16 == 5 ? 0 : UINT64_MAX), 0);
			cr_assert_eq(th_writer_put_direct(&w, 1, 0, i, i, &part, 1), 0);
		}
	}
}

Test(format, the_second_reader_agrees_on_whole_files)
{
	make_file();
	expect_agreement();
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(th_writer_finish(&v, UINT64_MAX), 0);
	expect_agreement();
}

static void damage_file(uint8_t *bytes, size_t n, int round, unsigned *seed)
{
	size_t at = TH_FILE_HEADER_BYTES + (size_t)rand_r(seed) % (n - TH_FILE_HEADER_BYTES);
	size_t m = 1 + (size_t)rand_r(seed) % 300;
	m = m < n - at ? m : n - at;
	switch (round % 4) {
	case 0: /* a flipped bit */
		bytes[at] ^= (uint8_t)(1 << rand_r(seed) % 8);
		break;
	case 1: /* a piece that is gone */
		memmove(bytes + at, bytes + at + m, n - at - m);
		n -= m;
		break;
	case 2: /* zeros, as after a crash of the machine */
		memset(bytes + at, 0, m);
		break;
	default: /* cut */
		n = at;
	}
	scratch_write(scratch_path, bytes, n);
}

/* Every line of `some` is one of `all`. */
static void expect_subset(const char *some, const char *all)
{
	while (*some) {
		size_t n = strcspn(some, "\n") + 1;
		char *line = strndup(some, n);
		cr_assert_not_null(strstr(all, line), "%s", line);
		free(line);
		some += n;
	}
}

Test(format, the_second_reader_agrees_on_damaged_files, .timeout = 60)
{
	size_t n, damage, their_damage;
	unsigned seed = 17;
	make_file();
	char *all = ours(&damage);
	uint8_t *bytes = scratch_read(scratch_path, &n);
	for (int round = 0; round < 24; round++) {
		uint8_t *copy = malloc(n);
		memcpy(copy, bytes, n);
		damage_file(copy, n, round, &seed);
		free(copy);
		char *mine = ours(&damage), *other = theirs(&their_damage);
		expect_subset(mine, all);
		expect_subset(other, mine);
		cr_assert_eq(
			damage, their_damage, "round %d: %zu and %zu", round, damage, their_damage);
		free(mine);
		free(other);
	}
	free(bytes);
	free(all);
}
