/* Memory that lives as long as a trace and is freed with it, at once. */
#ifndef TRACE_ARENA_H
#define TRACE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct th_arena {
	struct th_arena_chunk *chunks;
	size_t used; /* of the newest chunk */
	bool failed; /* an allocation gave NULL: sticky */
};

/* n bytes, zeroed, aligned for any type; NULL without memory. */
void *th_arena_alloc(struct th_arena *a, size_t n);

/* Room for one more element of `size` bytes behind the n of `array`, which may move; NULL without
 * memory. Arrays grow by doubling: n alone tells the capacity. */
void *th_arena_room(struct th_arena *a, void *array, size_t n, size_t size);

void th_arena_finish(struct th_arena *a);

#endif
