/* The resolver below getaddrinfo(): its queries leave from inside the C library, where no socket
 * hook sees them (P42). Answers are recorded as they came, under the name that was asked for, and
 * given again in a replay (replay_resolver.c). Of a question that found nothing only the error is
 * known: an answer that says so stands for it.
 *
 * Binaries that were built before glibc 2.34 call the same functions by names with underscores. */
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>

#include "recorder/recorder.h"
#include "shim/hook.h"
#include "shim/name_server.h"
#include "shim/replay.h"
#include "wire/dns.h"

#define JOINED_BYTES (2 * TH_DNS_NAME_MAX)

/* An answer longer than the program's room is not known whole: it asks again with more. */
static void answered(const char *name, const uint8_t *answer, int n, int room)
{
	if (n <= room) {
		th_name_server_answered(TH_DNS_BY_RESOLVER, answer, (size_t)n, name);
	}
}

static uint8_t code_of(int host_error)
{
	switch (host_error) {
	case NO_DATA:
		return TH_DNS_NO_ERROR;
	case HOST_NOT_FOUND:
		return TH_DNS_NO_SUCH_NAME;
	case TRY_AGAIN:
		return TH_DNS_SERVER_FAILURE;
	default:
		return TH_DNS_REFUSED;
	}
}

static void found_nothing(const char *name, int type, int error)
{
	uint8_t asked[TH_DNS_MESSAGE_MAX], said[TH_DNS_MESSAGE_MAX];
	struct th_out query = {asked, sizeof(asked), 0, false};
	struct th_out out = {said, sizeof(said), 0, false};
	struct th_dns_question q;
	struct th_slice message = {asked, 0};
	if (th_dns_put_query(&query, name, (uint16_t)type) == 0) {
		message.n = query.n;
	}
	if (th_dns_read_query(message, &q) == 0) {
		th_dns_put_answer(&out, message, &q, code_of(error));
		th_name_server_answered(TH_DNS_BY_RESOLVER, out.p, out.n, name);
	}
}

/* What the real function found, or did not. */
static void found(const char *name, int type, const uint8_t *answer, int n, int room, int error)
{
	if (n >= 0) {
		answered(name, answer, n, room);
	} else {
		found_nothing(name, type, error);
	}
}

/* The name as res_querydomain() puts it together. */
static const char *join(char room[JOINED_BYTES], const char *name, const char *domain)
{
	struct th_out out = {(uint8_t *)room, JOINED_BYTES - 1, 0, false};
	size_t n = strlen(name);
	th_out_bytes(&out, name, n && !domain && name[n - 1] == '.' ? n - 1 : n);
	if (domain) {
		th_out_u8(&out, '.');
		th_out_bytes(&out, domain, strlen(domain));
	}
	room[out.n] = 0;
	return room;
}

static int replayed(
	int *error, const char *name, int class, int type, unsigned char *answer, int bytes)
{
	return th_replay_res_query(name, class, type, answer, bytes < 0 ? 0 : (size_t)bytes, error);
}

/* ---- by name ---- */

TH_HOOK(int, res_query, (const char *name, int class, int type, unsigned char *answer, int bytes))
{
	if (th_arm_closed()) {
		return replayed(&h_errno, name, class, type, answer, bytes);
	}
	int ret = TH_REAL(res_query)(name, class, type, answer, bytes);
	TH_RECORD(name, found(name, type, answer, ret, bytes, h_errno));
	return ret;
}

TH_HOOK(int, res_nquery,
	(res_state state, const char *name, int class, int type, unsigned char *answer, int bytes))
{
	if (th_arm_closed()) {
		int ret = replayed(&state->res_h_errno, name, class, type, answer, bytes);
		h_errno = state->res_h_errno;
		return ret;
	}
	int ret = TH_REAL(res_nquery)(state, name, class, type, answer, bytes);
	TH_RECORD(name, found(name, type, answer, ret, bytes, state->res_h_errno));
	return ret;
}

TH_HOOK(int, res_search, (const char *name, int class, int type, unsigned char *answer, int bytes))
{
	if (th_arm_closed()) {
		return replayed(&h_errno, name, class, type, answer, bytes);
	}
	int ret = TH_REAL(res_search)(name, class, type, answer, bytes);
	TH_RECORD(name, found(name, type, answer, ret, bytes, h_errno));
	return ret;
}

TH_HOOK(int, res_nsearch,
	(res_state state, const char *name, int class, int type, unsigned char *answer, int bytes))
{
	if (th_arm_closed()) {
		int ret = replayed(&state->res_h_errno, name, class, type, answer, bytes);
		h_errno = state->res_h_errno;
		return ret;
	}
	int ret = TH_REAL(res_nsearch)(state, name, class, type, answer, bytes);
	TH_RECORD(name, found(name, type, answer, ret, bytes, state->res_h_errno));
	return ret;
}

