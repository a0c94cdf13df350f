/* Taps are fuzzed with conversations: in the input a byte says who speaks (bit 0: the agent) and
 * how many bytes follow, divided by two. Each is held twice, in the pieces that it has and byte by
 * byte, and the tap must tell the same story; every side of an exchange that begins ends exactly
 * once (emit_double.c watches over that). */
#ifndef TESTS_FUZZ_CONVERSE_H
#define TESTS_FUZZ_CONVERSE_H

#include <stddef.h>

#include "../unit/emit_double.h"
#include "fuzz.h"
#include "recorder/rewrite.h"

/* What would be sent instead, with trace context in it, stands for what is sent. */
static void check_rewrite(const struct th_tap *tap, const void *state, struct th_slice piece)
{
	static struct th_rewrite w;
	memset(&w, 0, offsetof(struct th_rewrite, p));
	if (piece.n <= TH_REWRITE_IN_MAX && tap->may_begin && tap->may_begin(state) &&
		tap->rewrite(state, piece, &w)) {
		FUZZ_CHECK(w.edits && w.taken == piece.n && w.n > piece.n && w.n <= sizeof(w.p));
		FUZZ_CHECK(th_rewrite_given(&w, w.n) == piece.n);
	}
}

static bool speak(
	const struct th_tap *tap, void *state, bool agent, struct th_slice in, size_t step)
{
	bool good = true;
	for (size_t at = 0; at < in.n && good; at += step) {
		struct th_slice piece = {in.p + at, in.n - at < step ? in.n - at : step};
		if (agent) {
			check_rewrite(tap, state, piece);
		}
		good = agent ? tap->sent(state, piece) : tap->received(state, piece);
	}
	return good;
}

static bool converse(const struct th_tap *tap, void *state, struct th_in in, size_t step)
{
	bool good = true;
	while (in.n && good) {
		uint8_t c = th_in_u8(&in);
		size_t n = c / 2u < in.n ? c / 2u : in.n;
		good = speak(tap, state, c & 1, th_in_bytes(&in, n), step);
	}
	return good;
}

/* `begin`: what goes without saying. */
static bool hold(const struct th_tap *tap, bool (*begin)(void *state), struct th_in in, size_t step)
{
	static struct th_conn conn;
	void *state = calloc(1, tap->state_size);
	FUZZ_CHECK(state);
	th_emitted_reset();
	tap->init(state, &conn);
	bool good = (!begin || begin(state)) && converse(tap, state, in, step);
	tap->end(state, good ? TH_END_FIN : TH_END_UNPARSED, 0);
	tap->finish(state);
	free(state);
	th_emitted_check_ended();
	return good;
}

static void hold_twice(const struct th_tap *tap, bool (*begin)(void *state), struct th_in in)
{
	bool good = hold(tap, begin, in, SIZE_MAX);
	uint64_t story = th_emitted_story();
	FUZZ_CHECK(hold(tap, begin, in, 1) == good);
	/* How much a tap writes of what is no HTTP depends on the piece it is in. */
	FUZZ_CHECK(!good || th_emitted_story() == story);
}

#endif
