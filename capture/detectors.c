/* See detectors.h. The shapes of keys are as the providers' documents and their secret-scanning
 * partners give them. What a model's text, a log or an inner JSON puts around a value is no part of
 * it, so the bounds are narrow: better too much is hidden than too little. Left out: keys without
 * any shape (32 hexadecimal digits), which a pointer or a pattern of one's own has to name. */
#include "capture/detectors.h"

#include "base/text.h"

#define ANY TH_DETECTOR_ANY
#define ANYWHERE TH_REGEX_ANYWHERE
#define NAME TH_REGEX_NAME
#define DIGIT TH_REGEX_DIGIT

static const struct th_detector detectors[] = {
	{"email", ANY, 0, ANYWHERE, ANYWHERE,
		"[A-Za-z0-9_\x80-\xff]['A-Za-z0-9._%+\x80-\xff-]*@"
		"([A-Za-z0-9\x80-\xff-]+\\.)+[A-Za-z\x80-\xff]{2,24}"},
	{"phone", ANY, 0, ANYWHERE, DIGIT, "\\+[1-9][0-9]{0,2}([ ()./-]{0,2}[0-9]{1,4}){2,5}"},
	{"phone", ANY, 0, NAME, DIGIT, "00[1-9][0-9]{0,2}([ ()./-]{1,2}[0-9]{1,8}){2,5}"},
	{"phone", ANY, 0, NAME, DIGIT, "[0-9]{3}[ .-][0-9]{3}[ .-][0-9]{4}"},
	{"phone", ANY, 0, ANYWHERE, DIGIT, "\\([0-9]{3}\\) ?[0-9]{3}[ .-][0-9]{4}"},
	{"card", TH_DETECTOR_LUHN, 1, DIGIT, DIGIT, "[0-9]([ -]?[0-9]){12,18}"},
	{"card", TH_DETECTOR_LUHN, 1, DIGIT, DIGIT, "[0-9]{4}(\\.[0-9]{4}){3}"},
	{"iban", TH_DETECTOR_IBAN, 2, NAME, NAME, "[A-Z]{2}[0-9]{2}([ -]?[A-Z0-9]){11,30}"},
	{"iban", TH_DETECTOR_IBAN, 2, NAME, NAME,
		"[a-z]{2}[0-9]{2}([ -]?[a-z0-9]{4}){2,7}([ -]?[a-z0-9]{1,3})?"},
	{"key", ANY, 3, NAME, ANYWHERE, "([rsp]k|csk)[-_][A-Za-z0-9_-]{16,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "AIza[A-Za-z0-9_-]{35,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "(AKIA|ASIA)[A-Z0-9]{16,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "gh[pousr]_[A-Za-z0-9]{30,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "github_pat_[A-Za-z0-9_]{22,}"},
	{"key", ANY, 3, NAME, ANYWHERE,
		"gl(pat|dt|rt|cbt|ptt|ft|soat|oas|agent)-[A-Za-z0-9_.-]{20,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "xox[a-z](\\.xox[a-z])?-[A-Za-z0-9%-]{10,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "hooks\\.slack\\.com/[a-z]+/[A-Za-z0-9/_-]{20,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "/api/webhooks/[0-9]+/[A-Za-z0-9_-]{40,}"},
	{"key", ANY, 3, NAME, ANYWHERE,
		"(hf|gsk|r8|pplx|tgp|nvapi|tvly|pcsk|whsec|ntn|lsv2|sbp|vcp|dckr_pat|glsa|figd|"
		"pypi|pscale|lin_api|lin_oauth)[_-][A-Za-z0-9_-]{20,}"},
	{"key", ANY, 3, NAME, ANYWHERE,
		"(npm_|xai-|fw_|rnd_|secret_|glc_|sntry[su]_)[A-Za-z0-9]{22,}"},
	{"key", ANY, 3, NAME, ANYWHERE,
		"(do[opr]_v1_|dapi|key-|fc-|e2b_|shp[acps][ast]_|SK)[0-9a-f]{32,}"},
	{"key", ANY, 3, NAME, ANYWHERE,
		"(ya29\\.|GOCSPX-|1//0|xapp-|hv[sbr]\\.|ATATT3|ABSK|ops_eyJ|AGE-SECRET-KEY-1)"
		"[A-Za-z0-9+/=._-]{20,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}"},
	{"key", ANY, 3, DIGIT, ANYWHERE, "[0-9]{8,10}:AA[A-Za-z0-9_-]{30,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "dp\\.[a-z]{2,5}\\.[A-Za-z0-9]{40,}"},
	{"key", ANY, 3, NAME, ANYWHERE, "NRAK-[A-Z0-9]{20,}"},
	{"key", ANY, 3, NAME, ANYWHERE,
		"[MNO][A-Za-z0-9_-]{23,25}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,}"},
	{"key", ANY, 3, NAME, ANYWHERE,
		"eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}(\\.[A-Za-z0-9_-]*){1,3}"},
	{"key", ANY, 3, ANYWHERE, ANYWHERE,
		"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY[A-Z ]{0,10}-----"
		"(-?[A-Za-z0-9+/=\\s\\\\,:.()])*(-----END [A-Z0-9 ]{0,40}-----)?"},
};

const struct th_detector *th_detector(size_t i)
{
	return i < sizeof(detectors) / sizeof(detectors[0]) ? &detectors[i] : NULL;
}

#define DIGITS_MAX 40 /* of an IBAN 34, of a card 19 */

/* The letters and digits of a match, and where in the text each of them ends. */
struct digits {
	uint8_t c[DIGITS_MAX];
	size_t end[DIGITS_MAX];
	size_t n;
};

static void take_digits(const struct th_regex_in *in, size_t from, size_t to, struct digits *ret)
{
	ret->n = 0;
	for (size_t i = from, next; i < to && ret->n < DIGITS_MAX; i = next) {
		uint8_t c = th_lower(th_regex_byte(in, i, &next));
		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')) {
			ret->c[ret->n] = c;
			ret->end[ret->n++] = next;
		}
	}
}

static bool luhn(const uint8_t *p, size_t n)
{
	unsigned sum = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned d = (unsigned)(p[n - 1 - i] - '0') << (i & 1);
		sum += d > 9 ? d - 9 : d;
	}
	return sum % 10 == 0;
}

static unsigned iban_step(unsigned rest, uint8_t c)
{
	return c <= '9' ? (rest * 10 + (unsigned)(c - '0')) % 97
			: (rest * 100 + (unsigned)(c - 'a' + 10)) % 97;
}

static bool iban(const uint8_t *p, size_t n)
{
	unsigned rest = 0;
	for (size_t i = 0; i < n; i++) {
		rest = iban_step(rest, p[(i + 4) % n]);
	}
	return rest == 1;
}

size_t th_detector_end(
	enum th_detector_check check, const struct th_regex_in *in, size_t from, size_t to)
{
	const bool card = check == TH_DETECTOR_LUHN;
	const enum th_regex_bound bound = card ? TH_REGEX_DIGIT : TH_REGEX_NAME;
	struct digits d;
	if (check == TH_DETECTOR_ANY) {
		return to;
	}
	take_digits(in, from, to, &d);
	for (size_t n = d.n; n >= (card ? 13 : 15); n--) {
		if (th_regex_may_end(in, d.end[n - 1], bound) &&
			(card ? luhn(d.c, n) : iban(d.c, n))) {
			return d.end[n - 1];
		}
	}
	return 0;
}
