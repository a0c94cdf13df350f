/* Look-ups under replay: names resolve to what the recording saw, and to nothing else.
 *
 * The elements of getaddrinfo()'s list are made by the real function, one call for each recorded
 * address in numeric form: so hints, services and the ownership of memory are its own, and neither
 * network nor hosts file is needed. AI_ADDRCONFIG is dropped (offline it would hide every
 * address). Numeric names go to the real function. "localhost" is answered here when the recording
 * did not ask for it; every other unknown name is fenced with EAI_NONAME, since nobody tries that
 * again (EAI_AGAIN invites to).
 *
 * This is the one place that allocates: getaddrinfo() does too and is no function for signal
 * handlers. Left out: the canonical name, for which the name asked for stands. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/text.h"
#include "capture/frame.h"
#include "shim/replay.h"
#include "shim/replay_link.h"

static const struct th_world_address localhost[] = {
	{.family = 6, .bytes = {[15] = 1}}, {.family = 4, .bytes = {127, 0, 0, 1}}};

void th_replay_name_refused(const char *name)
{
	TH_KEEP_ERRNO;
	if (!th_arm_is(TH_ARM_REPLAY)) {
		return;
	}
	th_arm_notice();
	struct th_hello h = th_link_hello(TH_HELLO_FENCED_LOOKUP, NULL, 0);
	strncpy(h.name, name, sizeof(h.name) - 1);
	th_link_tell(&h);
}

static bool is_localhost(const char *name)
{
	struct th_slice s = th_slice_str(name);
	return th_slice_ieq(s, TH_SLICE_LIT("localhost")) ||
		th_slice_ieq(s, TH_SLICE_LIT("localhost."));
}

/* False: the network may not be asked. */
static bool resolve_online(const char *name, struct th_replay_answer *a)
{
	TH_KEEP_ERRNO;
	if (!th_link_world()->header->live) {
		return false;
	}
	th_arm_notice();
	struct th_hello h = th_link_hello(TH_HELLO_RESOLVE, NULL, 0);
	strncpy(h.name, name, sizeof(h.name) - 1);
	if (th_link_resolve(&h, &a->online) < 0) {
		a->online = (struct th_resolved){.result = EAI_AGAIN};
	}
	a->result = a->online.result;
	a->addresses = a->online.addresses;
	a->n = a->online.n;
	return a->result != TH_RESOLVED_FENCED;
}

void th_replay_name(const char *name, struct th_replay_answer *ret_answer)
{
	struct th_replay_answer *a = ret_answer;
	const struct th_world *w = th_link_world();
	bool open = th_arm_is(TH_ARM_REPLAY);
	const struct th_world_name *n = open ? th_world_find_name(w, name) : NULL;
	if (n) {
		a->result = n->result;
		a->addresses = th_world_addresses(w, n);
		a->n = n->n_addresses;
	} else if (open && resolve_online(name, a)) {
		return;
	} else if (is_localhost(name)) {
		a->result = 0;
		a->addresses = localhost;
		a->n = 2;
	} else {
		th_replay_name_refused(name);
		a->result = open ? EAI_NONAME : EAI_FAIL;
		a->addresses = NULL;
		a->n = 0;
	}
}

/* ---- getaddrinfo ---- */

struct query {
	th_getaddrinfo *real;
	const char *service;
	struct addrinfo hints;
	bool mapped; /* IPv4 addresses as IPv4-mapped ones */
	struct addrinfo *first, **end;
	int result; /* of the last call that failed */
};

static void write_numeric(const struct th_world_address *a, bool mapped, char *ret_text, size_t cap)
{
	static const char prefix[] = "::ffff:";
	size_t n = mapped ? strlen(prefix) : 0;
	memcpy(ret_text, prefix, n);
	inet_ntop(
		a->family == 4 ? AF_INET : AF_INET6, a->bytes, ret_text + n, (socklen_t)(cap - n));
}

static void add_address(struct query *q, const struct th_world_address *a)
{
	char text[INET6_ADDRSTRLEN + 8];
	bool mapped = q->mapped && a->family == 4;
	int family = a->family == 4 && !mapped ? AF_INET : AF_INET6;
	if (q->hints.ai_family != AF_UNSPEC && q->hints.ai_family != family) {
		return;
	}
	write_numeric(a, mapped, text, sizeof(text));
	struct addrinfo *list = NULL;
	int r = q->real(text, q->service, &q->hints, &list);
	if (r != 0) {
		q->result = r;
		return;
	}
	*q->end = list;
	while (*q->end) {
		q->end = &(*q->end)->ai_next;
	}
}

static void add_addresses(struct query *q, const struct th_replay_answer *a)
{
	for (size_t i = 0; i < a->n; i++) {
		add_address(q, &a->addresses[i]);
	}
}

