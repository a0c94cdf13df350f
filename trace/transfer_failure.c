/* A transfer that came to no exchange often has a reason that was recorded as well: the look-up
 * that found nothing, the connection that was not made. It is joined to that, so that readers tell
 * of one failure once; the latest that fits, since what a library tried before it failed too.
 *
 * Left out: which of two transfers failed by one look-up that both waited for. The first takes it.
 */
#include "trace/transfers.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "trace/url.h"

#define LOOKS_A_NAME 16
#define RESOLVE_PROXY 5 /* CURLE_COULDNT_RESOLVE_PROXY: perhaps one from the environment */

/* The host of an authority: without port, and without the brackets of an IPv6 address. */
static struct th_slice host_of(struct th_slice authority)
{
	const uint8_t *p = authority.p;
	size_t n = authority.n;
	if (n && p[0] == '[') {
		const uint8_t *end = memchr(p, ']', n);
		return (struct th_slice){p + 1, end ? (size_t)(end - p) - 1 : n - 1};
	}
	const uint8_t *colon = n ? memchr(p, ':', n) : NULL;
	return (struct th_slice){p, colon ? (size_t)(colon - p) : n};
}

static bool url_names(struct th_slice url, struct th_slice host)
{
	return url.n && host.n && th_slice_ieq(host_of(th_url_authority(url)), host);
}

/* What the transfer could have connected to. */
static bool goes_to(const struct th_transfer *t, struct th_slice host)
{
	return url_names(t->effective, host) || url_names(t->asked, host) ||
		url_names(t->proxy, host);
}

static bool in_its_time(const struct th_transfer *t, uint64_t time)
{
	return time >= t->began && time <= t->ended;
}

/* Look-ups and connections stand in the order in which they were written, nearly that of their
 * times. Those to be looked at are the ones in front of `to`, latest first, and not behind `from`.
 */
struct span {
	size_t from, to;
};

static uint64_t lookup_time(const struct th_collected *c, size_t i)
{
	return c->names[i]->time;
}

static uint64_t connection_time(const struct th_collected *c, size_t i)
{
	return c->connections[i]->began;
}

static struct span until(const struct th_collected *c, size_t n,
	uint64_t (*time_of)(const struct th_collected *c, size_t i), uint64_t ended)
{
	size_t to = 0, high = n;
	while (to < high) {
		size_t middle = to + (high - to) / 2;
		bool before = time_of(c, middle) <= ended;
		to = before ? middle + 1 : to;
		high = before ? high : middle;
	}
	to = n - to < TH_TRANSFER_DISORDER_MAX ? n : to + TH_TRANSFER_DISORDER_MAX;
	return (struct span){
		to > TH_TRANSFER_CANDIDATES_MAX ? to - TH_TRANSFER_CANDIDATES_MAX : 0, to};
}

/* Comparing names takes longer than looking at an exchange: it counts as several looks. */
static bool may_look(size_t *looks)
{
	bool may = *looks >= LOOKS_A_NAME;
	*looks -= may ? LOOKS_A_NAME : 0;
	return may;
}

static struct th_name *failed_lookup(
	const struct th_collected *c, const struct th_transfer *t, size_t *looks)
{
	const struct span s = until(c, c->n_names, lookup_time, t->ended);
	for (size_t i = s.to; i > s.from && may_look(looks); i--) {
		struct th_name *l = c->names[i - 1];
		if (l->result && !l->transfer && in_its_time(t, l->time) &&
			(t->result == RESOLVE_PROXY || goes_to(t, l->name))) {
			return l;
		}
	}
	return NULL;
}

static bool goes_to_address(const struct th_transfer *t, const struct th_connection *x)
{
	char text[INET6_ADDRSTRLEN];
	if (goes_to(t, x->sni) || goes_to(t, x->name)) {
		return true;
	}
	if (x->family != 4 && x->family != 6) {
		return false;
	}
	return inet_ntop(x->family == 4 ? AF_INET : AF_INET6, x->address, text, sizeof(text)) &&
		goes_to(t, th_slice_str(text));
}

/* One thread does one thing at a time: what failed there meanwhile, failed for this transfer. */
static struct th_connection *failed_connection(
	const struct th_collected *c, const struct th_transfer *t, size_t *looks)
{
	const struct span s = until(c, c->n_connections, connection_time, t->ended);
	for (size_t i = s.to; i > s.from && may_look(looks); i--) {
		struct th_connection *x = c->connections[i - 1];
		uint64_t time = x->connect_began ? x->connect_began : x->began;
		bool here = t->api == TH_TRANSFER_EASY && x->thread == t->thread;
		if (x->error && !x->transfer && in_its_time(t, time) &&
			(here || goes_to_address(t, x))) {
			return x;
		}
	}
	return NULL;
}

void th_transfers_failed(struct th_collected *c, struct th_transfer *t, size_t *looks)
{
	struct th_name *l = failed_lookup(c, t, looks);
	struct th_connection *x = l ? NULL : failed_connection(c, t, looks);
	if (l) {
		l->transfer = t;
	} else if (x) {
		x->transfer = t;
	}
	t->joined = l || x;
}

bool th_transfer_stands_alone(const struct th_transfer *t)
{
	bool left = t->result == TH_TRANSFER_LEFT && t->status == 0;
	return !t->last && !t->joined && (t->result > 0 || left);
}
