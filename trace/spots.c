/* See spots.h. */
#include "trace/spots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct th_spots_owner *owner_of(struct th_spots *s, const struct th_frame_mark *m)
{
	struct th_spots_owner *o = s->n ? s->owners[s->n - 1] : NULL;
	if (o && o->writer == m->writer) {
		return o;
	}
	struct th_spots_owner **room = th_arena_room(&s->arena, s->owners, s->n, sizeof(*room));
	o = th_arena_alloc(&s->arena, sizeof(*o));
	if (!room || !o) {
		return NULL;
	}
	s->owners = room;
	s->owners[s->n++] = o;
	*o = (struct th_spots_owner){.writer = m->writer, .first = m->part};
	return o;
}

static struct th_spot *spot_of(struct th_spots *s, struct th_spots_owner *o, struct th_id_map *map,
	const struct th_frame_mark *m)
{
	struct th_spot *p = th_id_map_find(map, m->id);
	if (p) {
		return p;
	}
	p = th_arena_alloc(&s->arena, sizeof(*p));
	if (!p || !th_id_map_add(&s->arena, map, m->id, p)) {
		return NULL;
	}
	*p = (struct th_spot){.writer = m->writer, .id = m->id, .first = m->part};
	if (map == &o->exchanges) {
		struct th_spot **room = th_arena_room(&s->arena, o->spots, o->n, sizeof(*room));
		if (!room) {
			return NULL;
		}
		o->spots = room;
		o->spots[o->n++] = p;
	}
	return p;
}

static void earlier(uint64_t *time, uint64_t than)
{
	*time = *time && *time < than ? *time : than;
}

static bool take_mark(void *to, const struct th_frame_mark *m)
{
	struct th_spots *s = to;
	struct th_spots_owner *o = owner_of(s, m);
	bool of_exchange = (m->type >= TH_FRAME_REQ_HEAD && m->type <= TH_FRAME_RES_END) ||
		m->type == TH_FRAME_BODY_HASH;
	if (!o) {
		return false;
	}
	o->last = m->part;
	if (!of_exchange && m->type != TH_FRAME_CONN && m->type != TH_FRAME_CONN_END) {
		return true;
	}
	struct th_spot *p = spot_of(s, o, of_exchange ? &o->exchanges : &o->connections, m);
	if (!p) {
		return false;
	}
	p->last = m->part;
	if (m->type >= TH_FRAME_REQ_HEAD && m->type <= TH_FRAME_REQ_END) {
		earlier(&p->asked, m->time);
	} else if (m->type >= TH_FRAME_RES_HEAD && m->type <= TH_FRAME_RES_END) {
		earlier(&p->answered, m->time);
	}
	return true;
}

int th_spots_survey(struct th_spots *s, struct th_reader *reader)
{
	const struct th_survey_teller teller = {take_mark, s};
	return th_reader_survey(reader, &teller) < 0 ? -EAGAIN : 0;
}

void th_spots_finish(struct th_spots *s)
{
	th_arena_finish(&s->arena);
}

struct th_spots_owner *th_spots_owner(const struct th_spots *s, uint64_t writer)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->owners[i]->writer == writer) {
			return s->owners[i];
		}
	}
	return NULL;
}

uint64_t th_spot_began(const struct th_spot *p)
{
	return p->asked ? p->asked : p->answered;
}

/* As exchange_order() in runs.c. */
static int by_time(const void *pa, const void *pb)
{
	const struct th_spot *a = *(struct th_spot *const *)pa, *b = *(struct th_spot *const *)pb;
	if (th_spot_began(a) != th_spot_began(b)) {
		return th_spot_began(a) < th_spot_began(b) ? -1 : 1;
	}
	if (a->writer != b->writer) {
		return a->writer < b->writer ? -1 : 1;
	}
	return a->id < b->id ? -1 : a->id > b->id;
}

static bool is_sorted(struct th_spot *const *spots, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (by_time(&spots[i - 1], &spots[i]) > 0) {
			return false;
		}
	}
	return true;
}

int th_spots_order(
	struct th_spots *s, const struct th_run *run, struct th_spot ***ret_order, size_t *ret_n)
{
	size_t n = 0, room = 1;
	for (size_t i = 0; i < run->n_processes; i++) {
		room += th_spots_owner(s, run->processes[i]->writer)->n;
	}
	struct th_spot **order = th_arena_alloc(&s->arena, room * sizeof(*order));
	if (!order) {
		return -EAGAIN;
	}
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct th_spots_owner *o = th_spots_owner(s, run->processes[i]->writer);
		for (size_t k = 0; k < o->n; k++) {
			order[n++] = o->spots[k];
		}
	}
	if (!is_sorted(order, n)) {
		qsort(order, n, sizeof(struct th_spot *), by_time);
	}
	for (size_t i = 0; i < n; i++) {
		order[i]->order = i;
	}
	*ret_order = order;
	*ret_n = n;
	return 0;
}

size_t th_spots_with_id(const struct th_spots *s, const struct th_run *run,
	const uint8_t span_id[TH_SPAN_ID_BYTES], struct th_spot **ret_spot)
{
	size_t n = 0;
	for (size_t i = 0; i < run->n_processes; i++) {
		const struct th_process *p = run->processes[i];
		const struct th_spots_owner *o = th_spots_owner(s, p->writer);
		for (size_t k = 0; k < o->n; k++) {
			uint8_t id[TH_SPAN_ID_BYTES];
			th_trace_span_id(p->span_id, o->spots[k]->id, id);
			if (memcmp(id, span_id, sizeof(id)) == 0) {
				*ret_spot = o->spots[k];
				n++;
			}
		}
	}
	return n;
}
