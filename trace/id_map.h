/* Finds connections and exchanges by their id within a writer; open addressing, in an arena. */
#ifndef TRACE_ID_MAP_H
#define TRACE_ID_MAP_H

#include <stdint.h>

#include "trace/arena.h"

/* Zeroed is empty. */
struct th_id_map {
	struct th_id_slot {
		uint32_t id;
		void *value; /* NULL: free */
	} * slots;
	size_t n, cap;
	uint64_t seed;
};

/* NULL: not there. */
void *th_id_map_find(const struct th_id_map *m, uint32_t id);

/* Adds a value under an id that is not there yet; false without memory. */
bool th_id_map_add(struct th_arena *a, struct th_id_map *m, uint32_t id, void *value);

#endif
