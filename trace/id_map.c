#include "trace/id_map.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/random.h>

#define FIRST_SLOTS 16

/* Ids come from a file, whose writer could choose such as meet in one place. So where they go is
 * not to be foreseen. The same for all maps: `seed` is copied, since two threads may draw one. */
static uint64_t draw_seed(void)
{
	static _Atomic uint64_t drawn;
	uint64_t seed = atomic_load_explicit(&drawn, memory_order_relaxed);
	if (seed == 0) {
		if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed)) {
			seed = (uintptr_t)&seed;
		}
		seed |= 1;
		atomic_store_explicit(&drawn, seed, memory_order_relaxed);
	}
	return seed;
}

/* Ids that follow each other are spread, then drawn apart by an odd factor (Dietzfelbinger and
 * others, 1997). */
static size_t place_of(const struct th_id_map *m, uint32_t id)
{
	uint64_t x = (uint64_t)id * 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 32) * m->seed;
	return (size_t)(x >> 32) & (m->cap - 1);
}

static struct th_id_slot *find_slot(const struct th_id_map *m, uint32_t id)
{
	size_t i = place_of(m, id);
	while (m->slots[i].value && m->slots[i].id != id) {
		i = (i + 1) & (m->cap - 1);
	}
	return &m->slots[i];
}

void *th_id_map_find(const struct th_id_map *m, uint32_t id)
{
	return m->cap ? find_slot(m, id)->value : NULL;
}

static bool grow_map(struct th_arena *a, struct th_id_map *m)
{
	struct th_id_map bigger = {
		.n = m->n, .cap = m->cap ? 2 * m->cap : FIRST_SLOTS, .seed = draw_seed()};
	bigger.slots = th_arena_alloc(a, bigger.cap * sizeof(bigger.slots[0]));
	if (!bigger.slots) {
		return false;
	}
	for (size_t i = 0; i < m->cap; i++) {
		if (m->slots[i].value) {
			*find_slot(&bigger, m->slots[i].id) = m->slots[i];
		}
	}
	*m = bigger;
	return true;
}

bool th_id_map_add(struct th_arena *a, struct th_id_map *m, uint32_t id, void *value)
{
	if (2 * (m->n + 1) > m->cap && !grow_map(a, m)) {
		return false;
	}
	*find_slot(m, id) = (struct th_id_slot){id, value};
	m->n++;
	return true;
}
