#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

#include "base/sys.h"

#define NS_PER_S 1000000000ull

static uint64_t in_ns(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * NS_PER_S + (uint64_t)ts->tv_nsec;
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return in_ns(&ts);
}

static uint64_t ask_clock(clockid_t id)
{
	struct timespec ts;
	return TH_SYS(SYS_clock_gettime, id, &ts) == 0 ? in_ns(&ts) : read_clock(id);
}

uint64_t th_clock_mono(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t th_clock_boot(void)
{
	struct timespec ts;
	return clock_gettime(CLOCK_BOOTTIME, &ts) == 0 ? in_ns(&ts) : 0;
}

static uint64_t epoch(void)
{
	static _Atomic uint64_t offset; /* epoch time at monotonic zero */
	uint64_t off = atomic_load_explicit(&offset, memory_order_relaxed);
	if (off == 0) {
		uint64_t fresh = ask_clock(CLOCK_REALTIME) - ask_clock(CLOCK_MONOTONIC);
		if (atomic_compare_exchange_strong(&offset, &off, fresh)) {
			off = fresh;
		}
	}
	return off;
}

uint64_t th_clock_now(void)
{
	return epoch() + th_clock_mono();
}

uint64_t th_clock_now_rarely(void)
{
	return epoch() + ask_clock(CLOCK_MONOTONIC);
}

static uint64_t after(uint64_t now, uint64_t ns)
{
	return ns > UINT64_MAX - now ? UINT64_MAX : now + ns;
}

struct th_patience th_patience_for(uint64_t budget_ns)
{
	uint64_t stretched = budget_ns > UINT64_MAX / TH_PATIENCE_STRETCH
		? UINT64_MAX
		: budget_ns * TH_PATIENCE_STRETCH;
	return (struct th_patience){after(read_clock(CLOCK_THREAD_CPUTIME_ID), budget_ns),
		after(th_clock_mono(), stretched)};
}

bool th_patience_over(const struct th_patience *p)
{
	return (p->cpu != UINT64_MAX && read_clock(CLOCK_THREAD_CPUTIME_ID) >= p->cpu) ||
		(p->wall != UINT64_MAX && th_clock_mono() >= p->wall);
}
