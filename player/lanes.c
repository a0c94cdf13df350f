#include "player/lanes.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define NO_PARENT SIZE_MAX
#define PID_MASK 0x3fffffu /* process ids are below 2^22 (proc(5), pid_max) */
#define DEPTH_MAX 256
#define PATIENCE_NS 3000000000ull
#define SOON_NS 500000000ull
#define LOOK_NS 5000000ull /* between two looks at who is there */

struct process {
	uint8_t id[TH_SPAN_ID_BYTES];
	size_t parent; /* NO_PARENT: a root */
	uint32_t pid;
	uint32_t children;	  /* numbered so far */
	uint32_t crowds;	  /* of them, numbered so far */
	bool waiting;		  /* for the rest of its crowd */
	char lane[TH_LANE_BYTES]; /* "": not numbered yet */
};

/* Children of one process that came to the network at once, one after the other. */
struct family {
	char lane[TH_LANE_BYTES]; /* of the parent */
	uint32_t *crowds;	  /* their sizes */
	uint32_t n;
};

struct th_lanes {
	pthread_mutex_t lock;
	pthread_cond_t numbered;
	struct process *all;
	size_t n, cap;
	uint32_t roots, root_crowds;
	struct family *families;
	size_t n_families;
};

/* Ids of children from their parent's on, so that they grow also where ids begin anew. */
static uint32_t pid_key(uint32_t pid, uint32_t parent)
{
	return (pid - parent) & PID_MASK;
}

/* Of a lane deeper than fits, the beginning is kept, as trace/runs.c does. */
static void name_lane(char lane[TH_LANE_BYTES], const char *parent, uint32_t ordinal)
{
	if (parent) {
		snprintf(lane, TH_LANE_BYTES, "%.50s.%u", parent, ordinal);
	} else {
		snprintf(lane, TH_LANE_BYTES, "%u", ordinal);
	}
}

/* ---- the recording's ---- */

/* Would a replay bring this connection to the player? */
static bool is_served(const struct th_connection *c)
{
	return c->error == 0 && c->speaks != TH_SPEAKS_OTHER;
}

static uint64_t opened_at(const struct th_connection *c)
{
	return c->connect_began ? c->connect_began : c->began;
}

/* A recorded process, and what it and those below it did first. */
struct member {
	const struct th_process *p;
	size_t at;		   /* in the run's processes */
	uint64_t opened, answered; /* UINT64_MAX: never */
	size_t pending;		   /* children that have not told yet what they did first */
	bool told;		   /* it has */
	uint32_t key;
};

struct members {
	struct member *all;	   /* by address, to be found again */
	const struct member **kin; /* by parent, then by address */
	size_t n;
};

static int by_address(const void *pa, const void *pb)
{
	const struct member *a = pa, *b = pb;
	return a->p < b->p ? -1 : a->p > b->p;
}

static struct member *member_of(const struct members *m, const struct th_process *p)
{
	const struct member wanted = {.p = p};
	return bsearch(&wanted, m->all, m->n, sizeof(*m->all), by_address);
}

static void note_first(struct member *at, uint64_t opened, uint64_t answered)
{
	if (at) {
		at->opened = opened < at->opened ? opened : at->opened;
		at->answered = answered < at->answered ? answered : at->answered;
	}
}

/* What a process did counts for its ancestors, too. Each tells its parent once, when all of its
 * children have told it: a file can say that each process is the child of the one before. */
static void tell_parents(const struct members *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct member *parent = member_of(m, m->all[i].p->parent);
		if (parent) {
			parent->pending++;
		}
	}
	for (size_t i = 0; i < m->n; i++) {
		struct member *at = m->all[i].told ? NULL : &m->all[i];
		while (at && at->pending == 0) {
			struct member *parent = member_of(m, at->p->parent);
			note_first(parent, at->opened, at->answered);
			at->told = true;
			if (parent) {
				parent->pending--;
			}
			at = parent;
		}
	}
}

