/* Which process became another one: as it is defined, looked at pair by pair. */
#include "trace/succession.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MANY 60

static bool was_replaced(const struct th_run *run, const struct th_process *p)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct th_process *q = run->processes[i];
		if (q != p && q->pid == p->pid && q->how_began == 2 && q->began >= p->began) {
			return true;
		}
	}
	return false;
}

static bool has_ended(const struct th_run *run)
{
	const struct th_process *p = run->processes[0], *next;
	for (; p && !p->ended_well; p = next) {
		next = NULL;
		for (size_t i = 0; i < run->n_processes && !next; i++) {
			const struct th_process *q = run->processes[i];
			bool follows = q->parent == p && q->pid == p->pid && q->began >= p->began;
			next = follows ? q : NULL;
		}
	}
	return p != NULL;
}

static void check(unsigned seed)
{
	struct th_process all[MANY], *list[MANY];
	struct th_run run = {.processes = list, .n_processes = 1 + seed % MANY};
	struct th_arena arena = {0};
	for (size_t i = 0; i < run.n_processes; i++) {
		all[i] = (struct th_process){.pid = (uint32_t)rand_r(&seed) % 4,
			.began = (uint64_t)rand_r(&seed) % 9,
			.how_began = (uint8_t)(2 + rand_r(&seed) % 2),
			.ended_well = rand_r(&seed) % 8 == 0,
			.parent = i ? &all[(size_t)rand_r(&seed) % i] : NULL};
		list[i] = &all[i];
	}
	cr_assert_eq(th_succession_find(&arena, &run), has_ended(&run));
	for (size_t i = 0; i < run.n_processes; i++) {
		cr_assert_eq(all[i].replaced, was_replaced(&run, &all[i]), "process %zu", i);
	}
	th_arena_finish(&arena);
}

Test(succession, is_as_it_is_pair_by_pair)
{
	for (unsigned seed = 1; seed < 300; seed++) {
		check(seed);
	}
}

Test(succession, who_said_that_it_left_was_replaced)
{
	struct th_process a = {.pid = 1}, b = {.pid = 2}, *list[] = {&a, &b};
	struct th_departure beside = {.process = &a}, instead = {.process = &b, .replaced = true};
	struct th_departure *departures[] = {&beside, &instead};
	struct th_run run = {
		.processes = list, .n_processes = 2, .departures = departures, .n_departures = 2};
	struct th_arena arena = {0};
	th_succession_find(&arena, &run);
	cr_assert_not(a.replaced);
	cr_assert(b.replaced);
	th_arena_finish(&arena);
}
