#include "player/order.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"

struct th_order {
	const struct th_run *run;
	_Atomic bool *asked; /* by order of the exchange */
	_Atomic uint64_t stirred;
};

struct th_order *th_order_create(const struct th_run *run)
{
	struct th_order *o = calloc(1, sizeof(*o));
	if (!o || !(o->asked = calloc(run->n_exchanges + 1, sizeof(*o->asked)))) {
		return th_order_destroy(o);
	}
	o->run = run;
	return o;
}

struct th_order *th_order_destroy(struct th_order *o)
{
	if (o) {
		free(o->asked);
		free(o);
	}
	return NULL;
}

void th_order_stirred(struct th_order *o)
{
	atomic_store_explicit(&o->stirred, th_clock_mono(), memory_order_relaxed);
}

bool th_order_patient(const struct th_order *o, uint64_t since)
{
	uint64_t now = th_clock_mono();
	uint64_t quiet_from = atomic_load_explicit(&o->stirred, memory_order_relaxed);
	return now < since + TH_ORDER_WAIT_NS && now < quiet_from + TH_ORDER_QUIET_NS;
}

void th_order_asked(struct th_order *o, const struct th_exchange *x)
{
	th_order_stirred(o);
	atomic_store_explicit(&o->asked[x->order], true, memory_order_release);
}

/* HTTP/1 answers in the order of the questions: one that is pipelined behind is not read yet. */
static bool is_behind(const struct th_exchange *x, const struct th_exchange *other)
{
	return x->connection && x->connection == other->connection && x->request.version != 20;
}

bool th_order_clear(const struct th_order *o, const struct th_exchange *x, uint64_t time)
{
	size_t end = x->order + 1 + TH_ORDER_AHEAD_MAX;
	end = end < o->run->n_exchanges ? end : o->run->n_exchanges;
	for (size_t i = x->order + 1; i < end; i++) {
		const struct th_exchange *other = o->run->exchanges[i];
		if (other->request.began >= time) {
			return true;
		}
		if (!is_behind(x, other) &&
			!atomic_load_explicit(&o->asked[i], memory_order_acquire)) {
			return false;
		}
	}
	return true;
}
