/* See index.h. Answers are chained through their queues by number, one link per kind of queue; a
 * queue only ever loses its head, and an answer claimed through another queue is skipped once. */
#include "player/index.h"

#include <errno.h>
#include <pthread.h>

#include "base/siphash.h"
#include "player/h1_early.h"
#include "player/h2_duplex.h"
#include "player/lanes.h"
#include "player/likely.h"
#include "player/peers.h"
#include "player/volatile.h"

#define NONE UINT32_MAX
#define NEAR_LOOKS 256

enum level {
	BY_LANE,     /* fingerprint, version, process, thread, connection */
	BY_THREAD,   /* fingerprint, version, process, thread */
	BY_ORDER,    /* fingerprint, version */
	BY_HEAD,     /* head, version: only what may be answered before its body */
	BY_ENDPOINT, /* endpoint */
	VOL_LANE,    /* without what rules let differ, as the first three: for TH_MATCH_VOLATILE */
	VOL_THREAD,
	VOL_ORDER,
	SEQ_LANE, /* endpoint, version and lane, as the first three: for TH_MATCH_SEQUENCE */
	SEQ_THREAD,
	SEQ_ORDER,
	EXACT_LANE, /* with the same credentials, as the first three: before all others */
	EXACT_THREAD,
	EXACT_ORDER,
	LEVELS,
};
#define ORDERS 3 /* levels that follow each other: lane, thread, order */

/* No padding: hashed and compared as bytes. */
struct key {
	struct th_fingerprint fp;
	uint32_t level, version, process, thread, connection;
};
_Static_assert(sizeof(struct key) == TH_FINGERPRINT_BYTES + 20, "a key has no padding");

struct queue {
	struct key key;
	uint32_t head, tail; /* answers */
	uint32_t first;	     /* answer: where the head began */
	uint32_t count;
	uint32_t next_queue; /* same hash bucket */
};

struct answer {
	const struct th_exchange *x;
	uint32_t process;
	uint32_t conn; /* th_sockets_number() */
	bool claimed;
	uint32_t next[LEVELS];
};

struct th_index {
	pthread_mutex_t lock;
	unsigned match;
	const struct th_rules *rules;
	const struct th_run *run;
	char (*lanes)[TH_LANE_BYTES]; /* of the run's processes */
	struct answer *answers;
	size_t n, unused;
	size_t early;	   /* that are found by their head */
	size_t first_left; /* answers before it are claimed */
	struct queue *queues;
	uint32_t n_queues, cap_queues;
	uint32_t *buckets;
	uint32_t mask;
	struct th_sockets *sockets;
	struct th_likely *likely;
	size_t *left; /* unclaimed, by number of the connection */
};

static uint32_t bucket_of(const struct th_index *ix, const struct key *k)
{
	static const uint8_t
		seed[TH_SIPHASH_KEY_BYTES]; /* the digest inside is unguessable enough */
	return (uint32_t)th_siphash(seed, k, sizeof(*k)) & ix->mask;
}

static struct queue *find_queue(const struct th_index *ix, const struct key *k)
{
	for (uint32_t i = ix->buckets[bucket_of(ix, k)]; i != NONE; i = ix->queues[i].next_queue) {
		if (memcmp(&ix->queues[i].key, k, sizeof(*k)) == 0) {
			return &ix->queues[i];
		}
	}
	return NULL;
}

static uint32_t version_class(uint8_t version)
{
	return version == 20 ? 2 : 1;
}

static struct th_fingerprint fingerprint(enum level level, const struct th_canon *c)
{
	switch (level) {
	case BY_HEAD:
		return c->head;
	case BY_ENDPOINT:
	case SEQ_LANE:
	case SEQ_THREAD:
	case SEQ_ORDER:
		return c->endpoint;
	case EXACT_LANE:
	case EXACT_THREAD:
	case EXACT_ORDER:
		return c->exact;
	case VOL_LANE:
	case VOL_THREAD:
	case VOL_ORDER:
		return c->masked;
	default:
		return c->full;
	}
}

static struct key make_key(enum level level, const struct th_canon *c, const struct th_asker *who)
{
	struct key k = {.level = (uint32_t)level, .fp = fingerprint(level, c)};
	bool lane = level == BY_LANE || level == SEQ_LANE || level == EXACT_LANE ||
		level == VOL_LANE;
	bool thread = level == BY_THREAD || level == SEQ_THREAD || level == EXACT_THREAD ||
		level == VOL_THREAD;
	if (level == BY_ENDPOINT) {
		return k;
	}
	k.version = version_class(who->version);
	if (lane || thread) {
		k.process = who->process;
		k.thread = who->thread;
	}
	if (lane) {
		k.connection = who->connection;
	}
	return k;
}

