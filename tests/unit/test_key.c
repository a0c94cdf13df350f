#include "capture/key.h"

#include "tests/unit/scratch.h"

#include <errno.h>

#include "base/crc32c.h"
#include "capture/fold.h"
#include "capture/reader.h"
#include "capture/writer.h"

#define SECRET "nobody without the key reads this"

static char key_path[80];

static void set_up(void)
{
	scratch_setup();
	snprintf(key_path, sizeof(key_path), "%s.key", scratch_dir);
}

static void tear_down(void)
{
	unlink(key_path);
	scratch_teardown();
}

TestSuite(key, .init = set_up, .fini = tear_down);

/* A key file with this text. */
static int load(const void *p, size_t n, mode_t mode)
{
	unlink(key_path);
	scratch_write(key_path, p, n);
	chmod(key_path, mode);
	return th_key_load(key_path);
}

static void use_key(char filling)
{
	char bytes[32];
	memset(bytes, filling, sizeof(bytes));
	cr_assert_eq(load(bytes, sizeof(bytes), 0600), 0);
}

Test(key, files)
{
	static const char hex[] =
		"00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n";
	cr_expect_not(th_key_present());
	cr_expect_eq(th_key_load("/nonexistent/key"), -ENOENT);
	cr_expect_eq(th_key_load(scratch_dir), -EINVAL);
	cr_expect_eq(load(hex, 31, 0600), -EINVAL);
	cr_expect_eq(load(hex, 33, 0600), -EINVAL);
	cr_expect_eq(load(hex, 63, 0600), -EINVAL);
	cr_expect_eq(load("", 0, 0600), -EINVAL);
	cr_expect_eq(
		load("zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 64, 0600),
		-EINVAL);
	cr_expect_eq(load(hex, 65, 0640), -EPERM);
	cr_expect_eq(load(hex, 65, 0604), -EPERM);
	cr_expect_not(th_key_present(), "none of them is a key");
	cr_expect_eq(load(hex, 32, 0600), 0);
	cr_expect_eq(load(hex, 64, 0400), 0);
	cr_expect_eq(load(hex, 65, 0600), 0);
	cr_expect(th_key_present());
}

static void put_text(struct th_writer *w, uint32_t id, const char *text)
{
	struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
	cr_assert_eq(th_writer_put(w, TH_FRAME_RES_DATA, TH_FRAME_LAST, id, 1234, &part, 1), 0);
}

static void put_direct(struct th_writer *w, const char *text)
{
	struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
	cr_assert_eq(th_writer_put_direct(w, TH_FRAME_RUN, 0, 0, 1234, &part, 1), 0);
}

/* Is the text in a file of the directory? */
static bool is_on_disk(const char *text)
{
	char command[200];
	snprintf(command, sizeof(command), "grep -rqaF '%s' %s", text, scratch_dir);
	return system(command) == 0;
}

/* Reads it all; the frames whose payload is the text, or a negative errno. */
static int count_texts(const char *text, size_t *ret_damage)
{
	struct th_reader *r = NULL;
	struct th_frame f;
	int found = 0;
	int e = th_reader_open(scratch_path, &r, NULL);
	if (e < 0) {
		return e;
	}
	while (th_reader_next(r, &f)) {
		found += th_slice_eq(f.payload, th_slice_str(text));
		cr_expect_eq(f.time, 1234);
	}
	th_reader_damage(r, ret_damage);
	th_reader_close(r);
	return found;
}

Test(key, nothing_is_readable_without_it)
{
	static struct th_writer w;
	size_t damage = 0;
	use_key('a');
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_direct(&w, SECRET);
	cr_expect_eq(count_texts(SECRET, &damage), 1);
	for (uint32_t i = 1; i <= 50; i++) {
		put_text(&w, i, SECRET);
	}
	cr_expect_eq(scratch_files(), 2, "there is a live file");
	cr_expect_not(is_on_disk(SECRET));
	cr_expect_eq(count_texts(SECRET, &damage), 51);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_expect_eq(scratch_files(), 1);
	cr_expect_lt(scratch_size(scratch_path), 1000, "it was compressed before");
	cr_expect_not(is_on_disk(SECRET));
	cr_expect_eq(count_texts(SECRET, &damage), 51);
	cr_expect_eq(damage, 0);
}

/* The blocks of a process's later live files may refer to those of the one before. */
Test(key, several_live_files_are_folded_one_after_the_other)
{
	enum {
		FRAMES = 68,
		SIZE = 250000
	};
	static struct th_writer w;
	static uint8_t text[SIZE];
	unsigned seed = 5;
	size_t n = 0, damage = 1;
	struct th_reader *r = NULL;
	struct th_frame f;
	struct iovec part = {text, sizeof(text)};
	use_key('a');
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (size_t i = 0; i < SIZE; i++) {
		text[i] = (uint8_t)rand_r(&seed);
	}
	for (uint32_t i = 1; i <= FRAMES; i++) {
		text[0] = (uint8_t)i;
		cr_assert_eq(th_writer_put(&w, TH_FRAME_RES_DATA, 0, i, 1, &part, 1), 0);
	}
	cr_assert_eq(w.live_count, 2);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_expect_eq(scratch_files(), 1);
	cr_expect_lt(scratch_size(scratch_path), 3 * SIZE, "%ld", scratch_size(scratch_path));
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	while (th_reader_next(r, &f)) {
		text[0] = (uint8_t)++n;
		cr_assert(th_slice_eq(f.payload, (struct th_slice){text, SIZE}));
	}
	cr_expect_eq(n, FRAMES);
	th_reader_damage(r, &damage);
	cr_expect_eq(damage, 0);
	th_reader_close(r);
}

Test(key, a_wrong_one_is_told_from_none)
{
	static struct th_writer w;
	size_t damage = 0;
	use_key('a');
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_text(&w, 1, SECRET);
	use_key('b');
	cr_expect_eq(count_texts(SECRET, &damage), -EKEYREJECTED);
	static struct th_writer other;
	cr_expect_eq(th_writer_init(&other, scratch_path), -EKEYREJECTED);
	th_key_forget();
	cr_expect_eq(count_texts(SECRET, &damage), -ENOKEY);
	cr_expect_eq(th_writer_init(&other, scratch_path), -ENOKEY);
	cr_expect_eq(th_fold_live(scratch_path, w.live_path, UINT64_MAX), -ENOKEY, "left as it is");
	use_key('a');
	cr_expect_eq(count_texts(SECRET, &damage), 1);
}

Test(key, a_plain_capture_stays_what_it_is)
{
	static struct th_writer w;
	size_t damage = 0;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_text(&w, 1, SECRET);
	use_key('a');
	static struct th_writer other;
	cr_expect_eq(th_writer_init(&other, scratch_path), -EMEDIUMTYPE);
	cr_expect_eq(count_texts(SECRET, &damage), 1, "but it can be read");
}

/* Equal secrets are comparable among all captures of one key, and of no other. */
Test(key, makes_the_redaction_key)
{
	static struct th_writer w;
	uint8_t first[TH_SIPHASH_KEY_BYTES];
	use_key('a');
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	memcpy(first, w.key, sizeof(first));
	unlink(scratch_path);
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_expect_arr_eq(first, w.key, sizeof(first));
	unlink(scratch_path);
	use_key('b');
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_expect_arr_neq(first, w.key, sizeof(first));
	size_t n;
	uint8_t *bytes = scratch_read(scratch_path, &n);
	cr_expect_null(memmem(bytes, n, w.key, sizeof(first)), "and is not in the file");
	free(bytes);
}

/* The same text twice, in two blocks and in one live file, never looks the same. */
Test(key, no_ciphertext_repeats)
{
	static struct th_writer w;
	use_key('a');
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_direct(&w, SECRET);
	put_direct(&w, SECRET);
	size_t n, live_n;
	uint8_t *p = scratch_read(scratch_path, &n);
	const uint8_t *one = p + TH_FILE_HEADER_BYTES, *two = one + (n - TH_FILE_HEADER_BYTES) / 2;
	cr_expect_arr_neq(one + 80, two + 80, 15, "salts");
	cr_expect_arr_neq(one + TH_BLOCK_HEADER_BYTES, two + TH_BLOCK_HEADER_BYTES, 32);
	put_text(&w, 1, SECRET);
	put_text(&w, 1, SECRET);
	uint8_t *live = scratch_read(w.live_path, &live_n);
	size_t room = th_frame_room(TH_FRAME_HEADER_BYTES + strlen(SECRET) + TH_GCM_TAG_BYTES);
	cr_expect_arr_neq(
		live + TH_LIVE_HEADER_BYTES + 8, live + TH_LIVE_HEADER_BYTES + room + 8, 32);
	free(live);
	free(p);
}

/* What the tag covers: each bit of a block but its checksums, which are made right again. */
/* What a power cut may leave of a live file: each frame that is whole is given, and no other. */
Test(key, a_live_file_may_be_cut_anywhere)
{
	enum {
		FRAMES = 5
	};
	static struct th_writer w;
	size_t n, damage = 1;
	int frames = 0;
	use_key('a');
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t i = 1; i <= FRAMES; i++) {
		put_text(&w, i, SECRET);
	}
	uint8_t *live = scratch_read(w.live_path, &n);
	for (size_t cut = 0; cut <= w.tail; cut++) {
		scratch_write(w.live_path, live, cut);
		int now = count_texts(SECRET, &damage);
		cr_assert_geq(now, frames, "cut at %zu", cut);
		cr_assert_eq(damage, 0, "cut at %zu", cut);
		frames = now;
	}
	cr_assert_eq(frames, FRAMES);
	free(live);
}

