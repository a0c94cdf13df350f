/* See patterns.h. A matcher looks at one place and says how many bytes it takes there, 0: none. The
 * places are those where a word begins, so each byte is looked at a few times at most. */
#include "player/patterns.h"

#include "base/text.h"

#define HEX_LEAST 16
#define YEAR_FIRST 1970
#define YEAR_LAST 2199

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || (th_lower(c) >= 'a' && th_lower(c) <= 'f');
}

static bool is_alnum(uint8_t c)
{
	return is_digit(c) || (th_lower(c) >= 'a' && th_lower(c) <= 'z');
}

/* Behind the end there is nothing, which is no character of any kind. */
static uint8_t at(struct th_slice s, size_t i)
{
	return i < s.n ? s.p[i] : 0;
}

static size_t run_of(struct th_slice s, size_t from, bool (*is)(uint8_t c))
{
	size_t n = 0;
	while (from + n < s.n && is(s.p[from + n])) {
		n++;
	}
	return n;
}

/* Exactly n digits as a number, -1: they are not there. */
static int number(struct th_slice s, size_t from, unsigned n)
{
	int v = 0;
	for (unsigned i = 0; i < n; i++) {
		if (!is_digit(at(s, from + i))) {
			return -1;
		}
		v = v * 10 + (s.p[from + i] - '0');
	}
	return v;
}

static bool within(int v, int least, int most)
{
	return v >= least && v <= most;
}

/* ---- uuid ---- */

static size_t take_uuid(struct th_slice s, size_t from)
{
	static const unsigned groups[] = {8, 4, 4, 4, 12};
	size_t i = from;
	for (size_t g = 0; g < 5; g++) {
		if (g && at(s, i++) != '-') {
			return 0;
		}
		for (unsigned k = 0; k < groups[g]; k++) {
			if (!is_hex(at(s, i++))) {
				return 0;
			}
		}
	}
	return is_alnum(at(s, i)) ? 0 : i - from;
}

/* ---- time ---- */

/* "05:13", "05:13:59", "05:13:59.123", ",123" alike. */
static size_t take_clock(struct th_slice s, size_t from, bool with_seconds)
{
	size_t n = 5;
	if (!within(number(s, from, 2), 0, 23) || at(s, from + 2) != ':' ||
		!within(number(s, from + 3, 2), 0, 59)) {
		return 0;
	}
	bool seconds = at(s, from + 5) == ':' && within(number(s, from + 6, 2), 0, 60);
	if (seconds) {
		n = 8;
		uint8_t mark = at(s, from + n);
		size_t digits = mark == '.' || mark == ',' ? run_of(s, from + n + 1, is_digit) : 0;
		n += digits ? digits + 1 : 0;
	}
	return seconds || !with_seconds ? n : 0;
}

/* "Z", "+01:00", "-0500". */
static size_t take_zone(struct th_slice s, size_t from)
{
	uint8_t c = at(s, from);
	if (c == 'Z' || c == 'z') {
		return 1;
	}
	if ((c != '+' && c != '-') || number(s, from + 1, 2) < 0) {
		return 0;
	}
	size_t colon = at(s, from + 3) == ':';
	return number(s, from + 3 + colon, 2) < 0 ? 0 : 5 + colon;
}

/* "20261122T005513Z", with or without the zone. */
static size_t take_basic_time(struct th_slice s, size_t from)
{
	bool date = within(number(s, from, 4), YEAR_FIRST, YEAR_LAST) &&
		within(number(s, from + 4, 2), 1, 12) && within(number(s, from + 6, 2), 1, 31);
	if (!date || th_lower(at(s, from + 8)) != 't' || number(s, from + 9, 6) < 0) {
		return 0;
	}
	return 15 + (th_lower(at(s, from + 15)) == 'z');
}

static size_t take_date(struct th_slice s, size_t from)
{
	bool date = within(number(s, from, 4), YEAR_FIRST, YEAR_LAST) && at(s, from + 4) == '-' &&
		within(number(s, from + 5, 2), 1, 12) && at(s, from + 7) == '-' &&
		within(number(s, from + 8, 2), 1, 31);
	if (!date) {
		return 0;
	}
	uint8_t mark = th_lower(at(s, from + 10));
	size_t clock = mark == 't' || mark == ' ' ? take_clock(s, from + 11, false) : 0;
	return 10 + (clock ? clock + 1 : 0);
}

static size_t take_time(struct th_slice s, size_t from)
{
	size_t n = take_basic_time(s, from);
	if (n == 0) {
		n = take_date(s, from);
		n = n ? n : take_clock(s, from, true);
		n += n && n != 10 ? take_zone(s, from + n) : 0;
	}
	return n && !is_alnum(at(s, from + n)) ? n : 0;
}

/* ---- epoch ---- */

