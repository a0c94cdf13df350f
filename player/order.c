/* See order.h. Two queues in recorded order, requests by their beginning and answers by their ends,
 * and for each exchange how far both must have come: two numbers to compare per answer. */
#include "player/order.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "capture/frame.h"
#include "trace/http.h"

#define LOOK_NS 20000 /* between looks at whether an answer was read; twice as long each time */
#define LOOK_MAX_NS 1000000
#define PIPELINE_MAX 64 /* exchanges looked at for one of the same connection */

struct queue {
	bool *done;
	size_t n, front; /* all before `front` are done */
};

struct need {
	size_t requests, answers; /* fronts that must be reached */
	size_t rank;		  /* of its end among the answers' */
	size_t whole;		  /* of its whole body there; SIZE_MAX: the same */
};

struct ended {
	uint64_t time;
	size_t order;
	bool whole; /* struct th_order_event */
};

/* A thread that waits, on its own stack. With many of them each is woken for its own turn alone. */
struct waiter {
	const struct need *need;
	pthread_cond_t turn;
	struct waiter *next, **at;
};

struct th_order {
	pthread_mutex_t lock;
	pthread_condattr_t attr;
	struct waiter *waiters;
	bool looking; /* one of them wakes up to look at what was given */
	struct queue requests, answers;
	struct th_given *given; /* sent, and perhaps not read */
	uint64_t
		progress; /* when somebody asked, connected or was answered last, th_clock_mono() */
	struct need *needs; /* by x->order */
	struct ended *ends; /* of the answers, sorted */
	const void **ways;  /* by rank: the connection it was sent on */
	size_t awaited;	    /* answers below this rank were waited for */
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

uint64_t th_order_answer_began(const struct th_exchange *x)
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
			return !before->response.present ||
				th_order_answer_began(before) > x->request.began;
		}
	}
	return false;
}

/* When the body was whole, if that is apart from the end; 0: it is not. */
static uint64_t whole_at(const struct th_message *m)
{
	if (!m->present || !m->head_done || m->n_pieces == 0 || !th_http_has_promised_length(m)) {
		return 0;
	}
	uint64_t time = m->pieces[m->n_pieces - 1].time;
	return m->ended >= time + TH_FRAME_ONE_READ_NS ? time : 0;
}

static size_t gather_ends(const struct th_run *run, struct ended *ends)
{
	size_t n = 0;
	for (size_t i = 0; i < run->n_exchanges; i++) {
		const struct th_message *m = &run->exchanges[i]->response;
		uint64_t whole = whole_at(m);
		ends[n++] = (struct ended){m->present ? m->ended : UINT64_MAX, i, false};
		if (whole) {
			ends[n++] = (struct ended){whole, i, true};
		}
	}
	qsort(ends, n, sizeof(*ends), by_time);
	return n;
}

static void find_need(struct th_order *o, const struct th_run *run, size_t rank)
{
	const struct ended *e = &o->ends[rank];
	const struct th_exchange *x = run->exchanges[e->order];
	struct need *need = &o->needs[e->order];
	o->answers.done[rank] = !x->response.present || !x->request.head_done;
	if (e->whole) {
		need->whole = rank;
		return;
	}
	need->rank = rank;
	if (x->response.present) {
		need->requests = requests_before(run, th_order_answer_began(x));
		need->answers = answers_before(o->ends, rank, th_order_answer_began(x));
	}
}

static void find_needs(struct th_order *o, const struct th_run *run)
{
	for (size_t i = 0; i < run->n_exchanges; i++) {
		o->requests.done[i] = !run->exchanges[i]->request.head_done /* is never asked */
			|| is_pipelined(run, i);
		o->needs[i].whole = SIZE_MAX;
	}
	o->answers.n = gather_ends(run, o->ends);
	for (size_t rank = 0; rank < o->answers.n; rank++) {
		find_need(o, run, rank);
	}
}

struct th_order *th_order_create(const struct th_run *run)
{
	size_t n = run->n_exchanges;
	struct th_order *o = calloc(1, sizeof(*o));
	if (o) {
		pthread_condattr_init(&o->attr);
		pthread_condattr_setclock(&o->attr, CLOCK_MONOTONIC);
		pthread_mutex_init(&o->lock, NULL);
		o->requests = (struct queue){.done = calloc(n + 1, sizeof(bool)), .n = n};
		o->answers.done = calloc(2 * n + 1, sizeof(bool));
		o->needs = calloc(n + 1, sizeof(*o->needs));
		o->ends = calloc(2 * n + 1, sizeof(*o->ends));
		o->ways = calloc(2 * n + 1, sizeof(*o->ways));
	}
	if (!o || !o->ends || !o->ways || !o->requests.done || !o->answers.done || !o->needs) {
		return th_order_destroy(o);
	}
	find_needs(o, run);
	return o;
}

