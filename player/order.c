/* See order.h. Two queues in recorded order, requests by their beginning and answers by their end,
 * and for each exchange how far both must have come: two numbers to compare per answer. */
#include "player/order.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define LOOK_NS 20000 /* between looks at whether an answer was read; twice as long each time */
#define LOOK_MAX_NS 1000000
#define PIPELINE_MAX 64 /* exchanges looked at for one of the same connection */

struct queue {
	bool *done;
	size_t n, front; /* all before `front` are done */
};

struct need {
	size_t requests, answers; /* fronts that must be reached */
	size_t rank;		  /* among the answers */
};

struct ended {
	uint64_t time;
	size_t order;
};

struct th_order {
	pthread_mutex_t lock;
	pthread_cond_t moved;
	struct queue requests, answers;
	struct th_given *given; /* sent, and perhaps not read */
	uint64_t progress;	/* when somebody asked or connected last, th_clock_mono() */
	struct need *needs;	/* by x->order */
	struct ended *ends;	/* of the answers, sorted */
};

static int by_time(const void *a, const void *b)
{
	const struct ended *x = a, *y = b;
	if (x->time != y->time) {
		return x->time < y->time ? -1 : 1;
	}
	return (x->order > y->order) - (x->order < y->order);
}

/* How many requests began before `time`; they are sorted by that. */
static size_t requests_before(const struct th_run *run, uint64_t time)
{
	size_t lo = 0, hi = run->n_exchanges;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (run->exchanges[mid]->request.began < time) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return lo;
}

static size_t answers_before(const struct ended *ends, size_t n, uint64_t time)
{
	size_t lo = 0, hi = n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (ends[mid].time < time) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return lo;
}

static uint64_t answer_began(const struct th_exchange *x)
{
	return x->n_interim && x->interim[0].time < x->response.began ? x->interim[0].time
								      : x->response.began;
}

/* HTTP/1 answers in order: a request that was pipelined behind another is not read before the
 * other is answered, so nobody may wait for it. They follow each other closely. */
static bool is_pipelined(const struct th_run *run, size_t i)
{
	const struct th_exchange *x = run->exchanges[i];
	size_t first = i > PIPELINE_MAX ? i - PIPELINE_MAX : 0;
	for (size_t k = i; x->connection && x->request.version != 20 && k-- > first;) {
		const struct th_exchange *before = run->exchanges[k];
		if (before->connection == x->connection) {
			return !before->response.present || answer_began(before) > x->request.began;
		}
	}
	return false;
}

static void find_needs(struct th_order *o, const struct th_run *run, struct ended *ends)
{
	size_t n = run->n_exchanges;
	for (size_t i = 0; i < n; i++) {
		const struct th_exchange *x = run->exchanges[i];
		ends[i] = (struct ended){x->response.present ? x->response.ended : UINT64_MAX, i};
		o->requests.done[i] = !x->request.head_done /* can never be asked */
			|| is_pipelined(run, i);
	}
	qsort(ends, n, sizeof(*ends), by_time);
	for (size_t rank = 0; rank < n; rank++) {
		const struct th_exchange *x = run->exchanges[ends[rank].order];
		struct need *need = &o->needs[ends[rank].order];
		need->rank = rank;
		o->answers.done[rank] = !x->response.present || !x->request.head_done;
		if (x->response.present) {
			need->requests = requests_before(run, answer_began(x));
			need->answers = answers_before(ends, rank, answer_began(x));
		}
	}
}

struct th_order *th_order_create(const struct th_run *run)
{
	size_t n = run->n_exchanges;
	struct th_order *o = calloc(1, sizeof(*o));
	if (o) {
		pthread_condattr_t attr;
		pthread_condattr_init(&attr);
		pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
		pthread_mutex_init(&o->lock, NULL);
		pthread_cond_init(&o->moved, &attr);
		pthread_condattr_destroy(&attr);
		o->requests = (struct queue){.done = calloc(n + 1, sizeof(bool)), .n = n};
		o->answers = (struct queue){.done = calloc(n + 1, sizeof(bool)), .n = n};
		o->needs = calloc(n + 1, sizeof(*o->needs));
		o->ends = calloc(n + 1, sizeof(*o->ends));
	}
	if (!o || !o->ends || !o->requests.done || !o->answers.done || !o->needs) {
		return th_order_destroy(o);
	}
	find_needs(o, run, o->ends);
	return o;
}

struct th_order *th_order_destroy(struct th_order *o)
{
	if (o) {
		pthread_cond_destroy(&o->moved);
		pthread_mutex_destroy(&o->lock);
		free(o->requests.done);
		free(o->answers.done);
		free(o->needs);
		free(o->ends);
		free(o);
	}
	return NULL;
}

/* Under the lock. */
static void advance(struct th_order *o, struct queue *q)
{
	size_t front = q->front;
	while (q->front < q->n && q->done[q->front]) {
		q->front++;
	}
	if (q->front != front) {
		pthread_cond_broadcast(&o->moved);
	}
}

static void give_up_before(struct th_order *o, struct queue *q, size_t end)
{
	for (size_t i = q->front; i < end; i++) {
		q->done[i] = true;
	}
	advance(o, q);
}

