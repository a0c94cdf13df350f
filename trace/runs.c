/* A run is what a root process and its descendants did. Trace ids alone do not tell runs apart:
 * whoever exports one TRACEPARENT and starts three agents gets three runs of one trace. So
 * the root decides, children follow their parent's span id, and only a process whose parent was
 * not recorded goes by its trace id and time. */
#include "trace/runs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/annotations.h"
#include "trace/succession.h"

struct member {
	struct th_collected *c;
	struct member *parent;
	struct member *owner; /* of a relay: on whose behalf it wrote; else NULL */
	struct member *above; /* on the way to the top; NULL: it is the top */
	struct th_run *run;
};

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static void sort(void *array, size_t n, int (*compare)(const void *, const void *))
{
	if (n > 1) {
		qsort(array, n, sizeof(void *), compare);
	}
}

/* ---- who belongs to whom ---- */

static int by_start(const void *pa, const void *pb)
{
	const struct th_process *a = &((const struct member *)pa)->c->process;
	const struct th_process *b = &((const struct member *)pb)->c->process;
	int o = order(a->began, b->began);
	return o ? o : order(a->writer, b->writer);
}

static int compare_ids(const struct th_collected *a, const uint8_t *trace_id, const uint8_t *span)
{
	int o = memcmp(a->trace_id, trace_id, TH_TRACE_ID_BYTES);
	return o ? o : memcmp(a->process.span_id, span, TH_SPAN_ID_BYTES);
}

static bool is_relay(const struct member *m)
{
	return m->c->process.how_began == TH_BEGAN_RELAY;
}

/* A process before its relays. */
static int by_ids(const void *pa, const void *pb)
{
	const struct member *a = *(struct member *const *)pa, *b = *(struct member *const *)pb;
	int o = compare_ids(a->c, b->c->trace_id, b->c->process.span_id);
	o = o ? o : (int)is_relay(a) - (int)is_relay(b);
	return o ? o : a < b ? -1 : 1;
}

static struct member *find_member(
	struct member **sorted, size_t n, const uint8_t *trace_id, const uint8_t *span)
{
	size_t from = 0, to = n;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (compare_ids(sorted[middle]->c, trace_id, span) < 0) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return from < n && compare_ids(sorted[from]->c, trace_id, span) == 0 ? sorted[from] : NULL;
}

static bool is_root(const struct member *m)
{
	return m->c->has_run || m->c->process.how_began == 1;
}

/* The member without a parent from which it descends; the way is shorter for who comes next, since
 * a file can say that each process is the child of the one before. */
static struct member *top_of(struct member *m)
{
	while (m->above) {
		m->above = m->above->above ? m->above->above : m->above;
		m = m->above;
	}
	return m;
}

static void find_parents(struct member *members, struct member **sorted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct member *m = &members[i];
		if (is_root(m) || m->owner) {
			continue;
		}
		struct member *p = find_member(
			sorted, n, m->c->trace_id, m->c->process.parent_span_id);
		/* It becomes its own ancestor only in a file that was tampered with. */
		if (p && top_of(p) != m) {
			m->parent = m->above = p;
			m->c->process.parent = &p->c->process;
		}
	}
}

/* ---- relays ---- */

static void give(struct th_collected *from, struct th_process *to)
{
	for (size_t i = 0; i < from->n_connections; i++) {
		from->connections[i]->process = to;
	}
	for (size_t i = 0; i < from->n_exchanges; i++) {
		from->exchanges[i]->process = to;
	}
	to->lost_events += from->process.lost_events;
	to->lost_bytes += from->process.lost_bytes;
	from->process.parent = to;
}

/* What a relay wrote is its owner's; one without an owner, or which says that it began a run, is
 * left as a process. */
static void find_owners(struct member *members, struct member **sorted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct member *m = &members[i];
		struct member *owner = is_relay(m) && !is_root(m)
			? find_member(sorted, n, m->c->trace_id, m->c->process.span_id)
			: NULL;
		if (owner && !is_relay(owner)) {
			m->owner = owner;
			give(m->c, &owner->c->process);
		}
	}
}

/* ---- runs ---- */

static struct th_run *add_run(struct th_arena *a, struct th_trace *t, const struct th_collected *c)
{
	struct th_run **room = th_arena_room(a, t->runs, t->n_runs, sizeof(t->runs[0]));
	struct th_run *run = th_arena_alloc(a, sizeof(*run));
	if (!room || !run) {
		return NULL;
	}
	t->runs = room;
	t->runs[t->n_runs++] = run;
	memcpy(run->trace_id, c->trace_id, sizeof(run->trace_id));
	memcpy(run->parent_span_id, c->run_parent, sizeof(run->parent_span_id));
	run->meta = c->meta;
	run->tracestate = c->tracestate;
	run->baggage = c->baggage;
	run->tracehook_version = c->version;
	run->rules = c->rules;
	run->hashed = c->hashed;
	run->began = c->process.began;
	return run;
}