struct th_order *th_order_destroy(struct th_order *o)
{
	if (o) {
		pthread_condattr_destroy(&o->attr);
		pthread_mutex_destroy(&o->lock);
		free(o->requests.done);
		free(o->answers.done);
		free(o->needs);
		free(o->ends);
		free(o->ways);
		free(o);
	}
	return NULL;
}

static void wake_whose_turn_it_is(struct th_order *o)
{
	for (struct waiter *w = o->waiters; w; w = w->next) {
		if (o->requests.front >= w->need->requests &&
			o->answers.front >= w->need->answers) {
			pthread_cond_signal(&w->turn);
		}
	}
}

/* Under the lock. */
static void advance(struct th_order *o, struct queue *q)
{
	size_t front = q->front;
	while (q->front < q->n && q->done[q->front]) {
		q->front++;
	}
	if (q->front != front) {
		wake_whose_turn_it_is(o);
	}
}

/* Under the lock: somebody is to look whether what was given is taken. */
static void wake_looker(struct th_order *o)
{
	if (o->given && !o->looking && o->waiters) {
		pthread_cond_signal(&o->waiters->turn);
	}
}

static void give_up_before(struct th_order *o, struct queue *q, size_t end)
{
	for (size_t i = q->front; i < end; i++) {
		q->done[i] = true;
	}
	advance(o, q);
}

/* For what goes with what was sent on the connection `way`, that is as good as taken. */
static bool are_answered(const struct th_order *o, size_t end, const void *way)
{
	size_t i = o->answers.front;
	while (i < end && (o->answers.done[i] || (way && o->ways[i] == way))) {
		i++;
	}
	return i >= end;
}

static bool is_reached(struct th_order *o, const struct need *need, const void *way)
{
	advance(o, &o->requests);
	advance(o, &o->answers);
	if (o->requests.front < need->requests) {
		return false;
	}
	bool turn = are_answered(o, need->answers, way);
	if (!turn && need->answers > o->awaited) {
		o->awaited = need->answers;
	}
	return turn;
}

/* What patience is counted from needs no more than some milliseconds' truth. */
static uint64_t about_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* Under the lock. */
static void note_done(struct th_order *o, size_t rank)
{
	o->progress = o->answers.done[rank] ? o->progress : about_now();
	o->answers.done[rank] = true;
	advance(o, &o->answers);
}

