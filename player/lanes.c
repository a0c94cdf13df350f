#include "player/lanes.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct process {
	uint8_t id[TH_SPAN_ID_BYTES];
	uint32_t children;
	char lane[TH_LANE_BYTES];
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
	struct process *p = is_new ? grow(l) : NULL;
	if (p) {
		memcpy(p->id, process, TH_SPAN_ID_BYTES);
		struct process *from = find(l, parent);
		from = from == p ? NULL : from;
		uint32_t *count = from ? &from->children : &l->roots;
		name_lane(p->lane, from ? from->lane : NULL, (*count)++);
	}
	pthread_mutex_unlock(&l->lock);
	return p != NULL;
}

bool th_lanes_get(
	struct th_lanes *l, const uint8_t process[TH_SPAN_ID_BYTES], char ret_lane[TH_LANE_BYTES])
{
	pthread_mutex_lock(&l->lock);
	const struct process *p = find(l, process);
	strcpy(ret_lane, p ? p->lane : "?");
	pthread_mutex_unlock(&l->lock);
	return p != NULL;
}
