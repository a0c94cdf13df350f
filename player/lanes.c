#include "player/lanes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define NO_PARENT SIZE_MAX

struct process {
	uint8_t id[TH_SPAN_ID_BYTES];
	size_t parent;		  /* NO_PARENT: a root */
	uint32_t children;	  /* numbered so far */
	char lane[TH_LANE_BYTES]; /* "": not numbered yet */
};

struct th_lanes {
	pthread_mutex_t lock;
	struct process *all;
	size_t n, cap;
	uint32_t roots;
};

struct th_lanes *th_lanes_create(void)
{
	struct th_lanes *l = calloc(1, sizeof(*l));
	if (l) {
		pthread_mutex_init(&l->lock, NULL);
	}
	return l;
}

struct th_lanes *th_lanes_destroy(struct th_lanes *l)
{
	if (l) {
		pthread_mutex_destroy(&l->lock);
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

/* Of a lane deeper than fits, the beginning is kept, as trace/runs.c does. */
static void name_lane(char lane[TH_LANE_BYTES], const char *parent, uint32_t ordinal)
{
	if (parent) {
		snprintf(lane, TH_LANE_BYTES, "%.50s.%u", parent, ordinal);
	} else {
		snprintf(lane, TH_LANE_BYTES, "%u", ordinal);
	}
}

bool th_lanes_add(struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES],
	const uint8_t parent[TH_SPAN_ID_BYTES])
{
	pthread_mutex_lock(&l->lock);
	bool is_new = !find(l, process);
	const struct process *from = is_new ? find(l, parent) : NULL;
	size_t from_index = from ? (size_t)(from - l->all) : NO_PARENT;
	struct process *p = is_new ? grow(l) : NULL;
	if (p) {
		memcpy(p->id, process, TH_SPAN_ID_BYTES);
		p->parent = from_index;
	}
	pthread_mutex_unlock(&l->lock);
	return p != NULL;
}

static bool is_numbered(const struct th_lanes *l, size_t p)
{
	return p == NO_PARENT || l->all[p].lane[0];
}

/* Numbers a process after its ancestors, from the highest that has no number on. */
static void number(struct th_lanes *l, struct process *p)
{
	while (!p->lane[0]) {
		struct process *top = p;
		while (!is_numbered(l, top->parent)) {
			top = &l->all[top->parent];
		}
		struct process *parent = top->parent == NO_PARENT ? NULL : &l->all[top->parent];
		uint32_t *count = parent ? &parent->children : &l->roots;
		name_lane(top->lane, parent ? parent->lane : NULL, (*count)++);
	}
}

bool th_lanes_get(
	struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES], char ret_lane[TH_LANE_BYTES])
{
	pthread_mutex_lock(&l->lock);
	struct process *p = find(l, process);
	if (p) {
		number(l, p);
	}
	strcpy(ret_lane, p ? p->lane : "?");
	pthread_mutex_unlock(&l->lock);
	return p != NULL;
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

static int by_opening(const void *pa, const void *pb)
{
	uint64_t a = opened_at(*(struct th_connection *const *)pa);
	uint64_t b = opened_at(*(struct th_connection *const *)pb);
	return a < b ? -1 : a > b;
}

static void add_processes(struct th_lanes *l, const struct th_run *run)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct th_process *p = run->processes[i];
		static const uint8_t nobody[TH_SPAN_ID_BYTES];
		th_lanes_add(l, p->span_id, p->parent ? p->parent->span_id : nobody);
	}
}

/* Numbers the processes in the order in which they opened their connections. */
static bool number_openers(struct th_lanes *l, const struct th_run *run)
{
	char lane[TH_LANE_BYTES];
	size_t n = 0;
	th_auto_free struct th_connection **opened = calloc(
		run->n_connections + 1, sizeof(struct th_connection *));
	if (!opened) {
		return false;
	}
	for (size_t i = 0; i < run->n_connections; i++) {
		if (is_served(run->connections[i])) {
			opened[n++] = run->connections[i];
		}
	}
	qsort(opened, n, sizeof(struct th_connection *), by_opening);
	for (size_t i = 0; i < n; i++) {
		th_lanes_get(l, opened[i]->process->span_id, lane);
	}
	return true;
}

char (*th_lanes_of_run(const struct th_run *run))[TH_LANE_BYTES]
{
	char(*lanes)[TH_LANE_BYTES] = calloc(run->n_processes + 1, sizeof(*lanes));
	struct th_lanes *l = th_lanes_create();
	if (!lanes || !l) {
		th_lanes_destroy(l);
		free(lanes);
		return NULL;
	}
	add_processes(l, run);
	bool made = number_openers(l, run);
	for (size_t i = 0; made && i < run->n_processes; i++) {
		const struct process *p = find(l, run->processes[i]->span_id);
		strcpy(lanes[i], p ? p->lane : "");
	}
	th_lanes_destroy(l);
	return lanes;
}