/* AI_V4MAPPED counts for AF_INET6 only: when there is no address of it, or with AI_ALL too. */
static void collect(struct query *q, const struct th_replay_answer *a, int flags)
{
	bool may_map = (flags & AI_V4MAPPED) && q->hints.ai_family == AF_INET6;
	q->mapped = may_map && (flags & AI_ALL);
	add_addresses(q, a);
	if (!q->first && may_map && !q->mapped) {
		q->mapped = true;
		add_addresses(q, a);
	}
}

static int answer_query(struct query *q, const char *node, int flags, struct addrinfo **ret_list)
{
	struct th_replay_answer a;
	th_replay_name(node, &a);
	if (a.result != 0) {
		errno = a.result == EAI_SYSTEM ? EIO : errno; /* which one was not recorded */
		return a.result == TH_NAME_UNANSWERED ? EAI_AGAIN : a.result;
	}
	collect(q, &a, flags);
	if (!q->first) {
		return q->result;
	}
	if (flags & AI_CANONNAME) {
		q->first->ai_canonname = strdup(node);
	}
	*ret_list = q->first;
	return 0;
}

int th_replay_getaddrinfo(th_getaddrinfo *real, const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret_list)
{
	static const struct addrinfo none = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG};
	const struct addrinfo *asked = hints ? hints : &none;
	if (!node || (asked->ai_flags & AI_NUMERICHOST)) {
		return real(node, service, hints, ret_list);
	}
	struct query q = {.real = real, .service = service, .hints = *asked, .result = EAI_NODATA};
	q.end = &q.first;
	q.hints.ai_flags = (asked->ai_flags & ~AI_ADDRCONFIG) | AI_NUMERICHOST;
	/* It is numeric if that works; and errors in the hints come before any look-up. */
	int r = real(node, service, &q.hints, ret_list);
	if (r != EAI_NONAME) {
		return r;
	}
	q.hints.ai_flags &= ~(AI_CANONNAME | AI_V4MAPPED | AI_ALL);
	return answer_query(&q, node, asked->ai_flags, ret_list);
}

/* ---- gethostbyname ---- */

static int herrno_of(int result)
{
	switch (result) {
	case EAI_AGAIN:
	case TH_NAME_UNANSWERED:
		return TRY_AGAIN;
	case EAI_FAIL:
	case EAI_SYSTEM:
		return NO_RECOVERY;
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return NO_DATA;
	default:
		return HOST_NOT_FOUND;
	}
}

static bool is_numeric(const char *name)
{
	struct in6_addr a;
	return inet_aton(name, (struct in_addr *)&a) || inet_pton(AF_INET6, name, &a) == 1;
}

static size_t count_family(const struct th_replay_answer *a, uint8_t family)
{
	size_t n = 0;
	for (size_t i = 0; i < a->n; i++) {
		n += a->addresses[i].family == family;
	}
	return n;
}

/* Lays the entry out in the caller's buffer: pointers first, then addresses, then the name. */
static int lay_out(const struct th_replay_answer *a, const char *name, int family, size_t count,
	struct hostent *ret_entry, char *buffer, size_t n)
{
	size_t pad = -(uintptr_t)buffer % sizeof(char *);
	size_t length = family == AF_INET ? 4 : 16, name_bytes = strlen(name) + 1;
	size_t pointers = (count + 2) * sizeof(char *);
	if (n < pad + pointers + count * length + name_bytes) {
		return -ERANGE;
	}
	char **list = (char **)(buffer + pad);
	char *bytes = buffer + pad + pointers;
	size_t at = 0;
	for (size_t i = 0; i < a->n; i++) {
		if (a->addresses[i].family == (family == AF_INET ? 4 : 6)) {
			list[at++] = memcpy(bytes, a->addresses[i].bytes, length);
			bytes += length;
		}
	}
	list[count] = list[count + 1] = NULL; /* ends the addresses; and no aliases */
	*ret_entry = (struct hostent){.h_name = memcpy(bytes, name, name_bytes),
		.h_aliases = &list[count + 1],
		.h_addrtype = family,
		.h_length = (int)length,
		.h_addr_list = list};
	return 0;
}

int th_replay_hostent(const char *name, int family, struct hostent *ret_entry, char *buffer,
	size_t n, int *ret_h_errno)
{
	if (is_numeric(name) || (family != AF_INET && family != AF_INET6)) {
		return TH_REPLAY_PASS;
	}
	struct th_replay_answer a;
	th_replay_name(name, &a);
	size_t count = count_family(&a, family == AF_INET ? 4 : 6);
	if (a.result != 0 || count == 0) {
		*ret_h_errno = a.result ? herrno_of(a.result) : NO_DATA;
		return -ENOENT;
	}
	int r = lay_out(&a, name, family, count, ret_entry, buffer, n);
	*ret_h_errno = r < 0 ? NETDB_INTERNAL : NETDB_SUCCESS;
	return r;
}
