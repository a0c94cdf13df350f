#include "capture/fold.h"

#include "tests/unit/scratch.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "capture/key.h"
#include "capture/layout.h"
#include "capture/live.h"
#include "capture/reader.h"
#include "capture/writer.h"

TestSuite(fold, .init = scratch_setup, .fini = scratch_teardown);

static struct th_writer w;
static char live_path[sizeof(w.live_path)];

static void put(uint32_t id, const void *p, size_t n)
{
	struct iovec part = {(void *)(uintptr_t)p, n};
	cr_assert_eq(th_writer_put(&w, TH_FRAME_REQ_DATA, 0, id, 1000, &part, 1), 0);
}

static uint8_t noise[100000];

/* Bytes in which no compression finds anything. */
static void make_noise(void)
{
	unsigned seed = 9;
	for (size_t i = 0; i < sizeof(noise); i++) {
		noise[i] = (uint8_t)(rand_r(&seed) >> 7);
	}
}

/* A child writes ten frames and dies without a word; its live file stays. */
static void make_orphan(void)
{
	int pipe_fds[2];
	cr_assert_eq(pipe(pipe_fds), 0);
	pid_t child = fork();
	if (child == 0) {
		th_writer_forked(&w);
		for (uint32_t i = 1; i <= 10; i++) {
			put(i, "some words that repeat", 22);
		}
		write(pipe_fds[1], w.live_path, sizeof(w.live_path));
		_exit(0);
	}
	size_t have = 0;
	while (have < sizeof(live_path)) {
		ssize_t n = read(pipe_fds[0], live_path + have, sizeof(live_path) - have);
		cr_assert_gt(n, 0);
		have += (size_t)n;
	}
	waitpid(child, NULL, 0);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
}

static size_t count_frames(void)
{
	struct th_reader *r = NULL;
	struct th_frame f;
	size_t n = 0, damage = 0;
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	while (th_reader_next(r, &f)) {
		n++;
	}
	th_reader_damage(r, &damage);
	cr_assert_eq(damage, 0);
	th_reader_close(r);
	return n;
}

Test(fold, folds_what_the_dead_left)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	make_orphan();
	make_orphan();
	cr_assert_eq(scratch_files(), 3);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), 0);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), -ENOENT);
	cr_assert_eq(th_fold_orphans(scratch_path, 0, UINT64_MAX), 1);
	cr_assert_eq(th_fold_orphans(scratch_path, 0, UINT64_MAX), 0);
	cr_assert_eq(scratch_files(), 1);
	cr_assert_eq(count_frames(), 20);
}

Test(fold, works_with_a_relative_path)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	make_orphan();
	cr_assert_eq(chdir(scratch_dir), 0);
	cr_assert_eq(th_fold_orphans("run.thc", 0, UINT64_MAX), 1);
	cr_assert_eq(count_frames(), 10);
}

Test(fold, leaves_the_living_alone)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(1, "x", 1);
	pid_t child = fork();
	if (child == 0) {
		_exit(th_fold_orphans(scratch_path, 0, UINT64_MAX));
	}
	int status = -1;
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0, "a child sees its parent alive");
	cr_assert_eq(th_fold_orphans(scratch_path, w.id, UINT64_MAX), 0, "so do I myself");
	cr_assert_eq(scratch_files(), 2);
	cr_assert_eq(th_fold_orphans(scratch_path, 0, UINT64_MAX), 1,
		"mine by pid but not by writer: of the program before exec");
	cr_assert_eq(count_frames(), 1);
}

