/* An annotation names the run it belongs to by its root's writer, since a trace id may be that of
 * several runs, and its span. Whoever annotates is a writer of its own: he has no part in the
 * chains of those who recorded, and may come years later. */
#include "trace/annotations.h"

#include <stdlib.h>
#include <string.h>

static void take_score(struct th_annotation *n, struct th_in *in)
{
	uint64_t bits;
	n->scored = th_in_u8(in) & TH_ANNOTATION_SCORED;
	th_in_bytes(in, 7);
	bits = th_in_u64(in);
	memcpy(&n->score, &bits, sizeof(bits));
}

void th_annotations_frame(
	struct th_arena *a, struct th_collected *c, const struct th_frame *f, struct th_in *in)
{
	struct th_annotation **room = th_arena_room(
		a, c->annotations, c->n_annotations, sizeof(c->annotations[0]));
	struct th_annotation *n = th_arena_alloc(a, sizeof(*n));
	if (!room || !n) {
		return;
	}
	c->annotations = room;
	n->time = f->time;
	n->writer = f->writer;
	struct th_slice trace = th_in_bytes(in, TH_TRACE_ID_BYTES);
	struct th_slice span = th_in_bytes(in, TH_SPAN_ID_BYTES);
	n->root = th_in_u64(in);
	take_score(n, in);
	n->name = th_in_str16(in);
	n->label = th_in_str16(in);
	n->comment = th_in_str16(in);
	n->author = th_in_str16(in);
	n->data = th_in_bytes(in, th_in_u32(in));
	if (in->failed) {
		return;
	}
	memcpy(n->trace_id, trace.p, sizeof(n->trace_id));
	memcpy(n->span_id, span.p, sizeof(n->span_id));
	c->annotations[c->n_annotations++] = n;
}

/* A writer that wrote nothing else: it is no process. */
static bool only_annotates(const struct th_collected *c)
{
	return c->n_annotations && !c->has_run && !c->has_process && !c->n_exchanges &&
		!c->n_connections && !c->n_names && !c->n_dns;
}

/* ---- who annotates what ---- */

static int by_writer(const void *pa, const void *pb)
{
	uint64_t a = (*(struct th_collected *const *)pa)->process.writer;
	uint64_t b = (*(struct th_collected *const *)pb)->process.writer;
	return a < b ? -1 : a > b;
}

static struct th_collected *find_writer(struct th_collected **sorted, size_t n, uint64_t writer)
{
	size_t from = 0, to = n;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (sorted[middle]->process.writer < writer) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	return from < n && sorted[from]->process.writer == writer ? sorted[from] : NULL;
}

static void swap(struct th_collected **a, struct th_collected **b)
{
	struct th_collected *c = *a;
	*a = *b;
	*b = c;
}

size_t th_annotations_set_apart(struct th_collected **all, size_t n)
{
	size_t recorded = 0;
	for (size_t i = 0; i < n; i++) {
		if (!only_annotates(all[i])) {
			swap(&all[i], &all[recorded++]);
		}
	}
	if (recorded) {
		qsort(all, recorded, sizeof(*all), by_writer);
	}
	size_t known = recorded;
	for (size_t i = known; i < n; i++) {
		if (!find_writer(all, known, all[i]->annotations[0]->root)) {
			swap(&all[i], &all[recorded++]);
		}
	}
	if (recorded) {
		qsort(all, recorded, sizeof(*all), by_writer);
	}
	return recorded;
}

static void add_annotation(struct th_arena *a, struct th_run *run, struct th_annotation *n)
{
	struct th_annotation **room = th_arena_room(
		a, run->annotations, run->n_annotations, sizeof(run->annotations[0]));
	if (room) {
		run->annotations = room;
		run->annotations[run->n_annotations++] = n;
	}
}

static void add_annotator(struct th_arena *a, struct th_run *run, uint64_t writer)
{
	uint64_t *room = th_arena_room(
		a, run->annotators, run->n_annotators, sizeof(run->annotators[0]));
	if (room) {
		run->annotators = room;
		run->annotators[run->n_annotators++] = writer;
	}
}

static int by_span(const void *pa, const void *pb)
{
	const struct th_annotation *a = *(struct th_annotation *const *)pa;
	const struct th_annotation *b = *(struct th_annotation *const *)pb;
	int o = memcmp(a->span_id, b->span_id, sizeof(a->span_id));
	if (o || a->time != b->time) {
		return o ? o : a->time < b->time ? -1 : 1;
	}
	return a->writer < b->writer ? -1 : a->writer > b->writer;
}

void th_annotations_assign(struct th_arena *a, struct th_trace *t, struct th_collected **all,
	size_t recorded, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct th_collected *root = NULL;
		for (size_t k = 0; k < all[i]->n_annotations; k++) {
			root = find_writer(all, recorded, all[i]->annotations[k]->root);
			if (root) {
				add_annotation(a, root->process.run, all[i]->annotations[k]);
			}
		}
		if (i >= recorded && root) {
			add_annotator(a, root->process.run, all[i]->process.writer);
		}
	}
	for (size_t i = 0; i < t->n_runs; i++) {
		struct th_run *run = t->runs[i];
		if (run->n_annotations) {
			qsort(run->annotations, run->n_annotations, sizeof(run->annotations[0]),
				by_span);
		}
	}
}

const struct th_annotation *const *th_annotations_of(
	const struct th_run *run, const uint8_t span_id[TH_SPAN_ID_BYTES], size_t *ret_n)
{
	size_t from = 0, to = run->n_annotations, n = 0;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (memcmp(run->annotations[middle]->span_id, span_id, TH_SPAN_ID_BYTES) < 0) {
			from = middle + 1;
		} else {
			to = middle;
		}
	}
	while (from + n < run->n_annotations &&
		memcmp(run->annotations[from + n]->span_id, span_id, TH_SPAN_ID_BYTES) == 0) {
		n++;
	}
	*ret_n = n;
	return n ? (const struct th_annotation *const *)&run->annotations[from] : NULL;
}
