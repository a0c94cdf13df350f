/* See torn.h and FORMAT.md, "Damage and torn tails". What a torn block holds is not looked at: it
 * is passed over when other blocks, whole ones, or live files hold frames of all its numbers. */
#include "capture/torn.h"

#define TORN_MAX 64 /* so many are looked into; the others stay damage */

static uint64_t count_frames(const struct th_segment *live)
{
	struct th_slice area = live->stored;
	struct th_frame_header h;
	uint64_t n = 0;
	bool ok = false;
	for (; th_frame_decode(area, &h, &ok) && ok; n++) {
		area.p += th_frame_room(h.length);
		area.n -= th_frame_room(h.length);
	}
	return n;
}

static uint64_t end_of(const struct th_segment *s)
{
	return s->first_seq + (s->live ? count_frames(s) : s->frames);
}

/* Of one writer, segments stand in the order of their first numbers. */
static bool is_elsewhere(const struct th_segments *s, const struct th_segment *torn)
{
	const struct th_segment *at = torn, *end = s->at + s->n;
	uint64_t have = torn->first_seq, want = end_of(torn);
	while (at > s->at && at[-1].rank == torn->rank) {
		at--;
	}
	for (; at < end && at->rank == torn->rank && at->first_seq <= have && have < want; at++) {
		uint64_t to = at->damaged ? 0 : end_of(at);
		have = to > have ? to : have;
	}
	return torn->frames > 0 && have >= want;
}

static void forget_damage(struct th_segments *s, const struct th_segment *torn)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_damage; i++) {
		if (s->damage[i].path != torn->path || s->damage[i].offset != torn->offset) {
			s->damage[n++] = s->damage[i];
		}
	}
	s->n_damage = n;
}

void th_torn_drop(struct th_segments *s)
{
	size_t n = 0, looked = 0;
	bool drop[TORN_MAX];
	for (size_t i = 0; i < s->n && looked < TORN_MAX; i++) {
		if (s->at[i].torn) {
			drop[looked++] = is_elsewhere(s, &s->at[i]);
		}
	}
	looked = 0;
	for (size_t i = 0; i < s->n; i++) {
		if (s->at[i].torn && looked < TORN_MAX && drop[looked++]) {
			forget_damage(s, &s->at[i]);
			s->n_rewritten++;
		} else {
			s->at[n++] = s->at[i];
		}
	}
	s->n = n;
}
