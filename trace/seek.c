/* See seek.h. Whatever is not as it should be, or could be told otherwise by what was not read,
 * ends in -EAGAIN: being slow is better than being wrong. */
#include "trace/seek.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/loading.h"
#include "trace/spots.h"

#define BIT(type) (UINT32_C(1) << (type))
/* What is read of every writer. */
#define FRAME_OF_RUNS \
	(BIT(TH_FRAME_RUN) | BIT(TH_FRAME_PROCESS) | BIT(TH_FRAME_LOST) | \
		BIT(TH_FRAME_CERTIFICATES) | BIT(TH_FRAME_ANNOTATION))

struct seek {
	const struct th_seek_wish *wish;
	struct th_reader *reader;
	struct th_spots spots;
	bool *parts;	      /* of the capture: is it read? */
	struct th_spot *spot; /* what is wanted */
	uint32_t from;	      /* parts of its writer that are read, from this one on */
};

/* ---- survey ---- */

/* One that did not say which process it is makes a run of its own: only a reader of all knows. */
static bool is_known(const struct th_spots_owner *o)
{
	return o->told.types & BIT(TH_FRAME_PROCESS) || o->told.types == BIT(TH_FRAME_ANNOTATION);
}

static int survey(struct seek *s)
{
	int r = th_spots_survey(&s->spots, s->reader);
	s->parts = calloc(th_reader_parts(s->reader) + 1, sizeof(bool));
	if (r < 0 || !s->parts) {
		return -EAGAIN;
	}
	for (size_t i = 0; i < s->spots.n; i++) {
		struct th_spots_owner *o = s->spots.owners[i];
		for (uint32_t part = o->first; part <= o->last; part++) {
			struct th_block_told told = th_reader_part(s->reader, part);
			th_block_told_join(&o->told, &told);
			s->parts[part] = told.types & FRAME_OF_RUNS;
		}
		if (!is_known(o)) {
			return -EAGAIN;
		}
	}
	return 0;
}

/* ---- reading what was chosen ---- */

static bool is_all_read(const struct seek *s, const struct th_spot *p)
{
	for (uint32_t part = p->first; part <= p->last; part++) {
		if (!s->parts[part]) {
			return false;
		}
	}
	return true;
}

/* Exchanges of which only some frames were read would look as if they had broken off. */
static void drop_partial(const struct seek *s, struct th_collected *c)
{
	const struct th_spots_owner *o = th_spots_owner(&s->spots, c->process.writer);
	size_t n = 0;
	for (size_t i = 0; o && i < c->n_exchanges; i++) {
		const struct th_spot *p = th_id_map_find(&o->exchanges, c->exchanges[i]->id);
		if (p && is_all_read(s, p)) {
			c->exchanges[n++] = c->exchanges[i];
		}
	}
	c->n_exchanges = n;
}

static void release(struct th_loading *l)
{
	if (l) {
		th_arena_finish(&l->arena);
		free(l);
	}
}

/* A trace of the chosen parts; the reader stays the seek's. */
static struct th_loading *read_parts(struct seek *s)
{
	struct th_loading *l = calloc(1, sizeof(*l));
	if (!l) {
		return NULL;
	}
	l->trace.reader = s->reader;
	th_reader_choose(s->reader, s->parts);
	int r = th_loading_collect(l);
	for (size_t i = 0; i < l->n; i++) {
		drop_partial(s, l->all[i]);
	}
	r = r < 0 ? r : th_loading_build(l);
	if (r < 0) {
		release(l);
		return NULL;
	}
	return l;
}

/* ---- which one ---- */

/* The run that has it; NULL: none, or several. */
static const struct th_run *choose_by_id(
	struct seek *s, const struct th_trace *t, const struct th_run *only)
{
	const struct th_run *found = NULL;
	size_t n = 0;
	for (size_t i = 0; i < t->n_runs; i++) {
		if (!only || only == t->runs[i]) {
			size_t here = th_spots_with_id(
				&s->spots, t->runs[i], s->wish->span_id, &s->spot);
			found = here ? t->runs[i] : found;
			n += here;
		}
	}
	return n == 1 ? found : NULL;
}

static int choose(struct seek *s, const struct th_trace *t)
{
	const struct th_seek_wish *w = s->wish;
	const struct th_run *run = w->choose ? w->choose(t, w->with) : NULL;
	struct th_spot **order;
	size_t n;
	if (w->choose && !run) {
		return -EAGAIN;
	}
	if (w->number == 0) {
		run = choose_by_id(s, t, run);
	}
	/* What relays wrote is their owners': only who has read it knows whose. */
	if (!run || run->n_relays || th_spots_order(&s->spots, run, &order, &n) < 0 ||
		w->number > n) {
		return -EAGAIN;
	}
	s->spot = w->number ? order[w->number - 1] : s->spot;
	return 0;
}

/* ---- what is to be read for it ---- */

static void add_parts(struct seek *s, uint32_t from, uint32_t to)
{
	for (uint32_t part = from; part <= to; part++) {
		s->parts[part] = true;
	}
}

/* A transfer's frame comes behind the exchanges that were its; those around it tell whose they
 * were. */
