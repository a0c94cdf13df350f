#include "capture/writer.h"

#include "tests/unit/scratch.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/bytes.h"
#include "capture/fold.h"
#include "capture/layout.h"
#include "capture/reader.h"

TestSuite(writer, .init = scratch_setup, .fini = scratch_teardown);

static struct th_writer w;

static int put(const char *text)
{
	struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
	return th_writer_put(&w, TH_FRAME_REQ_DATA, 0, 7, 1234, &part, 1);
}

Test(writer, zeroed_writer_counts_losses)
{
	cr_assert_eq(put("abc"), -EBADF);
	cr_assert_eq(w.lost_events, 1);
	cr_assert_eq(w.lost_bytes, 3);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
}

Test(writer, makes_a_header_once)
{
	static struct th_writer other;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_assert_eq(scratch_size(scratch_path), TH_FILE_HEADER_BYTES);
	cr_assert_eq(th_writer_init(&other, scratch_path), 0);
	cr_assert_eq(scratch_size(scratch_path), TH_FILE_HEADER_BYTES);
	cr_assert_eq(memcmp(w.key, other.key, sizeof(w.key)), 0);
	cr_assert_neq(w.id, other.id);
}

Test(writer, refuses_what_is_no_capture_and_leaves_it_alone)
{
	char text[100] = "precious text of somebody else's";
	scratch_write(scratch_path, text, sizeof(text));
	cr_assert_eq(th_writer_init(&w, scratch_path), -EINVAL);
	scratch_write(scratch_path, text, 3);
	cr_assert_eq(th_writer_init(&w, scratch_path), -EINVAL);
	cr_assert_eq(scratch_size(scratch_path), 3);

	uint8_t header[TH_FILE_HEADER_BYTES];
	struct th_file_header h = {0};
	th_file_header_encode(header, &h);
	header[40] ^= 1;
	scratch_write(scratch_path, header, sizeof(header));
	cr_assert_eq(th_writer_init(&w, scratch_path), -EINVAL);
	th_file_header_encode(header, &h);
	header[8] = TH_FORMAT_VERSION + 1;
	scratch_write(scratch_path, header, sizeof(header));
	cr_assert_eq(th_writer_init(&w, scratch_path), -ENOTSUP);

	cr_assert_eq(th_writer_init(&w, scratch_dir), -EISDIR);
	cr_assert_eq(th_writer_init(&w, "/dev/null"), -EINVAL);
	cr_assert_eq(w.path[0], '\0', "stays closed");
	char *long_path = malloc(TH_CAPTURE_PATH_MAX + 1);
	memset(long_path, 'x', TH_CAPTURE_PATH_MAX);
	long_path[TH_CAPTURE_PATH_MAX] = '\0';
	cr_assert_eq(th_writer_init(&w, long_path), -ENAMETOOLONG);
	free(long_path);
}

Test(writer, folds_into_one_block)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(put("the same text over and over again"), 0);
	}
	cr_assert_eq(scratch_size(scratch_path), TH_FILE_HEADER_BYTES, "nothing folded yet");
	cr_assert_gt(scratch_size(w.live_path), 0);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(scratch_size(w.live_path), -1, "live file removed");

	size_t n;
	uint8_t *bytes = scratch_read(scratch_path, &n);
	struct th_block b;
	cr_assert_eq(th_block_decode(bytes + TH_FILE_HEADER_BYTES, w.file_id, &b), 0);
	cr_assert_eq(b.writer, w.id);
	cr_assert_eq(b.first_seq, 0);
	cr_assert_eq(b.frames, 100);
	cr_assert_eq(b.raw_bytes, 100 * 64);
	cr_assert_eq(b.flags, TH_BLOCK_ZSTD | TH_BLOCK_SPLIT);
	cr_assert_lt(b.stored_bytes, 500);
	cr_assert_eq(n, TH_FILE_HEADER_BYTES + TH_BLOCK_HEADER_BYTES + b.stored_bytes);
	free(bytes);
}

