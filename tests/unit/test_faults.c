/* The writer on file systems that fail: each system call on a file that a recording makes fails in
 * each way that it can, once, or from then on. Whatever happens, the capture can be read, each
 * frame that was taken is in it once, and each that was not is counted.
 *
 * The writer's files are compiled once more for this, with TH_SYS_FAULTY (base/sys.h). */
#include <dirent.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/sys.h"
#include "capture/fold.h"
#include "capture/key.h"
#include "capture/reader.h"
#include "capture/writer.h"
#include "tests/unit/scratch.h"

#define PUTS 9
#define PUT_BYTES 20000 /* so that the live file grows, and is left for another */
#define TYPE 99

enum fault {
	NONE,
	INTERRUPTED, /* EINTR, and nothing was done */
	SHORT,	     /* half of it was written */
	NO_SPACE,
	IO_ERROR,
	NO_PREALLOCATION, /* from then on */
	FULL,		  /* from then on, for all that takes room */
	READ_ONLY,	  /* from then on */
	KINDS,
	NO_LIVE_FILE, /* from then on: a disk that has room in the capture's last page only */
	READ_NOTHING, /* from then on, no file can be opened */
};

static enum fault fault;
static int fault_at, tried, calls; /* the number of the call that fails; 0: none */
static int locks, busy;		   /* calls of flock(2); as many of them that find it locked */

/* ---- the system calls ---- */

