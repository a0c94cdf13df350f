#include "base/pool.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/lock.h"

#define SMALLEST_SHIFT 6 /* 64 bytes: a cache line */
#define LARGEST_SHIFT 20
#define CLASSES (LARGEST_SHIFT - SMALLEST_SHIFT + 1)
#define CHUNK_SMALL (64u << 10) /* at first, and not mapped: most agents need no more */
#define CHUNK_LARGE (1u << 20)

_Static_assert(1u << LARGEST_SHIFT == TH_POOL_LARGEST_BLOCK, "pool.h and the classes agree");

struct free_block {
	struct free_block *next;
};

static struct {
	struct th_lock lock;
	struct free_block *free[CLASSES];
	uint8_t *chunk; /* what is left of the newest one */
	size_t chunk_left;
	size_t mapped;
} pool;

static _Alignas(1u << SMALLEST_SHIFT) uint8_t first_chunk[CHUNK_SMALL];

static uint8_t *map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

static int class_of(size_t n)
{
	int shift = n <= 1 ? 0 : 64 - __builtin_clzll(n - 1);
	return shift <= SMALLEST_SHIFT ? 0 : shift - SMALLEST_SHIFT;
}

static void push(int class, void *p)
{
	struct free_block *b = p;
	b->next = pool.free[class];
	pool.free[class] = b;
}

/* What is left of the old mapping is cut into blocks, so nothing is wasted. */
static void retire_chunk(void)
{
	while (pool.chunk_left >= (1u << SMALLEST_SHIFT)) {
		int class = 63 - __builtin_clzll(pool.chunk_left) - SMALLEST_SHIFT;
		class = class >= CLASSES ? CLASSES - 1 : class;
		push(class, pool.chunk);
		pool.chunk += 1ull << (class + SMALLEST_SHIFT);
		pool.chunk_left -= 1ull << (class + SMALLEST_SHIFT);
	}
}

static int map_chunk(size_t block)
{
	size_t size = block > CHUNK_SMALL || pool.mapped ? CHUNK_LARGE : CHUNK_SMALL;
	if (pool.mapped + size > TH_POOL_LIMIT) {
		return -1;
	}
	uint8_t *p = size == CHUNK_SMALL ? first_chunk : map(size);
	if (!p) {
		return -1;
	}
	retire_chunk();
	pool.chunk = p;
	pool.chunk_left = size;
	pool.mapped += size;
	return 0;
}

static void *take(int class)
{
	size_t block = 1ull << (class + SMALLEST_SHIFT);
	struct free_block *b = pool.free[class];
	if (b) {
		pool.free[class] = b->next;
		return b;
	}
	if (pool.chunk_left < block && map_chunk(block) < 0) {
		return NULL;
	}
	void *p = pool.chunk;
	pool.chunk += block;
	pool.chunk_left -= block;
	return p;
}

void *th_pool_room(size_t n)
{
	if (n > TH_POOL_LARGEST_BLOCK || !th_lock(&pool.lock)) {
		return NULL;
	}
	void *p = take(class_of(n));
	th_unlock(&pool.lock);
	return p;
}

void *th_pool_alloc(size_t n)
{
	void *p = th_pool_room(n);
	return p ? memset(p, 0, n) : NULL;
}

void th_pool_free(void *p, size_t n)
{
	if (!p || !th_lock(&pool.lock)) {
		return; /* a block lost to a stuck lock is the lesser evil */
	}
	push(class_of(n), p);
	th_unlock(&pool.lock);
}

void th_pool_forked(void)
{
	th_lock_reset(&pool.lock);
}
