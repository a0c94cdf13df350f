/* Looking up names: what was asked and what came back, so that a replay can answer the same and
 * a connection can say which name led to it. */
#include <netdb.h>
#include <string.h>

#include "base/bytes.h"
#include "recorder/recorder.h"
#include "shim/hook.h"

#define ANSWERS_MAX 64

static uint8_t family_number(int family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;
}

/* Each address once: getaddrinfo repeats it per socket type. */
static size_t collect(const struct addrinfo *list, struct th_address *ret_answers)
{
	size_t n = 0;
	for (const struct addrinfo *a = list; a && n < ANSWERS_MAX; a = a->ai_next) {
		struct th_address one = th_address_of(a->ai_addr, a->ai_addrlen);
		one.port = 0;
		size_t i = 0;
		while (i < n && memcmp(&ret_answers[i], &one, sizeof(one)) != 0) {
			i++;
		}
		if (i == n && one.family) {
			ret_answers[n++] = one;
		}
	}
	return n;
}

static void answered(
	const char *name, const struct addrinfo *hints, int ret, const struct addrinfo *list)
{
	struct th_address answers[ANSWERS_MAX];
	size_t n = ret == 0 ? collect(list, answers) : 0;
	th_recorder_name(
		name, family_number(hints ? hints->ai_family : AF_UNSPEC), ret, answers, n);
}

TH_HOOK(int, getaddrinfo,
	(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **res))
{
	if (th_arm_closed() && node && !(hints && (hints->ai_flags & AI_NUMERICHOST))) {
		return EAI_FAIL;
	}
	int ret = TH_REAL(getaddrinfo)(node, service, hints, res);
	TH_RECORD(node != NULL, answered(node, hints, ret, ret == 0 ? *res : NULL));
	return ret;
}