static long raw(long n, const long a[6])
{
	return th_sys_call(n, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static bool is_on_files(long n)
{
	return n == SYS_openat || n == SYS_pread64 || n == SYS_pwrite64 || n == SYS_pwritev ||
		n == SYS_writev || n == SYS_fallocate || n == SYS_flock || n == SYS_fstat ||
		n == SYS_newfstatat || n == SYS_unlinkat;
}

static bool takes_room(long n, const long a[6])
{
	return n == SYS_pwrite64 || n == SYS_pwritev || n == SYS_writev || n == SYS_fallocate ||
		(n == SYS_openat && (a[2] & O_CREAT));
}

static bool writes(long n, const long a[6])
{
	return takes_room(n, a) || n == SYS_unlinkat ||
		(n == SYS_openat && (a[2] & O_ACCMODE) != O_RDONLY);
}

static long half(long n, const long a[6])
{
	const struct iovec *parts = (const struct iovec *)a[1];
	const long less[6] = {a[0], a[1], a[2] / 2, a[3]};
	if (n == SYS_pwrite64) {
		return raw(n, less);
	}
	struct iovec some[2] = {parts[0], a[2] > 1 ? parts[1] : parts[0]};
	some[a[2] > 1].iov_len /= 2;
	const long one[6] = {a[0], (long)some, 1 + (a[2] > 1), a[3]};
	return raw(n, one);
}

static long fail(long n, const long a[6])
{
	const bool last = calls == fault_at;
	switch (fault) {
	case INTERRUPTED:
		return last && n != SYS_fstat && n != SYS_newfstatat && n != SYS_unlinkat ? -EINTR
											  : 1;
	case SHORT:
		return last && (n == SYS_pwrite64 || n == SYS_pwritev || n == SYS_writev)
			? half(n, a)
			: 1;
	case NO_SPACE:
		return last && takes_room(n, a) ? -ENOSPC : 1;
	case IO_ERROR:
		return last ? -EIO : 1;
	case NO_PREALLOCATION:
		return n == SYS_fallocate ? -EOPNOTSUPP : 1;
	case FULL:
		return takes_room(n, a) ? -ENOSPC : 1;
	case READ_ONLY:
		return writes(n, a) ? -EROFS : 1;
	case NO_LIVE_FILE:
		return n == SYS_pwritev || (n == SYS_fallocate && a[1] == 0) ? -ENOSPC : 1;
	case READ_NOTHING:
		return n == SYS_openat ? -EMFILE : 1;
	default:
		return 1;
	}
}

long th_sys_faulty(long n, long a, long b, long c, long d, long e, long f)
{
	const long all[6] = {a, b, c, d, e, f};
	long r = 1;
	locks += n == SYS_flock;
	if (n == SYS_flock && busy > 0) {
		busy--;
		return -EWOULDBLOCK;
	}
	if (is_on_files(n) && ++calls >= fault_at && fault_at) {
		r = fail(n, all);
	}
	return r == 1 ? raw(n, all) : r;
}

/* ---- a recording ---- */

static struct th_writer w;
static bool taken[PUTS + 2];

/* Every third one is what was said before, so that frames refer (again.h). */
static bool is_said_again(uint32_t id)
{
	return id % 3 == 2;
}

static uint8_t type_of(uint32_t id)
{
	return is_said_again(id) ? TH_FRAME_REQ_DATA : TYPE;
}

static uint8_t byte_of(uint32_t id)
{
	return is_said_again(id) ? 'a' : (uint8_t)id;
}

static int put(uint32_t id, size_t n, bool direct)
{
	static uint8_t bytes[PUT_BYTES];
	memset(bytes, byte_of(id), sizeof(bytes));
	struct iovec part = {bytes, n};
	return (direct ? th_writer_put_direct : th_writer_put)(&w, type_of(id), 0, id, 1, &part, 1);
}

/* False: the writer did not begin. */
static bool record(void)
{
	memset(taken, 0, sizeof(taken));
	memset(&w, 0, sizeof(w));
	if (th_writer_init(&w, scratch_path) < 0) {
		return false;
	}
	taken[0] = put(0, 10, true) == 0;
	for (uint32_t i = 1; i <= PUTS; i++) {
		w.retry_at = 0; /* time passes */
		taken[i] = put(i, PUT_BYTES, false) == 0;
	}
	taken[PUTS + 1] = put(PUTS + 1, 10, true) == 0;
	(void)th_writer_finish(&w, UINT64_MAX);
	return true;
}

struct seen {
	int times[PUTS + 2];
	uint64_t lost;
	size_t damage;
};

static bool is_as_put(const struct th_frame *f)
{
	for (size_t i = 0; i < f->payload.n; i++) {
		if (f->payload.p[i] != byte_of(f->id)) {
			return false;
		}
	}
	return true;
}

static struct seen look(void)
{
	struct seen s = {0};
	struct th_reader *r = NULL;
	struct th_frame f;
	cr_assert_eq(th_reader_open(scratch_path, &r, NULL), 0);
	while (th_reader_next(r, &f)) {
		struct th_in in = {f.payload.p, f.payload.n, false};
		if (f.type == TH_FRAME_LOST) {
			s.lost += th_in_u64(&in);
		} else if (f.id <= PUTS + 1 && f.type == type_of(f.id)) {
			cr_assert(is_as_put(&f), "frame %u", f.id);
			s.times[f.id]++;
		}
	}
	th_reader_damage(r, &s.damage);
	th_reader_close(r);
	return s;
}

static void check(const char *about)
{
	struct seen s = look();
	uint64_t refused = 0;
	for (int i = 0; i < PUTS + 2; i++) {
		cr_assert_eq(s.times[i], taken[i],
			"%s: call %d, fault %d: frame %d is there %d times", about, fault_at, fault,
			i, s.times[i]);
		refused += !taken[i];
	}
	cr_assert_eq(s.lost + w.lost_events, refused,
		"%s: call %d, fault %d: %d were refused, %d lost", about, tried, fault,
		(int)refused, (int)(s.lost + w.lost_events));
	cr_assert_eq(s.damage, 0, "%s: call %d, fault %d", about, tried, fault);
	if (fault == INTERRUPTED || fault == SHORT || fault == NO_PREALLOCATION || fault == NONE) {
		cr_assert_eq(refused, 0, "%s: call %d, fault %d", about, tried, fault);
	}
	if (fault == NONE) {
		cr_assert_eq(scratch_files(), 1, "%s: call %d: all is folded", about, tried);
	}
}

static void remove_files(void)
{
	char path[sizeof(scratch_dir) + 260];
	DIR *d = opendir(scratch_dir);
	for (struct dirent *e; (e = readdir(d));) {
		snprintf(path, sizeof(path), "%s/%s", scratch_dir, e->d_name);
		(void)unlink(path);
	}
	closedir(d);
}

static void try_all(const char *about)
{
	calls = fault_at = 0;
	fault = NONE;
	cr_assert(record());
	const int n = calls;
	cr_assert_gt(n, 30, "the calls go through here: %d", n);
	check(about);
	for (fault = INTERRUPTED; fault < KINDS; fault++) {
		const int step = fault >= NO_PREALLOCATION ? 5 : 1; /* from then on: much alike */
		for (int at = 1; at <= n; at += step) {
			remove_files();
			calls = 0;
			tried = fault_at = at;
			bool begun = record();
			fault_at = 0;
			if (begun) {
				check(about);
			}
		}
	}
}

TestSuite(faults, .init = scratch_setup, .fini = scratch_teardown);

Test(faults, at_each_call)
{
	try_all("plain");
}

Test(faults, at_each_call_of_an_encrypted_recording)
{
	char path[64], key[32] = "thirty-two bytes that are secret";
	strcpy(path, "/tmp/th-key-XXXXXX");
	int fd = mkstemp(path);
	cr_assert_eq(write(fd, key, sizeof(key)), (ssize_t)sizeof(key));
	close(fd);
	cr_assert_eq(th_key_load(path), 0);
	unlink(path);
	try_all("encrypted");
}

/* Who looks for orphans must not keep the owner of a file from folding it. */
Test(faults, what_lives_is_not_locked_by_who_looks)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	cr_assert_eq(put(1, 10, false), 0);
	locks = 0;
	cr_assert_eq(th_fold_orphans(scratch_path, w.id, UINT64_MAX), 0);
	cr_assert_eq(locks, 0);
	busy = 3; /* looked at while it was made */
	cr_assert_eq(th_writer_finish(&w, UINT64_MAX), 0);
	cr_assert_eq(busy, 0);
	cr_assert_eq(scratch_files(), 1);
	struct seen s = look();
	cr_assert_eq(s.times[1], 1);
}

/* A /proc that cannot be read, or not all of it, is no proof of death. */
Test(faults, who_cannot_be_looked_at_may_live)
{
	struct th_owner self, other;
	th_owner_self(&self);
	other = self;
	other.pid = (uint32_t)getppid();
	calls = 0;
	fault_at = 1;
	fault = READ_NOTHING;
	cr_assert(th_owner_may_live(&self, &self));
	cr_assert(th_owner_may_live(&other, &self));
	other.pid = 0x7ffffff0;
	cr_assert_not(th_owner_may_live(&other, &self));
	fault_at = 0;
}

static void lose_all(uint32_t first)
{
	calls = 0;
	fault_at = 1;
	fault = NO_LIVE_FILE;
	for (uint32_t i = first; i <= PUTS; i++) {
		w.retry_at = 0;
		cr_assert_eq(put(i, PUT_BYTES, false), -ENOSPC);
	}
	fault_at = 0;
}

/* It never ends in good order: what it lost is told when it happens. */
Test(faults, who_is_killed_has_told_of_losses)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	lose_all(1);
	cr_assert_eq(look().lost, 8);
	cr_assert_eq(w.lost_events, PUTS - 8);
}

Test(faults, who_is_killed_in_the_middle_has_told_of_losses)
{
	cr_assert_eq(th_writer_init(&w, scratch_path), 0);
	for (uint32_t i = 1; i <= 3; i++) {
		cr_assert_eq(put(i, PUT_BYTES, false), 0);
	}
	lose_all(4);
	struct seen s = look();
	cr_assert_eq(s.lost, 4);
	cr_assert_eq(s.times[1] + s.times[2] + s.times[3], 3);
	w.retry_at = 0;
	cr_assert_eq(put(4, PUT_BYTES, false), 0);
	s = look();
	cr_assert_eq(s.lost, PUTS - 3, "all, before anything else");
	cr_assert_eq(s.times[4], 1);
}