static int by_parent(const void *pa, const void *pb)
{
	const struct member *a = *(const struct member *const *)pa;
	const struct member *b = *(const struct member *const *)pb;
	if (a->p->parent != b->p->parent) {
		return a->p->parent < b->p->parent ? -1 : 1;
	}
	return a->p < b->p ? -1 : a->p > b->p;
}

static void note_all(const struct members *m, const struct th_run *run)
{
	for (size_t i = 0; i < run->n_connections; i++) {
		const struct th_connection *c = run->connections[i];
		if (is_served(c)) {
			note_first(member_of(m, c->process), opened_at(c), UINT64_MAX);
		}
	}
	for (size_t i = 0; i < run->n_exchanges; i++) {
		const struct th_exchange *x = run->exchanges[i];
		if (x->response.present) {
			note_first(member_of(m, x->process), UINT64_MAX, x->response.began);
		}
	}
	tell_parents(m);
}

static void finish_members(struct members *m)
{
	free(m->all);
	free(m->kin);
}

static bool gather(struct members *m, const struct th_run *run)
{
	*m = (struct members){calloc(run->n_processes + 1, sizeof(*m->all)),
		calloc(run->n_processes + 1, sizeof(*m->kin)), run->n_processes};
	if (!m->all || !m->kin) {
		return false;
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct th_process *p = run->processes[i];
		uint32_t key = pid_key(p->pid, p->parent ? p->parent->pid : 0);
		m->all[i] = (struct member){
			.p = p, .at = i, .opened = UINT64_MAX, .answered = UINT64_MAX, .key = key};
	}
	qsort(m->all, m->n, sizeof(*m->all), by_address);
	for (size_t i = 0; i < m->n; i++) {
		m->kin[i] = &m->all[i];
	}
	qsort(m->kin, m->n, sizeof(*m->kin), by_parent);
	note_all(m, run);
	return true;
}

static int by_opening(const void *pa, const void *pb)
{
	const struct member *a = pa, *b = pb;
	return a->opened < b->opened ? -1 : a->opened > b->opened;
}

static int by_key(const void *pa, const void *pb)
{
	const struct member *a = pa, *b = pb;
	return a->key < b->key ? -1 : a->key > b->key;
}

/* How many of the siblings, sorted by opening, opened before any of them had an answer: none of
 * them can have been started for what another had been told. */
static size_t unanswered(const struct member *siblings, size_t n)
{
	uint64_t answered = siblings[0].answered;
	size_t size = 1;
	while (size < n && siblings[size].opened < answered) {
		answered = siblings[size].answered < answered ? siblings[size].answered : answered;
		size++;
	}
	return size;
}

/* Of those that follow, up to the last one that is older than one of the first `size`, and came
 * soon after: it was overtaken, which is chance, too. */
static size_t overtaken(const struct member *siblings, size_t n, size_t size)
{
	uint32_t youngest = 0;
	for (size_t i = 0; i < size; i++) {
		youngest = siblings[i].key > youngest ? siblings[i].key : youngest;
	}
	for (size_t i = size; i < n && siblings[i].opened < siblings[size - 1].opened + SOON_NS;
		i++) {
		if (siblings[i].key < youngest) {
			size = i + 1;
		} else {
			youngest = siblings[i].key;
		}
	}
	return size;
}

static size_t crowd_size(const struct member *siblings, size_t n)
{
	size_t size = unanswered(siblings, n), before = 0;
	while (size > before) {
		before = size;
		size = overtaken(siblings, n, size);
	}
	return size;
}

struct siblings {
	struct member *list; /* copies, in the order of their ordinals */
	size_t n;
	uint32_t *crowds;
	uint32_t n_crowds;
};

/* Where its children stand among the kin; their number. */
static size_t find_children(
	const struct members *m, const struct th_process *parent, size_t *ret_first)
{
	size_t low = 0, high = m->n, n = 0;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		bool before = m->kin[middle]->p->parent < parent;
		low = before ? middle + 1 : low;
		high = before ? high : middle;
	}
	while (low + n < m->n && m->kin[low + n]->p->parent == parent) {
		n++;
	}
	*ret_first = low;
	return n;
}

