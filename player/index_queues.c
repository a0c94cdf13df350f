/* See index_queues.h. */
#include "player/index_queues.h"

#include "base/siphash.h"

static uint32_t bucket_of(const struct th_index *ix, const struct th_index_key *k)
{
	static const uint8_t
		seed[TH_SIPHASH_KEY_BYTES]; /* the digest inside is unguessable enough */
	return (uint32_t)th_siphash(seed, k, sizeof(*k)) & ix->mask;
}

struct th_index_queue *th_index_queue(const struct th_index *ix, const struct th_index_key *k)
{
	for (uint32_t i = ix->buckets[bucket_of(ix, k)]; i != TH_INDEX_NONE;
		i = ix->queues[i].next_queue) {
		if (memcmp(&ix->queues[i].key, k, sizeof(*k)) == 0) {
			return &ix->queues[i];
		}
	}
	return NULL;
}

uint32_t th_index_version(uint8_t version)
{
	return version == 20 ? 2 : 1;
}

static struct th_fingerprint fingerprint(enum th_index_level level, const struct th_canon *c)
{
	switch (level) {
	case TH_BY_HEAD:
		return c->head;
	case TH_BY_ENDPOINT:
	case TH_SEQ_LANE:
	case TH_SEQ_THREAD:
	case TH_SEQ_ORDER:
		return c->endpoint;
	case TH_EXACT_LANE:
	case TH_EXACT_THREAD:
	case TH_EXACT_ORDER:
		return c->exact;
	case TH_VOL_LANE:
	case TH_VOL_THREAD:
	case TH_VOL_ORDER:
		return c->masked;
	default:
		return c->full;
	}
}

struct th_index_key th_index_key(
	enum th_index_level level, const struct th_canon *c, const struct th_asker *who)
{
	struct th_index_key k = {.level = (uint32_t)level, .fp = fingerprint(level, c)};
	bool lane = level == TH_BY_LANE || level == TH_SEQ_LANE || level == TH_EXACT_LANE ||
		level == TH_VOL_LANE;
	bool thread = level == TH_BY_THREAD || level == TH_SEQ_THREAD || level == TH_EXACT_THREAD ||
		level == TH_VOL_THREAD;
	if (level == TH_BY_ENDPOINT) {
		return k;
	}
	k.version = th_index_version(who->version);
	if (lane || thread) {
		k.process = who->process;
		k.thread = who->thread;
	}
	if (lane) {
		k.connection = who->connection;
	}
	return k;
}

uint32_t th_index_append(struct th_index *ix, const struct th_index_key *k, uint32_t a)
{
	struct th_index_queue *q = th_index_queue(ix, k);
	if (!q) {
		q = &ix->queues[ix->n_queues];
		uint32_t *bucket = &ix->buckets[bucket_of(ix, k)];
		*q = (struct th_index_queue){
			.key = *k, .head = a, .tail = a, .first = a, .next_queue = *bucket};
		*bucket = ix->n_queues++;
	} else {
		ix->answers[q->tail].next[k->level] = a;
		q->tail = a;
	}
	q->count++;
	return (uint32_t)(q - ix->queues);
}

void th_index_mark(struct th_index *ix, struct th_index_answer *a)
{
	a->claimed = true;
	ix->unused--;
	if (a->conn != TH_SOCKET_NONE) {
		ix->left[a->conn]--;
	}
}

struct th_index_answer *th_index_first(struct th_index *ix, struct th_index_queue *q)
{
	while (q->head != TH_INDEX_NONE && ix->answers[q->head].claimed) {
		q->head = ix->answers[q->head].next[q->key.level];
	}
	return q->head == TH_INDEX_NONE ? NULL : &ix->answers[q->head];
}

bool th_index_crosses(const struct th_index_answer *a, const struct th_asker *who)
{
	return a->process != who->process || a->x->thread != who->thread;
}
