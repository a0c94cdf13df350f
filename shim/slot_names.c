/* Hooks by name, for what a program asks the loader at run time. An open hash table of a fixed
 * size, filled at the first question; two threads may both fill it, with the same. */
#include <string.h>

#include "shim/slot.h"

#define BUCKETS 1024 /* a power of two, well above the number of hooks */

extern struct th_slot __start_th_slots[], __stop_th_slots[];
extern const struct th_slot_hook __start_th_hooks[], __stop_th_hooks[];

static _Atomic(struct th_slot *) table[BUCKETS];
static _Atomic bool filled;

static uint32_t hash(const char *name)
{
	uint32_t h = 5381;
	for (; *name; name++) {
		h = h * 33 + (unsigned char)*name;
	}
	return h;
}

static void fill(void)
{
	for (struct th_slot *s = __start_th_slots; s < __stop_th_slots; s++) {
		uint32_t at = hash(s->name);
		struct th_slot *there = NULL;
		while (!atomic_compare_exchange_strong(&table[at % BUCKETS], &there, s) &&
			there != s) {
			there = NULL;
			at++;
		}
	}
	atomic_store_explicit(&filled, true, memory_order_release);
}

struct th_slot *th_slot_named(const char *name)
{
	if (!atomic_load_explicit(&filled, memory_order_acquire)) {
		fill();
	}
	for (uint32_t at = hash(name);; at++) {
		struct th_slot *s = atomic_load_explicit(
			&table[at % BUCKETS], memory_order_relaxed);
		if (!s || strcmp(s->name, name) == 0) {
			return s;
		}
	}
}

struct th_slot *th_slot_nth(size_t i)
{
	return i < (size_t)(__stop_th_slots - __start_th_slots) ? &__start_th_slots[i] : NULL;
}

static void *behind(const int32_t *distance)
{
	return (void *)((uintptr_t)distance + (uintptr_t)*distance);
}

void *th_slot_hook(struct th_slot *s)
{
	void *hook = atomic_load_explicit(&s->hook, memory_order_relaxed);
	for (const struct th_slot_hook *h = __start_th_hooks; !hook && h < __stop_th_hooks; h++) {
		hook = behind(&h->slot) == s ? behind(&h->hook) : NULL;
	}
	atomic_store_explicit(&s->hook, hook, memory_order_relaxed);
	return hook;
}