static int by_trace(const void *pa, const void *pb)
{
	const struct th_run *a = *(struct th_run *const *)pa, *b = *(struct th_run *const *)pb;
	int o = memcmp(a->trace_id, b->trace_id, sizeof(a->trace_id));
	return o ? o : order(a->began, b->began);
}

/* The latest run of that trace that had begun by then, else its first one; NULL: there is none.
 * `runs` are sorted. */
static struct th_run *run_by_trace(
	struct th_run **runs, size_t n, const uint8_t *trace_id, uint64_t began)
{
	size_t from = 0, to = n;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int o = memcmp(runs[middle]->trace_id, trace_id, TH_TRACE_ID_BYTES);
		bool before = o < 0 || (o == 0 && runs[middle]->began <= began);
		from = before ? middle + 1 : from;
		to = before ? to : middle;
	}
	for (size_t i = from ? from - 1 : 0; i < n && i <= from; i++) {
		if (memcmp(runs[i]->trace_id, trace_id, TH_TRACE_ID_BYTES) == 0) {
			return runs[i];
		}
	}
	return NULL;
}

static int by_trace_and_start(const void *pa, const void *pb)
{
	const struct member *a = *(struct member *const *)pa, *b = *(struct member *const *)pb;
	int o = memcmp(a->c->trace_id, b->c->trace_id, TH_TRACE_ID_BYTES);
	return o ? o : a < b ? -1 : a > b;
}

/* Those that have only a trace id: all of one trace of which there is no run are one. */
static void assign_orphans(struct th_arena *a, struct th_trace *t, struct member *members, size_t n)
{
	size_t n_runs = t->n_runs, orphans = 0;
	struct th_run **runs = th_arena_alloc(a, (n_runs + 1) * sizeof(*runs));
	struct member **all = th_arena_alloc(a, n * sizeof(*all));
	if (!runs || !all) {
		return;
	}
	if (n_runs) {
		memcpy(runs, t->runs, n_runs * sizeof(*runs));
	}
	sort(runs, n_runs, by_trace);
	for (size_t i = 0; i < n; i++) {
		if (!members[i].owner && !members[i].parent && !members[i].run) {
			all[orphans++] = &members[i];
		}
	}
	sort(all, orphans, by_trace_and_start);
	for (size_t i = 0; i < orphans && !a->failed; i++) {
		const struct th_collected *c = all[i]->c;
		bool same = i > 0 &&
			memcmp(all[i - 1]->c->trace_id, c->trace_id, TH_TRACE_ID_BYTES) == 0;
		all[i]->run = run_by_trace(runs, n_runs, c->trace_id, c->process.began);
		if (!all[i]->run) {
			all[i]->run = same ? all[i - 1]->run : add_run(a, t, c);
		}
	}
}

static bool add_relay(struct th_arena *a, struct th_run *run, struct th_process *p)
{
	struct th_process **room = th_arena_room(
		a, run->relays, run->n_relays, sizeof(run->relays[0]));
	if (!room) {
		return false;
	}
	run->relays = room;
	run->relays[run->n_relays++] = p;
	p->run = run;
	run->ended = run->ended > p->ended ? run->ended : p->ended;
	return true;
}

static bool add_process(struct th_arena *a, struct th_run *run, struct th_process *p)
{
	struct th_process **room = th_arena_room(
		a, run->processes, run->n_processes, sizeof(run->processes[0]));
	if (!room) {
		return false;
	}
	run->processes = room;
	run->processes[run->n_processes++] = p;
	p->run = run;
	run->ended = run->ended > p->ended ? run->ended : p->ended;
	return true;
}

/* Roots first, so that whoever has only a trace id finds them. Members are sorted by start. */
static void assign_runs(struct th_arena *a, struct th_trace *t, struct member *members, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (is_root(&members[i])) {
			members[i].run = add_run(a, t, members[i].c);
		}
	}
	assign_orphans(a, t, members, n);
	for (int roots = 1; roots >= 0; roots--) {
		for (size_t i = 0; i < n && !a->failed; i++) {
			if (is_root(&members[i]) == roots && !members[i].owner) {
				add_process(a, top_of(&members[i])->run, &members[i].c->process);
			}
		}
	}
	for (size_t i = 0; i < n && !a->failed; i++) {
		if (members[i].owner) {
			struct th_run *run = members[i].owner->c->process.run;
			add_relay(a, run, &members[i].c->process);
		}
	}
}

