/* See foreign.h. A page, shared with all that are forked from here (an agent forks without our
 * knowing, P27, so nothing can be handed over at the time). A connection has the same address and
 * generation in parent and child: their hash picks a byte of each half, which says that
 * it was used, and counts what was heard. Two connections that share one are at worst not checked,
 * and hearing on one seems to be hearing on the other: that takes 2,048 of them. */
#include "recorder/foreign.h"

#include <stdatomic.h>
#include <sys/mman.h>

#define PLACES 2048
#define GOLDEN 0x9e3779b97f4a7c15u

static _Atomic uint8_t *_Atomic shared;

void th_foreign_start(void)
{
	_Atomic uint8_t *none = NULL;
	if (atomic_load_explicit(&shared, memory_order_relaxed)) {
		return;
	}
	void *p = mmap(NULL, (size_t)2 * PLACES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		-1, 0);
	if (p != MAP_FAILED && !atomic_compare_exchange_strong(&shared, &none, p)) {
		munmap(p, (size_t)2 * PLACES);
	}
}

static _Atomic uint8_t *place_of(const struct th_conn *c)
{
	uint64_t mix = (((uintptr_t)c >> 4) + c->generation) * GOLDEN;
	return &shared[(mix >> 40) % PLACES];
}

void th_foreign_note(const struct th_conn *c, bool heard)
{
	if (shared) {
		atomic_store_explicit(place_of(c), 1, memory_order_relaxed);
	}
	if (shared && heard) {
		atomic_fetch_add_explicit(place_of(c) + PLACES, 1, memory_order_relaxed);
	}
}

uint8_t th_foreign_heard(const struct th_conn *c)
{
	return shared ? atomic_load_explicit(place_of(c) + PLACES, memory_order_relaxed) : 0;
}

bool th_foreign_used(const struct th_conn *c)
{
	return !shared || atomic_load_explicit(place_of(c), memory_order_relaxed);
}
