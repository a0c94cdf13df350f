/* A chained table of fixed width: ids of one connection are consecutive odd numbers, so chains
 * stay even, and with the usual hundred streams a look-up is one step. */
#include "recorder/h2_streams.h"

#include <stddef.h>

#include "base/pool.h"

static uint32_t chain_of(uint32_t id)
{
	return id / 2 % TH_H2_STREAM_CHAINS;
}

struct th_h2_stream *th_h2_streams_find(const struct th_h2_streams *t, uint32_t id)
{
	struct th_h2_stream *s = t->chain[chain_of(id)];
	while (s && s->id != id) {
		s = s->next;
	}
	return s;
}

struct th_h2_stream *th_h2_streams_add(struct th_h2_streams *t, uint32_t id)
{
	if (t->count == TH_H2_STREAMS_MAX) {
		return NULL;
	}
	struct th_h2_stream *s = th_pool_alloc(sizeof(*s));
	if (!s) {
		return NULL;
	}
	struct th_h2_stream **chain = &t->chain[chain_of(id)];
	s->id = id;
	s->next = *chain;
	*chain = s;
	t->count++;
	return s;
}

void th_h2_streams_remove(struct th_h2_streams *t, struct th_h2_stream *s)
{
	struct th_h2_stream **at = &t->chain[chain_of(s->id)];
	while (*at != s) {
		at = &(*at)->next;
	}
	*at = s->next;
	t->count--;
	th_hold_free(&s->side[TH_H2_REQUEST].hold);
	th_hold_free(&s->side[TH_H2_RESPONSE].hold);
	th_pool_free(s, sizeof(*s));
}

void th_h2_streams_each(
	struct th_h2_streams *t, void (*each)(void *ctx, struct th_h2_stream *s), void *ctx)
{
	for (uint32_t i = 0; i < TH_H2_STREAM_CHAINS; i++) {
		struct th_h2_stream *next;
		for (struct th_h2_stream *s = t->chain[i]; s; s = next) {
			next = s->next;
			each(ctx, s);
		}
	}
}