Test(fold, judges_owners)
{
	struct th_owner self, owner;
	th_owner_self(&self);
	cr_assert_eq(self.pid, (uint32_t)getpid());
	cr_assert_neq(self.start, 0);
	cr_assert_neq(self.pid_ns, 0);
	cr_assert(th_owner_may_live(&self, &self));
	owner = self;
	owner.start++;
	cr_assert_not(th_owner_may_live(&owner, &self), "the number was used again");
	owner = self;
	owner.boot[0] ^= 1;
	cr_assert_not(th_owner_may_live(&owner, &self), "another boot");
	owner.pid_ns ^= 1;
	cr_assert_not(th_owner_may_live(&owner, &self), "another boot, whatever the namespace");
	owner = self;
	owner.pid = 0x7ffffff0;
	cr_assert_not(th_owner_may_live(&owner, &self), "no such process");
	owner.pid_ns ^= 1;
	cr_assert(th_owner_may_live(&owner, &self), "another pid namespace: cannot be known");
	owner = self;
	owner.pid = 0x7ffffff0;
	owner.start = 0;
	cr_assert(th_owner_may_live(&owner, &self), "unknown");
}

/* Who makes a live file does not ask when it began; any moment of its life tells it from whoever
 * has its number later. */
Test(fold, judges_owners_by_a_moment_of_their_life)
{
	const uint64_t tick = 10000000;
	struct th_owner self, owner;
	th_owner_self(&self);
	th_owner_sign(&owner);
	cr_assert_eq(owner.pid, self.pid);
	cr_assert_eq(owner.pid_ns, self.pid_ns);
	cr_assert_arr_eq(owner.boot, self.boot, sizeof(owner.boot));
	cr_assert_eq(owner.start, 0, "who knows of the start time alone leaves it alone");
	cr_assert_geq(owner.alive_at / tick, self.start);
	cr_assert(th_owner_may_live(&owner, &self));
	owner.alive_at = self.start * tick;
	cr_assert(th_owner_may_live(&owner, &self), "it began in that tick");
	owner.alive_at--;
	cr_assert_not(th_owner_may_live(&owner, &self), "the number was used again");
	owner.alive_at = 0;
	cr_assert(th_owner_may_live(&owner, &self), "unknown");
	th_owner_sign(&owner);
	cr_assert(th_owner_was_here(&owner, &self), "before exec, say");
	self.start = 0;
	cr_assert_not(th_owner_was_here(&owner, &self), "/proc shows others");
	cr_assert(th_owner_may_live(&owner, &self));
}

/* The owner's start time is another one as seen from there. 77: not to be had here. */
static int look_from_another_clock(void)
{
	int fd = unshare(CLONE_NEWTIME) == 0 ? open("/proc/self/timens_offsets", O_WRONLY) : -1;
	if (fd < 0 || write(fd, "boottime 1000 0\n", 16) != 16) {
		return 77;
	}
	pid_t child = fork();
	if (child == 0) {
		_exit(th_fold_orphans(scratch_path, 0, UINT64_MAX));
	}
	int status = -1;
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

Test(fold, leaves_those_alone_that_have_another_clock)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(1, "x", 1);
	pid_t child = fork();
	if (child == 0) {
		_exit(look_from_another_clock());
	}
	int status = -1;
	waitpid(child, &status, 0);
	if (WEXITSTATUS(status) == 77) {
		cr_skip_test("no time namespaces here");
	}
	cr_assert_eq(status, 0);
	cr_assert_eq(scratch_files(), 2);
}

Test(fold, a_zombie_is_dead)
{
	struct th_owner self, owner;
	int pipe_fds[2];
	cr_assert_eq(pipe(pipe_fds), 0);
	pid_t child = fork();
	if (child == 0) {
		th_owner_sign(&owner);
		write(pipe_fds[1], &owner, sizeof(owner));
		pause();
	}
	cr_assert_eq(read(pipe_fds[0], &owner, sizeof(owner)), sizeof(owner));
	th_owner_self(&self);
	cr_assert(th_owner_may_live(&owner, &self));
	kill(child, SIGKILL);
	siginfo_t info;
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	cr_assert_not(th_owner_may_live(&owner, &self));
	waitpid(child, NULL, 0);
	cr_assert_not(th_owner_may_live(&owner, &self));
}

