/* Going live, against a server that says what the test says. */
#include "player/online.h"

#include <criterion/criterion.h>

#include "live_talk.h"

static struct live_talk talk;
static uint8_t heard[1 << 18];
static size_t n_heard;

static void hold(struct th_slice asked, bool h2, struct th_slice said)
{
	ssize_t n;
	cr_assert(live_talk_begin(&talk, asked));
	live_talk_hold(&talk, h2, said);
	n_heard = 0;
	while ((n = recv(talk.agent[0], heard + n_heard, sizeof(heard) - n_heard, 0)) > 0) {
		n_heard += (size_t)n;
	}
}

/* How many frames of that type the agent was sent. */
static unsigned frames(uint8_t type)
{
	unsigned found = 0;
	for (size_t at = 0; at + 9 <= n_heard;) {
		const uint8_t *h = heard + at;
		found += h[3] == type;
		at += 9 + ((size_t)h[0] << 16 | (size_t)h[1] << 8 | h[2]);
	}
	return found;
}

/* Settings, and a head of so many fields of 4,000 bytes each, all of them the same one (RFC 7541
 * 6): the bytes, of which there are hardly more than fields. */
static size_t large_head(uint8_t *p, size_t fields)
{
	static const uint8_t first[] = {0x88, 0x40, 1, 'a', 0x7f, 0xa1, 0x1e};
	size_t n = 0, length = sizeof(first) + 4000 + fields - 1;
	memcpy(p, "\0\0\0\4\0\0\0\0\0\0", 9);
	n += 9;
	memcpy(p + n, (uint8_t[]){0, (uint8_t)(length >> 8), (uint8_t)length, 1, 5, 0, 0, 0, 1}, 9);
	n += 9;
	memcpy(p + n, first, sizeof(first));
	n += sizeof(first);
	memset(p + n, 'x', 4000);
	memset(p + n + 4000, 0xbe, fields - 1);
	return n + 4000 + fields - 1;
}

Test(online, a_head_of_some_size_is_handed_on)
{
	uint8_t said[16384];
	size_t n = large_head(said, 50);
	hold(TH_SLICE_LIT(LIVE_H2_ASKED), true, (struct th_slice){said, n});
	cr_expect_eq(frames(1), 1, "HEADERS");
	cr_expect_eq(frames(3), 0, "RST_STREAM");
	live_talk_end(&talk);
}

Test(online, a_few_bytes_do_not_become_a_head_of_megabytes)
{
	uint8_t said[16384];
	size_t n = large_head(said, 10000);
	hold(TH_SLICE_LIT(LIVE_H2_ASKED), true, (struct th_slice){said, n});
	cr_expect_eq(frames(1), 0, "HEADERS");
	cr_expect_eq(frames(3), 1, "RST_STREAM");
	cr_expect_eq(talk.tally.stats.live_failed, 1);
	live_talk_end(&talk);
}

Test(online, heads_without_end_have_an_end)
{
	uint8_t said[LIVE_SAID_MAX];
	size_t n = large_head(said, 50);
	said[9 + 4] = 4; /* END_HEADERS alone */
	while (n + 9 + 60 < sizeof(said)) {
		memcpy(said + n, (uint8_t[]){0, 0, 60, 1, 4, 0, 0, 0, 1}, 9);
		memset(said + n + 9, 0xbe, 60);
		n += 9 + 60;
	}
	hold(TH_SLICE_LIT(LIVE_H2_ASKED), true, (struct th_slice){said, n});
	cr_expect_eq(frames(3), 1, "RST_STREAM");
	live_talk_end(&talk);
}
