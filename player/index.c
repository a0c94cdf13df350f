/* See index.h. How it is made, and how a whole request claims its answer; of requests that are
 * answered before they are whole see index_early.c, of what nobody claimed index_left.c. */
#include "player/index.h"

#include "player/h1_early.h"
#include "player/h2_duplex.h"
#include "player/index_queues.h"
#include "player/volatile.h"

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

static bool is_indexed(const struct th_index *ix, enum th_index_level level,
	const struct th_exchange *x, const struct th_canon *c)
{
	switch (level) {
	case TH_BY_HEAD:
		return has_early_answer(x);
	case TH_SEQ_LANE:
	case TH_SEQ_THREAD:
	case TH_SEQ_ORDER:
		return ix->match & TH_MATCH_SEQUENCE;
	case TH_VOL_LANE:
	case TH_VOL_THREAD:
	case TH_VOL_ORDER:
		return c->has_masked;
	case TH_EXACT_LANE:
	case TH_EXACT_THREAD:
	case TH_EXACT_ORDER:
		return c->has_credentials;
	default:
		return true;
	}
}

static void add_answer(struct th_index *ix, const struct th_exchange *x, const struct th_canon *c,
	uint32_t process)
{
	uint32_t a = (uint32_t)ix->n++;
	struct th_index_answer *an = &ix->answers[a];
	*an = (struct th_index_answer){
		.x = x, .process = process, .conn = th_sockets_number(ix->sockets, x->connection)};
	if (an->conn != TH_SOCKET_NONE) {
		ix->left[an->conn]++;
	}
	struct th_asker who = {.version = x->request.version,
		.process = process,
		.thread = x->thread,
		.connection = th_sockets_ordinal(ix->sockets, x->connection)};
	for (int level = 0; level < TH_INDEX_LEVELS; level++) {
		an->next[level] = TH_INDEX_NONE;
		if (!is_indexed(ix, (enum th_index_level)level, x, c)) {
			continue;
		}
		struct th_index_key k = th_index_key((enum th_index_level)level, c, &who);
		uint32_t queue = th_index_append(ix, &k, a);
		ix->early += level == TH_BY_HEAD;
		if (level == TH_BY_ORDER) {
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
	ix->queues = calloc(n * TH_INDEX_LEVELS + 1, sizeof(*ix->queues));
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

static bool claim_levels(struct th_index *ix, enum th_index_level from, const struct th_canon *c,
	const struct th_asker *who, struct th_claim *ret)
{
	for (int level = (int)from; level < (int)from + TH_INDEX_ORDERS; level++) {
		struct th_index_key k = th_index_key((enum th_index_level)level, c, who);
		struct th_index_queue *q = th_index_queue(ix, &k);
		struct th_index_answer *a = q ? th_index_first(ix, q) : NULL;
		if (a) {
			th_index_mark(ix, a);
			bool choice = q->count > 1; /* else no other answer could be meant */
			*ret = (struct th_claim){
				.x = a->x, .crossed = choice && th_index_crosses(a, who)};
			return true;
		}
	}
	return false;
}

/* As it was recorded, by no relaxation. */
static bool claim_same(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	struct th_claim *ret)
{
	return (c->has_credentials && claim_levels(ix, TH_EXACT_LANE, c, who, ret)) ||
		claim_levels(ix, TH_BY_LANE, c, who, ret);
}

static const struct th_exchange *next_of_endpoint(struct th_index *ix, const struct th_canon *c)
{
	struct th_index_key k = {.level = TH_BY_ENDPOINT, .fp = c->endpoint};
	struct th_index_queue *q = th_index_queue(ix, &k);
	struct th_index_answer *a = q ? th_index_first(ix, q) : NULL;
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
static bool claim_only(struct th_index *ix, struct th_index_queue *q, struct th_claim *ret)
{
	struct th_index_answer *a = th_index_first(ix, q);
	if (a) {
		th_index_mark(ix, a);
		*ret = (struct th_claim){.x = a->x};
	}
	return a != NULL;
}

void th_index_fetch(const struct th_index *ix, const struct th_exchange *x)
{
	th_likely_fetch(ix->likely, x);
}

struct th_closing th_index_closing(const struct th_index *ix, const struct th_exchange *x)
{
	return th_likely_closing(ix->likely, x);
}

bool th_index_claim_likely(struct th_index *ix, const struct th_exchange *asked,
	const struct th_exchange *last, struct th_canon *c, const struct th_asker *who,
	struct th_claim *ret_claim)
{
	const struct th_exchange *x = find_likely(ix, asked, last, c);
	if (!x || th_index_version(who->version) != th_index_version(x->request.version)) {
		return false;
	}
	struct th_index_queue *q = &ix->queues[th_likely_queue(ix->likely, x)];
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
	if (!found && c->has_masked && claim_levels(ix, TH_VOL_LANE, c, who, ret_claim)) {
		found = true;
		ret_claim->relaxed = "volatile";
	}
	if (!found && (ix->match & TH_MATCH_SEQUENCE) &&
		claim_levels(ix, TH_SEQ_LANE, c, who, ret_claim)) {
		found = true;
		ret_claim->relaxed = "sequence";
	}
	pthread_mutex_unlock(&ix->lock);
	return found;
}
