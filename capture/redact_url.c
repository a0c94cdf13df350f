/* Secrets within URLs (RFC 3986): userinfo, and parameters by their names. A parameter begins
 * behind '?', '#', '&' or ';', wherever that is, so a URL within a URL's query is looked into, too,
 * also when all or some of these are percent-encoded there, once or more often. Slashes are counted
 * as libcurl and browsers do, who take "http:/u@h" and "http:///u@h" for "http://u@h".
 *
 * In a request a secret value reaches to the next of these, whatever bytes it has: more is hidden
 * rather than less. In a response the agent goes by what stands around it (a Link's '>'), so there
 * a value also ends where no URL can go on. */
#include "base/scan.h"
#include "base/text.h"
#include "capture/redactor.h"
#include "capture/secret.h"

#define AUTHORITY_END "/?#"
#define PARAM_END "?#&;"
#define PARAM_NAME_MAX 256   /* of a longer one the rest is not looked at */
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

/* The length of a percent-encoded byte of the set at `p`, perhaps encoded again and again; or 0. */
static size_t encoded(const uint8_t *p, const uint8_t *end, const char *set)
{
	const uint8_t *at = p + 1;
	uint8_t c;
	if (p == end || *p != '%') {
		return 0;
	}
	while (end - at >= 4 && at[0] == '2' && at[1] == '5') {
		at += 2;
	}
	bool found = end - at >= 2 && th_hex_decode(&c, (const char *)at, 1) && c && strchr(set, c);
	return found ? (size_t)(at + 2 - p) : 0;
}

/* First byte of `set`, or of `coded` in its encoded form; or `end`. */
static const uint8_t *find_either(
	const uint8_t *p, const uint8_t *end, const char *set, const char *coded)
{
	for (; p < end; p++) {
		if (strchr(set, *p) ? *p != 0 : encoded(p, end, coded) > 0) {
			return p;
		}
	}
	return end;
}

static size_t one_of(const uint8_t *p, const uint8_t *end, char c)
{
	const char set[] = {c, '\0'};
	return p < end && *p == (uint8_t)c ? 1 : encoded(p, end, set);
}

/* Behind the slashes at `p`. */
static const uint8_t *skip_slashes(const uint8_t *p, const uint8_t *end)
{
	for (size_t n; (n = one_of(p, end, '/')) > 0;) {
		p += n;
	}
	return p;
}

static const uint8_t *find_last_at(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *found = NULL;
	while ((p = find_either(p, end, "@", "@")) < end) {
		found = p++;
	}
	return found;
}

static bool begins_authority(const uint8_t *p, const uint8_t *end)
{
	return end - p >= 3 && memcmp(p, "://", 3) == 0;
}

/* "userinfo@host:port" at `p`; returns its end. `inner`: in a URL that stands encoded in another.
 */
static const uint8_t *redact_authority(struct th_redactor *r, const struct ends *ends, bool inner,
	const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = th_find_any(p, end, ends->authority);
	if (inner) {
		stop = find_either(p, stop, "&;", AUTHORITY_END);
	}
	const uint8_t *at = find_last_at(p, stop);
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

/* Rules name parameters as programs know them: "user[name]", not "user%5Bname%5D". */
static enum th_scrub_action named_by_rules(const struct th_redactor *r, struct th_slice name)
{
	const struct th_scrub_rules *rules = r->how->rules;
	uint8_t plain[PARAM_NAME_MAX];
	if (!rules) {
		return TH_SCRUB_NONE;
	}
	enum th_scrub_action action = th_scrub_rules_named(rules, TH_SCRUB_QUERY, r->side, name);
	const size_t n = th_secret_param_name(name, plain, sizeof(plain));
	return action
		? action
		: th_scrub_rules_named(rules, TH_SCRUB_QUERY, r->side, (struct th_slice){plain, n});
}

/* "name=value" at `p`. Returns where to go on: behind the value when it was secret. */
static const uint8_t *redact_param(struct th_redactor *r, const struct ends *ends, bool inner,
	const uint8_t *p, const uint8_t *end)
{
	const uint8_t *stop = th_find_any(p, end, ends->param);
	if (inner) {
		stop = find_either(p, stop, "", PARAM_END);
	}
	const uint8_t *equals = find_either(p, stop, "=", "=");
	const struct th_slice name = {p, (size_t)(equals - p)};
	const bool secret = th_secret_is_param(name);
	const enum th_scrub_action action = named_by_rules(r, name);
	if (equals == stop || (!secret && !action)) {
		return p;
	}
	const uint8_t *value = equals + one_of(equals, stop, '=');
	if (r->side == TH_REDACT_RESPONSE) {
		stop = without_comma(value, stop);
	}
	th_redactor_copy(r, p, value);
	if (action) {
		th_redactor_act(r, secret ? TH_SCRUB_HASH : action, value, stop);
	} else {
		th_redactor_token(r, value, stop);
	}
	return stop;
}

/* What begins behind the mark that may be at a place. */
struct mark {
	size_t n; /* its length; 0: there is none */
	bool authority, inner;
};

static struct mark mark_at(const uint8_t *p, const uint8_t *end)
{
	const size_t colon = one_of(p, end, ':');
	if (p == end) {
		return (struct mark){0};
	}
	const uint8_t *slashes = p + colon, *behind = skip_slashes(slashes, end);
	if (colon && behind > slashes) {
		return (struct mark){(size_t)(behind - p), true, colon > 1 || *slashes == '%'};
	}
	if (*p == '%') {
		return (struct mark){encoded(p, end, PARAM_END), false, true};
	}
	return (struct mark){*p != ':', false, false};
}

/* Everything behind the first authority. */
static void redact_rest(
	struct th_redactor *r, const struct ends *ends, const uint8_t *p, const uint8_t *end)
{
	unsigned start = r->tokens;
	const uint8_t *q;
	while ((q = th_find_any(p, end, ":%" PARAM_END)) < end) {
		if (th_redactor_full(r, start)) {
			th_redactor_copy(r, p, q);
			th_redactor_token(r, q, end);
			return;
		}
		const struct mark mark = mark_at(q, end);
		const uint8_t *behind = q + (mark.n ? mark.n : 1);
		th_redactor_copy(r, p, behind);
		p = behind;
		if (mark.authority) {
			p = redact_authority(r, ends, mark.inner, p, end);
		} else if (mark.n) {
			p = redact_param(r, ends, mark.inner, p, end);
		}
	}
	th_redactor_copy(r, p, end);
}

/* Without a scheme, a slash in front is a path's, two are an authority's (RFC 3986 4.2). */
void th_redactor_url(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	const struct ends *ends = ends_of(r);
	const uint8_t *colon = th_find_any(p, end, ":/?#@"), *behind = skip_slashes(p, end);
	if (behind - p == 1 || mark_at(colon, end).authority) {
		redact_rest(r, ends, p, end);
		return;
	}
	th_redactor_copy(r, p, behind);
	redact_rest(r, ends, redact_authority(r, ends, false, behind, end), end);
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