/* The children of `parent` (NULL: the roots) that came to the network. */
static bool find_siblings(
	const struct members *m, const struct th_process *parent, struct siblings *ret)
{
	size_t first, n = find_children(m, parent, &first);
	*ret = (struct siblings){.list = calloc(n + 1, sizeof(*ret->list)),
		.crowds = calloc(n + 1, sizeof(*ret->crowds))};
	if (!ret->list || !ret->crowds) {
		return false;
	}
	for (size_t i = first; i < first + n; i++) {
		if (m->kin[i]->opened != UINT64_MAX) {
			ret->list[ret->n++] = *m->kin[i];
		}
	}
	qsort(ret->list, ret->n, sizeof(*ret->list), by_opening);
	for (size_t at = 0; at < ret->n;) {
		size_t size = crowd_size(ret->list + at, ret->n - at);
		qsort(ret->list + at, size, sizeof(*ret->list), by_key);
		ret->crowds[ret->n_crowds++] = (uint32_t)size;
		at += size;
	}
	return true;
}

static void finish_siblings(struct siblings *s)
{
	free(s->list);
	free(s->crowds);
}

/* What is made of a family: its lane, its children in the order of their ordinals. */
typedef bool family_fn(void *ctx, const char *lane, const struct siblings *s);

static bool each_family(const struct members *m, const struct th_process *parent,
	const char *parent_lane, int depth, family_fn *fn, void *ctx)
{
	struct siblings s;
	bool ok = find_siblings(m, parent, &s) && fn(ctx, parent_lane ? parent_lane : "", &s);
	for (uint32_t i = 0; ok && i < s.n && depth < DEPTH_MAX; i++) {
		char lane[TH_LANE_BYTES];
		name_lane(lane, parent_lane, i);
		ok = each_family(m, s.list[i].p, lane, depth + 1, fn, ctx);
	}
	finish_siblings(&s);
	return ok;
}

static bool write_lanes(void *ctx, const char *lane, const struct siblings *s)
{
	char(*lanes)[TH_LANE_BYTES] = ctx;
	for (uint32_t i = 0; i < s->n; i++) {
		name_lane(lanes[s->list[i].at], *lane ? lane : NULL, i);
	}
	return true;
}

char (*th_lanes_of_run(const struct th_run *run))[TH_LANE_BYTES]
{
	char(*lanes)[TH_LANE_BYTES] = calloc(run->n_processes + 1, sizeof(*lanes));
	struct members m = {0};
	bool made = lanes && gather(&m, run) && each_family(&m, NULL, NULL, 0, write_lanes, lanes);
	finish_members(&m);
	if (!made) {
		free(lanes);
		lanes = NULL;
	}
	return lanes;
}

static bool has_crowd(const struct siblings *s)
{
	return s->n_crowds < s->n;
}

static bool note_family(void *ctx, const char *lane, const struct siblings *s)
{
	struct th_lanes *l = ctx;
	if (!has_crowd(s)) {
		return true;
	}
	struct family *all = realloc(l->families, (l->n_families + 1) * sizeof(*all));
	uint32_t *crowds = calloc(s->n_crowds, sizeof(*crowds));
	l->families = all ? all : l->families;
	if (!all || !crowds) {
		free(crowds);
		return false;
	}
	memcpy(crowds, s->crowds, s->n_crowds * sizeof(*crowds));
	struct family *f = &all[l->n_families++];
	*f = (struct family){.crowds = crowds, .n = s->n_crowds};
	strcpy(f->lane, lane);
	return true;
}

/* ---- the replay's ---- */

struct th_lanes *th_lanes_create(const struct th_run *run)
{
	struct th_lanes *l = calloc(1, sizeof(*l));
	struct members m = {0};
	if (!l) {
		return NULL;
	}
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->numbered, &attr);
	pthread_condattr_destroy(&attr);
	bool made = !run || (gather(&m, run) && each_family(&m, NULL, NULL, 0, note_family, l));
	finish_members(&m);
	return made ? l : th_lanes_destroy(l);
}