Test(fold, does_not_fold_what_is_locked)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	make_orphan();
	int fd = open(live_path, O_RDONLY);
	cr_assert_eq(flock(fd, LOCK_EX), 0);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), -EBUSY);
	close(fd);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), 0);
}

Test(fold, many_folders_fold_each_file_once)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (int i = 0; i < 12; i++) {
		make_orphan();
	}
	for (int i = 0; i < 4; i++) {
		if (fork() == 0) {
			th_fold_orphans(scratch_path, 0, UINT64_MAX);
			_exit(0);
		}
	}
	while (wait(NULL) > 0) {
	}
	cr_assert_eq(scratch_files(), 1);
	cr_assert_eq(count_frames(), 120);
	size_t n, blocks = 0;
	uint8_t *bytes = scratch_read(scratch_path, &n);
	for (uint8_t *p = bytes; (p = memmem(p, n - (size_t)(p - bytes), TH_BLOCK_MAGIC, 8)); p++) {
		blocks++;
	}
	free(bytes);
	cr_assert_eq(blocks, 12);
}

Test(fold, refuses_what_is_not_its_own)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	make_orphan();
	size_t n;
	uint8_t *bytes = scratch_read(live_path, &n);
	bytes[16] ^= 1;
	scratch_write(live_path, bytes, n);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), -EINVAL);
	scratch_write(live_path, bytes, 100);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), -EINVAL);
	bytes[16] ^= 1;
	scratch_write(live_path, bytes, n);
	free(bytes);
	unlink(scratch_path);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), -ESTALE, "no capture");
	static struct th_writer other;
	cr_assert_eq(th_writer_init(&other, scratch_path), 0);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), -ESTALE);
	cr_assert_gt(scratch_size(live_path), 0, "left as it is");
	cr_assert_eq(th_fold_orphans("/nonexistent/run.thc", 0, UINT64_MAX), -ENOENT);
}

Test(fold, an_empty_live_file_is_just_removed)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	make_orphan();
	size_t n;
	uint8_t *bytes = scratch_read(live_path, &n);
	memset(bytes + TH_LIVE_HEADER_BYTES, 0, n - TH_LIVE_HEADER_BYTES);
	scratch_write(live_path, bytes, n);
	free(bytes);
	cr_assert_eq(th_fold_live(scratch_path, live_path, UINT64_MAX), 0);
	cr_assert_eq(scratch_size(live_path), -1);
	cr_assert_eq(scratch_size(scratch_path), TH_FILE_HEADER_BYTES);
}

/* Its maker was killed before the magic was written; one that is being made is locked. */
Test(fold, what_was_left_unfinished_is_removed)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (size_t size = 0; size <= 65536; size += 65536) {
		uint8_t *zeros = calloc(1, size + 1);
		cr_assert_eq(th_live_name(live_path, sizeof(live_path), scratch_path, 7, 1), 0);
		scratch_write(live_path, zeros, size);
		int fd = open(live_path, O_RDONLY);
		cr_assert_eq(flock(fd, LOCK_EX), 0);
		cr_assert_eq(th_fold_orphans(scratch_path, 0, UINT64_MAX), 0);
		cr_assert_eq(scratch_size(live_path), (long)size, "somebody makes it");
		close(fd);
		cr_assert_eq(th_fold_orphans(scratch_path, 0, UINT64_MAX), 0);
		cr_assert_eq(scratch_size(live_path), -1);
		free(zeros);
	}
}

Test(fold, live_names)
{
	char name[100];
	struct th_slice capture = TH_SLICE_LIT("run.thc");
	cr_assert_eq(th_live_name(name, sizeof(name), "run.thc", 0x12ab, 4294967295), 0);
	cr_assert_str_eq(name, "run.thc-live-00000000000012ab-4294967295");
	cr_assert(th_live_is_name(name, capture));
	cr_assert(th_live_is_name("run.thc-live-00000000000012ab-1", capture));
	cr_assert_not(th_live_is_name("run.thc-live-00000000000012ab-", capture));
	cr_assert_not(th_live_is_name("run.thc-live-00000000000012ag-1", capture));
	cr_assert_not(th_live_is_name("run.thc-live-00000000000012ab-1.bak", capture));
	cr_assert_not(th_live_is_name("xun.thc-live-00000000000012ab-1", capture));
	cr_assert_not(th_live_is_name("run.thc", capture));
	cr_assert_eq(th_live_name(name, 45, "run.thc", 1, 1), -ENAMETOOLONG);
}