/* ---- what a run holds ---- */

static void count_contents(struct th_run *run, const struct th_collected *c)
{
	run->n_connections += c->n_connections;
	run->n_exchanges += c->n_exchanges;
	run->outlined += c->told.exchange > c->n_exchanges ? c->told.exchange : c->n_exchanges;
	run->n_names += c->n_names;
	run->n_dns += c->n_dns;
	run->n_transfers += c->n_transfers;
	run->n_departures += c->n_departures;
}

static bool make_room(struct th_arena *a, struct th_run *run)
{
	run->connections = th_arena_alloc(a, run->n_connections * sizeof(void *));
	run->exchanges = th_arena_alloc(a, run->n_exchanges * sizeof(void *));
	run->names = th_arena_alloc(a, run->n_names * sizeof(void *));
	run->dns = th_arena_alloc(a, run->n_dns * sizeof(void *));
	run->transfers = th_arena_alloc(a, run->n_transfers * sizeof(void *));
	run->departures = th_arena_alloc(a, run->n_departures * sizeof(void *));
	run->n_connections = run->n_exchanges = run->n_names = run->n_dns = 0;
	run->n_transfers = run->n_departures = 0;
	return !a->failed;
}

static void append(void *to, size_t *n, const void *from, size_t m)
{
	if (m) {
		memcpy((void **)to + *n, from, m * sizeof(void *));
	}
	*n += m;
}

static void fill(struct th_run *run, const struct th_collected *c)
{
	append(run->connections, &run->n_connections, c->connections, c->n_connections);
	append(run->exchanges, &run->n_exchanges, c->exchanges, c->n_exchanges);
	append(run->names, &run->n_names, c->names, c->n_names);
	append(run->dns, &run->n_dns, c->dns, c->n_dns);
	append(run->transfers, &run->n_transfers, c->transfers, c->n_transfers);
	append(run->departures, &run->n_departures, c->departures, c->n_departures);
}

static uint64_t asked_at(const struct th_exchange *x)
{
	return x->request.present ? x->request.began : x->response.began;
}

static int exchange_order(const void *pa, const void *pb)
{
	const struct th_exchange *a = *(struct th_exchange *const *)pa;
	const struct th_exchange *b = *(struct th_exchange *const *)pb;
	int o = order(asked_at(a), asked_at(b));
	o = o ? o : order(a->process->writer, b->process->writer);
	return o ? o : order(a->id, b->id);
}

static int connection_order(const void *pa, const void *pb)
{
	const struct th_connection *a = *(struct th_connection *const *)pa;
	const struct th_connection *b = *(struct th_connection *const *)pb;
	int o = order(a->began, b->began);
	o = o ? o : order(a->process->writer, b->process->writer);
	return o ? o : order(a->id, b->id);
}

static int name_order(const void *pa, const void *pb)
{
	const struct th_name *a = *(struct th_name *const *)pa;
	const struct th_name *b = *(struct th_name *const *)pb;
	int o = order(a->time, b->time);
	o = o ? o : order(a->process->writer, b->process->writer);
	return o ? o : a < b ? -1 : a > b;
}

static int dns_order(const void *pa, const void *pb)
{
	const struct th_dns_said *a = *(struct th_dns_said *const *)pa;
	const struct th_dns_said *b = *(struct th_dns_said *const *)pb;
	int o = order(a->time, b->time);
	o = o ? o : order(a->process->writer, b->process->writer);
	return o ? o : a < b ? -1 : a > b;
}

static int transfer_order(const void *pa, const void *pb)
{
	const struct th_transfer *a = *(struct th_transfer *const *)pa;
	const struct th_transfer *b = *(struct th_transfer *const *)pb;
	int o = order(a->began, b->began);
	o = o ? o : order(a->process->writer, b->process->writer);
	return o ? o : order(a->handle, b->handle);
}

static int departure_order(const void *pa, const void *pb)
{
	const struct th_departure *a = *(struct th_departure *const *)pa;
	const struct th_departure *b = *(struct th_departure *const *)pb;
	int o = order(a->time, b->time);
	o = o ? o : order(a->process->writer, b->process->writer);
	return o ? o : a < b ? -1 : a > b;
}

static bool is_cut(const struct th_exchange *x)
{
	return !x->process->ended_well && !(x->request.finished && x->response.finished);
}