/* The number of the queue. */
static uint32_t append(struct th_index *ix, const struct key *k, uint32_t a)
{
	struct queue *q = find_queue(ix, k);
	if (!q) {
		q = &ix->queues[ix->n_queues];
		uint32_t *bucket = &ix->buckets[bucket_of(ix, k)];
		*q = (struct queue){
			.key = *k, .head = a, .tail = a, .first = a, .next_queue = *bucket};
		*bucket = ix->n_queues++;
	} else {
		ix->answers[q->tail].next[k->level] = a;
		q->tail = a;
	}
	q->count++;
	return (uint32_t)(q - ix->queues);
}

uint32_t th_index_lane(const struct th_index *ix, const char *lane)
{
	for (size_t i = 0; i < ix->run->n_processes; i++) {
		if (strcmp(ix->lanes[i], lane) == 0) {
			return (uint32_t)i;
		}
	}
	return TH_LANE_UNKNOWN;
}

static uint32_t process_number(const struct th_run *run, const struct th_process *p)
{
	for (size_t i = 0; i < run->n_processes; i++) {
		if (run->processes[i] == p) {
			return (uint32_t)i;
		}
	}
	return TH_LANE_UNKNOWN;
}

/* Can this exchange answer before the request's body is whole? Then its head is a way to it. */
static bool has_early_answer(const struct th_exchange *x)
{
	return x->n_interim || th_duplex_applies(x) || th_h1_early_is(x) ||
		(!x->request.bodiless &&
			(!x->request.finished || x->request.end != TH_END_COMPLETE));
}

static bool is_indexed(const struct th_index *ix, enum level level, const struct th_exchange *x,
	const struct th_canon *c)
{
	switch (level) {
	case BY_HEAD:
		return has_early_answer(x);
	case SEQ_LANE:
	case SEQ_THREAD:
	case SEQ_ORDER:
		return ix->match & TH_MATCH_SEQUENCE;
	case VOL_LANE:
	case VOL_THREAD:
	case VOL_ORDER:
		return c->has_masked;
	case EXACT_LANE:
	case EXACT_THREAD:
	case EXACT_ORDER:
		return c->has_credentials;
	default:
		return true;
	}
}

static void add_answer(struct th_index *ix, const struct th_exchange *x, const struct th_canon *c,
	uint32_t process)
{
	uint32_t a = (uint32_t)ix->n++;
	struct answer *an = &ix->answers[a];
	*an = (struct answer){
		.x = x, .process = process, .conn = th_sockets_number(ix->sockets, x->connection)};
	if (an->conn != TH_SOCKET_NONE) {
		ix->left[an->conn]++;
	}
	struct th_asker who = {.version = x->request.version,
		.process = process,
		.thread = x->thread,
		.connection = th_sockets_ordinal(ix->sockets, x->connection)};
	for (int level = 0; level < LEVELS; level++) {
		an->next[level] = NONE;
		if (!is_indexed(ix, (enum level)level, x, c)) {
			continue;
		}
		struct key k = make_key((enum level)level, c, &who);
		uint32_t queue = append(ix, &k, a);
		ix->early += level == BY_HEAD;
		if (level == BY_ORDER) {
			th_likely_note(ix->likely, x, an->conn, queue, c);
		}
	}
}

static bool allocate(struct th_index *ix)
{
	size_t n = ix->run->n_exchanges;
	uint32_t buckets = 64;
	while (buckets < n * 4) {
		buckets *= 2;
	}
	ix->mask = buckets - 1;
	ix->buckets = malloc(buckets * sizeof(*ix->buckets));
	ix->answers = calloc(n + 1, sizeof(*ix->answers));
	ix->queues = calloc(n * LEVELS + 1, sizeof(*ix->queues));
	ix->sockets = th_sockets_create(ix->run);
	ix->likely = th_likely_create(ix->run);
	ix->left = calloc(ix->run->n_connections + 1, sizeof(*ix->left));
	ix->lanes = th_lanes_of_run(ix->run);
	if (!ix->buckets || !ix->answers || !ix->queues || !ix->sockets || !ix->likely ||
		!ix->left || !ix->lanes) {
		return false;
	}
	memset(ix->buckets, 0xff, buckets * sizeof(*ix->buckets));
	return true;
}

