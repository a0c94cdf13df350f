/* Secrets within URLs (RFC 3986): userinfo, and parameters by their names. A parameter begins
 * behind
 * '?', '#', '&' or ';', wherever that is, so a URL within a URL's query is looked into, too.
 *
 * In a request a secret value reaches to the next of these, whatever bytes it has: more is hidden
 * rather than less. In a response the agent goes by what stands around it (a Link's '>'), so there
 * a value also ends where no URL can go on. Left out: URLs that are percent-encoded within
 * another's query. */
#include "base/scan.h"
#include "base/text.h"
#include "capture/redactor.h"
#include "capture/secret.h"

#define AUTHORITY_END "/?#"
#define PARAM_END "?#&;"
#define NOT_IN_URL " \t\"<>" /* RFC 3986 appendix C: delimiters around a URL */

struct ends {
	const char *authority, *param;
};

static const struct ends of_urls = {AUTHORITY_END, PARAM_END};
static const struct ends of_texts = {AUTHORITY_END NOT_IN_URL ",", PARAM_END NOT_IN_URL};

static const struct ends *ends_of(const struct th_redactor *r)
{
	return r->side == TH_REDACT_REQUEST ? &of_urls : &of_texts;
}

static const uint8_t *find_last(const uint8_t *p, const uint8_t *end, uint8_t c)
{
	const uint8_t *found = NULL;
	for (; p < end; p++) {
		found = *p == c ? p : found;
	}
	return found;
}

static bool begins_authority(const uint8_t *p, const uint8_t *end)
{
	return end - p >= 3 && memcmp(p, "://", 3) == 0;
}

/* "userinfo@host:port" at `p`; returns its end. */
static const uint8_t *redact_authority(
	struct th_redactor *r, const struct ends *ends, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = th_find_any(p, end, ends->authority);
	const uint8_t *at = find_last(p, stop, '@');
	if (at) {
		th_redactor_token(r, p, at);
	}
	th_redactor_copy(r, at ? at : p, stop);
	return stop;
}

/* A comma behind a URL separates it from what follows. */
static const uint8_t *without_comma(const uint8_t *p, const uint8_t *end)
{
	return end > p && end[-1] == ',' ? end - 1 : end;
}

/* "name=value" at `p`. Returns where to go on: behind the value when it was secret. */
static const uint8_t *redact_param(
	struct th_redactor *r, const struct ends *ends, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = th_find_any(p, end, ends->param);
	const uint8_t *equals = th_find_any(p, stop, "=");
	struct th_slice name = {p, (size_t)(equals - p)};
	const bool secret = th_secret_is_param(name);
	enum th_scrub_action action = th_scrub_rules_named(
		r->how->rules, TH_SCRUB_QUERY, r->side, name);
	if (equals == stop || (!secret && !action)) {
		return p;
	}
	if (r->side == TH_REDACT_RESPONSE) {
		stop = without_comma(equals + 1, stop);
	}
	th_redactor_copy(r, p, equals + 1);
	if (action) {
		th_redactor_act(r, secret ? TH_SCRUB_HASH : action, equals + 1, stop);
	} else {
		th_redactor_token(r, equals + 1, stop);
	}
	return stop;
}

/* Everything behind the first authority. */
static void redact_rest(
	struct th_redactor *r, const struct ends *ends, const uint8_t *p, const uint8_t *end)
{
	unsigned start = r->tokens;
	while (p < end) {
		const uint8_t *q = th_find_any(p, end, ":" PARAM_END);
		if (q < end && th_redactor_full(r, start)) {
			th_redactor_copy(r, p, q);
			th_redactor_token(r, q, end);
			return;
		}
		size_t mark = q == end ? 0 : begins_authority(q, end) ? 3 : 1;
		th_redactor_copy(r, p, q + mark);
		p = q + mark;
		if (mark == 3) {
			p = redact_authority(r, ends, p, end);
		} else if (mark && *q != ':') {
			p = redact_param(r, ends, p, end);
		}
	}
}

void th_redactor_url(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	const struct ends *ends = ends_of(r);
	const uint8_t *colon = th_find_any(p, end, ":/?#@");
	if (p < end && *p != '/' && !begins_authority(colon, end)) {
		p = redact_authority(r, ends, p, end);
	}
	redact_rest(r, ends, p, end);
}

bool th_redactor_has_marks(const uint8_t *p, const uint8_t *end)
{
	size_t n = (size_t)(end - p);
	if (n && (memchr(p, '?', n) || memchr(p, '&', n))) {
		return true;
	}
	for (; (p = th_scan(p, end, ':')) < end; p++) {
		if (begins_authority(p, end)) {
			return true;
		}
	}
	return false;
}

void th_redactor_text(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	if (r->no_marks || !th_redactor_has_marks(p, end)) {
		th_redactor_copy(r, p, end);
		return;
	}
	redact_rest(r, &of_texts, p, end);
}

static const uint8_t *redact_member(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = th_find_any(p, end, ",;");
	const uint8_t *equals = th_find_any(p, stop, "=");
	struct th_slice name = th_slice_trim((struct th_slice){p, (size_t)(equals - p)});
	if (equals == stop || !(th_secret_is_param(name) || th_secret_is_field(name))) {
		th_redactor_text(r, p, stop);
		return stop;
	}
	th_redactor_copy(r, p, equals + 1);
	th_redactor_token(r, equals + 1, stop);
	return stop;
}

void th_redactor_list(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	unsigned start = r->tokens;
	while (p < end) {
		if (th_redactor_full(r, start)) {
			th_redactor_token(r, p, end);
			return;
		}
		const uint8_t *stop = redact_member(r, p, end);
		p = stop < end ? stop + 1 : end;
		th_redactor_copy(r, stop, p);
	}
}
