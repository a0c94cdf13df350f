#include "player/patterns.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "guard.h"

/* What of `text` the patterns take, each as "name<bytes>"; "" nothing. */
static const char *taken(unsigned patterns, const char *text)
{
	static char out[512];
	struct th_slice s = th_guard(th_slice_str(text));
	struct th_pattern_hit hit;
	size_t from = 0, n = 0;
	out[0] = 0;
	while (th_pattern_find(patterns, s, from, &hit)) {
		n += (size_t)snprintf(out + n, sizeof(out) - n, "%s<%.*s>",
			th_pattern_name(hit.pattern), (int)hit.n, s.p + hit.at);
		from = hit.at + hit.n;
	}
	return out;
}

#define TAKES(bits, text, expected) cr_expect_str_eq(taken(bits, text), expected, "%s", text)
#define LEAVES(bits, text) TAKES(bits, text, "")

Test(patterns, uuid)
{
	TAKES(TH_PATTERN_UUID, "id=0b7a1c9e-1f00-4abc-8def-0123456789AB.",
		"uuid<0b7a1c9e-1f00-4abc-8def-0123456789AB>");
	LEAVES(TH_PATTERN_UUID, "0b7a1c9e-1f00-4abc-8def-0123456789ab0");
	LEAVES(TH_PATTERN_UUID, "x0b7a1c9e-1f00-4abc-8def-0123456789ab");
	LEAVES(TH_PATTERN_UUID, "0b7a1c9e-1f00-4abc-8def-0123456789a");
	LEAVES(TH_PATTERN_UUID, "0b7a1c9g-1f00-4abc-8def-0123456789ab");
}

Test(patterns, time)
{
	TAKES(TH_PATTERN_TIME, "on 2026-11-22.", "time<2026-11-22>");
	TAKES(TH_PATTERN_TIME, "2026-11-22T00:55:13Z,", "time<2026-11-22T00:55:13Z>");
	TAKES(TH_PATTERN_TIME, "2026-11-22 00:55:13.123456+01:00",
		"time<2026-11-22 00:55:13.123456+01:00>");
	TAKES(TH_PATTERN_TIME, "2026-11-22 00:55 and 14:03:22",
		"time<2026-11-22 00:55>time<14:03:22>");
	TAKES(TH_PATTERN_TIME, "20261122T005513Z", "time<20261122T005513Z>");
	LEAVES(TH_PATTERN_TIME, "2026-13-22");
	LEAVES(TH_PATTERN_TIME, "2026-11-40");
	LEAVES(TH_PATTERN_TIME, "1/2026-11");
	LEAVES(TH_PATTERN_TIME, "14:03");
	LEAVES(TH_PATTERN_TIME, "gpt-4o-2024");
	LEAVES(TH_PATTERN_TIME, "2026-11-22x");
}

Test(patterns, epoch)
{
	TAKES(TH_PATTERN_EPOCH, "1763772913", "epoch<1763772913>");
	TAKES(TH_PATTERN_EPOCH, "at 1763772913.25;", "epoch<1763772913.25>");
	TAKES(TH_PATTERN_EPOCH, "1763772913123", "epoch<1763772913123>");
	TAKES(TH_PATTERN_EPOCH, "1763772913123456789", "epoch<1763772913123456789>");
	LEAVES(TH_PATTERN_EPOCH, "176377291");
	LEAVES(TH_PATTERN_EPOCH, "17637729131");
	LEAVES(TH_PATTERN_EPOCH, "9763772913");
	LEAVES(TH_PATTERN_EPOCH, "0.1763772913");
	LEAVES(TH_PATTERN_EPOCH, "1763772913a");
}

Test(patterns, hex)
{
	TAKES(TH_PATTERN_HEX, "run_0123456789abcdef!", "hex<0123456789abcdef>");
	LEAVES(TH_PATTERN_HEX, "0123456789abcde");
	LEAVES(TH_PATTERN_HEX, "01234567890123456789");
	LEAVES(TH_PATTERN_HEX, "abcdefabcdefabcdef");
	LEAVES(TH_PATTERN_HEX, "0123456789abcdefg");
}

Test(patterns, port)
{
	TAKES(TH_PATTERN_PORT, "http://127.0.0.1:40123/x", "port<40123>");
	TAKES(TH_PATTERN_PORT, "http://LocalHost:8/", "port<8>");
	TAKES(TH_PATTERN_PORT, "[::1]:8080", "port<8080>");
	LEAVES(TH_PATTERN_PORT, "step:40123");
	LEAVES(TH_PATTERN_PORT, "1.2.3:40");
	LEAVES(TH_PATTERN_PORT, "127.0.0.1:123456");
	LEAVES(TH_PATTERN_PORT, ":80");
}

Test(patterns, tmp)
{
	TAKES(TH_PATTERN_TMP, "see /tmp/tmpab_1x.d/out.txt", "tmp<tmpab_1x.d>");
	TAKES(TH_PATTERN_TMP, "/var/tmp/a /dev/shm/b", "tmp<a>tmp<b>");
	LEAVES(TH_PATTERN_TMP, "/home/u/tmp/a");
	LEAVES(TH_PATTERN_TMP, "https://host/tmp/a");
	LEAVES(TH_PATTERN_TMP, "/tmp/");
}

Test(patterns, only_what_is_asked_for_and_the_narrower_first)
{
	const char *text = "/tmp/a1 2026-11-22 127.0.0.1:99 0b7a1c9e-1f00-4abc-8def-0123456789ab";
	LEAVES(0, text);
	TAKES(TH_PATTERN_PORT, text, "port<99>");
	TAKES(TH_PATTERNS_IN_TEXT, text,
		"tmp<a1>time<2026-11-22>port<99>uuid<0b7a1c9e-1f00-4abc-8def-0123456789ab>");
}

Test(patterns, names_go_both_ways)
{
	for (unsigned bit = 1; bit <= TH_PATTERN_OPTIONAL; bit <<= 1) {
		cr_expect_eq(th_pattern_named(th_slice_str(th_pattern_name(bit))), bit);
	}
	cr_expect_eq(th_pattern_named(TH_SLICE_LIT("uui")), 0);
}