Test(writer, refuses_an_oversized_payload)
{
	static uint8_t big[TH_FRAME_PAYLOAD_MAX + 1];
	struct iovec parts[2] = {{big, sizeof(big) - 1}, {big, 1}};
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_assert_eq(th_writer_put(&w, TH_FRAME_REQ_DATA, 0, 1, 0, parts, 2), -EMSGSIZE);
	cr_assert_eq(th_writer_put(&w, TH_FRAME_REQ_DATA, 0, 1, 0, parts, 1), 0);
	cr_assert_eq(w.next_seq, 2, "the LOST frame and the one that fits");
	parts[0].iov_len = SIZE_MAX;
	cr_assert_eq(th_writer_put_direct(&w, 1, 0, 0, 0, parts, 2), -EMSGSIZE);
}

static void put_two(struct th_writer *to, size_t first, size_t second)
{
	static uint8_t bytes[TH_FRAME_PAYLOAD_MAX + 1];
	const struct th_frame_header head = {.type = TH_FRAME_RES_HEAD, .id = 1, .time = 1};
	const struct th_frame_header data = {
		.type = TH_FRAME_RES_DATA, .flags = TH_FRAME_LAST, .id = 1, .time = 2};
	const struct iovec parts[] = {{bytes, first}, {bytes, second}};
	const struct th_writer_frame two[] = {{&head, parts, 1}, {&data, parts + 1, 1}};
	th_writer_put_two(to, two);
}

/* ---- what readers find ---- */

struct found {
	size_t frames, lost_frames, damage;
	uint64_t lost_events, id_sum;
};

static struct found read_all(void)
{
	struct found found = {0};
	struct th_reader *r = NULL;
	struct th_frame f;
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	while (th_reader_next(r, &f)) {
		if (f.type == TH_FRAME_LOST) {
			found.lost_frames++;
			found.lost_events += th_le64(f.payload.p);
		} else {
			found.frames++;
			found.id_sum += f.id;
		}
	}
	th_reader_damage(r, &found.damage);
	th_reader_close(r);
	return found;
}

static void put_block_of(struct th_writer *to, uint32_t id, size_t n)
{
	static uint8_t bytes[TH_FRAME_PAYLOAD_MAX];
	struct iovec part = {bytes, n};
	th_writer_put(to, TH_FRAME_RES_DATA, 0, id, 1, &part, 1);
}

/* Each of them by itself, also where there is no room for both. */
Test(writer, two_that_come_together_are_two_frames)
{
	struct th_reader *r = NULL;
	struct th_frame head, data;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_two(&w, 20, 1000);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	cr_assert(th_reader_next(r, &head));
	cr_assert(head.type == TH_FRAME_RES_HEAD && head.payload.n == 20 && head.time == 1);
	cr_assert(th_reader_next(r, &data));
	cr_assert(data.type == TH_FRAME_RES_DATA && data.payload.n == 1000 && data.time == 2);
	cr_assert(data.flags & TH_FRAME_LAST);
	cr_assert_not(th_reader_next(r, &data));
	th_reader_close(r);
	for (size_t i = 0; i < 10; i++) { /* over several windows */
		put_two(&w, 100, TH_FRAME_PAYLOAD_MAX - 20000 * (i % 3));
	}
	put_two(&w, TH_FRAME_PAYLOAD_MAX + 1, 10);
	put_two(&w, 10, TH_FRAME_PAYLOAD_MAX + 1);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	struct found all = read_all();
	cr_assert_eq(all.frames, 2 + 20 + 2);
	cr_assert_eq(all.lost_events, 2);
	cr_assert_eq(all.damage, 0);
}

Test(writer, grows_and_goes_on_in_further_live_files)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t i = 1; i <= 90; i++) {
		put_block_of(&w, i, TH_FRAME_PAYLOAD_MAX);
		if (i == 5) {
			cr_assert_eq(scratch_files(), 2);
		}
	}
	cr_assert_eq(w.lost_events, 0);
	cr_assert_eq(w.live_count, 2, "90 frames of 256 KiB need two files of 16 MiB");
	cr_assert_geq((size_t)scratch_size(w.live_path), w.tail);
	cr_assert_leq((size_t)scratch_size(w.live_path), w.tail + TH_LIVE_WINDOW);
	struct found live = read_all();
	cr_assert_eq(live.frames, 90);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(scratch_files(), 1);
	struct found folded = read_all();
	cr_assert_eq(folded.frames, 90);
	cr_assert_eq(folded.id_sum, 90 * 91 / 2);
	cr_assert_eq(folded.damage, 0);
}