Test(key, an_altered_block_is_noticed)
{
	struct th_block b = {TH_BLOCK_FRAMES, TH_BLOCK_ZSTD, 7, 8, 9, .raw_bytes = 10};
	uint8_t id[16] = {1}, p[64] = {2}, bytes[TH_BLOCK_HEADER_BYTES];
	use_key('a');
	cr_assert_eq(th_key_seal_block(&b, id, p, 48, p + 48), 0);
	cr_expect_eq(b.stored_bytes, 64);
	for (size_t bit = 0; bit < 8 * sizeof(p); bit++) {
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		cr_expect_eq(th_key_open_block(&b, id, p), -EBADMSG, "bit %zu", bit);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	th_block_encode(bytes, id, &b);
	struct th_block other = b;
	other.writer ^= 1;
	cr_expect_eq(th_key_open_block(&other, id, p), -EBADMSG);
	other = b;
	other.first_seq ^= 1;
	cr_expect_eq(th_key_open_block(&other, id, p), -EBADMSG);
	other = b;
	other.type = TH_BLOCK_SEAL;
	cr_expect_eq(th_key_open_block(&other, id, p), -EBADMSG);
	id[0] = 2;
	cr_expect_eq(th_key_open_block(&b, id, p), -EBADMSG, "in another file");
	id[0] = 1;
	cr_expect_eq(th_key_open_block(&b, id, p), 0);
	cr_expect_eq(p[0], 2);
}

Test(key, an_altered_live_file_is_noticed)
{
	static struct th_writer w;
	size_t n, damage = 0;
	use_key('a');
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_text(&w, 1, SECRET);
	put_text(&w, 2, SECRET);
	uint8_t *live = scratch_read(w.live_path, &n);
	uint8_t *frame = live + TH_LIVE_HEADER_BYTES;
	frame[30] ^= 1;
	struct th_slice area = {frame, 200};
	struct th_frame_header h;
	bool ok = true;
	th_frame_decode(area, &h, &ok);
	cr_expect_not(ok);
	uint64_t commit = th_frame_commit(h.length, th_crc32c(0, frame + 8, h.length - 8));
	memcpy(frame, &commit, sizeof(commit));
	scratch_write(w.live_path, live, n);
	cr_expect_eq(count_texts(SECRET, &damage), 0);
	cr_expect_eq(damage, 1);
	free(live);
}
