/* A run may have as many processes as somebody likes to write into a file, so each is looked at a
 * few times and not once per other one: sorted by pid, and by parent. */
#include "trace/succession.h"

#include <stdlib.h>
#include <string.h>

#define BY_EXEC 2 /* th_process.how_began */

struct place {
	struct th_process *process;
	size_t index; /* in the run */
};

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_pid(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;
	int o = order(a->process->pid, b->process->pid);
	o = o ? o : order(a->process->began, b->process->began);
	return o ? o : order(a->index, b->index);
}

static int by_parent(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;
	int o = order((uintptr_t)a->process->parent, (uintptr_t)b->process->parent);
	return o ? o : order(a->index, b->index);
}

/* Of one pid, by start: whoever has another one behind that was executed was replaced by it. Of
 * those that began at the same moment each may be the other's. */
static void mark_pid(struct place *at, size_t n)
{
	const struct th_process *last = NULL,
				*before = NULL; /* the latest two that were executed */
	for (size_t i = n; i-- > 0 && !before;) {
		const struct th_process *p = at[i].process;
		if (p->how_began == BY_EXEC) {
			before = last ? p : NULL;
			last = last ? last : p;
		}
	}
	for (size_t i = 0; i < n; i++) {
		struct th_process *p = at[i].process;
		const struct th_process *by = p == last ? before : last;
		p->replaced |= by && by->began >= p->began;
	}
}

static void mark_replaced(struct place *places, struct th_run *run)
{
	for (size_t i = 0; i < run->n_departures; i++) {
		run->departures[i]->process->replaced |= run->departures[i]->replaced;
	}
	qsort(places, run->n_processes, sizeof(*places), by_pid);
	for (size_t from = 0, to; from < run->n_processes; from = to) {
		to = from + 1;
		while (to < run->n_processes &&
			places[to].process->pid == places[from].process->pid) {
			to++;
		}
		mark_pid(places + from, to - from);
	}
}

/* The program that exec put in a process's place; NULL: none, or one that was not recorded.
 * `places` are sorted by parent. */
static const struct th_process *successor(
	const struct place *places, size_t n, const struct th_process *p)
{
	size_t from = 0, to = n;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		bool before = (uintptr_t)places[middle].process->parent < (uintptr_t)p;
		from = before ? middle + 1 : from;
		to = before ? to : middle;
	}
	for (; from < n && places[from].process->parent == p; from++) {
		const struct th_process *q = places[from].process;
		if (q->pid == p->pid && q->began >= p->began) {
			return q;
		}
	}
	return NULL;
}

bool th_succession_find(struct th_arena *a, struct th_run *run)
{
	struct place *places = th_arena_alloc(a, run->n_processes * sizeof(*places));
	if (!places) {
		return false;
	}
	for (size_t i = 0; i < run->n_processes; i++) {
		places[i] = (struct place){run->processes[i], i};
	}
	mark_replaced(places, run);
	qsort(places, run->n_processes, sizeof(*places), by_parent);
	const struct th_process *p = run->processes[0];
	while (p && !p->ended_well) {
		p = successor(places, run->n_processes, p);
	}
	return p != NULL;
}