/* Such a request is not known to the end, such an answer cannot be given. */
static bool is_withheld(const struct th_exchange *x)
{
	return (x->request.finished && x->request.end == TH_END_WITHHELD) ||
		(x->response.finished && x->response.end == TH_END_WITHHELD);
}

struct th_index *th_index_create(
	const struct th_run *run, unsigned match, const struct th_rules *rules)
{
	struct th_index *ix = calloc(1, sizeof(*ix));
	if (!ix) {
		return NULL;
	}
	pthread_mutex_init(&ix->lock, NULL);
	ix->match = match;
	ix->rules = rules;
	ix->run = run;
	if (!allocate(ix)) {
		return th_index_destroy(ix);
	}
	struct th_canon c = {0};
	const struct th_process *last = NULL;
	uint32_t number = TH_LANE_UNKNOWN;
	for (size_t i = 0; i < run->n_exchanges; i++) {
		const struct th_exchange *x = run->exchanges[i];
		if (x->process != last || i == 0) {
			last = x->process;
			number = process_number(run, last);
		}
		/* What a request with a gap asked for is not known. */
		if (!x->request.gap && !is_withheld(x) && th_canon_request(x, &c) == 0 &&
			th_volatile_take(rules, &c) == 0) {
			add_answer(ix, x, &c, number);
		}
	}
	th_canon_finish(&c);
	ix->unused = ix->n;
	return ix;
}

struct th_index *th_index_destroy(struct th_index *ix)
{
	if (ix) {
		pthread_mutex_destroy(&ix->lock);
		free(ix->answers);
		free(ix->queues);
		free(ix->buckets);
		th_sockets_destroy(ix->sockets);
		th_likely_destroy(ix->likely);
		free(ix->left);
		free(ix->lanes);
		free(ix);
	}
	return NULL;
}

static void mark(struct th_index *ix, struct answer *a)
{
	a->claimed = true;
	ix->unused--;
	if (a->conn != TH_SOCKET_NONE) {
		ix->left[a->conn]--;
	}
}

/* First unclaimed answer of a queue; what is claimed leaves the queue for good. */
static struct answer *first_left(struct th_index *ix, struct queue *q)
{
	while (q->head != NONE && ix->answers[q->head].claimed) {
		q->head = ix->answers[q->head].next[q->key.level];
	}
	return q->head == NONE ? NULL : &ix->answers[q->head];
}

static bool is_crossing(const struct answer *a, const struct th_asker *who)
{
	return a->process != who->process || a->x->thread != who->thread;
}

static bool claim_levels(struct th_index *ix, enum level from, const struct th_canon *c,
	const struct th_asker *who, struct th_claim *ret)
{
	for (int level = (int)from; level < (int)from + ORDERS; level++) {
		struct key k = make_key((enum level)level, c, who);
		struct queue *q = find_queue(ix, &k);
		struct answer *a = q ? first_left(ix, q) : NULL;
		if (a) {
			mark(ix, a);
			bool choice = q->count > 1; /* else no other answer could be meant */
			*ret = (struct th_claim){
				.x = a->x, .crossed = choice && is_crossing(a, who)};
			return true;
		}
	}
	return false;
}

/* As it was recorded, by no relaxation. */
static bool claim_same(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	struct th_claim *ret)
{
	return (c->has_credentials && claim_levels(ix, EXACT_LANE, c, who, ret)) ||
		claim_levels(ix, BY_LANE, c, who, ret);
}

static const struct th_exchange *next_of_endpoint(struct th_index *ix, const struct th_canon *c)
{
	struct key k = {.level = BY_ENDPOINT, .fp = c->endpoint};
	struct queue *q = find_queue(ix, &k);
	struct answer *a = q ? first_left(ix, q) : NULL;
	return a ? a->x : NULL;
}

/* The recorded request that is asked, to the byte; NULL: it is none of those that are likely. */
static const struct th_exchange *find_likely(struct th_index *ix, const struct th_exchange *asked,
	const struct th_exchange *last, struct th_canon *c)
{
	const struct th_exchange *x = last ? th_likely_after(ix->likely, last) : NULL;
	if (x && th_likely_is(ix->likely, x, asked, c)) {
		return x;
	}
	pthread_mutex_lock(&ix->lock);
	const struct th_exchange *other = next_of_endpoint(ix, c);
	pthread_mutex_unlock(&ix->lock);
	bool is = other && other != x && th_likely_is(ix->likely, other, asked, c);
	return is ? other : NULL;
}