static bool is_reached(struct th_order *o, const struct need *need)
{
	advance(o, &o->requests);
	advance(o, &o->answers);
	return o->requests.front >= need->requests && o->answers.front >= need->answers;
}

static void look_at(struct th_order *o, struct th_given *g)
{
	if (g->at && th_given_is_taken(g)) {
		o->answers.done[g->rank] = true;
		th_given_remove(g);
	}
}

static void note_taken(struct th_order *o)
{
	for (struct th_given *g = o->given, *next; g; g = next) {
		next = g->next;
		look_at(o, g);
	}
}

static bool is_turn(struct th_order *o, const struct need *need)
{
	if (is_reached(o, need)) {
		return true;
	}
	note_taken(o);
	return is_reached(o, need);
}

static void give_up(struct th_order *o, const struct need *need)
{
	give_up_before(o, &o->requests, need->requests);
	give_up_before(o, &o->answers, need->answers);
}

void th_order_asked(struct th_order *o, const struct th_exchange *x)
{
	pthread_mutex_lock(&o->lock);
	o->requests.done[x->order] = true;
	o->progress = th_clock_mono();
	advance(o, &o->requests);
	pthread_mutex_unlock(&o->lock);
}

void th_order_stirred(struct th_order *o)
{
	pthread_mutex_lock(&o->lock);
	o->progress = th_clock_mono();
	pthread_mutex_unlock(&o->lock);
}

void th_order_answered(struct th_order *o, const struct th_exchange *x)
{
	size_t rank = o->needs[x->order].rank;
	pthread_mutex_lock(&o->lock);
	for (struct th_given *g = o->given, *next; g; g = next) {
		next = g->next;
		if (g->rank == rank) {
			th_given_remove(g);
		}
	}
	o->answers.done[rank] = true;
	advance(o, &o->answers);
	pthread_mutex_unlock(&o->lock);
}

void th_order_given(struct th_order *o, const struct th_exchange *x, struct th_given *g)
{
	g->rank = o->needs[x->order].rank;
	g->until = th_clock_mono() + TH_ORDER_PATIENCE_NS;
	pthread_mutex_lock(&o->lock);
	th_given_add(&o->given, g);
	pthread_mutex_unlock(&o->lock);
}

bool th_order_is_taken(struct th_order *o, struct th_given *g)
{
	pthread_mutex_lock(&o->lock);
	look_at(o, g);
	bool taken = !g->at;
	pthread_mutex_unlock(&o->lock);
	return taken;
}

uint64_t th_order_patience(uint64_t took)
{
	took = took > TH_ORDER_LEAST_NS ? took : TH_ORDER_LEAST_NS;
	return took < TH_ORDER_PATIENCE_NS ? took : TH_ORDER_PATIENCE_NS;
}

/* When to stop waiting, unless something moves; under the lock. */
static uint64_t deadline(
	const struct th_order *o, const struct th_exchange *x, uint64_t time, uint64_t since)
{
	uint64_t asked = x->request.ended ? x->request.ended : x->request.began;
	uint64_t took = time > asked ? time - asked : 0;
	return (o->progress > since ? o->progress : since) + th_order_patience(took);
}

/* Under the lock: until what was read at `time` of the answer to x may be given. */
static void wait_for(
	struct th_order *o, const struct need *need, const struct th_exchange *x, uint64_t time)
{
	uint64_t since = is_turn(o, need) ? 0 : th_clock_mono(), look = LOOK_NS;
	while (since && !is_turn(o, need)) {
		uint64_t until = deadline(o, x, time, since), now = th_clock_mono();
		if (now >= until) {
			give_up(o, need);
			continue;
		}
		if (o->given && until - now > look) {
			until = now + look;
			look = 2 * look < LOOK_MAX_NS ? 2 * look : LOOK_MAX_NS;
		}
		struct timespec ts = {.tv_sec = (time_t)(until / 1000000000),
			.tv_nsec = (long)(until % 1000000000)};
		pthread_cond_timedwait(&o->moved, &o->lock, &ts);
	}
}

void th_order_wait(struct th_order *o, const struct th_exchange *x)
{
	pthread_mutex_lock(&o->lock);
	wait_for(o, &o->needs[x->order], x, answer_began(x));
	pthread_mutex_unlock(&o->lock);
}

void th_order_wait_part(struct th_order *o, const struct th_exchange *x, uint64_t time)
{
	pthread_mutex_lock(&o->lock);
	const struct need need = {
		.answers = answers_before(o->ends, o->needs[x->order].rank, time)};
	wait_for(o, &need, x, time);
	pthread_mutex_unlock(&o->lock);
}

bool th_order_ready(struct th_order *o, const struct th_exchange *x, uint64_t since)
{
	const struct need *need = &o->needs[x->order];
	pthread_mutex_lock(&o->lock);
	bool ready = is_turn(o, need);
	if (!ready && th_clock_mono() >= deadline(o, x, answer_began(x), since)) {
		give_up(o, need);
		ready = true;
	}
	pthread_mutex_unlock(&o->lock);
	return ready;
}