/* P14: past its budget a writer stores what it has as it is. */
Test(fold, budget_bounds_the_compression)
{
	static char text[200000];
	memset(text, 'a', sizeof(text));
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(1, text, sizeof(text));
	cr_assert_eq(th_writer_finish(&w, 0), 0);
	cr_assert_gt(scratch_size(scratch_path), (long)sizeof(text));
	put(2, text, sizeof(text));
	long before = scratch_size(scratch_path);
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_lt(scratch_size(scratch_path) - before, 1000);
	cr_assert_eq(count_frames(), 2);
}

/* Without any time for compression, too, what repeats is stored once. */
Test(fold, what_repeats_needs_no_time)
{
	make_noise();
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t i = 1; i <= 10; i++) {
		put(i, noise, sizeof(noise));
	}
	cr_assert_eq(th_writer_finish(&w, 0), 0);
	cr_assert_leq(scratch_size(scratch_path), (long)sizeof(noise) + 4000);
	cr_assert_eq(count_frames(), 10);
}

Test(fold, what_does_not_shrink_is_stored)
{
	make_noise();
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	put(1, noise, sizeof(noise));
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_leq(scratch_size(scratch_path), (long)sizeof(noise) + 400);
	cr_assert_eq(count_frames(), 1);
}

/* What repeats is kept once also when nothing of it compresses. */
Test(fold, noise_that_repeats_is_stored_once)
{
	make_noise();
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t i = 1; i <= 10; i++) {
		put(i, noise, sizeof(noise));
	}
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_leq(scratch_size(scratch_path), (long)sizeof(noise) + 4000);
	cr_assert_eq(count_frames(), 10);
}

/* Words drawn from a small vocabulary: as compressible as prose, and never the same twice. */
static size_t add_prose(char *to, size_t n, unsigned *seed)
{
	static const char syllables[] = "kalomineratusobedifugahepixyzwvq";
	size_t at = 0;
	while (at + 12 < n) {
		for (int i = 0; i < 3; i++) {
			memcpy(to + at, syllables + 2 * (rand_r(seed) % 16), 2);
			at += 2;
		}
		to[at++] = ' ';
	}
	return at;
}

/* An agent sends its whole history with each call; the file must grow by the new text only. */
Test(fold, a_conversation_costs_its_new_text)
{
	enum {
		TURNS = 60,
		NEW_TEXT = 2500
	};
	static char history[TURNS * NEW_TEXT];
	size_t n = 0, sent = 0;
	unsigned seed = 11;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t turn = 0; turn < TURNS; turn++) {
		n += add_prose(history + n, NEW_TEXT, &seed);
		put(turn, history, n);
		sent += n;
	}
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	long size = scratch_size(scratch_path);
	cr_assert_gt(sent, 25 * n);
	cr_assert_lt(size, (long)n * 3 / 4, "%ld bytes for %zu of new text", size, n);
}

/* Piece i of what the next test writes: stretches of `noise` in an order that repeats some of them
 * soon, some late, some beyond all that is kept in memory, and some of them never. */
static struct th_slice piece(uint32_t i)
{
	static const uint8_t zeros[4096];
	if (i % 16 == 5) {
		return (struct th_slice){zeros, sizeof(zeros)};
	}
	size_t at = i * 7919u % (sizeof(noise) / 2), n = 1000 + i * 611u % 49000;
	noise[at] ^= (uint8_t)(i % 3 == 0);
	return (struct th_slice){noise + at, n};
}

