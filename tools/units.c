#include "tools/units.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

char *th_units_bytes(char text[TH_UNITS_TEXT], uint64_t bytes)
{
	static const char prefixes[] = "kMGTPE";
	if (bytes < 10000) {
		snprintf(text, TH_UNITS_TEXT, "%u", (unsigned)bytes);
		return text;
	}
	double value = (double)bytes / 1000;
	unsigned p = 0;
	while (value >= 999.95 && prefixes[p + 1]) {
		value /= 1000;
		p++;
	}
	snprintf(text, TH_UNITS_TEXT, "%.1f%c", value, prefixes[p]);
	return text;
}

char *th_units_duration(char text[TH_UNITS_TEXT], uint64_t ns)
{
	uint64_t seconds = ns / NS_PER_S + (ns % NS_PER_S >= NS_PER_S / 2);
	if (ns < 10 * NS_PER_MS) {
		snprintf(text, TH_UNITS_TEXT, "%.2fms", (double)ns / NS_PER_MS);
	} else if (ns < 1000ull * NS_PER_MS) {
		snprintf(text, TH_UNITS_TEXT, "%.1fms", (double)ns / NS_PER_MS);
	} else if (ns < 10ull * NS_PER_S) {
		snprintf(text, TH_UNITS_TEXT, "%.2fs", (double)ns / NS_PER_S);
	} else if (ns < 100ull * NS_PER_S) {
		snprintf(text, TH_UNITS_TEXT, "%.1fs", (double)ns / NS_PER_S);
	} else if (seconds < 3600) {
		snprintf(text, TH_UNITS_TEXT, "%um%02us", (unsigned)(seconds / 60),
			(unsigned)(seconds % 60));
	} else {
		snprintf(text, TH_UNITS_TEXT, "%lluh%02um", (unsigned long long)(seconds / 3600),
			(unsigned)(seconds / 60 % 60));
	}
	return text;
}

static char *date_of(char text[TH_UNITS_TEXT + 8], uint64_t unix_ns, const char *format,
	struct tm *(*split)(const time_t *, struct tm *))
{
	time_t seconds = (time_t)(unix_ns / NS_PER_S);
	struct tm tm;
	if (!split(&seconds, &tm)) {
		snprintf(text, TH_UNITS_TEXT + 8, "?");
		return text;
	}
	size_t n = strftime(text, TH_UNITS_TEXT, format, &tm);
	snprintf(text + n, TH_UNITS_TEXT + 8 - n, ".%03u",
		(unsigned)(unix_ns % NS_PER_S / NS_PER_MS));
	return text;
}

char *th_units_date(char text[TH_UNITS_TEXT + 8], uint64_t unix_ns)
{
	return date_of(text, unix_ns, "%Y-%m-%d %H:%M:%S", localtime_r);
}

char *th_units_iso(char text[TH_UNITS_TEXT + 8], uint64_t unix_ns)
{
	return strcat(date_of(text, unix_ns, "%Y-%m-%dT%H:%M:%S", gmtime_r), "Z");
}
