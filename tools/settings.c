#include "tools/settings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tools/tools.h"

#define PACE_MOST 1000

enum kind {
	KIND_WORD,  /* one of `words`, separated by blanks */
	KIND_WORDS, /* a comma-separated list of them */
	KIND_PACE,  /* 0 and up */
	KIND_SHARE, /* 0 to 1 */
	KIND_HEX,   /* 1 to 32 hex digits */
	KIND_RULES, /* one of `words`, or a readable file */
	KIND_FILE,  /* a readable file */
	KIND_PAIRS, /* k=v,k2=v2 */
};

struct setting {
	const char *variable;
	enum kind kind;
	const char *words;
	const char *allowed;
};

static const struct setting settings[] = {
	{"TRACEHOOK_BODY", KIND_WORD, "full hash", "\"full\" or \"hash\""},
	{"TRACEHOOK_KEY_FILE", KIND_FILE, "", "a readable file"},
	{"TRACEHOOK_MATCH", KIND_WORDS, "canonical volatile sequence",
		"\"canonical\", \"volatile\" or \"sequence\""},
	{"TRACEHOOK_META", KIND_PAIRS, "", "K=V,K2=V2"},
	{"TRACEHOOK_ON_ERROR", KIND_WORD, "open closed", "\"open\" or \"closed\""},
	{"TRACEHOOK_ON_MISS", KIND_WORD, "fail abort live", "\"fail\", \"abort\" or \"live\""},
	{"TRACEHOOK_PACE", KIND_PACE, "", "a number from 0 to 1000"},
	{"TRACEHOOK_PROPAGATE", KIND_WORD, "0 1", "0 or 1"},
	{"TRACEHOOK_REDACT", KIND_RULES, "default off",
		"\"default\", \"off\" or a readable rules file"},
	{"TRACEHOOK_SAMPLE", KIND_SHARE, "", "a number from 0 to 1"},
	{"TRACEHOOK_TRACE_ID", KIND_HEX, "", "up to 32 hex digits"},
};

#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static bool is_one_of(const char *value, size_t n, const char *words)
{
	while (*words) {
		size_t length = strcspn(words, " ");
		if (length == n && memcmp(words, value, n) == 0) {
			return true;
		}
		words += length + (words[length] == ' ');
	}
	return false;
}

static bool are_all_of(const char *value, const char *words)
{
	for (;;) {
		size_t n = strcspn(value, ",");
		if (!is_one_of(value, n, words)) {
			return false;
		}
		if (value[n] == '\0') {
			return true;
		}
		value += n + 1;
	}
}

/* Every item has a key: "k=v", "k=". */
static bool are_pairs(const char *value)
{
	for (;;) {
		size_t n = strcspn(value, ",");
		const char *equals = memchr(value, '=', n);
		if (!equals || equals == value) {
			return false;
		}
		if (value[n] == '\0') {
			return true;
		}
		value += n + 1;
	}
}

bool th_settings_number(const char *text, double most, double *ret_number)
{
	char *end;
	if (*text == '\0' || strspn(text, "0123456789.") != strlen(text)) {
		return false;
	}
	double v = strtod(text, &end);
	if (*end || !isfinite(v) || v > most) {
		return false;
	}
	*ret_number = v;
	return true;
}

static bool is_right(const struct setting *s, const char *value)
{
	double number;
	switch (s->kind) {
	case KIND_WORD:
		return is_one_of(value, strlen(value), s->words);
	case KIND_WORDS:
		return are_all_of(value, s->words);
	case KIND_PACE:
		return th_settings_number(value, PACE_MOST, &number);
	case KIND_SHARE:
		return th_settings_number(value, 1, &number);
	case KIND_HEX:
		return strlen(value) <= 32 &&
			strspn(value, "0123456789abcdefABCDEF") == strlen(value);
	case KIND_RULES:
		return is_one_of(value, strlen(value), s->words) || access(value, R_OK) == 0;
	case KIND_FILE:
		return access(value, R_OK) == 0;
	case KIND_PAIRS:
		return are_pairs(value);
	}
	return false;
}

bool th_settings_allowed(const char *variable, const char *value, const char **ret_allowed)
{
	for (size_t i = 0; i < N_SETTINGS; i++) {
		if (strcmp(settings[i].variable, variable) == 0) {
			*ret_allowed = settings[i].allowed;
			return is_right(&settings[i], value);
		}
	}
	*ret_allowed = "nothing: there is no such variable";
	return false;
}

bool th_settings_check(void)
{
	for (size_t i = 0; i < N_SETTINGS; i++) {
		const char *value = getenv(settings[i].variable);
		if (value && *value && !is_right(&settings[i], value)) {
			th_tool_error("%s=%s means nothing; it takes %s", settings[i].variable,
				value, settings[i].allowed);
			return false;
		}
	}
	return true;
}
