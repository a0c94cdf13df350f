/* Looking up names: what was asked and what came back, so that a replay can answer the same and
 * a connection can say which name led to it. */
#include <netdb.h>
#include <string.h>

#include "base/bytes.h"
#include "recorder/recorder.h"
#include "shim/hook.h"
#include "shim/look_up.h"
#include "shim/name_server.h"
#include "shim/replay.h"

#define ANSWERS_MAX 64
#define HOST_BYTES 4096

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

void th_look_up_answered(
	const char *name, const struct addrinfo *hints, int ret, const struct addrinfo *list)
{
	struct th_address answers[ANSWERS_MAX];
	size_t n = ret == 0 ? collect(list, answers) : 0;
	th_recorder_name(
		name, family_number(hints ? hints->ai_family : AF_UNSPEC), ret, answers, n);
}

/* The older interface gives addresses of one family as raw bytes. */
static size_t collect_host(const struct hostent *h, struct th_address *ret_answers)
{
	size_t n = 0, size = h->h_addrtype == AF_INET ? 4 : 16;
	while (n < ANSWERS_MAX && h->h_addr_list[n]) {
		ret_answers[n] = (struct th_address){.family = family_number(h->h_addrtype)};
		memcpy(ret_answers[n].bytes, h->h_addr_list[n], size);
		n++;
	}
	return n;
}

static void answered_host(const char *name, int family, const struct hostent *h, int host_error)
{
	struct th_address answers[ANSWERS_MAX];
	bool usable = h && (h->h_addrtype == AF_INET || h->h_addrtype == AF_INET6);
	size_t n = usable ? collect_host(h, answers) : 0;
	th_recorder_name(
		name, family_number(family), h ? 0 : th_name_server_result(host_error), answers, n);
}

/* False: the real function knows (a numeric name). *ret is what the reentrant functions return: 0
 * also when nothing was found. */
static bool replayed(const char *name, int family, struct hostent *host, char *buf, size_t len,
	struct hostent **result, int *host_error, int *ret)
{
	int r = th_replay_hostent(name, family, host, buf, len, host_error);
	if (r == TH_REPLAY_PASS) {
		return false;
	}
	*result = r == 0 ? host : NULL;
	*ret = r == -ERANGE ? ERANGE : 0;
	return true;
}

/* The same from static memory, as the older functions have it. */
static bool replayed_static(const char *name, int family, struct hostent **result)
{
	static struct hostent host;
	static char buf[HOST_BYTES];
	int ret, host_error = NETDB_SUCCESS;
	if (!replayed(name, family, &host, buf, sizeof(buf), result, &host_error, &ret)) {
		return false;
	}
	if (host_error != NETDB_SUCCESS) {
		h_errno = host_error;
	}
	return true;
}

TH_HOOK(int, getaddrinfo,
	(const char *node, const char *service, const struct addrinfo *hints,
		struct addrinfo **res))
{
	int ret = th_arm_closed()
		? th_replay_getaddrinfo(TH_REAL(getaddrinfo), node, service, hints, res)
		: TH_REAL(getaddrinfo)(node, service, hints, res);
	TH_RECORD(node != NULL, th_look_up_answered(node, hints, ret, ret == 0 ? *res : NULL));
	return ret;
}

th_getaddrinfo *th_look_up_real(void)
{
	return TH_REAL(getaddrinfo);
}

TH_HOOK(struct hostent *, gethostbyname, (const char *name))
{
	struct hostent *ret = NULL;
	if (!th_arm_closed() || !replayed_static(name, AF_INET, &ret)) {
		ret = TH_REAL(gethostbyname)(name);
	}
	TH_RECORD(name != NULL, answered_host(name, AF_INET, ret, h_errno));
	return ret;
}

TH_HOOK(struct hostent *, gethostbyname2, (const char *name, int family))
{
	struct hostent *ret = NULL;
	if (!th_arm_closed() || !replayed_static(name, family, &ret)) {
		ret = TH_REAL(gethostbyname2)(name, family);
	}
	TH_RECORD(name != NULL, answered_host(name, family, ret, h_errno));
	return ret;
}

/* ERANGE asks for a larger buffer: no answer yet. */
TH_HOOK(int, gethostbyname_r,
	(const char *name, struct hostent *host, char *buf, size_t len, struct hostent **result,
		int *host_error))
{
	int ret = 0;
	if (!th_arm_closed() ||
		!replayed(name, AF_INET, host, buf, len, result, host_error, &ret)) {
		ret = TH_REAL(gethostbyname_r)(name, host, buf, len, result, host_error);
	}
	TH_RECORD(name && ret != ERANGE, answered_host(name, AF_INET, *result, *host_error));
	return ret;
}

TH_HOOK(int, gethostbyname2_r,
	(const char *name, int family, struct hostent *host, char *buf, size_t len,
		struct hostent **result, int *host_error))
{
	int ret = 0;
	if (!th_arm_closed() || !replayed(name, family, host, buf, len, result, host_error, &ret)) {
		ret = TH_REAL(gethostbyname2_r)(name, family, host, buf, len, result, host_error);
	}
	TH_RECORD(name && ret != ERANGE, answered_host(name, family, *result, *host_error));
	return ret;
}