static void add_spot(struct seek *s)
{
	const struct th_spot *p = s->spot;
	const struct th_spots_owner *o = th_spots_owner(&s->spots, p->writer);
	uint32_t from = p->first, to = p->last;
	if (o->told.types & BIT(TH_FRAME_TRANSFER)) {
		from -= from > o->first;
		to += to < o->last;
		while (to < o->last &&
			!(th_reader_part(s->reader, to).types & BIT(TH_FRAME_TRANSFER))) {
			to++;
		}
	}
	s->from = from;
	add_parts(s, from, to);
}

static struct th_exchange *find_exchange(const struct seek *s, const struct th_loading *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct th_collected *c = l->all[i];
		for (size_t k = 0; c->process.writer == s->spot->writer && k < c->n_exchanges;
			k++) {
			if (c->exchanges[k]->id == s->spot->id) {
				return c->exchanges[k];
			}
		}
	}
	return NULL;
}

/* Reads it; and once more, when its connection stands elsewhere. */
static struct th_loading *read_spot(struct seek *s, struct th_exchange **ret_exchange)
{
	struct th_loading *l = NULL;
	for (int round = 0; round < 2; round++) {
		release(l);
		l = read_parts(s);
		*ret_exchange = l ? find_exchange(s, l) : NULL;
		if (!*ret_exchange) {
			release(l);
			return NULL;
		}
		const struct th_spots_owner *o = th_spots_owner(&s->spots, s->spot->writer);
		const struct th_spot *c = th_id_map_find(
			&o->connections, (*ret_exchange)->connection_id);
		if (!c || (s->parts[c->first] && s->parts[c->last])) {
			break;
		}
		s->parts[c->first] = s->parts[c->last] = true;
	}
	return l;
}

/* ---- is its transfer surely what a reader of all would find? ---- */

/* Times up to this one may have been passed over; 0: none were. */
static uint64_t passed_over(const struct seek *s)
{
	const struct th_spots_owner *o = th_spots_owner(&s->spots, s->spot->writer);
	uint64_t latest = 0;
	for (uint32_t part = o->first; part < s->from; part++) {
		uint64_t time = th_reader_part(s->reader, part).latest;
		latest = time > latest ? time : latest;
	}
	return latest;
}

/* The one that the same handle made before. */
static const struct th_transfer *one_before(const struct th_run *run, const struct th_transfer *t)
{
	const struct th_transfer *found = NULL;
	for (size_t i = 0; i < run->n_transfers; i++) {
		const struct th_transfer *b = run->transfers[i];
		if (b->process == t->process && b->handle == t->handle && b->ended < t->ended &&
			(!found || b->ended > found->ended)) {
			found = b;
		}
	}
	return found;
}

/* Whether it was an attempt after a failed one. */
static bool is_attempt_known(const struct th_run *run, const struct th_transfer *t)
{
	while (t && t->handle) {
		t = one_before(run, t);
		if (t && t->result == 0 && t->status < 400) {
			return true;
		}
	}
	return t != NULL;
}

static bool is_transfer_sure(const struct seek *s, const struct th_exchange *x)
{
	const struct th_spots_owner *o = th_spots_owner(&s->spots, s->spot->writer);
	const struct th_run *run = x->process->run;
	uint64_t passed = passed_over(s);
	if (!(o->told.types & BIT(TH_FRAME_TRANSFER))) {
		return true;
	}
	for (size_t i = 0; i < run->n_transfers; i++) {
		const struct th_transfer *t = run->transfers[i];
		if (t->process == x->process && t->ended >= th_spot_began(s->spot) &&
			t->began <= passed) {
			return false;
		}
	}
	return x->transfer && (!passed || is_attempt_known(run, x->transfer));
}

/* ---- together ---- */

static void set_orders(const struct seek *s, struct th_run *run)
{
	for (size_t i = 0; i < run->n_exchanges; i++) {
		struct th_exchange *x = run->exchanges[i];
		const struct th_spots_owner *o = th_spots_owner(&s->spots, x->process->writer);
		const struct th_spot *p = th_id_map_find(&o->exchanges, x->id);
		x->order = p->order;
	}
}

static struct th_loading *seek(struct seek *s, struct th_exchange **ret_exchange)
{
	struct th_loading *outline = NULL;
	if (th_reader_stored(s->reader) >= s->wish->least && survey(s) == 0) {
		outline = read_parts(s);
	}
	int r = outline ? choose(s, &outline->trace) : -EAGAIN;
	release(outline);
	if (r < 0) {
		return NULL;
	}
	add_spot(s);
	struct th_loading *l = read_spot(s, ret_exchange);
	const struct th_seek_wish *w = s->wish;
	const struct th_exchange *x = l ? *ret_exchange : NULL;
	if (!x || l->trace.n_damage || !is_transfer_sure(s, x) ||
		(w->number == 0 && memcmp(x->span_id, w->span_id, TH_SPAN_ID_BYTES) != 0)) {
		release(l);
		return NULL;
	}
	set_orders(s, x->process->run);
	return l;
}

int th_trace_seek(const char *path, const struct th_seek_wish *wish, struct th_trace **ret_trace,
	const struct th_exchange **ret_exchange)
{
	struct seek s = {.wish = wish};
	struct th_exchange *x = NULL;
	if (th_reader_open_outline(path, &s.reader, NULL) < 0) {
		return -EAGAIN;
	}
	struct th_loading *l = seek(&s, &x);
	th_spots_finish(&s.spots);
	free(s.parts);
	if (!l) {
		th_reader_close(s.reader);
		return -EAGAIN;
	}
	*ret_trace = &l->trace;
	*ret_exchange = x;
	return 0;
}
