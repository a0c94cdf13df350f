/* Answers that come before their request is whole (see index.h): found by the request's head, and
 * by what there is of its body. */
#include "player/h1_early.h"
#include "player/h2_duplex.h"
#include "player/index_queues.h"

/* The best unclaimed answer of a head that `fits` accepts: of the same thread, else the first. */
static struct th_index_answer *best_by_head(struct th_index *ix, const struct th_canon *c,
	const struct th_asker *who, bool (*fits)(const struct th_exchange *x, struct th_slice sent),
	struct th_slice sent)
{
	struct th_index_key k = th_index_key(TH_BY_HEAD, c, who);
	struct th_index_queue *q = th_index_queue(ix, &k);
	struct th_index_answer *best = NULL;
	for (struct th_index_answer *a = q ? th_index_first(ix, q) : NULL; a;
		a = a->next[TH_BY_HEAD] == TH_INDEX_NONE ? NULL
							 : &ix->answers[a->next[TH_BY_HEAD]]) {
		if (a->claimed || !fits(a->x, sent)) {
			continue;
		}
		if (!th_index_crosses(a, who)) {
			return a;
		}
		best = best ? best : a;
	}
	return best;
}

static bool any_exchange(const struct th_exchange *x, struct th_slice sent)
{
	return true;
}

const struct th_exchange *th_index_peek_head(
	struct th_index *ix, const struct th_canon *c, const struct th_asker *who)
{
	pthread_mutex_lock(&ix->lock);
	struct th_index_answer *a = best_by_head(
		ix, c, who, any_exchange, (struct th_slice){NULL, 0});
	pthread_mutex_unlock(&ix->lock);
	return a ? a->x : NULL;
}

static bool was_cut_within(const struct th_exchange *x, struct th_slice sent)
{
	const struct th_message *m = &x->request;
	if (m->finished && m->end == TH_END_COMPLETE) {
		return false;
	}
	size_t at = 0;
	for (size_t i = 0; i < m->n_pieces; i++) {
		struct th_slice piece = m->pieces[i].bytes;
		if (piece.n > sent.n - at ||
			(piece.n && memcmp(piece.p, sent.p + at, piece.n) != 0)) {
			return false;
		}
		at += piece.n;
	}
	return true;
}

static bool claim_by_head(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	bool (*fits)(const struct th_exchange *x, struct th_slice sent), struct th_slice sent,
	struct th_claim *ret_claim)
{
	pthread_mutex_lock(&ix->lock);
	struct th_index_answer *a = best_by_head(ix, c, who, fits, sent);
	if (a) {
		th_index_mark(ix, a);
		*ret_claim = (struct th_claim){.x = a->x, .crossed = th_index_crosses(a, who)};
	}
	pthread_mutex_unlock(&ix->lock);
	return a != NULL;
}

bool th_index_claim_partial(struct th_index *ix, const struct th_canon *c, struct th_slice sent,
	const struct th_asker *who, struct th_claim *ret_claim)
{
	return claim_by_head(ix, c, who, was_cut_within, sent, ret_claim);
}

bool th_index_claim_duplex(struct th_index *ix, const struct th_canon *c, struct th_slice sent,
	const struct th_asker *who, struct th_claim *ret_claim)
{
	return claim_by_head(ix, c, who, th_duplex_fits, sent, ret_claim);
}

static bool is_early(const struct th_exchange *x, struct th_slice sent)
{
	return th_h1_early_is(x) && sent.n >= th_h1_early_need(x) && th_h1_early_agrees(x, sent);
}

/* Did the agent ask before `than`, as it asks now, for what is answered when it is whole? Then that
 * comes first. */
static bool has_earlier_whole(struct th_index *ix, const struct th_canon *c,
	const struct th_asker *who, const struct th_index_answer *than, struct th_slice sent)
{
	struct th_index_key k = th_index_key(TH_BY_ENDPOINT, c, who);
	struct th_index_queue *q = th_index_queue(ix, &k);
	struct th_index_answer *a = q ? th_index_first(ix, q) : NULL;
	for (int i = 0; i < TH_INDEX_LOOKS && a && a != than; i++) {
		if (!a->claimed && !th_h1_early_is(a->x) && !th_index_crosses(a, who) &&
			!a->x->request.bodiless && th_h1_early_agrees(a->x, sent)) {
			return true;
		}
		uint32_t next = a->next[TH_BY_ENDPOINT];
		a = next == TH_INDEX_NONE ? NULL : &ix->answers[next];
	}
	return false;
}

bool th_index_claim_early(struct th_index *ix, const struct th_canon *c, struct th_slice sent,
	const struct th_asker *who, struct th_claim *ret_claim)
{
	pthread_mutex_lock(&ix->lock);
	struct th_index_answer *a = best_by_head(ix, c, who, is_early, sent);
	if (a && has_earlier_whole(ix, c, who, a, sent)) {
		a = NULL;
	}
	if (a) {
		th_index_mark(ix, a);
		*ret_claim = (struct th_claim){.x = a->x};
	}
	pthread_mutex_unlock(&ix->lock);
	return a != NULL;
}

size_t th_index_early_need(
	struct th_index *ix, const struct th_canon *c, const struct th_asker *who, size_t from)
{
	if (!ix->early) {
		return SIZE_MAX;
	}
	struct th_index_key k = th_index_key(TH_BY_HEAD, c, who);
	size_t least = SIZE_MAX;
	pthread_mutex_lock(&ix->lock);
	struct th_index_queue *q = th_index_queue(ix, &k);
	for (struct th_index_answer *a = q ? th_index_first(ix, q) : NULL; a;
		a = a->next[TH_BY_HEAD] == TH_INDEX_NONE ? NULL
							 : &ix->answers[a->next[TH_BY_HEAD]]) {
		size_t need = !a->claimed && th_h1_early_is(a->x) ? th_h1_early_need(a->x)
								  : SIZE_MAX;
		least = need >= from && need < least ? need : least;
	}
	pthread_mutex_unlock(&ix->lock);
	return least;
}

static bool is_duplex(const struct th_exchange *x, struct th_slice sent)
{
	return th_duplex_applies(x);
}

bool th_index_has_duplex(struct th_index *ix, const struct th_canon *c, const struct th_asker *who)
{
	pthread_mutex_lock(&ix->lock);
	bool has = best_by_head(ix, c, who, is_duplex, (struct th_slice){NULL, 0}) != NULL;
	pthread_mutex_unlock(&ix->lock);
	return has;
}
