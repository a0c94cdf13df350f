/* See code.h. Pieces are never given back: what they stand for lives as long as the process. */
#include "shim/code.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/lock.h"
#include "base/sys.h"

#define REGIONS_MAX 64
#define REGION_BYTES 16384
#define ALIGNMENT 32
#define REACH (((uintptr_t)1 << 31) - ((uintptr_t)1 << 20)) /* of a rel32, with room to spare */
#define PROBE_STEP ((uintptr_t)2 << 20)
#define PROBE_LOWEST ((uintptr_t)1 << 20)
/* Above an object comes its bss, and above a program the heap grows: far from both. */
#define PROBE_ABOVE ((uintptr_t)1 << 30)

struct region {
	uintptr_t base;
	size_t used;
};

static struct region regions[REGIONS_MAX];
static size_t regions_n;
static struct th_lock lock;

/* ---- writing ---- */

int th_code_patch(void *at, const void *bytes, size_t n)
{
	int fd = th_sys_open("/proc/self/mem", O_RDWR, 0);
	if (fd < 0) {
		return fd;
	}
	long r = th_sys_pwrite(fd, bytes, n, (off_t)(uintptr_t)at);
	th_sys_close(fd);
	if (r < 0) {
		return (int)r;
	}
	return (size_t)r == n && memcmp(at, bytes, n) == 0 ? 0 : -EIO;
}

/* ---- memory ---- */

static bool reaches(uintptr_t from, uintptr_t near)
{
	return !near || (from > near ? from - near : near - from) < REACH;
}

static uintptr_t map_at(uintptr_t at)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED_NOREPLACE : 0);
	void *p = mmap((void *)at, REGION_BYTES, PROT_READ | PROT_EXEC, flags, -1, 0);
	if (p != MAP_FAILED && at && (uintptr_t)p != at) {
		munmap(p, REGION_BYTES); /* a kernel that does not know the flag */
		p = MAP_FAILED;
	}
	return p == MAP_FAILED ? 0 : (uintptr_t)p;
}

static uintptr_t map_near(uintptr_t near)
{
	uintptr_t start = near & ~(PROBE_STEP - 1), at = 0;
	for (uintptr_t d = PROBE_STEP; !at && d < REACH && start > d + PROBE_LOWEST;
		d += PROBE_STEP) {
		at = map_at(start - d);
	}
	for (uintptr_t d = PROBE_ABOVE; !at && d < REACH; d += PROBE_STEP) {
		at = map_at(start + d);
	}
	return at;
}

static struct region *new_region(uintptr_t near)
{
	uintptr_t base = regions_n < REGIONS_MAX ? near ? map_near(near) : map_at(0) : 0;
	if (!base) {
		return NULL;
	}
	regions[regions_n] = (struct region){base, 0};
	return &regions[regions_n++];
}

static struct region *region_for(uintptr_t near)
{
	for (size_t i = 0; i < regions_n; i++) {
		bool room = regions[i].used + TH_CODE_BYTES_MAX <= REGION_BYTES;
		if (room && reaches(regions[i].base, near)) {
			return &regions[i];
		}
	}
	return new_region(near);
}

/* Without /proc: a region that nobody runs in yet. */
static int write_new_region(struct region *r, const void *bytes, size_t n)
{
	void *base = (void *)r->base;
	if (r->used > 0 || mprotect(base, REGION_BYTES, PROT_READ | PROT_WRITE) < 0) {
		return -EACCES;
	}
	memcpy(base, bytes, n);
	return mprotect(base, REGION_BYTES, PROT_READ | PROT_EXEC) < 0 ? -errno : 0;
}

static void *add(uintptr_t near, th_code_make *make, void *ctx)
{
	unsigned char buf[TH_CODE_BYTES_MAX];
	struct region *r = region_for(near);
	void *at = r ? (void *)(r->base + r->used) : NULL;
	size_t n = r ? make(ctx, buf, at) : 0;
	if (n == 0) {
		return NULL;
	}
	if (th_code_patch(at, buf, n) < 0) {
		r = r->used > 0 ? new_region(near) : r;
		at = r ? (void *)r->base : NULL;
		n = r ? make(ctx, buf, at) : 0;
		if (n == 0 || write_new_region(r, buf, n) < 0) {
			return NULL;
		}
		r->used = REGION_BYTES; /* not to be made writable again */
		return at;
	}
	r->used += (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	return at;
}

void *th_code_add(const void *near, th_code_make *make, void *ctx)
{
	if (!th_lock(&lock)) {
		return NULL;
	}
	void *at = add((uintptr_t)near, make, ctx);
	th_unlock(&lock);
	return at;
}
