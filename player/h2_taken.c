/* See h2_taken.h. */
#include "player/h2_taken.h"

#include <stdlib.h>

#include "base/clock.h"

#define LOOK_NS 20000
#define LOOK_MAX_NS 1000000
#define ROOM_MIN 16

static bool make_room(struct th_h2_taken *t)
{
	if (t->n < t->cap) {
		return true;
	}
	size_t cap = t->cap ? 2 * t->cap : ROOM_MIN;
	struct th_order_event *p = realloc(t->sent, cap * sizeof(*p));
	if (p) {
		t->sent = p;
		t->cap = cap;
	}
	return p != NULL;
}

void th_h2_taken_note(struct th_h2_taken *t, struct th_order *o, struct th_order_event e)
{
	if (!make_room(t)) {
		th_order_taken(o, e);
		return;
	}
	th_order_sent(o, e, t);
	t->sent[t->n++] = e;
	t->since = th_clock_mono();
	t->pause_ns = LOOK_NS;
}

static void all_taken(struct th_h2_taken *t, struct th_order *o)
{
	for (size_t i = 0; i < t->n; i++) {
		th_order_taken(o, t->sent[i]);
	}
	t->n = 0;
}

uint64_t th_h2_taken_look(
	struct th_h2_taken *t, struct th_order *o, const struct th_stream *stream, bool flushed)
{
	if (t->n == 0) {
		return UINT64_MAX;
	}
	bool taken = flushed && th_stream_is_taken(stream);
	if (taken || th_clock_mono() - t->since > TH_ORDER_PATIENCE_NS) {
		all_taken(t, o);
		return 0;
	}
	uint64_t pause = t->pause_ns;
	t->pause_ns = pause < LOOK_MAX_NS ? 2 * pause : pause;
	return pause;
}

bool th_h2_taken_holds(const struct th_h2_taken *t, struct th_order *o)
{
	return t->n > 0 && th_order_is_awaited(o, t->sent, t->n);
}

void th_h2_taken_finish(struct th_h2_taken *t, struct th_order *o)
{
	all_taken(t, o);
	free(t->sent);
	*t = (struct th_h2_taken){0};
}