struct th_lanes *th_lanes_destroy(struct th_lanes *l)
{
	if (l) {
		pthread_mutex_destroy(&l->lock);
		pthread_cond_destroy(&l->numbered);
		for (size_t i = 0; i < l->n_families; i++) {
			free(l->families[i].crowds);
		}
		free(l->families);
		free(l->all);
		free(l);
	}
	return NULL;
}

static struct process *find(struct th_lanes *l, const uint8_t id[TH_SPAN_ID_BYTES])
{
	for (size_t i = l->n; i-- > 0;) { /* the newest ask the most */
		if (memcmp(l->all[i].id, id, TH_SPAN_ID_BYTES) == 0) {
			return &l->all[i];
		}
	}
	return NULL;
}

static struct process *grow(struct th_lanes *l)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct process *all = realloc(l->all, cap * sizeof(*all));
		if (!all) {
			return NULL;
		}
		l->all = all;
		l->cap = cap;
	}
	struct process *p = &l->all[l->n++];
	*p = (struct process){0};
	return p;
}

bool th_lanes_add(struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES],
	const uint8_t parent[TH_SPAN_ID_BYTES], uint32_t pid)
{
	pthread_mutex_lock(&l->lock);
	bool is_new = !find(l, process);
	const struct process *from = is_new ? find(l, parent) : NULL;
	size_t from_index = from ? (size_t)(from - l->all) : NO_PARENT;
	struct process *p = is_new ? grow(l) : NULL;
	if (p) {
		memcpy(p->id, process, TH_SPAN_ID_BYTES);
		p->parent = from_index;
		p->pid = pid;
	}
	pthread_mutex_unlock(&l->lock);
	return p != NULL;
}

/* What was recorded of a parent's children; NULL: they came one by one. */
static const struct family *family_of(const struct th_lanes *l, size_t parent)
{
	const char *lane = parent == NO_PARENT ? "" : l->all[parent].lane;
	for (size_t i = 0; i < l->n_families; i++) {
		if (strcmp(l->families[i].lane, lane) == 0) {
			return &l->families[i];
		}
	}
	return NULL;
}

/* How many of a parent's children have to be there before they are numbered. */
static uint32_t crowd_of(const struct th_lanes *l, size_t parent)
{
	const struct family *f = family_of(l, parent);
	uint32_t done = parent == NO_PARENT ? l->root_crowds : l->all[parent].crowds;
	return f && done < f->n ? f->crowds[done] : 1;
}

static uint32_t key_of(const struct th_lanes *l, const struct process *p)
{
	return pid_key(p->pid, p->parent == NO_PARENT ? 0 : l->all[p->parent].pid);
}

static size_t first_waiting(const struct th_lanes *l, size_t parent)
{
	size_t first = NO_PARENT;
	for (size_t i = 0; i < l->n; i++) {
		const struct process *p = &l->all[i];
		if (p->waiting && p->parent == parent &&
			(first == NO_PARENT || key_of(l, p) < key_of(l, &l->all[first]))) {
			first = i;
		}
	}
	return first;
}

static uint32_t count_waiting(const struct th_lanes *l, size_t parent)
{
	uint32_t n = 0;
	for (size_t i = 0; i < l->n; i++) {
		n += l->all[i].waiting && l->all[i].parent == parent;
	}
	return n;
}

/* Numbers up to `size` of the children that wait, by their ids. */
static void number_waiting(struct th_lanes *l, size_t parent, uint32_t size)
{
	struct process *from = parent == NO_PARENT ? NULL : &l->all[parent];
	uint32_t *count = from ? &from->children : &l->roots;
	for (size_t i; size-- && (i = first_waiting(l, parent)) != NO_PARENT;) {
		l->all[i].waiting = false;
		name_lane(l->all[i].lane, from ? from->lane : NULL, (*count)++);
	}
	++*(from ? &from->crowds : &l->root_crowds);
	pthread_cond_broadcast(&l->numbered);
}