/* What is mapped counts as the agent's memory, however much it sends. */
Test(writer, maps_one_window_only)
{
	char line[512];
	unsigned long from, to, mapped = 0;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t i = 1; i <= 90; i++) {
		put_block_of(&w, i, i % 2 ? TH_FRAME_PAYLOAD_MAX : 1000);
	}
	FILE *f = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, TH_LIVE_INFIX)) {
			cr_assert_eq(sscanf(line, "%lx-%lx", &from, &to), 2);
			mapped += to - from;
		}
	}
	fclose(f);
	cr_assert_gt(mapped, 0);
	cr_assert_leq(mapped, TH_LIVE_WINDOW + TH_FRAME_PAYLOAD_MAX + 2 * TH_LIVE_ALIGN);
	cr_assert_eq(read_all().frames, 90);
}

/* What was touched would have to be mapped again, page by page. */
Test(writer, lets_the_file_grow_beneath_its_window)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_assert_eq(put("x"), 0);
	const uint8_t *map = w.window.map;
	cr_assert_lt(w.window.size, 128 << 10, "the first step is small");
	for (uint32_t i = 1; i <= 7; i++) {
		put_block_of(&w, i, TH_FRAME_PAYLOAD_MAX);
		cr_assert_eq(w.window.map, map, "frame %u", i);
	}
	put_block_of(&w, 8, TH_FRAME_PAYLOAD_MAX);
	cr_assert_gt(w.window.offset, 0, "that one is beyond its end");
	cr_assert_eq(read_all().frames, 9);
}

Test(writer, is_usable_after_finish)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (int round = 0; round < 3; round++) {
		cr_assert_eq(put("x"), 0);
		cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
		cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
		cr_assert_eq(scratch_files(), 1);
	}
	cr_assert_eq(read_all().frames, 3);
}

Test(writer, direct_frames_make_no_live_file)
{
	struct iovec part = {&w, 21};
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_assert_eq(th_writer_put_direct(&w, TH_FRAME_RUN, 0, 0, 1, &part, 1), 0);
	cr_assert_eq(scratch_files(), 1);
	cr_assert_eq(th_writer_put(&w, TH_FRAME_CONN, 0, 1, 1, &part, 1), 0);
	cr_assert_eq(th_writer_put_direct(&w, TH_FRAME_PROCESS_END, 0, 0, 1, &part, 1), 0);
	cr_assert_eq(scratch_size(scratch_path),
		TH_FILE_HEADER_BYTES + TH_BLOCK_HEADER_BYTES + TH_FRAME_HEADER_BYTES + 24,
		"with a live file, it goes there");
	cr_assert_eq(read_all().frames, 3);
}

/* ---- threads and processes ---- */

enum {
	THREADS = 4,
	PER_THREAD = 4000,
};

static void *put_many(void *arg)
{
	uint32_t first = (uint32_t)(uintptr_t)arg;
	for (uint32_t i = 0; i < PER_THREAD; i++) {
		put_block_of(&w, first + i, i % 300);
		if (i % 1000 == 0) {
			th_writer_finish(&w, UINT64_MAX);
		}
	}
	return NULL;
}

Test(writer, threads_share_it)
{
	pthread_t threads[THREADS];
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uintptr_t i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, put_many, (void *)(i * PER_THREAD));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	struct found f = read_all();
	uint64_t n = THREADS * PER_THREAD;
	cr_assert_eq(f.frames, n);
	cr_assert_eq(f.id_sum, n * (n - 1) / 2);
	cr_assert_eq(f.lost_frames, 0);
	cr_assert_eq(f.damage, 0);
	cr_assert_eq(scratch_files(), 1);
}

static void be_child(uint32_t number)
{
	th_writer_forked(&w);
	for (uint32_t i = 0; i < 300; i++) {
		struct iovec part = {&i, sizeof(i)};
		if (i % 3) {
			th_writer_put(&w, TH_FRAME_RES_DATA, 0, number, i, &part, 1);
		} else {
			th_writer_put_direct(&w, TH_FRAME_NAME, 0, number, i, &part, 1);
		}
		if (i % 100 == 99) {
			th_writer_finish(&w, UINT64_MAX);
		}
	}
	_exit(0);
}

