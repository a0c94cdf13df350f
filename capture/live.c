/* A live file is fully allocated before it is mapped, so that a full disk is an error of
 * fallocate() and not a SIGBUS in the agent. Where one comes all the same, the file being cut or
 * its file system one that copies on write, it is caught (base/bus.h).
 *
 * What is mapped was written with zeros just before: a first store to a page that is only allocated
 * makes the file system convert its extent inside the page fault (ext4: 2.4 us a page against
 * 0.8 us, zeros included). */
#include "capture/live.h"

#include <sys/mman.h>

#include "base/bus.h"
#include "base/clock.h"
#include "base/fsize.h"
#include "base/sys.h"
#include "base/text.h"

#define STAT_BYTES 512
#define ZERO_BYTES (4u << 10)
/* Of one write. The page cache keeps in one piece what is written at once, and what is mapped of
 * such a piece counts as the agent's memory. */
#define ZERO_PARTS 64
#define FIELDS_AFTER_NAME_STATE 0    /* field 3 of /proc/PID/stat */
#define FIELDS_AFTER_NAME_THREADS 17 /* field 20 */
#define FIELDS_AFTER_NAME_START 19   /* field 22 */
#define TICK_NS 10000000 /* in which that is told: USER_HZ, 100 on all machines of ours */

int th_live_name(char *ret_path, size_t cap, const char *capture, uint64_t writer, uint32_t number)
{
	size_t n = strlen(capture);
	if (n + TH_LIVE_SUFFIX_MAX > cap) {
		return -ENAMETOOLONG;
	}
	memcpy(ret_path, capture, n);
	memcpy(ret_path + n, TH_LIVE_INFIX, sizeof(TH_LIVE_INFIX) - 1);
	n += sizeof(TH_LIVE_INFIX) - 1;
	uint64_t big_endian = __builtin_bswap64(writer);
	th_hex_encode(ret_path + n, &big_endian, sizeof(big_endian));
	n += 16;
	ret_path[n++] = '-';
	th_put_decimal(ret_path + n, number);
	return 0;
}

bool th_live_is_name(const char *name, struct th_slice capture)
{
	size_t infix = sizeof(TH_LIVE_INFIX) - 1;
	uint8_t writer[8];
	struct th_slice all = th_slice_str(name);
	if (all.n < capture.n + infix + 18 || memcmp(name, capture.p, capture.n) != 0 ||
		memcmp(name + capture.n, TH_LIVE_INFIX, infix) != 0) {
		return false;
	}
	const char *hex = name + capture.n + infix;
	uint64_t number;
	struct th_slice digits = {(const uint8_t *)hex + 17, all.n - capture.n - infix - 17};
	return th_hex_decode(writer, hex, sizeof(writer)) && hex[16] == '-' &&
		th_parse_u64(digits, &number);
}

/* Reads a small file; its length, 0 when it cannot be read. */
static size_t read_small(const char *path, char *p, size_t cap)
{
	int fd = th_sys_open(path, O_RDONLY, 0);
	if (fd < 0) {
		return 0;
	}
	long n = th_sys_pread(fd, p, cap, 0);
	th_sys_close(fd);
	return n < 0 ? 0 : (size_t)n;
}

/* The n-th field behind the command's name, which may itself hold spaces and parentheses. */
static struct th_slice stat_field(struct th_slice stat, int n)
{
	size_t at = stat.n;
	while (at && stat.p[at - 1] != ')') {
		at--;
	}
	struct th_slice field = {NULL, 0};
	for (; n >= 0; n--) {
		while (at < stat.n && stat.p[at] == ' ') {
			at++;
		}
		field = (struct th_slice){stat.p + at, 0};
		while (at < stat.n && stat.p[at] != ' ' && stat.p[at] != '\n') {
			at++;
			field.n++;
		}
	}
	return field;
}

struct process_stat {
	uint64_t pid, start, threads;
	uint8_t state;
};

/* False: there is no such process, or no /proc. */
static bool read_stat(const char *path, struct process_stat *ret_stat)
{
	char text[STAT_BYTES];
	struct th_slice stat = {(const uint8_t *)text, read_small(path, text, sizeof(text))};
	struct th_slice pid = {stat.p, 0};
	while (pid.n < stat.n && stat.p[pid.n] != ' ') {
		pid.n++;
	}
	struct th_slice state = stat_field(stat, FIELDS_AFTER_NAME_STATE);
	if (state.n != 1 || !th_parse_u64(pid, &ret_stat->pid)) {
		return false;
	}
	ret_stat->state = state.p[0];
	return th_parse_u64(stat_field(stat, FIELDS_AFTER_NAME_THREADS), &ret_stat->threads) &&
		th_parse_u64(stat_field(stat, FIELDS_AFTER_NAME_START), &ret_stat->start);
}

