/* See peers.h. A hash table of places in the list, open, at most half full. */
#include "player/peers.h"

#include <errno.h>
#include <stdlib.h>

#include "base/siphash.h"

struct table {
	uint32_t *places; /* index + 1; 0: empty */
	size_t mask;
};

static uint64_t hash_of(const struct th_connection *c)
{
	static const uint8_t key[TH_SIPHASH_KEY_BYTES];
	uint64_t sum = th_siphash(key, c->address, sizeof(c->address)) + c->port;
	sum = 31 * sum + th_siphash(key, c->name.p, c->name.n);
	sum = 31 * sum + th_siphash(key, c->sni.p, c->sni.n);
	return 31 * sum + th_siphash(key, c->alpn.p, c->alpn.n);
}

bool th_peers_same_address(const struct th_connection *a, const struct th_connection *b)
{
	return a->family == b->family && a->port == b->port &&
		memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static bool is_same(const struct th_connection *a, const struct th_connection *b)
{
	bool plain_a = a->transport == TH_TRANSPORT_PLAIN;
	bool plain_b = b->transport == TH_TRANSPORT_PLAIN;
	return th_peers_same_address(a, b) && plain_a == plain_b &&
		!a->certificates.n == !b->certificates.n && th_slice_eq(a->name, b->name) &&
		th_slice_eq(a->sni, b->sni) && th_slice_eq(a->alpn, b->alpn);
}

static void add(struct th_peers *p, struct table *t, const struct th_connection *c)
{
	size_t i = hash_of(c) & t->mask;
	while (t->places[i]) {
		if (is_same(p->at[t->places[i] - 1], c)) {
			return;
		}
		i = (i + 1) & t->mask;
	}
	p->at[p->n++] = c;
	t->places[i] = (uint32_t)p->n;
}

int th_peers_init(struct th_peers *p, const struct th_run *run)
{
	struct table t = {.mask = 15};
	while (t.mask < 2 * run->n_connections) {
		t.mask = 2 * t.mask + 1;
	}
	t.places = calloc(t.mask + 1, sizeof(*t.places));
	*p = (struct th_peers){
		.at = calloc(run->n_connections + 1, sizeof(struct th_connection *))};
	if (!t.places || !p->at) {
		free(t.places);
		th_peers_finish(p);
		return -ENOMEM;
	}
	for (size_t i = 0; i < run->n_connections; i++) {
		add(p, &t, run->connections[i]);
	}
	free(t.places);
	return 0;
}

void th_peers_finish(struct th_peers *p)
{
	free(p->at);
	*p = (struct th_peers){0};
}