Test(writer, forked_processes_share_the_file)
{
	enum {
		CHILDREN = 8
	};
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_block_of(&w, 0, 100);
	for (uint32_t i = 1; i <= CHILDREN; i++) {
		if (fork() == 0) {
			be_child(i);
		}
	}
	put_block_of(&w, 0, 100);
	for (int i = 0; i < CHILDREN; i++) {
		int status = -1;
		wait(&status);
		cr_assert_eq(status, 0);
	}
	put_block_of(&w, 0, 100);
	struct found f = read_all();
	cr_assert_eq(f.frames, CHILDREN * 300 + 3);
	cr_assert_eq(f.id_sum, 300 * CHILDREN * (CHILDREN + 1) / 2);
	cr_assert_eq(f.damage, 0);
}

Test(writer, two_processes_make_one_header)
{
	static struct th_writer v;
	for (int round = 0; round < 20; round++) {
		unlink(scratch_path);
		pid_t child = fork();
		int r = th_writer_init(&v, scratch_path);
		if (child == 0) {
			_exit(r == 0 ? 0 : 1);
		}
		int status = -1;
		waitpid(child, &status, 0);
		cr_assert_eq(r, 0);
		cr_assert_eq(status, 0);
		cr_assert_eq(scratch_size(scratch_path), TH_FILE_HEADER_BYTES);
	}
}

/* ---- violent ends ---- */

static void write_until_killed(_Atomic uint64_t *committed)
{
	static const size_t sizes[] = {10, 900, 30000, 200000, 64};
	th_writer_forked(&w);
	for (uint32_t i = 1;; i++) {
		put_block_of(&w, i, sizes[i % 5]);
		*committed = i;
		if (i % 97 == 0) {
			th_writer_finish(&w, UINT64_MAX);
		}
	}
}

Test(writer, every_frame_before_a_kill_is_found)
{
	_Atomic uint64_t *committed = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned seed = 5;
	for (int round = 0; round < 50; round++) {
		unlink(scratch_path);
		cr_assert_eq(th_writer_init(&w, scratch_path), 0);
		*committed = 0;
		pid_t child = fork();
		if (child == 0) {
			write_until_killed(committed);
		}
		usleep((useconds_t)rand_r(&seed) % 20000);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
		struct found f = read_all();
		cr_assert_geq(f.frames, *committed);
		cr_assert_leq(f.frames, *committed + 1);
		cr_assert_eq(f.id_sum, f.frames * (f.frames + 1) / 2, "in a row, none twice");
		size_t damage = f.damage; /* a block that was being appended */
		cr_assert_leq(damage, 1);
		cr_assert_geq(th_fold_orphans(scratch_path, 0, UINT64_MAX), 0);
		struct found after = read_all();
		cr_assert_eq(after.frames, f.frames, "the same after folding");
		cr_assert_eq(after.damage, damage);
	}
}

/* ---- no room ---- */

static void expect_child_ok(pid_t child)
{
	int status = -1;
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0, "status %x", (unsigned)status);
}

/* RLIMIT_FSIZE must neither end the agent by its signal nor leave one pending. */
static int write_under_a_limit(void)
{
	struct rlimit limit = {200000, RLIM_INFINITY};
	setrlimit(RLIMIT_FSIZE, &limit);
	for (uint32_t i = 1; i <= 100; i++) {
		put_block_of(&w, i, 5000);
	}
	uint64_t lost = w.losses;
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	sigset_t pending;
	sigpending(&pending);
	usleep(120000); /* attempts to get room come every 100 ms */
	put_block_of(&w, 101, 10);
	int r = th_writer_finish(&w, UINT64_MAX);
	return lost > 0 && lost < 100 && r == 0 && !sigismember(&pending, SIGXFSZ) ? 0 : 1;
}

Test(writer, file_size_limit_costs_events_not_the_process)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	pid_t child = fork();
	if (child == 0) {
		_exit(write_under_a_limit());
	}
	expect_child_ok(child);
	struct found f = read_all();
	cr_assert_eq(f.frames + f.lost_events, 101);
	cr_assert_eq(f.damage, 0);
}

/* Nothing can be appended to the capture, and the live file cannot grow, as on a disk of which all
 * is taken: pieces that are small fill what is left of the live file, then nothing goes anywhere.
 */
static int write_where_nothing_fits(void)
{
	static const uint8_t bytes[120000];
	const struct iovec part = {(void *)(uintptr_t)bytes, sizeof(bytes)};
	struct rlimit limit = {100000, RLIM_INFINITY};
	if (th_writer_put_direct(&w, TH_FRAME_RUN, 0, 0, 1, &part, 1) != 0) {
		return 1;
	}
	setrlimit(RLIMIT_FSIZE, &limit);
	for (uint32_t i = 1; i <= 400; i++) {
		put_block_of(&w, i, i % 2 ? 3000 : 200);
	}
	return w.losses > 300 && th_writer_finish(&w, UINT64_MAX) < 0 ? 0 : 2;
}

