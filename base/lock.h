/* A small mutex for code that lives inside the agent.
 *
 * pthread mutexes are avoided there: a forked child must be able to reset the lock (P28), and a
 * thread that left a signal handler by longjmp must not stop the agent for ever (P20). So the
 * wait is bounded: th_lock() gives up after about a second and returns false; the caller then
 * counts the event as lost. Never held across a call of the agent's (DESIGN 2.2). */
#ifndef BASE_LOCK_H
#define BASE_LOCK_H

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/sys.h"

struct th_lock {
	_Atomic uint32_t word; /* 0 free, 1 taken, 2 taken and somebody waits */
};

#define TH_LOCK_WAIT_SLICES 10 /* of 100 ms each */

static inline long th_futex(_Atomic uint32_t *w, int op, uint32_t v, const struct timespec *ts)
{
	return TH_SYS(SYS_futex, (uint32_t *)w, op | FUTEX_PRIVATE_FLAG, v, ts, NULL, 0);
}

/* Slow path of th_lock(). */
static inline bool th_lock_wait(struct th_lock *l)
{
	const struct timespec slice = {.tv_nsec = 100 * 1000 * 1000};
	int slices = 0;
	while (slices < TH_LOCK_WAIT_SLICES) {
		if (atomic_exchange_explicit(&l->word, 2, memory_order_acquire) == 0) {
			return true;
		}
		if (th_futex(&l->word, FUTEX_WAIT, 2, &slice) == -ETIMEDOUT) {
			slices++;
		}
	}
	return atomic_exchange_explicit(&l->word, 2, memory_order_acquire) == 0;
}

/* Not free at the first try. */
static inline bool th_lock_slowly(struct th_lock *l)
{
	for (int spin = 0; spin < 40; spin++) {
		uint32_t free_word = 0;
		if (atomic_compare_exchange_weak_explicit(
			    &l->word, &free_word, 1, memory_order_acquire, memory_order_relaxed)) {
			return true;
		}
	}
	return th_lock_wait(l);
}

/* Without waiting. */
static inline bool th_trylock(struct th_lock *l)
{
	uint32_t free_word = 0;
	return atomic_compare_exchange_strong_explicit(
		&l->word, &free_word, 1, memory_order_acquire, memory_order_relaxed);
}

static inline bool th_lock(struct th_lock *l)
{
	return th_trylock(l) || th_lock_slowly(l);
}

static inline void th_unlock(struct th_lock *l)
{
	if (atomic_exchange_explicit(&l->word, 0, memory_order_release) == 2) {
		th_futex(&l->word, FUTEX_WAKE, 1, NULL);
	}
}

/* After fork, in the child only: the parent's threads are gone and so is their claim (P28). */
static inline void th_lock_reset(struct th_lock *l)
{
	atomic_store_explicit(&l->word, 0, memory_order_relaxed);
}

#endif