/* Has this child been heard of? */
static bool has_come(const struct th_lanes *l, size_t parent, uint32_t pid)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct process *p = &l->all[i];
		if (p->parent == parent && p->pid == pid && (p->waiting || p->lane[0])) {
			return true;
		}
	}
	return false;
}

/* Is there a living child of the thread's, older than `key`, that has not come? */
static bool thread_has_older(
	const struct th_lanes *l, size_t parent, const char *thread, uint32_t key)
{
	char path[96];
	unsigned pid, from = l->all[parent].pid;
	bool found = false;
	snprintf(path, sizeof(path), "/proc/%u/task/%.20s/children", from, thread);
	th_auto_fclose FILE *f = fopen(path, "re");
	while (f && !found && fscanf(f, "%u", &pid) == 1) {
		found = pid_key(pid, from) < key && !has_come(l, parent, pid);
	}
	return found;
}

static bool has_older(const struct th_lanes *l, size_t parent, uint32_t key)
{
	char path[64];
	bool found = false;
	if (parent == NO_PARENT) {
		return false;
	}
	snprintf(path, sizeof(path), "/proc/%u/task", l->all[parent].pid);
	DIR *d = opendir(path);
	for (struct dirent *e; d && !found && (e = readdir(d));) {
		found = e->d_name[0] != '.' && thread_has_older(l, parent, e->d_name, key);
	}
	if (d) {
		closedir(d);
	}
	return found;
}

static uint32_t last_waiting(const struct th_lanes *l, size_t parent)
{
	uint32_t last = 0;
	for (size_t i = 0; i < l->n; i++) {
		const struct process *p = &l->all[i];
		bool later = p->waiting && p->parent == parent && key_of(l, p) > last;
		last = later ? key_of(l, p) : last;
	}
	return last;
}

/* Are all of a crowd there? One that began before them, and may be just about to come, is waited
 * for: else it would find its place taken. */
static bool is_complete(const struct th_lanes *l, size_t parent)
{
	return count_waiting(l, parent) >= crowd_of(l, parent) &&
		(!family_of(l, parent) || !has_older(l, parent, last_waiting(l, parent)));
}

/* Numbers a process whose parent has a number, together with its crowd. */
static void number_one(struct th_lanes *l, size_t at)
{
	size_t parent = l->all[at].parent;
	uint64_t until = th_clock_mono() + PATIENCE_NS;
	l->all[at].waiting = true;
	while (!l->all[at].lane[0]) {
		uint64_t now = th_clock_mono(), look = now + LOOK_NS;
		struct timespec ts = {.tv_sec = (time_t)(look / 1000000000),
			.tv_nsec = (long)(look % 1000000000)};
		if (is_complete(l, parent)) {
			number_waiting(l, parent, crowd_of(l, parent));
		} else if (now >= until) {
			number_waiting(l, parent, UINT32_MAX);
		} else {
			pthread_cond_timedwait(&l->numbered, &l->lock, &ts);
		}
	}
}

static bool is_numbered(const struct th_lanes *l, size_t p)
{
	return p == NO_PARENT || l->all[p].lane[0];
}

/* Numbers a process after its ancestors, from the highest that has no number on. */
static void number(struct th_lanes *l, size_t at)
{
	while (!is_numbered(l, at)) {
		size_t top = at;
		while (!is_numbered(l, l->all[top].parent)) {
			top = l->all[top].parent;
		}
		number_one(l, top);
	}
}

bool th_lanes_get(
	struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES], char ret_lane[TH_LANE_BYTES])
{
	pthread_mutex_lock(&l->lock);
	const struct process *p = find(l, process);
	size_t at = p ? (size_t)(p - l->all) : 0;
	if (p) {
		number(l, at);
	}
	strcpy(ret_lane, p ? l->all[at].lane : "?");
	pthread_mutex_unlock(&l->lock);
	return p != NULL;
}