/* What was asked once has one answer, whoever asks: there is nothing to prefer. */
static bool claim_only(struct th_index *ix, struct queue *q, struct th_claim *ret)
{
	struct answer *a = first_left(ix, q);
	if (a) {
		mark(ix, a);
		*ret = (struct th_claim){.x = a->x};
	}
	return a != NULL;
}

void th_index_fetch(const struct th_index *ix, const struct th_exchange *x)
{
	th_likely_fetch(ix->likely, x);
}

bool th_index_claim_likely(struct th_index *ix, const struct th_exchange *asked,
	const struct th_exchange *last, struct th_canon *c, const struct th_asker *who,
	struct th_claim *ret_claim)
{
	const struct th_exchange *x = find_likely(ix, asked, last, c);
	if (!x || version_class(who->version) != version_class(x->request.version)) {
		return false;
	}
	struct queue *q = &ix->queues[th_likely_queue(ix->likely, x)];
	pthread_mutex_lock(&ix->lock);
	bool found = q->count == 1
		? claim_only(ix, q, ret_claim)
		: th_canon_take_exact(c) == 0 && claim_same(ix, c, who, ret_claim);
	pthread_mutex_unlock(&ix->lock);
	return found;
}

bool th_index_claim(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	struct th_claim *ret_claim)
{
	pthread_mutex_lock(&ix->lock);
	bool found = claim_same(ix, c, who, ret_claim);
	if (!found && c->has_masked && claim_levels(ix, VOL_LANE, c, who, ret_claim)) {
		found = true;
		ret_claim->relaxed = "volatile";
	}
	if (!found && (ix->match & TH_MATCH_SEQUENCE) &&
		claim_levels(ix, SEQ_LANE, c, who, ret_claim)) {
		found = true;
		ret_claim->relaxed = "sequence";
	}
	pthread_mutex_unlock(&ix->lock);
	return found;
}

