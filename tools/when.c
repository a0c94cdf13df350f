#include "tools/when.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S 1000000000u
#define NS_MAX 9.2e18

static const struct {
	const char *name;
	double ns;
} units[] = {{"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}, {"m", 60e9}, {"h", 3600e9},
	{"d", 86400e9}};

/* Digits with at most one point among them; *ret_end is what follows. strtod() would take more:
 * signs, exponents, "inf", the locale's point. */
static bool read_decimal(const char *text, double *ret_value, const char **ret_end)
{
	double value = 0, place = 0;
	bool digits = false;
	for (; isdigit((unsigned char)*text) || (*text == '.' && place == 0); text++) {
		if (*text == '.') {
			place = 1;
			continue;
		}
		digits = true;
		place /= 10;
		value = place > 0 ? value + place * (*text - '0') : 10 * value + (*text - '0');
	}
	*ret_value = value;
	*ret_end = text;
	return digits;
}

bool th_when_duration(const char *text, uint64_t *ret_ns)
{
	double value;
	const char *unit;
	if (!read_decimal(text, &value, &unit)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) == 0 && value * units[i].ns < NS_MAX) {
			*ret_ns = (uint64_t)(value * units[i].ns + 0.5);
			return true;
		}
	}
	return false;
}

/* The date and time at the text's beginning; NULL: none. */
static const char *read_date(const char *text, struct tm *ret_tm)
{
	static const char *const formats[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"};
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		*ret_tm = (struct tm){.tm_isdst = -1};
		const char *end = strptime(text, formats[i], ret_tm);
		if (end) {
			return end;
		}
	}
	return NULL;
}

bool th_when_time(const char *text, uint64_t now, uint64_t *ret_ns)
{
	struct tm tm;
	uint64_t ago;
	double fraction = 0;
	if (th_when_duration(text, &ago)) {
		*ret_ns = now > ago ? now - ago : 0;
		return true;
	}
	const char *rest = read_date(text, &tm);
	if (!rest || (*rest == '.' && !read_decimal(rest, &fraction, &rest))) {
		return false;
	}
	bool utc = *rest == 'Z';
	time_t seconds = utc ? timegm(&tm) : mktime(&tm);
	if (rest[utc] || seconds < 0) {
		return false;
	}
	*ret_ns = (uint64_t)seconds * NS_PER_S + (uint64_t)(fraction * NS_PER_S + 0.5);
	return true;
}