static void sort_contents(struct th_arena *a, struct th_run *run)
{
	sort(run->connections, run->n_connections, connection_order);
	sort(run->exchanges, run->n_exchanges, exchange_order);
	sort(run->names, run->n_names, name_order);
	sort(run->dns, run->n_dns, dns_order);
	sort(run->transfers, run->n_transfers, transfer_order);
	sort(run->departures, run->n_departures, departure_order);
	run->end = th_succession_find(a, run) ? TH_RUN_ENDED : TH_RUN_END_UNSEEN;
	for (size_t i = 0; i < run->n_exchanges; i++) {
		run->exchanges[i]->order = i;
		run->end = is_cut(run->exchanges[i]) ? TH_RUN_CUT : run->end;
	}
}

static void fill_runs(struct th_arena *a, struct th_trace *t, struct member *members, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		count_contents(members[i].c->process.run, members[i].c);
	}
	for (size_t i = 0; i < t->n_runs; i++) {
		if (!make_room(a, t->runs[i])) {
			return;
		}
	}
	for (size_t i = 0; i < n; i++) {
		fill(members[i].c->process.run, members[i].c);
	}
	for (size_t i = 0; i < t->n_runs; i++) {
		sort_contents(a, t->runs[i]);
	}
}

/* ---- lanes ---- */

struct sibling {
	struct th_process *process;
	size_t index; /* in the run */
};

static int by_parent(const void *pa, const void *pb)
{
	const struct sibling *a = pa, *b = pb;
	int o = order((uintptr_t)a->process->parent, (uintptr_t)b->process->parent);
	return o ? o : order(a->index, b->index);
}

static void name_lane(struct th_process *p)
{
	if (p->lane[0]) {
		return;
	}
	if (!p->parent) {
		snprintf(p->lane, sizeof(p->lane), "%u", p->ordinal);
		return;
	}
	/* Of a lane deeper than fits, the beginning is kept. */
	snprintf(p->lane, sizeof(p->lane), "%.50s.%u", p->parent->lane, p->ordinal);
}

/* Parents before children, however the file orders them; no recursion on the file's say. `way` has
 * room for all of them. */
static void name_lanes(struct th_run *run, struct th_process **way)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		size_t n = 0;
		for (struct th_process *p = run->processes[i]; p && !p->lane[0]; p = p->parent) {
			way[n++] = p;
		}
		while (n > 0) {
			name_lane(way[--n]);
		}
	}
}

/* Ordinals among siblings, by start; those without a known parent are each other's siblings. */
static void number_lanes(struct th_arena *a, struct th_run *run)
{
	struct sibling *s = th_arena_alloc(a, run->n_processes * sizeof(*s));
	struct th_process **way = th_arena_alloc(
		a, (run->n_processes + run->n_relays) * sizeof(*way));
	if (!s || !way) {
		return;
	}
	for (size_t i = 0; i < run->n_processes; i++) {
		s[i] = (struct sibling){run->processes[i], i};
	}
	qsort(s, run->n_processes, sizeof(*s), by_parent);
	for (size_t i = 0; i < run->n_processes; i++) {
		bool first = i == 0 || s[i - 1].process->parent != s[i].process->parent;
		s[i].process->ordinal = first ? 0 : s[i - 1].process->ordinal + 1;
	}
	name_lanes(run, way);
}

/* ---- together ---- */

static int run_order(const void *pa, const void *pb)
{
	const struct th_run *a = *(struct th_run *const *)pa, *b = *(struct th_run *const *)pb;
	int o = order(a->began, b->began);
	o = o ? o : memcmp(a->trace_id, b->trace_id, sizeof(a->trace_id));
	return o ? o : order(a->processes[0]->writer, b->processes[0]->writer);
}

static void build(struct th_arena *a, struct th_trace *t, struct th_collected **all, size_t n)
{
	struct member *members = th_arena_alloc(a, n * sizeof(*members));
	struct member **sorted = th_arena_alloc(a, n * sizeof(*sorted));
	if (n == 0 || !members || !sorted) {
		return;
	}
	for (size_t i = 0; i < n; i++) {
		members[i].c = all[i];
	}
	qsort(members, n, sizeof(members[0]), by_start);
	for (size_t i = 0; i < n; i++) {
		sorted[i] = &members[i];
	}
	qsort(sorted, n, sizeof(sorted[0]), by_ids);
	find_owners(members, sorted, n);
	find_parents(members, sorted, n);
	assign_runs(a, t, members, n);
	if (a->failed) {
		return;
	}
	fill_runs(a, t, members, n);
	for (size_t i = 0; i < t->n_runs && !a->failed; i++) {
		number_lanes(a, t->runs[i]);
	}
	sort(t->runs, t->n_runs, run_order);
}

void th_runs_build(struct th_arena *a, struct th_trace *t, struct th_collected **all, size_t n)
{
	size_t recorded = th_annotations_set_apart(all, n);
	build(a, t, all, recorded);
	if (!a->failed) {
		th_annotations_assign(a, t, all, recorded, n);
	}
}
