/* What a live server sends, whatever it is, is handed on without a crash, and both connections come
 * to their end (player/online_h1.c, online_h2.c). The first byte says what the agent speaks and
 * asks; the rest is what the server sends before it closes. */
#include "../unit/live_talk.h"
#include "fuzz.h"

static const struct {
	bool h2;
	struct th_slice bytes;
} asked[] = {
#define ASKED(text) \
	{ \
		false, \
		{ \
			(const uint8_t *)(text), sizeof(text) - 1 \
		} \
	}
	ASKED("GET / HTTP/1.1\r\nHost: a.local\r\n\r\n"),
	ASKED("HEAD / HTTP/1.1\r\nHost: a.local\r\nConnection: close\r\n\r\n"),
	ASKED("POST / HTTP/1.1\r\nHost: a.local\r\nExpect: 100-continue\r\nContent-Length: 1\r\n"
	      "\r\nx"),
	ASKED("GET / HTTP/1.1\r\nHost: a.local\r\nConnection: Upgrade\r\nUpgrade: w\r\n\r\nabc"),
	ASKED("CONNECT a.local:443 HTTP/1.1\r\nHost: a.local:443\r\n\r\n"),
	ASKED("GET / HTTP/1.0\r\n\r\n"),
	{true, {(const uint8_t *)LIVE_H2_ASKED, sizeof(LIVE_H2_ASKED) - 1}},
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct live_talk t;
	if (n == 0 || n > LIVE_SAID_MAX) {
		return 0;
	}
	size_t which = p[0] % (sizeof(asked) / sizeof(asked[0]));
	FUZZ_CHECK(live_talk_begin(&t, asked[which].bytes));
	live_talk_hold(&t, asked[which].h2, (struct th_slice){p + 1, n - 1});
	FUZZ_CHECK(t.tally.stats.live <= 2);
	live_talk_end(&t);
	return 0;
}
