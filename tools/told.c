#include "tools/told.h"

#include <stdlib.h>

#include "tools/tools.h"

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_process_and_start(const void *pa, const void *pb)
{
	const struct th_transfer *a = *(const struct th_transfer *const *)pa;
	const struct th_transfer *b = *(const struct th_transfer *const *)pb;
	int o = order((uintptr_t)a->process, (uintptr_t)b->process);
	return o ? o : order(a->began, b->began);
}

struct th_told_failures th_told_failures(const struct th_run *run)
{
	struct th_told_failures f = {.at = th_tool_alloc((run->n_transfers + 1) * sizeof(*f.at)),
		.latest = th_tool_alloc((run->n_transfers + 1) * sizeof(*f.latest))};
	for (size_t i = 0; i < run->n_transfers; i++) {
		if (run->transfers[i]->result) {
			f.at[f.n++] = run->transfers[i];
		}
	}
	qsort(f.at, f.n, sizeof(*f.at), by_process_and_start);
	for (size_t i = 0; i < f.n; i++) {
		bool same = i > 0 && f.at[i - 1]->process == f.at[i]->process;
		uint64_t before = same ? f.latest[i - 1] : 0;
		f.latest[i] = before > f.at[i]->ended ? before : f.at[i]->ended;
	}
	return f;
}

void th_told_failures_finish(struct th_told_failures *f)
{
	free(f->at);
	free(f->latest);
	*f = (struct th_told_failures){NULL, NULL, 0};
}

/* The last one of the process that began by then has the latest end of all that did. */
bool th_told_failed(
	const struct th_told_failures *f, const struct th_process *p, uint64_t from, uint64_t to)
{
	size_t low = 0, high = f->n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct th_transfer *t = f->at[middle];
		int o = order((uintptr_t)t->process, (uintptr_t)p);
		bool before = o < 0 || (o == 0 && t->began <= to);
		low = before ? middle + 1 : low;
		high = before ? high : middle;
	}
	return low > 0 && f->at[low - 1]->process == p && f->latest[low - 1] >= from;
}

/* ---- connections ---- */

static int compare(const struct th_connection *c, const struct th_process *p, uint32_t id)
{
	int o = order((uintptr_t)c->process, (uintptr_t)p);
	return o ? o : order(c->id, id);
}

static int by_process_and_id(const void *pa, const void *pb)
{
	const struct th_connection *a = *(const struct th_connection *const *)pa;
	const struct th_connection *b = *(const struct th_connection *const *)pb;
	return compare(a, b->process, b->id);
}

void th_told_sort(const struct th_connection **list, size_t n)
{
	qsort(list, n, sizeof(*list), by_process_and_id);
}

bool th_told_connection(
	const struct th_connection *const *list, size_t n, const struct th_process *p, uint32_t id)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		bool before = compare(list[middle], p, id) < 0;
		low = before ? middle + 1 : low;
		high = before ? high : middle;
	}
	return low < n && compare(list[low], p, id) == 0;
}
