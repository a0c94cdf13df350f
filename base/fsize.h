/* Growing a file without the signal that RLIMIT_FSIZE sends (inside the agent). */
#ifndef BASE_FSIZE_H
#define BASE_FSIZE_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "base/sys.h"

/* Whoever grows a file under RLIMIT_FSIZE gets SIGXFSZ, which ends a program that knows nothing of
 * our file. Around such calls: begin, grow, end; the call then just fails with EFBIG. */
struct th_fsize_guard {
	bool active;
	uint64_t limit; /* of a file's size, in bytes; UINT64_MAX: none */
	uint64_t old_mask;
};

#define TH_SIGSET_BYTES 8
#define TH_SIGXFSZ_BIT (1ull << (SIGXFSZ - 1))

static inline struct th_fsize_guard th_fsize_begin(void)
{
	struct th_fsize_guard g = {.limit = UINT64_MAX};
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	uint64_t pending = 0;
	const uint64_t block = TH_SIGXFSZ_BIT;
	TH_SYS(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit);
	if (limit.rlim_cur == RLIM_INFINITY) {
		return g;
	}
	g.limit = limit.rlim_cur;
	TH_SYS(SYS_rt_sigpending, &pending, TH_SIGSET_BYTES);
	if (pending & TH_SIGXFSZ_BIT) {
		return g; /* the agent's own, blocked: one more changes nothing */
	}
	g.active = TH_SYS(SYS_rt_sigprocmask, SIG_BLOCK, &block, &g.old_mask, TH_SIGSET_BYTES) == 0;
	return g;
}

static inline void th_fsize_end(const struct th_fsize_guard *g)
{
	const uint64_t wait_for = TH_SIGXFSZ_BIT;
	const struct timespec now = {0};
	if (g->active) {
		TH_SYS(SYS_rt_sigtimedwait, &wait_for, NULL, &now, TH_SIGSET_BYTES);
		TH_SYS(SYS_rt_sigprocmask, SIG_SETMASK, &g->old_mask, NULL, TH_SIGSET_BYTES);
	}
}

#endif
