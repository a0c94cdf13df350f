#include "trace/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (64u << 10)
#define ALIGN 16
#define ARRAY_FIRST 4

struct th_arena_chunk {
	struct th_arena_chunk *next;
	size_t size;
	_Alignas(ALIGN) uint8_t bytes[];
};

static bool add_chunk(struct th_arena *a, size_t n)
{
	size_t size = n > CHUNK ? n : CHUNK;
	struct th_arena_chunk *c = calloc(1, sizeof(*c) + size);
	if (!c) {
		a->failed = true;
		return false;
	}
	c->size = size;
	c->next = a->chunks;
	a->chunks = c;
	a->used = 0;
	return true;
}

void *th_arena_alloc(struct th_arena *a, size_t n)
{
	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if ((!a->chunks || a->chunks->size - a->used < n) && !add_chunk(a, n)) {
		return NULL;
	}
	void *p = a->chunks->bytes + a->used;
	a->used += n;
	return p;
}

void *th_arena_room(struct th_arena *a, void *array, size_t n, size_t size)
{
	bool full = n == 0 || (n >= ARRAY_FIRST && (n & (n - 1)) == 0);
	if (!full) {
		return array;
	}
	void *moved = th_arena_alloc(a, (n ? 2 * n : ARRAY_FIRST) * size);
	if (moved && n) {
		memcpy(moved, array, n * size);
	}
	return moved;
}

void th_arena_finish(struct th_arena *a)
{
	while (a->chunks) {
		struct th_arena_chunk *c = a->chunks;
		a->chunks = c->next;
		free(c);
	}
}
