/* What nobody has claimed (see index.h): for the order of answers, the end of a replay, and the
 * explanation of a miss. */
#include <errno.h>

#include "player/index_queues.h"
#include "player/peers.h"

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
	for (int i = 0; i < TH_INDEX_LOOKS && at != TH_INDEX_NONE && near->n < TH_NEAR_MAX; i++) {
		const struct th_index_answer *a = &ix->answers[at];
		if (a->claimed == claimed) {
			near->x[near->n++] = a->x;
		}
		at = a->next[TH_BY_ENDPOINT];
	}
}

static void describe_same(struct th_index *ix, const struct th_canon *c, const struct th_asker *who,
	struct th_near *near)
{
	struct th_asker other = *who;
	struct th_index_key k = th_index_key(TH_BY_ORDER, c, who);
	const struct th_index_queue *q = th_index_queue(ix, &k);
	near->same = q ? q->count : 0;
	other.version = th_index_version(who->version) == 2 ? 11 : 20;
	k = th_index_key(TH_BY_ORDER, c, &other);
	near->other_version = th_index_queue(ix, &k) ? other.version : 0;
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
	struct th_index_key k = th_index_key(TH_BY_ENDPOINT, c, who);
	struct th_index_queue *q = th_index_queue(ix, &k);
	if (q) {
		near.total = q->count;
		(void)th_index_first(ix, q);
		gather_near(ix, q->head, false, &near);
		gather_near(ix, q->first, true, &near);
	}
	pthread_mutex_unlock(&ix->lock);
	*ret_near = near;
	return 0;
}
