/* See bus.h. The handler is put in place with the first file that is watched, which most processes
 * never have, with the mask and the flags of the one before, so that what is handed on finds all as
 * it would have been. A program that takes SIGBUS for itself afterwards has it; its handler may
 * hand on to ours, which is why ours is put in place once only.
 *
 * Left out: a thread that blocks SIGBUS (the kernel then ends the program, whoever catches it). */
#include "base/bus.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/sys.h"

#define WATCHED_MAX 8

struct watched {
	_Atomic uintptr_t begin; /* 0: free; 1: being filled */
	size_t n;
	_Atomic bool lost;
};

_Atomic bool th_bus_any_lost;
static struct watched watches[WATCHED_MAX];
static struct sigaction before;
static atomic_flag is_caught = ATOMIC_FLAG_INIT;

static struct watched *find(uintptr_t address)
{
	for (struct watched *w = watches; w < watches + WATCHED_MAX; w++) {
		uintptr_t begin = atomic_load_explicit(&w->begin, memory_order_acquire);
		if (begin > 1 && address - begin < w->n) {
			return w;
		}
	}
	return NULL;
}

/* Memory in place of the file's. */
static bool heal(uintptr_t address)
{
	struct watched *w = find(address);
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	if (!w) {
		return false;
	}
	uintptr_t begin = atomic_load_explicit(&w->begin, memory_order_relaxed);
	long r = TH_SYS(SYS_mmap, begin, w->n, PROT_READ | PROT_WRITE, flags, -1, 0);
	if (r < 0) {
		return false;
	}
	atomic_store_explicit(&w->lost, true, memory_order_relaxed);
	atomic_store_explicit(&th_bus_any_lost, true, memory_order_relaxed);
	return true;
}

/* As the kernel would have done it, at the instruction that raised it: that raises it again. What
 * no instruction raises is sent once more, to this thread, and arrives when the handler is left. */
static void end_by_default(int number, siginfo_t *info)
{
	const struct sigaction by_default = {.sa_handler = SIG_DFL};
	sigaction(number, &by_default, NULL);
	if (info->si_code <= 0 || info->si_code == BUS_MCEERR_AO) {
		TH_SYS(SYS_rt_tgsigqueueinfo, th_sys_getpid(), TH_SYS(SYS_gettid), number, info);
	}
}

static void hand_on(int number, siginfo_t *info, void *context)
{
	const struct sigaction to = before;
	if (to.sa_flags & SA_RESETHAND) {
		before = (struct sigaction){.sa_handler = SIG_DFL};
	}
	if (to.sa_flags & SA_SIGINFO) {
		to.sa_sigaction(number, info, context);
	} else if (to.sa_handler == SIG_DFL) {
		end_by_default(number, info);
	} else {
		to.sa_handler(number);
	}
}

static void on_bus(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	bool ours = info->si_code > 0 && heal((uintptr_t)info->si_addr);
	errno = saved;
	if (!ours) {
		hand_on(number, info, context);
	}
}

/* Who ignores it hands that on to the programs it executes; a handler would end that. */
static void catch_it(void)
{
	const int kept = SA_ONSTACK | SA_RESTART | SA_NODEFER;
	if (sigaction(SIGBUS, NULL, &before) != 0 ||
		(!(before.sa_flags & SA_SIGINFO) && before.sa_handler == SIG_IGN)) {
		return;
	}
	struct sigaction ours = {.sa_sigaction = on_bus, .sa_mask = before.sa_mask};
	bool nobody = !(before.sa_flags & SA_SIGINFO) && before.sa_handler == SIG_DFL;
	ours.sa_flags = SA_SIGINFO | (nobody ? SA_ONSTACK | SA_RESTART : before.sa_flags & kept);
	sigaction(SIGBUS, &ours, NULL);
}

void th_bus_watch(void *map, size_t n)
{
	if (!atomic_flag_test_and_set(&is_caught)) {
		catch_it();
	}
	for (struct watched *w = watches; w < watches + WATCHED_MAX; w++) {
		uintptr_t free_slot = 0;
		if (atomic_compare_exchange_strong(&w->begin, &free_slot, 1)) {
			w->n = n;
			atomic_store_explicit(&w->lost, false, memory_order_relaxed);
			atomic_store_explicit(&w->begin, (uintptr_t)map, memory_order_release);
			return;
		}
	}
}

void th_bus_forget(const void *map)
{
	struct watched *w = map ? find((uintptr_t)map) : NULL;
	if (w) {
		atomic_store_explicit(&w->begin, 0, memory_order_release);
	}
}

bool th_bus_lost(const void *map)
{
	const struct watched *w = map ? find((uintptr_t)map) : NULL;
	return w && atomic_load_explicit(&w->lost, memory_order_relaxed);
}
