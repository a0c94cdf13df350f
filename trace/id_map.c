#include "trace/id_map.h"

#define FIRST_SLOTS 16

static struct th_id_slot *find_slot(const struct th_id_map *m, uint32_t id)
{
	size_t i = (id * 2654435761u) & (m->cap - 1);
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
	struct th_id_map bigger = {.n = m->n, .cap = m->cap ? 2 * m->cap : FIRST_SLOTS};
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