static void look_at(struct th_order *o, struct th_given *g)
{
	if (g->at && th_given_is_taken(g)) {
		note_done(o, g->rank);
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

static bool is_turn(struct th_order *o, const struct need *need, const void *way)
{
	if (is_reached(o, need, way)) {
		return true;
	}
	note_taken(o);
	return is_reached(o, need, way);
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
	o->progress = about_now();
	advance(o, &o->requests);
	pthread_mutex_unlock(&o->lock);
}

void th_order_stirred(struct th_order *o)
{
	pthread_mutex_lock(&o->lock);
	o->progress = about_now();
	pthread_mutex_unlock(&o->lock);
}

void th_order_answered(struct th_order *o, const struct th_exchange *x)
{
	const struct need *need = &o->needs[x->order];
	pthread_mutex_lock(&o->lock);
	for (struct th_given *g = o->given, *next; g; g = next) {
		next = g->next;
		if (g->rank == need->rank) {
			th_given_remove(g);
		}
	}
	if (need->whole != SIZE_MAX) {
		note_done(o, need->whole);
	}
	note_done(o, need->rank);
	pthread_mutex_unlock(&o->lock);
}

void th_order_given(struct th_order *o, const struct th_exchange *x, struct th_given *g)
{
	g->rank = o->needs[x->order].rank;
	uint64_t now = about_now();
	g->until = now + TH_ORDER_PATIENCE_NS;
	pthread_mutex_lock(&o->lock);
	th_given_add(&o->given, g);
	o->progress = now;
	wake_looker(o);
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

static size_t rank_of(const struct th_order *o, struct th_order_event e)
{
	const struct need *need = &o->needs[e.x->order];
	return e.whole && need->whole != SIZE_MAX ? need->whole : need->rank;
}

bool th_order_has_whole(struct th_order *o, const struct th_exchange *x)
{
	return o->needs[x->order].whole != SIZE_MAX;
}

void th_order_sent(struct th_order *o, struct th_order_event e, const void *way)
{
	pthread_mutex_lock(&o->lock);
	o->ways[rank_of(o, e)] = way;
	pthread_mutex_unlock(&o->lock);
}

void th_order_taken(struct th_order *o, struct th_order_event e)
{
	pthread_mutex_lock(&o->lock);
	note_done(o, rank_of(o, e));
	pthread_mutex_unlock(&o->lock);
}

bool th_order_is_awaited(struct th_order *o, const struct th_order_event *events, size_t n)
{
	bool awaited = false;
	pthread_mutex_lock(&o->lock);
	for (size_t i = 0; i < n && !awaited; i++) {
		size_t rank = rank_of(o, events[i]);
		awaited = rank < o->awaited && !o->answers.done[rank];
	}
	pthread_mutex_unlock(&o->lock);
	return awaited;
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

/* Until `until`, or for `look` when this one is to look. */
static void sleep_until(struct th_order *o, struct waiter *w, uint64_t until, uint64_t *look)
{
	uint64_t now = th_clock_mono();
	bool looks = o->given && !o->looking;
	if (looks && now + *look < until) {
		until = now + *look;
		*look = 2 * *look < LOOK_MAX_NS ? 2 * *look : LOOK_MAX_NS;
	}
	struct timespec ts = {
		.tv_sec = (time_t)(until / 1000000000), .tv_nsec = (long)(until % 1000000000)};
	o->looking = o->looking || looks;
	pthread_cond_timedwait(&w->turn, &o->lock, &ts);
	o->looking = o->looking && !looks;
}

static void enlist(struct th_order *o, struct waiter *w)
{
	pthread_cond_init(&w->turn, &o->attr);
	w->next = o->waiters;
	w->at = &o->waiters;
	if (w->next) {
		w->next->at = &w->next;
	}
	o->waiters = w;
}

static void delist(struct th_order *o, struct waiter *w)
{
	*w->at = w->next;
	if (w->next) {
		w->next->at = w->at;
	}
	pthread_cond_destroy(&w->turn);
	wake_looker(o);
}

/* Under the lock: until what was read at `time` of the answer to x may be given. */
static void wait_for(
	struct th_order *o, const struct need *need, const struct th_exchange *x, uint64_t time)
{
	if (is_turn(o, need, NULL)) {
		return;
	}
	struct waiter w = {.need = need};
	uint64_t since = th_clock_mono(), look = LOOK_NS;
	enlist(o, &w);
	while (!is_turn(o, need, NULL)) {
		uint64_t until = deadline(o, x, time, since);
		if (th_clock_mono() >= until) {
			give_up(o, need);
		} else {
			sleep_until(o, &w, until, &look);
		}
	}
	delist(o, &w);
}

void th_order_wait(struct th_order *o, const struct th_exchange *x)
{
	pthread_mutex_lock(&o->lock);
	wait_for(o, &o->needs[x->order], x, th_order_answer_began(x));
	pthread_mutex_unlock(&o->lock);
}

static struct need need_of_part(
	const struct th_order *o, const struct th_exchange *x, uint64_t time)
{
	return (struct need){.answers = answers_before(o->ends, o->needs[x->order].rank, time)};
}

void th_order_wait_part(struct th_order *o, const struct th_exchange *x, uint64_t time)
{
	if (time <= th_order_answer_began(x)) {
		return; /* that was waited for */
	}
	pthread_mutex_lock(&o->lock);
	const struct need need = need_of_part(o, x, time);
	wait_for(o, &need, x, time);
	pthread_mutex_unlock(&o->lock);
}

/* Under the lock: as wait_for(), but the caller comes again. */
static bool ready_for(struct th_order *o, const struct need *need, const struct th_exchange *x,
	uint64_t time, const void *way, uint64_t *since)
{
	bool ready = is_turn(o, need, way);
	if (!ready && *since == 0) {
		*since = th_clock_mono();
	} else if (!ready && th_clock_mono() >= deadline(o, x, time, *since)) {
		give_up(o, need);
		ready = true;
	}
	*since = ready ? 0 : *since;
	return ready;
}

bool th_order_ready(
	struct th_order *o, const struct th_exchange *x, const void *way, uint64_t *since)
{
	pthread_mutex_lock(&o->lock);
	bool ready = ready_for(o, &o->needs[x->order], x, th_order_answer_began(x), way, since);
	pthread_mutex_unlock(&o->lock);
	return ready;
}

bool th_order_ready_part(struct th_order *o, const struct th_exchange *x, uint64_t time,
	const void *way, uint64_t *since)
{
	pthread_mutex_lock(&o->lock);
	const struct need need = need_of_part(o, x, time);
	bool ready = ready_for(o, &need, x, time, way, since);
	pthread_mutex_unlock(&o->lock);
	return ready;
}
