/* The resolver below getaddrinfo(), for replays only: its queries would reach the network from
 * inside the C library, where no socket hook sees them (P42). They are not recorded, so in a replay
 * they fail, for good (NO_RECOVERY). Binaries built before glibc 2.34 call the same functions by
 * names with underscores; those are not hooked, since only a versioned look-up finds the real ones.
 */
#include <netdb.h>
#include <resolv.h>

#include "shim/hook.h"
#include "shim/replay.h"

/* `name` NULL: unknown. */
static int refused(const char *name)
{
	if (name) {
		th_replay_name_refused(name);
	}
	h_errno = NO_RECOVERY;
	return -1;
}

static int refused_in(struct __res_state *state, const char *name)
{
	state->res_h_errno = NO_RECOVERY;
	return refused(name);
}

TH_HOOK(int, res_query, (const char *name, int class, int type, unsigned char *answer, int bytes))
{
	return th_arm_closed() ? refused(name)
			       : TH_REAL(res_query)(name, class, type, answer, bytes);
}

TH_HOOK(int, res_nquery,
	(res_state state, const char *name, int class, int type, unsigned char *answer, int bytes))
{
	return th_arm_closed() ? refused_in(state, name)
			       : TH_REAL(res_nquery)(state, name, class, type, answer, bytes);
}

TH_HOOK(int, res_search, (const char *name, int class, int type, unsigned char *answer, int bytes))
{
	return th_arm_closed() ? refused(name)
			       : TH_REAL(res_search)(name, class, type, answer, bytes);
}

TH_HOOK(int, res_nsearch,
	(res_state state, const char *name, int class, int type, unsigned char *answer, int bytes))
{
	return th_arm_closed() ? refused_in(state, name)
			       : TH_REAL(res_nsearch)(state, name, class, type, answer, bytes);
}

TH_HOOK(int, res_querydomain,
	(const char *name, const char *domain, int class, int type, unsigned char *answer,
		int bytes))
{
	return th_arm_closed() ? refused(name)
			       : TH_REAL(res_querydomain)(name, domain, class, type, answer, bytes);
}

TH_HOOK(int, res_nquerydomain,
	(res_state state, const char *name, const char *domain, int class, int type,
		unsigned char *answer, int bytes))
{
	return th_arm_closed()
		? refused_in(state, name)
		: TH_REAL(res_nquerydomain)(state, name, domain, class, type, answer, bytes);
}

TH_HOOK(int, res_send,
	(const unsigned char *query, int query_bytes, unsigned char *answer, int bytes))
{
	return th_arm_closed() ? refused(NULL)
			       : TH_REAL(res_send)(query, query_bytes, answer, bytes);
}

TH_HOOK(int, res_nsend,
	(res_state state, const unsigned char *query, int query_bytes, unsigned char *answer,
		int bytes))
{
	return th_arm_closed() ? refused_in(state, NULL)
			       : TH_REAL(res_nsend)(state, query, query_bytes, answer, bytes);
}

/* Looks up in threads of its own, by the inner function. */
TH_HOOK(int, getaddrinfo_a, (int mode, struct gaicb *list[], int n, struct sigevent *event))
{
	return th_arm_closed() ? EAI_SYSTEM : TH_REAL(getaddrinfo_a)(mode, list, n, event);
}
