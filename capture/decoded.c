#include "capture/decoded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture/segments.h"

#define MOST (16ull << 30)
#define LARGE (8u << 20) /* decompressed so far: there will be more */
#define SHARED (16u << 20)
#define HUGE_PAGE (2u << 20)

uint64_t th_decoded_most = 0;

/* What a container may have, of cgroups' version 2 or 1; `most` when it is not bounded. */
static uint64_t of_container(const char *path, uint64_t most)
{
	FILE *f = fopen(path, "re");
	uint64_t n;
	if (f) {
		most = fscanf(f, "%" SCNu64, &n) == 1 && n < most ? n : most;
		fclose(f);
	}
	return most;
}

/* The other half is for what is made of the frames, and for everybody else. */
static uint64_t half_of_memory(void)
{
	struct rlimit limit;
	uint64_t all = 2 * MOST;
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	if (pages > 0 && size > 0 && (uint64_t)pages * (uint64_t)size < all) {
		all = (uint64_t)pages * (uint64_t)size;
	}
	if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < all) {
		all = limit.rlim_cur;
	}
	all = of_container("/sys/fs/cgroup/memory.max", all);
	all = of_container("/sys/fs/cgroup/memory/memory.limit_in_bytes", all);
	return all / 2;
}

void th_decoded_init(struct th_decoded *d)
{
	*d = (struct th_decoded){.most = th_decoded_most ? th_decoded_most : half_of_memory()};
}

void th_decoded_finish(struct th_decoded *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->pieces[i]);
	}
	free(d->pieces);
}

/* One of the pieces of memory; NULL: there is none. */
static uint8_t *own(struct th_decoded *d, uint8_t *p)
{
	uint8_t **room = p ? th_array_room(d->pieces, d->n, sizeof(*room)) : NULL;
	if (!room) {
		free(p);
		return NULL;
	}
	d->pieces = room;
	return d->pieces[d->n++] = p;
}

static size_t room_for(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

/* Of a large capture many blocks share memory in pages of 2 MB: to get hundreds of megabytes in
 * small pages takes longer than to decompress into them. */
static uint8_t *share(struct th_decoded *d, size_t n)
{
	size_t room = room_for(n);
	d->last_is_shared = d->bytes >= LARGE && room <= SHARED;
	if (!d->last_is_shared) {
		return own(d, malloc(n ? n : 1));
	}
	if (room > d->shared_left) {
		uint8_t *p = own(d, aligned_alloc(HUGE_PAGE, SHARED));
		if (!p) {
			return NULL;
		}
		(void)madvise(p, SHARED, MADV_HUGEPAGE);
		d->shared = p;
		d->shared_left = SHARED;
	}
	uint8_t *p = d->shared;
	d->shared += room;
	d->shared_left -= room;
	return p;
}

bool th_decoded_admits(const struct th_decoded *d, uint64_t n, uint64_t beside)
{
	return d->bytes + beside + n <= d->most;
}

uint8_t *th_decoded_take(struct th_decoded *d, size_t n)
{
	d->last = share(d, n);
	d->last_n = n;
	d->bytes += d->last ? n : 0;
	return d->last;
}

static uint8_t *shrink_shared(struct th_decoded *d, size_t n)
{
	size_t back = room_for(d->last_n) - room_for(n);
	d->shared -= back;
	d->shared_left += back;
	return n ? d->last : NULL;
}

static uint8_t *shrink_own(struct th_decoded *d, size_t n)
{
	if (n == 0) {
		free(d->pieces[--d->n]);
		return NULL;
	}
	uint8_t *less = realloc(d->pieces[d->n - 1], n);
	if (less) {
		d->pieces[d->n - 1] = less;
	}
	return d->pieces[d->n - 1];
}

uint8_t *th_decoded_shrink(struct th_decoded *d, uint8_t *p, size_t n)
{
	if (!p || p != d->last || n == d->last_n) {
		return p;
	}
	d->last = (d->last_is_shared ? shrink_shared : shrink_own)(d, n);
	d->bytes -= d->last_n - n;
	d->last_n = n;
	return d->last;
}