Test(writer, losses_are_counted_where_no_byte_fits_any_more)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	pid_t child = fork();
	if (child == 0) {
		_exit(write_where_nothing_fits());
	}
	expect_child_ok(child);
	struct found f = read_all();
	cr_assert_eq(f.frames + f.lost_events, 401, "%zu frames, %zu lost", (size_t)f.frames,
		(size_t)f.lost_events);
	cr_assert_eq(f.damage, 0);
}

static int write_on_a_full_disk(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", scratch_dir, "tmpfs", 0, "size=600k") < 0) {
		return 77;
	}
	if (th_writer_init(&w, scratch_path) < 0) {
		return 1;
	}
	for (uint32_t i = 1; i <= 100; i++) {
		put_block_of(&w, i, 10000);
	}
	uint64_t lost = w.losses;
	if (lost == 0 || lost > 99 || th_writer_finish(&w, UINT64_MAX) != 0) {
		return 2;
	}
	struct found f = read_all();
	return f.frames + f.lost_events == 100 && f.damage == 0 ? 0 : 3;
}

Test(writer, full_disk_costs_events_not_the_process)
{
	pid_t child = fork();
	int status = -1;
	if (child == 0) {
		_exit(write_on_a_full_disk());
	}
	waitpid(child, &status, 0);
	cr_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		cr_skip_test("cannot mount a small file system here");
	}
	cr_assert_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
}

static void put_noise(size_t n)
{
	static uint8_t noise[60000];
	unsigned seed = 3;
	for (size_t i = 0; i < n; i++) {
		noise[i] = (uint8_t)(rand_r(&seed) >> 7);
	}
	struct iovec part = {noise, n};
	cr_assert_eq(th_writer_put(&w, TH_FRAME_RES_DATA, 0, 1, 1, &part, 1), 0);
}

/* Leaves so many pages. */
static void fill_disk(size_t pages)
{
	static const uint8_t page[4096];
	char path[80];
	struct statvfs fs;
	snprintf(path, sizeof(path), "%s/filling", scratch_dir);
	int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
	while (fstatvfs(fd, &fs) == 0 && fs.f_bavail > pages) {
		cr_assert_eq(write(fd, page, sizeof(page)), (ssize_t)sizeof(page));
	}
	close(fd);
}

static int fold_on_a_full_disk(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", scratch_dir, "tmpfs", 0, "size=400k") < 0) {
		return 77;
	}
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_noise(50000);
	long before = scratch_size(scratch_path);
	for (size_t pages = 11; pages > 0; pages--) {
		fill_disk(pages);
		if (th_writer_finish(&w, UINT64_MAX) != -ENOSPC) {
			return 1;
		}
		if (scratch_size(scratch_path) != before) {
			return 2;
		}
	}
	return 0;
}

Test(writer, a_full_disk_tears_no_block)
{
	pid_t child = fork();
	int status = -1;
	if (child == 0) {
		_exit(fold_on_a_full_disk());
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		cr_skip_test("cannot mount a small file system here");
	}
	cr_assert_eq(status, 0, "%x", (unsigned)status);
}

/* What TRACEHOOK_ON_ERROR=closed goes by: broken from the first loss on, also when it was a frame
 * of its own block, and until there is room and the loss is told. */
static int break_and_mend(void)
{
	struct rlimit limit;
	const struct iovec part = {(void *)(uintptr_t) "run", 3};
	if (th_writer_broken(&w)) {
		return 1;
	}
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = TH_FILE_HEADER_BYTES;
	setrlimit(RLIMIT_FSIZE, &limit);
	if (th_writer_put_direct(&w, TH_FRAME_RUN, 0, 0, 1, &part, 1) == 0 ||
		!th_writer_broken(&w) || th_writer_mend(&w) || !th_writer_broken(&w)) {
		return 2;
	}
	limit.rlim_cur = RLIM_INFINITY;
	setrlimit(RLIMIT_FSIZE, &limit);
	w.retry_at = 0; /* as if some time had passed */
	if (!th_writer_mend(&w) || th_writer_broken(&w)) {
		return 3;
	}
	put_block_of(&w, 1, 10);
	return th_writer_finish(&w, UINT64_MAX) == 0 ? 0 : 4;
}