/* The text of a UUID as 16 bytes; zeros when it is none. */
static void read_boot_id(uint8_t ret_id[TH_BOOT_ID_BYTES])
{
	char text[64], hex[2 * TH_BOOT_ID_BYTES];
	size_t n = read_small("/proc/sys/kernel/random/boot_id", text, sizeof(text));
	size_t have = 0;
	for (size_t i = 0; i < n && have < sizeof(hex); i++) {
		if (text[i] != '-') {
			hex[have++] = text[i];
		}
	}
	memset(ret_id, 0, TH_BOOT_ID_BYTES);
	if (have == sizeof(hex) && !th_hex_decode(ret_id, hex, TH_BOOT_ID_BYTES)) {
		memset(ret_id, 0, TH_BOOT_ID_BYTES);
	}
}

/* All but when it began. */
static struct th_owner own_process(void)
{
	struct th_owner owner = {.pid = th_sys_getpid()};
	struct stat ns;
	if (th_sys_stat("/proc/self/ns/pid", &ns) == 0) {
		owner.pid_ns = ns.st_ino;
	}
	read_boot_id(owner.boot);
	return owner;
}

void th_owner_sign(struct th_owner *ret_owner)
{
	*ret_owner = own_process();
	ret_owner->alive_at = th_clock_boot();
}

void th_owner_self(struct th_owner *ret_owner)
{
	struct process_stat s;
	*ret_owner = own_process();
	/* A /proc of another pid namespace shows another number: then the start is not known. */
	if (read_stat("/proc/self/stat", &s) && s.pid == ret_owner->pid) {
		ret_owner->start = s.start;
	}
}

bool th_owner_was_here(const struct th_owner *owner, const struct th_owner *self)
{
	bool here = self->start && self->pid == owner->pid && self->pid_ns == owner->pid_ns;
	return here && (owner->alive_at || owner->start == self->start);
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n && *p == 0) {
		p++;
		n--;
	}
	return n == 0;
}

/* Each time namespace counts start times from a moment of its own. `path` begins with the n bytes
 * of "/proc/PID". */
static bool has_other_clock(char *path, size_t n)
{
	struct stat its, own;
	memcpy(path + n, "/ns/time", sizeof("/ns/time"));
	return th_sys_stat(path, &its) == 0 && th_sys_stat("/proc/self/ns/time", &own) == 0 &&
		its.st_ino != own.st_ino;
}

/* A process of the owner's number, by when it began. */
static bool is_another(const struct th_owner *owner, const struct process_stat *s)
{
	return owner->alive_at ? s->start > owner->alive_at / TICK_NS : s->start != owner->start;
}

bool th_owner_may_live(const struct th_owner *owner, const struct th_owner *self)
{
	if (is_zero(owner->boot, sizeof(owner->boot)) || is_zero(self->boot, sizeof(self->boot))) {
		return true;
	}
	if (memcmp(owner->boot, self->boot, sizeof(owner->boot)) != 0) {
		return false;
	}
	if (owner->pid_ns != self->pid_ns || !owner->pid_ns || !self->start ||
		(!owner->start && !owner->alive_at)) {
		return true;
	}
	char path[32] = "/proc/";
	size_t n = 6 + th_put_decimal(path + 6, owner->pid);
	memcpy(path + n, "/stat", sizeof("/stat"));
	struct process_stat s;
	if (!read_stat(path, &s)) {
		return th_sys_kill(owner->pid, 0) != -ESRCH;
	}
	if (is_another(owner, &s)) {
		return has_other_clock(path, n);
	}
	/* A zombie has no memory left to write with, unless only its first thread has ended. */
	return (s.state != 'Z' && s.state != 'X') || s.threads > 1;
}

/* The same bytes several times. */
static int parts_of(const uint8_t *zeros, size_t n, struct iovec parts[ZERO_PARTS])
{
	int count = 0;
	for (; n > 0 && count < ZERO_PARTS; count++) {
		size_t part = n < ZERO_BYTES ? n : ZERO_BYTES;
		parts[count] = (struct iovec){(void *)(uintptr_t)zeros, part};
		n -= part;
	}
	return count;
}

static int fill_with_zeros(int fd, size_t from, size_t to)
{
	static const uint8_t zeros[ZERO_BYTES];
	struct iovec parts[ZERO_PARTS];
	while (from < to) {
		int n = parts_of(zeros, to - from, parts);
		long wrote = th_sys_pwritev(fd, parts, n, (off_t)from);
		if (wrote <= 0) {
			return wrote < 0 ? (int)wrote : -ENOSPC;
		}
		from += (size_t)wrote;
	}
	return 0;
}

static int extend(int fd, size_t from, size_t to)
{
	int r = th_sys_fallocate(fd, (off_t)from, (off_t)(to - from));
	if (r < 0 && r != -EOPNOTSUPP && r != -ENOSYS) {
		return r;
	}
	return fill_with_zeros(fd, from, to);
}