TH_HOOK(int, res_querydomain,
	(const char *name, const char *domain, int class, int type, unsigned char *answer,
		int bytes))
{
	char room[JOINED_BYTES];
	if (th_arm_closed()) {
		return replayed(&h_errno, join(room, name, domain), class, type, answer, bytes);
	}
	int ret = TH_REAL(res_querydomain)(name, domain, class, type, answer, bytes);
	TH_RECORD(name, found(join(room, name, domain), type, answer, ret, bytes, h_errno));
	return ret;
}

TH_HOOK(int, res_nquerydomain,
	(res_state state, const char *name, const char *domain, int class, int type,
		unsigned char *answer, int bytes))
{
	char room[JOINED_BYTES];
	if (th_arm_closed()) {
		int ret = replayed(
			&state->res_h_errno, join(room, name, domain), class, type, answer, bytes);
		h_errno = state->res_h_errno;
		return ret;
	}
	int ret = TH_REAL(res_nquerydomain)(state, name, domain, class, type, answer, bytes);
	TH_RECORD(name,
		found(join(room, name, domain), type, answer, ret, bytes, state->res_h_errno));
	return ret;
}

/* ---- a query that the program has composed ---- */

static void sent(
	const unsigned char *query, int query_bytes, const unsigned char *answer, int n, int room)
{
	struct th_dns_question q;
	struct th_slice message = {query, query_bytes < 0 ? 0 : (size_t)query_bytes};
	if (th_dns_read_query(message, &q) == 0) {
		found(q.name, q.type, answer, n, room, TRY_AGAIN);
	}
}

static int replayed_send(
	const unsigned char *query, int query_bytes, unsigned char *answer, int bytes)
{
	struct th_slice message = {query, query_bytes < 0 ? 0 : (size_t)query_bytes};
	return th_replay_res_send(message, answer, bytes < 0 ? 0 : (size_t)bytes);
}

TH_HOOK(int, res_send,
	(const unsigned char *query, int query_bytes, unsigned char *answer, int bytes))
{
	if (th_arm_closed()) {
		return replayed_send(query, query_bytes, answer, bytes);
	}
	int ret = TH_REAL(res_send)(query, query_bytes, answer, bytes);
	TH_RECORD(query, sent(query, query_bytes, answer, ret, bytes));
	return ret;
}

TH_HOOK(int, res_nsend,
	(res_state state, const unsigned char *query, int query_bytes, unsigned char *answer,
		int bytes))
{
	if (th_arm_closed()) {
		return replayed_send(query, query_bytes, answer, bytes);
	}
	int ret = TH_REAL(res_nsend)(state, query, query_bytes, answer, bytes);
	TH_RECORD(query, sent(query, query_bytes, answer, ret, bytes));
	return ret;
}

/* ---- as they were called before ---- */

int __res_query(const char *name, int class, int type, unsigned char *answer, int bytes);
int __res_search(const char *name, int class, int type, unsigned char *answer, int bytes);
int __res_send(const unsigned char *query, int query_bytes, unsigned char *answer, int bytes);
int __res_nquery(
	res_state state, const char *name, int class, int type, unsigned char *answer, int bytes);
int __res_nsearch(
	res_state state, const char *name, int class, int type, unsigned char *answer, int bytes);
int __res_nsend(res_state state, const unsigned char *query, int query_bytes, unsigned char *answer,
	int bytes);

TH_HOOK(int, __res_query, (const char *name, int class, int type, unsigned char *answer, int bytes))
{
	return th_hook_res_query(name, class, type, answer, bytes);
}

TH_HOOK(int, __res_search,
	(const char *name, int class, int type, unsigned char *answer, int bytes))
{
	return th_hook_res_search(name, class, type, answer, bytes);
}

TH_HOOK(int, __res_send,
	(const unsigned char *query, int query_bytes, unsigned char *answer, int bytes))
{
	return th_hook_res_send(query, query_bytes, answer, bytes);
}

TH_HOOK(int, __res_nquery,
	(res_state state, const char *name, int class, int type, unsigned char *answer, int bytes))
{
	return th_hook_res_nquery(state, name, class, type, answer, bytes);
}

TH_HOOK(int, __res_nsearch,
	(res_state state, const char *name, int class, int type, unsigned char *answer, int bytes))
{
	return th_hook_res_nsearch(state, name, class, type, answer, bytes);
}

TH_HOOK(int, __res_nsend,
	(res_state state, const unsigned char *query, int query_bytes, unsigned char *answer,
		int bytes))
{
	return th_hook_res_nsend(state, query, query_bytes, answer, bytes);
}
