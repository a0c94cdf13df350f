/* See ready.h. Only for servers that were asked by name, and a few of them: others are rare, and
 * an agent that talks to very many servers starts with one of them, too. */
#include "player/ready.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "player/serve.h"

#define SERVERS_MAX 16

struct th_ready {
	struct th_serving *serving;
	_Atomic bool stopping;
	pthread_t thread;
};

static void *make(void *arg)
{
	struct th_ready *r = arg;
	const struct th_peers *peers = &r->serving->peers;
	size_t made = 0;
	for (size_t i = 0; i < peers->n && made < SERVERS_MAX && !atomic_load(&r->stopping); i++) {
		made += th_serve_tls_ready(r->serving, peers->at[i]);
	}
	return NULL;
}

struct th_ready *th_ready_create(struct th_serving *serving)
{
	struct th_ready *r = calloc(1, sizeof(*r));
	if (!r) {
		return NULL;
	}
	r->serving = serving;
	if (pthread_create(&r->thread, NULL, make, r) != 0) {
		free(r);
		return NULL;
	}
	return r;
}

struct th_ready *th_ready_destroy(struct th_ready *r)
{
	if (r) {
		atomic_store(&r->stopping, true);
		pthread_join(r->thread, NULL);
		free(r);
	}
	return NULL;
}