Test(writer, a_loss_breaks_it_until_it_is_told)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	pid_t child = fork();
	if (child == 0) {
		_exit(break_and_mend());
	}
	expect_child_ok(child);
	struct found f = read_all();
	cr_assert_eq(f.lost_frames, 1);
	cr_assert_eq(f.lost_events, 1);
	cr_assert_eq(f.frames, 1);
}

/* Deleted while in use: what was in it is gone, the writer goes on. */
Test(writer, survives_the_removal_of_its_live_file)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_block_of(&w, 1, 100);
	unlink(w.live_path);
	for (uint32_t i = 0; i < 20; i++) {
		put_block_of(&w, 2, 10000);
	}
	cr_assert_eq(w.lost_events, 0);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	struct found f = read_all();
	cr_assert_gt(f.frames, 10);
	cr_assert_eq(f.damage, 0);
}

/* ---- a live file that somebody cuts ---- */

static void cut(long size)
{
	cr_assert_eq(truncate(w.live_path, size), 0);
}

enum told {
	AT_ONCE, /* also by who is killed afterwards */
	AT_THE_END,
};

static void expect_all_told(size_t lost_frames)
{
	struct found f = read_all();
	cr_assert_eq(f.lost_frames, lost_frames);
	cr_assert_geq(f.frames + f.lost_events, 40);
	cr_assert_lt(f.frames, 40);
}

/* Puts 40 frames, has its live file cut after 20 of them: the process goes on, and all frames that
 * are not in the capture are counted. */
static void expect_told_of_cut(void (*how)(void), size_t bytes, enum told told)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t i = 0; i < 20; i++) {
		put_block_of(&w, i, bytes);
	}
	how();
	for (uint32_t i = 20; i < 40; i++) {
		put_block_of(&w, i, bytes);
	}
	if (told == AT_ONCE) {
		expect_all_told(1);
	}
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(w.lost_events, 0, "it is told");
	expect_all_told(1);
}

static void cut_all(void)
{
	cut(0);
}

static void cut_within_the_header(void)
{
	cut(100);
}

static void cut_and_grown_again(void)
{
	long size = scratch_size(w.live_path);
	cut(0);
	cut(size);
}

static void cut_in_the_middle(void)
{
	cut(8192);
}

/* A store behind the file's end, but not behind its last page, raises nothing. */
Test(writer, tells_of_a_cut_while_a_page_remains)
{
	expect_told_of_cut(cut_within_the_header, 20, AT_THE_END);
}

Test(writer, survives_a_cut)
{
	expect_told_of_cut(cut_all, 1000, AT_ONCE);
	cr_assert_eq(scratch_files(), 1);
}

Test(writer, survives_a_cut_in_the_middle)
{
	expect_told_of_cut(cut_in_the_middle, 1000, AT_ONCE);
}

Test(writer, survives_a_cut_that_it_meets_when_it_slides)
{
	expect_told_of_cut(cut_all, 60000, AT_ONCE);
}

Test(writer, tells_of_a_cut_that_nothing_shows_any_more)
{
	expect_told_of_cut(cut_and_grown_again, 1000, AT_THE_END);
}

Test(writer, tells_of_a_cut_that_nothing_shows_any_more_when_it_slides)
{
	expect_told_of_cut(cut_and_grown_again, 60000, AT_ONCE);
}

Test(writer, what_is_put_behind_a_cut_is_all_there)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_block_of(&w, 1, 5000);
	cut(0);
	for (uint32_t i = 0; i < 10; i++) {
		put_block_of(&w, 2, 5000);
	}
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	struct found f = read_all();
	cr_assert_eq(f.frames, 10);
	cr_assert_eq(f.lost_events, 1);
	cr_assert_eq(w.losses, 0, "no put has failed");
}

Test(writer, a_cut_is_mended_before_the_next_call)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_block_of(&w, 1, 5000);
	cut(100);
	cr_assert(th_writer_mend(&w));
	cr_assert_eq(w.lost_events, 0);
	cr_assert_eq(read_all().lost_events, 1, "and told at once");
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(read_all().lost_events, 1);
}

