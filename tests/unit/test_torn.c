/* A block whose writing was cut off is damage, but for one whose frames are all there besides. */
#include "capture/torn.h"

#include "tests/unit/scratch.h"

#include "base/crc32c.h"
#include "capture/frame.h"
#include "capture/reader.h"
#include "capture/writer.h"

TestSuite(torn, .init = scratch_setup, .fini = scratch_teardown);

static struct th_writer w;
static char live_path[sizeof(w.live_path)];
static uint8_t *file, *live, *live_then; /* that one when half of its frames were in it */
static size_t file_n, live_n, block;	 /* where the block begins that the live file became */

static void put(uint32_t id, bool direct)
{
	static const char text[] = "some words of some length";
	struct iovec part = {(void *)(uintptr_t)text, sizeof(text)};
	cr_assert_eq((direct ? th_writer_put_direct : th_writer_put)(
			     &w, TH_FRAME_REQ_DATA, 0, id, 1000 + id, &part, 1),
		0);
}

/* Frame 1 in a block, 2 to 7 in another one. */
static void record(void)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(1, true);
	block = (size_t)scratch_size(scratch_path);
	for (uint32_t id = 2; id < 8; id++) {
		put(id, false);
		if (id == 4) {
			live_then = scratch_read(w.live_path, &live_n);
		}
	}
	strcpy(live_path, w.live_path);
	live = scratch_read(live_path, &live_n);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	file = scratch_read(scratch_path, &file_n);
}

static void forget(void)
{
	free(file);
	free(live);
	free(live_then);
}

static size_t rewritten; /* blocks, of what damage_in() has looked at */

static size_t damage_in(bool outline)
{
	struct th_reader *r = NULL;
	struct th_frame f;
	size_t damage = 0;
	cr_assert_eq(
		(outline ? th_reader_open_outline : th_reader_open)(scratch_path, &r, NULL), 0);
	while (th_reader_next(r, &f)) {
	}
	th_reader_damage(r, &damage);
	rewritten = th_reader_rewritten(r);
	th_reader_close(r);
	return damage;
}

static uint32_t frames_from_one(void)
{
	struct th_reader *r = NULL;
	struct th_frame f;
	uint32_t n = 0;
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	while (th_reader_next(r, &f)) {
		cr_assert_eq(f.id, ++n);
	}
	th_reader_close(r);
	return n;
}

static void write_cut(size_t cut, bool again)
{
	uint8_t *p = malloc(cut + file_n);
	memcpy(p, file, cut);
	memcpy(p + cut, file + block, again ? file_n - block : 0);
	scratch_write(scratch_path, p, cut + (again ? file_n - block : 0));
	free(p);
}

Test(torn, written_again_it_is_no_damage)
{
	record();
	for (size_t cut = block + TH_BLOCK_HEADER_BYTES; cut < file_n; cut++) {
		write_cut(cut, true);
		cr_assert_eq(damage_in(false), 0, "cut at %zu", cut);
		cr_assert_eq(rewritten, 1, "cut at %zu", cut);
		cr_assert_eq(damage_in(true), 0, "outline, cut at %zu", cut);
		cr_assert_eq(frames_from_one(), 7, "cut at %zu", cut);
	}
	forget();
}

Test(torn, with_its_live_file_it_is_no_damage)
{
	record();
	for (size_t cut = block + TH_BLOCK_HEADER_BYTES; cut < file_n; cut++) {
		write_cut(cut, false);
		scratch_write(live_path, live, live_n);
		cr_assert_eq(damage_in(false), 0, "cut at %zu", cut);
		cr_assert_eq(frames_from_one(), 7, "cut at %zu", cut);
	}
	forget();
}

Test(torn, with_a_part_of_its_frames_it_is)
{
	record();
	write_cut(file_n - 1, false);
	scratch_write(live_path, live_then, live_n);
	cr_assert_eq(damage_in(false), 1);
	cr_assert_eq(unlink(live_path), 0);
	cr_assert_eq(damage_in(false), 1, "and with none of them");
	forget();
}

Test(torn, another_writers_frames_are_no_comfort)
{
	record();
	live[16] ^= 1; /* the writer */
	const uint32_t zero = 0;
	memcpy(live + 12, &zero, sizeof(zero));
	const uint32_t crc = th_crc32c(0, live, TH_LIVE_HEADER_BYTES);
	memcpy(live + 12, &crc, sizeof(crc));
	write_cut(file_n - 1, false);
	scratch_write(live_path, live, live_n);
	cr_assert_eq(damage_in(false), 1);
	forget();
}