/* A window from `offset` on, of a file of `size` bytes, more than that. */
static int map_window(int fd, size_t offset, size_t size, struct th_live_window *ret_window)
{
	size_t n = th_live_window_end(size) - offset;
	void *map = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
	if (map == MAP_FAILED) {
		return -errno;
	}
	th_bus_watch(map, n);
	*ret_window = (struct th_live_window){map, offset, size - offset, n};
	return 0;
}

void th_live_unmap(struct th_live_window *window)
{
	if (window->map) {
		th_bus_forget(window->map);
		munmap(window->map, window->mapped);
		window->map = NULL;
	}
}

/* The magic comes last, in one store: a maker killed on the way leaves a file that no reader takes
 * for a damaged one. */
static void put_header(uint8_t *map, const struct th_live_header *header)
{
	_Alignas(8) uint8_t bytes[TH_LIVE_HEADER_BYTES];
	uint64_t magic;
	th_live_header_encode(bytes, header);
	memcpy(map + TH_MAGIC_BYTES, bytes + TH_MAGIC_BYTES, sizeof(bytes) - TH_MAGIC_BYTES);
	memcpy(&magic, bytes, sizeof(magic));
	__atomic_store_n((uint64_t *)(void *)map, magic, __ATOMIC_RELEASE);
}

static int fill_and_map(
	int fd, const struct th_live_header *header, size_t size, struct th_live_window *ret_window)
{
	int r = extend(fd, 0, size);
	r = r < 0 ? r : map_window(fd, 0, size, ret_window);
	if (r == 0) {
		put_header(ret_window->map, header);
	}
	return r;
}

static bool is_at(const char *path, const struct stat *st)
{
	struct stat at_path;
	return th_sys_stat(path, &at_path) == 0 && st->st_ino == at_path.st_ino &&
		st->st_dev == at_path.st_dev;
}

/* Whoever finds an unfinished file that nobody holds removes it: its maker was killed (fold.c).
 * False: that happened to this one already. Not every file system counts names: one that says there
 * are none is asked by name. */
static bool hold(int fd, const char *path, struct stat *ret_st)
{
	if (th_sys_flock(fd, LOCK_EX | LOCK_NB) == -EWOULDBLOCK) {
		return false;
	}
	return th_sys_fstat(fd, ret_st) == 0 && (ret_st->st_nlink > 0 || is_at(path, ret_st));
}

int th_live_create(const char *path, mode_t mode, const struct th_live_header *header, size_t size,
	uint64_t *ret_inode, struct th_live_window *ret_window)
{
	struct stat st;
	int fd = th_sys_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
	if (fd < 0) {
		return fd;
	}
	if (!hold(fd, path, &st)) {
		th_sys_close(fd);
		return -EAGAIN;
	}
	struct th_fsize_guard guard = th_fsize_begin();
	int r = fill_and_map(fd, header, size, ret_window);
	th_fsize_end(&guard);
	if (r < 0) {
		th_sys_unlink(path);
	} else {
		*ret_inode = st.st_ino;
	}
	th_sys_flock(fd, LOCK_UN); /* by hand: a child forked meanwhile shares the lock */
	th_sys_close(fd);
	return r;
}

/* Of all that was mapped, and with its magic: it may have been cut, and have grown again. */
static bool is_whole(int fd, const struct stat *st, const struct th_live_window *w)
{
	uint8_t magic[TH_MAGIC_BYTES];
	return (size_t)st->st_size >= w->offset + w->size &&
		(th_sys_pread(fd, magic, sizeof(magic), 0) != sizeof(magic) ||
			!is_zero(magic, sizeof(magic)));
}

static int slide_fd(int fd, uint64_t inode, size_t size, size_t tail, struct th_live_window *w)
{
	struct stat st;
	struct th_live_window next = *w;
	int r = th_sys_fstat(fd, &st);
	if (r == 0 && (st.st_ino != inode || !is_whole(fd, &st, w))) {
		r = -ESTALE;
	}
	if (r == 0 && (size_t)st.st_size < size) {
		r = extend(fd, (size_t)st.st_size, size);
	}
	if (r == 0 && size <= w->offset + w->mapped) {
		w->size = size - w->offset;
		return 0;
	}
	if (r == 0) {
		r = map_window(fd, tail & ~(size_t)(TH_LIVE_ALIGN - 1), size, &next);
	}
	if (r < 0) {
		return r;
	}
	th_live_unmap(w);
	*w = next;
	return 0;
}

int th_live_slide(const char *path, uint64_t inode, size_t size, size_t tail, size_t need,
	struct th_live_window *window)
{
	if (tail + need > size || need > TH_LIVE_NEED_MAX) {
		return -EINVAL;
	}
	int fd = th_sys_open(path, O_RDWR | O_NOFOLLOW, 0);
	if (fd < 0) {
		return fd == -ENOENT ? -ESTALE : fd;
	}
	struct th_fsize_guard guard = th_fsize_begin();
	int r = slide_fd(fd, inode, size, tail, window);
	th_fsize_end(&guard);
	th_sys_close(fd);
	return r;
}