/* The best unclaimed answer of a head that `fits` accepts: of the same thread, else the first. */
static struct answer *best_by_head(struct th_index *ix, const struct th_canon *c,
	const struct th_asker *who, bool (*fits)(const struct th_exchange *x, struct th_slice sent),
	struct th_slice sent)
{
	struct key k = make_key(BY_HEAD, c, who);
	struct queue *q = find_queue(ix, &k);
	struct answer *best = NULL;
	for (struct answer *a = q ? first_left(ix, q) : NULL; a;
		a = a->next[BY_HEAD] == NONE ? NULL : &ix->answers[a->next[BY_HEAD]]) {
		if (a->claimed || !fits(a->x, sent)) {
			continue;
		}
		if (!is_crossing(a, who)) {
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
	struct answer *a = best_by_head(ix, c, who, any_exchange, (struct th_slice){NULL, 0});
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
	struct answer *a = best_by_head(ix, c, who, fits, sent);
	if (a) {
		mark(ix, a);
		*ret_claim = (struct th_claim){.x = a->x, .crossed = is_crossing(a, who)};
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
	const struct th_asker *who, const struct answer *than, struct th_slice sent)
{
	struct key k = make_key(BY_ENDPOINT, c, who);
	struct queue *q = find_queue(ix, &k);
	struct answer *a = q ? first_left(ix, q) : NULL;
	for (int i = 0; i < NEAR_LOOKS && a && a != than; i++) {
		if (!a->claimed && !th_h1_early_is(a->x) && !is_crossing(a, who) &&
			!a->x->request.bodiless && th_h1_early_agrees(a->x, sent)) {
			return true;
		}
		uint32_t next = a->next[BY_ENDPOINT];
		a = next == NONE ? NULL : &ix->answers[next];
	}
	return false;
}

bool th_index_claim_early(struct th_index *ix, const struct th_canon *c, struct th_slice sent,
	const struct th_asker *who, struct th_claim *ret_claim)
{
	pthread_mutex_lock(&ix->lock);
	struct answer *a = best_by_head(ix, c, who, is_early, sent);
	if (a && has_earlier_whole(ix, c, who, a, sent)) {
		a = NULL;
	}
	if (a) {
		mark(ix, a);
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
	struct key k = make_key(BY_HEAD, c, who);
	size_t least = SIZE_MAX;
	pthread_mutex_lock(&ix->lock);
	struct queue *q = find_queue(ix, &k);
	for (struct answer *a = q ? first_left(ix, q) : NULL; a;
		a = a->next[BY_HEAD] == NONE ? NULL : &ix->answers[a->next[BY_HEAD]]) {
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

bool th_index_was_claimed(struct th_index *ix, const struct th_exchange *x)
{
	size_t lo = 0, hi = ix->n; /* answers are in the run's order */
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (ix->answers[mid].x->order < x->order) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	pthread_mutex_lock(&ix->lock);
	bool claimed = lo < ix->n && ix->answers[lo].x == x && ix->answers[lo].claimed;
	pthread_mutex_unlock(&ix->lock);
	return claimed;
}

size_t th_index_unused(struct th_index *ix)
{
	pthread_mutex_lock(&ix->lock);
	size_t n = ix->unused;
	pthread_mutex_unlock(&ix->lock);
	return n;
}

const struct th_sockets *th_index_sockets(const struct th_index *ix)
{
	return ix->sockets;
}

/* Answers stand in the order in which they were asked for. Under the lock. */
static void skip_claimed(struct th_index *ix)
{
	while (ix->first_left < ix->n && ix->answers[ix->first_left].claimed) {
		ix->first_left++;
	}
}

bool th_index_left_before(struct th_index *ix, uint64_t time)
{
	pthread_mutex_lock(&ix->lock);
	skip_claimed(ix);
	bool left = ix->first_left < ix->n && ix->answers[ix->first_left].x->request.began < time;
	pthread_mutex_unlock(&ix->lock);
	return left;
}

static bool is_there(const struct th_connection *a, const struct th_connection *b)
{
	return a && a->process == b->process && th_peers_same_address(a, b);
}

bool th_index_left_there(struct th_index *ix, const struct th_connection *conn, uint64_t time)
{
	bool left = false;
	pthread_mutex_lock(&ix->lock);
	skip_claimed(ix);
	for (size_t i = ix->first_left; i < ix->n && !left; i++) {
		const struct th_exchange *x = ix->answers[i].x;
		if (x->request.began >= time) {
			break;
		}
		left = !ix->answers[i].claimed && is_there(x->connection, conn);
	}
	pthread_mutex_unlock(&ix->lock);
	return left;
}

size_t th_index_left_on(struct th_index *ix, const struct th_connection *conn)
{
	uint32_t i = th_sockets_number(ix->sockets, conn);
	if (i == TH_SOCKET_NONE) {
		return 0;
	}
	pthread_mutex_lock(&ix->lock);
	size_t n = ix->left[i];
	pthread_mutex_unlock(&ix->lock);
	return n;
}

/* Up to TH_NEAR_MAX of the endpoint's exchanges from `at` on. A bounded look, since an endpoint may
 * have any number of them. */
static void gather_near(struct th_index *ix, uint32_t at, bool claimed, struct th_near *near)
{
	for (int i = 0; i < NEAR_LOOKS && at != NONE && near->n < TH_NEAR_MAX; i++) {
		const struct answer *a = &ix->answers[at];
		if (a->claimed == claimed) {
			near->x[near->n++] = a->x;
		}
		at = a->next[BY_ENDPOINT];
	}
}

static void describe_same(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	struct th_near *near)
{
	struct th_asker other = *who;
	struct key k = make_key(BY_ORDER, c, who);
	const struct queue *q = find_queue(ix, &k);
	near->same = q ? q->count : 0;
	other.version = version_class(who->version) == 2 ? 11 : 20;
	k = make_key(BY_ORDER, c, &other);
	near->other_version = find_queue(ix, &k) ? other.version : 0;
}

int th_index_near(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	struct th_near *ret_near)
{
	struct th_near near = {.x = calloc(TH_NEAR_MAX, sizeof(*near.x))};
	if (!near.x) {
		return -ENOMEM;
	}
	pthread_mutex_lock(&ix->lock);
	describe_same(ix, c, who, &near);
	struct key k = make_key(BY_ENDPOINT, c, who);
	struct queue *q = find_queue(ix, &k);
	if (q) {
		near.total = q->count;
		(void)first_left(ix, q);
		gather_near(ix, q->head, false, &near);
		gather_near(ix, q->first, true, &near);
	}
	pthread_mutex_unlock(&ix->lock);
	*ret_near = near;
	return 0;
}
