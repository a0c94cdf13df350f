/* See bound.h. A list that is walked: trees bind few, and only a connect to a peer that was not
 * recorded asks. A name stays noted when its socket is closed: who binds it next within the life of
 * a replay is of the tree as well, or else the machine's own services clash with the agent's. */
#include "player/bound.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct th_bound {
	pthread_mutex_t lock;
	uint8_t (*keys)[TH_UNIX_KEY_BYTES];
	size_t n;
};

struct th_bound *th_bound_create(void)
{
	struct th_bound *b = calloc(1, sizeof(*b));
	if (b) {
		pthread_mutex_init(&b->lock, NULL);
	}
	return b;
}

struct th_bound *th_bound_destroy(struct th_bound *b)
{
	if (b) {
		pthread_mutex_destroy(&b->lock);
		free(b->keys);
		free(b);
	}
	return NULL;
}

static bool holds(const struct th_bound *b, const uint8_t key[TH_UNIX_KEY_BYTES])
{
	for (size_t i = 0; i < b->n; i++) {
		if (memcmp(b->keys[i], key, TH_UNIX_KEY_BYTES) == 0) {
			return true;
		}
	}
	return false;
}

void th_bound_add(struct th_bound *b, const uint8_t key[TH_UNIX_KEY_BYTES])
{
	pthread_mutex_lock(&b->lock);
	bool wanted = b->n < TH_BOUND_MAX && !holds(b, key);
	void *room = wanted ? realloc(b->keys, (b->n + 1) * sizeof(*b->keys)) : NULL;
	if (room) {
		b->keys = room;
		memcpy(b->keys[b->n++], key, TH_UNIX_KEY_BYTES);
	}
	pthread_mutex_unlock(&b->lock);
}

bool th_bound_has(struct th_bound *b, const uint8_t key[TH_UNIX_KEY_BYTES])
{
	pthread_mutex_lock(&b->lock);
	bool has = holds(b, key);
	pthread_mutex_unlock(&b->lock);
	return has;
}
