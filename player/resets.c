#include "player/resets.h"

#include <pthread.h>
#include <stdlib.h>

struct th_resets {
	pthread_mutex_t lock;
	struct {
		uint64_t stream_id;
		uint8_t error;
	} * ring;
	uint64_t n; /* ever added */
};

struct th_resets *th_resets_create(void)
{
	struct th_resets *r = calloc(1, sizeof(*r));
	if (r) {
		pthread_mutex_init(&r->lock, NULL);
		r->ring = calloc(TH_RESETS_MAX, sizeof(*r->ring));
	}
	return r && r->ring ? r : th_resets_destroy(r);
}

struct th_resets *th_resets_destroy(struct th_resets *r)
{
	if (r) {
		pthread_mutex_destroy(&r->lock);
		free(r->ring);
		free(r);
	}
	return NULL;
}

void th_resets_add(struct th_resets *r, uint64_t stream_id, uint8_t error)
{
	pthread_mutex_lock(&r->lock);
	uint64_t i = r->n++ % TH_RESETS_MAX;
	r->ring[i].stream_id = stream_id;
	r->ring[i].error = error;
	pthread_mutex_unlock(&r->lock);
}

uint8_t th_resets_get(struct th_resets *r, uint64_t stream_id)
{
	uint8_t error = 0;
	pthread_mutex_lock(&r->lock);
	uint64_t kept = r->n < TH_RESETS_MAX ? r->n : TH_RESETS_MAX;
	for (uint64_t i = 0; i < kept && !error; i++) { /* the newest first: they are asked for */
		uint64_t k = (r->n - 1 - i) % TH_RESETS_MAX;
		error = r->ring[k].stream_id == stream_id ? r->ring[k].error : 0;
	}
	pthread_mutex_unlock(&r->lock);
	return error;
}