static uint64_t add_up(uint64_t sum, struct th_slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		sum = (sum ^ s.p[i]) * 0x100000001b3;
	}
	return sum;
}

static void load_key(void)
{
	char path[sizeof(scratch_path) + 4];
	snprintf(path, sizeof(path), "%s.key", scratch_path);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	cr_assert_eq(write(fd, noise, TH_AES_KEY_BYTES), TH_AES_KEY_BYTES);
	close(fd);
	cr_assert_eq(th_key_load(path), 0);
}

/* Writes n pieces, encrypted, and reads them again. */
static void come_back(struct th_slice (*make)(uint32_t i), uint32_t n)
{
	uint64_t written[300];
	struct th_reader *r = NULL;
	struct th_frame f;
	size_t damage;
	make_noise();
	load_key();
	cr_assert_leq(n, sizeof(written) / sizeof(written[0]));
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t i = 0; i < n; i++) {
		struct th_slice p = make(i);
		written[i] = add_up(i, p);
		put(i + 1, p.p, p.n);
	}
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	for (uint32_t i = 0; i < n; i++) {
		cr_assert(th_reader_next(r, &f));
		cr_assert_eq(add_up(i, f.payload), written[i], "frame %u", i);
	}
	cr_assert(!th_reader_next(r, &f));
	th_reader_damage(r, &damage);
	cr_assert_eq(damage, 0);
	th_reader_close(r);
	th_key_forget();
}

/* It is decrypted a little at a time, and blocks lean on what is kept of the one before. */
Test(fold, an_encrypted_file_is_folded_as_it_was)
{
	come_back(piece, 300);
}

/* The first ones fill a block; of the next, which is longer than what is kept in memory, only a
 * little repeats what that has: it is begun, and begun anew without. */
static struct th_slice new_piece(uint32_t i)
{
	static uint8_t room[65536];
	for (size_t k = 0; k < sizeof(room); k++) {
		uint32_t of = i == 30 && k < 16384 ? 20 : i < 24 ? i : 24;
		room[k] = (uint8_t)((of * 2654435761u + k * 40503u) * (k + 77) >> 13);
	}
	return (struct th_slice){room, sizeof(room)};
}

Test(fold, encrypted_blocks_that_are_begun_anew_are_as_they_were)
{
	come_back(new_piece, 90);
}

/* Lets the child go on to its next system call's begin or end; false: there is none. */
static bool next_stop(pid_t child, struct __ptrace_syscall_info *ret_info)
{
	int status;
	return ptrace(PTRACE_SYSCALL, child, NULL, NULL) == 0 &&
		waitpid(child, &status, 0) == child && WIFSTOPPED(status) &&
		ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(*ret_info), ret_info) > 0;
}

/* Folders come between the opening and the locking of a new live file, again and again. */
Test(fold, a_file_taken_for_an_orphan_is_made_again)
{
	struct __ptrace_syscall_info info = {0};
	int status, left = 8;
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	pid_t child = fork();
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) {
			_exit(77);
		}
		raise(SIGSTOP);
		th_writer_forked(&w);
		struct iovec part = {(void *)(uintptr_t) "hello", 5};
		_exit(th_writer_put(&w, TH_FRAME_REQ_DATA, 0, 1, 1000, &part, 1) < 0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	if (WIFEXITED(status)) {
		cr_skip_test("no ptrace here");
	}
	ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)PTRACE_O_TRACESYSGOOD);
	while (next_stop(child, &info)) {
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_flock &&
			info.entry.args[1] == (LOCK_EX | LOCK_NB) && left > 0) {
			left--;
			th_fold_orphans(scratch_path, 0, UINT64_MAX);
			cr_assert_eq(scratch_files(), 1, "it takes the file away");
		}
	}
	cr_assert_eq(left, 0);
	cr_assert_eq(th_fold_orphans(scratch_path, 0, UINT64_MAX), 1);
	cr_assert_eq(count_frames(), 1);
}