/* 2001 to 2033 for seconds: ten digits that begin with 1; so do the finer ones then. */
static size_t take_epoch(struct th_slice s, size_t from)
{
	size_t n = run_of(s, from, is_digit);
	bool length = n == 10 || n == 13 || n == 16 || n == 19;
	if (!length || s.p[from] != '1' || (from && s.p[from - 1] == '.')) {
		return 0;
	}
	size_t fraction = at(s, from + n) == '.' ? run_of(s, from + n + 1, is_digit) : 0;
	n += fraction ? fraction + 1 : 0;
	return is_alnum(at(s, from + n)) ? 0 : n;
}

/* ---- hex ---- */

static size_t take_hex(struct th_slice s, size_t from)
{
	size_t n = run_of(s, from, is_hex);
	bool digit = false, letter = false;
	for (size_t i = 0; i < n; i++) {
		digit = digit || is_digit(s.p[from + i]);
		letter = letter || !is_digit(s.p[from + i]);
	}
	return n >= HEX_LEAST && digit && letter && !is_alnum(at(s, from + n)) ? n : 0;
}

/* ---- port ---- */

/* Does an address, or localhost, end at `end`? */
static bool ends_address(struct th_slice s, size_t end)
{
	static const char local[] = "localhost";
	const size_t n = sizeof(local) - 1;
	if (end >= n && th_slice_ieq((struct th_slice){s.p + end - n, n}, th_slice_str(local))) {
		return true;
	}
	if (end > 2 && s.p[end - 1] == ']') { /* [::1] */
		return is_hex(s.p[end - 2]) || s.p[end - 2] == ':';
	}
	unsigned dots = 0;
	size_t i = end;
	while (i && (is_digit(s.p[i - 1]) || s.p[i - 1] == '.')) {
		dots += s.p[--i] == '.';
	}
	return dots == 3 && is_digit(at(s, i)) && is_digit(s.p[end - 1]);
}

static size_t take_port(struct th_slice s, size_t from)
{
	size_t n = run_of(s, from, is_digit);
	bool behind = from > 1 && s.p[from - 1] == ':' && ends_address(s, from - 1);
	return behind && n >= 1 && n <= 5 && !is_alnum(at(s, from + n)) ? n : 0;
}

/* ---- tmp ---- */

static bool is_name(uint8_t c)
{
	return is_alnum(c) || c == '.' || c == '_' || c == '-';
}

/* Not the tmp of somebody's home, nor one within a URL. */
static size_t take_tmp(struct th_slice s, size_t from)
{
	static const char *const places[] = {"/var/tmp/", "/tmp/", "/dev/shm/"};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		size_t n = strlen(places[i]);
		bool behind = from >= n && memcmp(s.p + from - n, places[i], n) == 0;
		if (behind && (from == n || !is_name(s.p[from - n - 1]))) {
			return run_of(s, from, is_name);
		}
	}
	return 0;
}

/* ---- all of them ---- */

/* In the order in which they are tried. */
static const struct {
	enum th_pattern pattern;
	const char *name;
	size_t (*take)(struct th_slice s, size_t from);
} patterns_known[] = {
	{TH_PATTERN_TMP, "tmp", take_tmp},
	{TH_PATTERN_UUID, "uuid", take_uuid},
	{TH_PATTERN_TIME, "time", take_time},
	{TH_PATTERN_EPOCH, "epoch", take_epoch},
	{TH_PATTERN_HEX, "hex", take_hex},
	{TH_PATTERN_PORT, "port", take_port},
	{TH_PATTERN_ANY, "any", NULL},
	{TH_PATTERN_OPTIONAL, "optional", NULL},
};
#define N_PATTERNS (sizeof(patterns_known) / sizeof(*patterns_known))

static bool begins_word(struct th_slice s, size_t i)
{
	return is_alnum(s.p[i]) && (i == 0 || !is_alnum(s.p[i - 1]));
}

bool th_pattern_find(
	unsigned patterns, struct th_slice text, size_t from, struct th_pattern_hit *ret_hit)
{
	for (size_t i = from; i < text.n; i++) {
		if (!begins_word(text, i)) {
			continue;
		}
		for (size_t k = 0; k < N_PATTERNS; k++) {
			bool wanted = (patterns & patterns_known[k].pattern) &&
				patterns_known[k].take;
			size_t n = wanted ? patterns_known[k].take(text, i) : 0;
			if (n) {
				*ret_hit = (struct th_pattern_hit){i, n, patterns_known[k].pattern};
				return true;
			}
		}
	}
	return false;
}

const char *th_pattern_name(enum th_pattern pattern)
{
	for (size_t k = 0; k < N_PATTERNS; k++) {
		if (patterns_known[k].pattern == pattern) {
			return patterns_known[k].name;
		}
	}
	return "?";
}

unsigned th_pattern_named(struct th_slice name)
{
	for (size_t k = 0; k < N_PATTERNS; k++) {
		if (th_slice_eq(name, th_slice_str(patterns_known[k].name))) {
			return patterns_known[k].pattern;
		}
	}
	return 0;
}
