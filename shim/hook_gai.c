/* Look-ups beside the program's own doings (getaddrinfo_a(3)): the C library makes them in threads
 * of its own, by functions inside. While recording an answer is taken when the program asks how a
 * request went, which it must before it reads the result. In a replay a request is answered before
 * the call returns, and the notification that was asked for comes from the real function, which is
 * given no request at all.
 *
 * Left out: a program that is notified and reads the result without asking gai_error(), or waiting
 * by gai_suspend(). */
#include <netdb.h>

#include "shim/hook.h"
#include "shim/look_up.h"
#include "shim/replay.h"

#define REQUESTS_MAX 256 /* under way at a time; the answers of further ones are not recorded */

static _Atomic(struct gaicb *) requests[REQUESTS_MAX];

static void remember(struct gaicb *r)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++) {
		struct gaicb *expected = NULL;
		if (atomic_compare_exchange_strong(&requests[i], &expected, r) || expected == r) {
			return;
		}
	}
}

/* Takes it out. False: it was told already, or is not ours. */
static bool forget(struct gaicb *r)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++) {
		struct gaicb *expected = r;
		if (atomic_compare_exchange_strong(&requests[i], &expected, NULL)) {
			return true;
		}
	}
	return false;
}

static void remember_all(struct gaicb *list[], int n)
{
	for (int i = 0; i < n; i++) {
		if (list[i] && list[i]->ar_name) {
			remember(list[i]);
		}
	}
}

/* A request is over with `result`. */
static void told(struct gaicb *r, int result)
{
	if (result != EAI_INPROGRESS && forget(r) && result != EAI_CANCELED) {
		th_look_up_answered(r->ar_name, r->ar_request, result, r->ar_result);
	}
}

static void answer(th_getaddrinfo *real, struct gaicb *list[], int n)
{
	for (int i = 0; i < n; i++) {
		struct gaicb *r = list[i];
		if (r) {
			r->ar_result = NULL;
			r->__return = th_replay_getaddrinfo(
				real, r->ar_name, r->ar_service, r->ar_request, &r->ar_result);
		}
	}
}

TH_HOOK(int, gai_error, (struct gaicb * request))
{
	int ret = TH_REAL(gai_error)(request);
	TH_RECORD(request, told(request, ret));
	return ret;
}

static void ask_all(const struct gaicb *const list[], int n)
{
	for (int i = 0; i < n; i++) {
		if (list[i]) {
			(void)th_hook_gai_error((struct gaicb *)list[i]);
		}
	}
}

TH_HOOK(int, gai_suspend, (const struct gaicb *const list[], int n, const struct timespec *timeout))
{
	int ret = TH_REAL(gai_suspend)(list, n, timeout);
	ask_all(list, n);
	return ret;
}

TH_HOOK(int, getaddrinfo_a, (int mode, struct gaicb *list[], int n, struct sigevent *event))
{
	if (th_arm_closed() && (mode == GAI_WAIT || mode == GAI_NOWAIT)) {
		answer(th_look_up_real(), list, n);
		n = 0;
	}
	TH_RECORD(n > 0, remember_all(list, n));
	int ret = TH_REAL(getaddrinfo_a)(mode, list, n, event);
	if (mode == GAI_WAIT) {
		ask_all((const struct gaicb *const *)list, n);
	}
	return ret;
}