static void put_same_noise(void)
{
	static uint8_t noise[TH_FRAME_PAYLOAD_MAX];
	struct iovec part = {noise, sizeof(noise)};
	for (uint32_t i = 0, x = 1; i < sizeof(noise); i++) {
		x = x * 1664525 + 1013904223;
		noise[i] = (uint8_t)(x >> 24);
	}
	cr_assert_eq(th_writer_put(&w, TH_FRAME_RES_DATA, 0, 1, 1, &part, 1), 0);
}

/* What the third file holds stands in the first: that is not let go of before. */
Test(writer, folds_what_comes_behind_a_file_without_frames)
{
	uint32_t frames = 0;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	while (w.live_count < 2) {
		put_same_noise();
		frames++;
	}
	cut(TH_LIVE_HEADER_BYTES + 8);
	cr_assert(th_writer_mend(&w));
	put_same_noise();
	cr_assert_eq(w.live_count, 3);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	struct found f = read_all();
	cr_assert_eq(f.damage, 0);
	cr_assert_eq(f.frames, frames);
	cr_assert_eq(f.lost_events, 1);
	cr_assert_eq(scratch_files(), 1);
}

Test(writer, survives_the_removal_of_the_capture)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put_block_of(&w, 1, 100);
	unlink(scratch_path);
	put_block_of(&w, 1, 100000);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), -ESTALE);
	struct iovec part = {NULL, 0};
	cr_assert_eq(th_writer_put_direct(&w, 1, 0, 0, 0, &part, 1), -ESTALE);
	cr_assert_geq(w.lost_events, 1);
}

static int put_direct(struct th_writer *writer)
{
	struct iovec part = {(void *)(uintptr_t) "said", 4};
	return th_writer_put_direct(writer, TH_FRAME_PROCESS, 0, 0, 1, &part, 1);
}

/* What is put while the capture is open costs no look for it, and is the same. */
Test(writer, what_is_put_while_the_capture_is_open_is_in_it)
{
	cr_assert_eq(th_writer_open(&w, scratch_path), 0);
	cr_assert_eq(put_direct(&w), 0);
	cr_assert_eq(put_direct(&w), 0);
	th_writer_settle(&w);
	th_writer_settle(&w);
	cr_assert_eq(fcntl(w.open.fd, F_GETFD), -1, "closed");
	cr_assert_eq(put_direct(&w), 0);
	struct found f = read_all();
	cr_expect_eq(f.frames, 3);
	cr_expect_eq(f.damage, 0);
}

/* The frames that a run begins with: one block, or as many as with each by itself. */
static void expect_together(bool open, uint64_t blocks)
{
	static const uint8_t types[] = {TH_FRAME_RUN, TH_FRAME_PROCESS};
	const struct iovec payloads[] = {{(void *)(uintptr_t) "runs", 5}, {NULL, 0}};
	cr_assert_eq(th_writer_open(&w, scratch_path), 0);
	if (!open) {
		th_writer_settle(&w);
	}
	cr_assert_eq(th_writer_put_together(&w, 7, types, payloads, 2), 0);
	th_writer_settle(&w);
	cr_expect_eq(w.next_seq, 2);
	cr_expect_eq(scratch_size(scratch_path),
		TH_FILE_HEADER_BYTES + (off_t)blocks * TH_BLOCK_HEADER_BYTES +
			2 * TH_FRAME_HEADER_BYTES + 8);
	cr_assert_eq(put("behind them"), 0);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	struct found f = read_all();
	cr_expect_eq(f.frames, 3);
	cr_expect_eq(f.damage, 0);
}

Test(writer, what_is_put_together_is_one_block)
{
	expect_together(true, 1);
}

Test(writer, what_is_put_together_is_there_also_when_the_capture_is_not_open)
{
	expect_together(false, 2);
}

Test(writer, what_is_put_together_and_lost_is_counted)
{
	static const uint8_t types[] = {TH_FRAME_RUN, TH_FRAME_PROCESS};
	const struct iovec payloads[] = {{(void *)(uintptr_t) "runs", 4}, {NULL, 0}};
	cr_assert_eq(th_writer_open(&w, scratch_path), 0);
	int read_only = open(scratch_path, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(dup2(read_only, w.open.fd), w.open.fd);
	cr_expect_eq(th_writer_put_together(&w, 7, types, payloads, 2), -EBADF);
	th_writer_settle(&w);
	close(read_only);
	cr_expect_eq(w.next_seq, 0);
	cr_expect_eq(w.losses, 2);
}
