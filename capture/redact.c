/* See redact.h; which names are secret is secret.c's. Here: walking over heads (RFC 9112) and URLs
 * (RFC 9110 4.2.4 for userinfo), and the token. Bodies and responses are not touched: the agent
 * must be replayed what it was given, byte for byte. */
#include "capture/redact.h"

#include "base/text.h"
#include "capture/secret.h"

#define TOKEN_PREFIX "th-redacted:"

/* ---- output ---- */

struct redactor {
	const uint8_t *key;
	struct th_out out;
	unsigned tokens;
	bool redacted;
};

static void copy(struct redactor *r, const uint8_t *from, const uint8_t *to)
{
	th_out_bytes(&r->out, from, (size_t)(to - from));
}

static unsigned length_class(size_t n)
{
	return n <= 1 ? 0 : 64 - (unsigned)__builtin_clzll(n - 1);
}

static void put_token(struct redactor *r, const uint8_t *from, const uint8_t *to)
{
	size_t n = (size_t)(to - from);
	if (n == 0) {
		return; /* nothing there to hide */
	}
	uint64_t hash = __builtin_bswap64(th_siphash(r->key, from, n));
	unsigned class = length_class(n);
	char tail[19];
	th_hex_encode(tail, &hash, sizeof(hash));
	tail[16] = ':';
	tail[17] = (char)('0' + class / 10);
	tail[18] = (char)('0' + class % 10);
	th_out_bytes(&r->out, TOKEN_PREFIX, sizeof(TOKEN_PREFIX) - 1);
	th_out_bytes(&r->out, tail, sizeof(tail));
	r->tokens++;
	r->redacted = true;
}

/* ---- URLs ---- */

static const uint8_t *find_any(const uint8_t *p, const uint8_t *end, const char *set)
{
	uint64_t in_set[4] = {0};
	for (; *set; set++) {
		in_set[(uint8_t)*set / 64] |= 1ull << (uint8_t)*set % 64;
	}
	while (p < end && !(in_set[*p / 64] >> *p % 64 & 1)) {
		p++;
	}
	return p;
}

static const uint8_t *find_last(const uint8_t *p, const uint8_t *end, uint8_t c)
{
	const uint8_t *found = NULL;
	for (; p < end; p++) {
		found = *p == c ? p : found;
	}
	return found;
}

static const uint8_t *skip_scheme(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *colon = find_any(p, end, ":/?#@");
	return end - colon >= 3 && memcmp(colon, "://", 3) == 0 ? colon + 3 : p;
}

/* What stands before the path: scheme and authority, whose userinfo goes. Returns its end. */
static const uint8_t *redact_authority(struct redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *start = skip_scheme(p, end);
	const uint8_t *stop = find_any(start, end, "/?#");
	const uint8_t *at = find_last(start, stop, '@');
	copy(r, p, start);
	if (at) {
		put_token(r, start, at);
	}
	copy(r, at ? at : start, stop);
	return stop;
}

/* "name=value" up to `end`. */
static void redact_param(struct redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *equals = find_any(p, end, "=");
	struct th_slice name = {p, (size_t)(equals - p)};
	if (equals == end || !th_secret_is_param(name)) {
		copy(r, p, end);
		return;
	}
	copy(r, p, equals + 1);
	put_token(r, equals + 1, end);
}

/* Query and fragment: '?', '#', '&' and ';' all begin a parameter. */
static void redact_params(struct redactor *r, const uint8_t *p, const uint8_t *end)
{
	unsigned start = r->tokens;
	while (p < end) {
		const uint8_t *next = find_any(p + 1, end, "?#&;");
		copy(r, p, p + 1);
		if (r->tokens - start >= TH_REDACT_URL_TOKENS - 1) {
			put_token(r, p + 1, end);
			return;
		}
		redact_param(r, p + 1, next);
		p = next;
	}
}

static void redact_url(struct redactor *r, const uint8_t *p, const uint8_t *end)
{
	if (p < end && *p != '/') {
		p = redact_authority(r, p, end);
	}
	const uint8_t *query = find_any(p, end, "?#;");
	copy(r, p, query);
	redact_params(r, query, end);
}

/* ---- fields ---- */

/* A value that different parsers would end at different places. */
static bool is_ambiguous(const uint8_t *p, const uint8_t *end)
{
	for (; p < end; p++) {
		if (*p == '\0' || (*p == '\r' && (p + 1 == end || p[1] != '\n'))) {
			return true;
		}
	}
	return false;
}

static void redact_value(
	struct redactor *r, struct th_slice name, const uint8_t *p, const uint8_t *end)
{
	if (th_secret_is_field(name) || is_ambiguous(p, end)) {
		put_token(r, p, end);
	} else if (th_secret_may_hold_url(name)) {
		redact_url(r, p, end);
	} else {
		copy(r, p, end);
	}
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* White space around the value stays, so that nothing but the value changes. */
static void redact_trimmed(
	struct redactor *r, struct th_slice name, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *from = p, *to = end;
	while (from < to && is_space(*from)) {
		from++;
	}
	while (to > from && is_space(to[-1])) {
		to--;
	}
	copy(r, p, from);
	if (is_ambiguous(p, end)) {
		put_token(r, from, to);
	} else {
		redact_value(r, name, from, to);
	}
	copy(r, to, end);
}

/* One field with its continuation lines, without the last line's end. */
static void redact_field_line(struct redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *colon = find_any(p, end, ":");
	if (colon == end) {
		put_token(r, p, end);
		return;
	}
	struct th_slice name = th_slice_trim((struct th_slice){p, (size_t)(colon - p)});
	if (is_ambiguous(p, colon)) {
		put_token(r, p, end);
		return;
	}
	copy(r, p, colon + 1);
	redact_trimmed(r, name, colon + 1, end);
}

/* ---- heads ---- */

/* End of the line at `p`, before its CR LF or LF. */
static const uint8_t *line_end(const uint8_t *p, const uint8_t *end, const uint8_t **ret_next)
{
	const uint8_t *lf = find_any(p, end, "\n");
	*ret_next = lf < end ? lf + 1 : end;
	return lf < end && lf > p && lf[-1] == '\r' ? lf - 1 : lf;
}

/* The line at `p` and the ones that continue it (obs-fold, RFC 9112 5.2). */
static const uint8_t *field_end(const uint8_t *p, const uint8_t *end, const uint8_t **ret_next)
{
	const uint8_t *stop = line_end(p, end, ret_next);
	while (*ret_next < end && (**ret_next == ' ' || **ret_next == '\t')) {
		stop = line_end(*ret_next, end, ret_next);
	}
	return stop;
}

static void redact_request_line(struct redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *target = find_any(p, end, " \t");
	if (target == end || find_any(p, target, "?#=@:/") < target) {
		target = p; /* no method in front */
	}
	while (target < end && (*target == ' ' || *target == '\t')) {
		target++;
	}
	const uint8_t *version = find_last(target, end, ' ');
	if (!version || end - version < 6 || memcmp(version, " HTTP/", 6) != 0) {
		version = end;
	}
	copy(r, p, target);
	if (is_ambiguous(target, version)) {
		put_token(r, target, version);
	} else {
		redact_url(r, target, version);
	}
	copy(r, version, end);
}

static void redact_fields(struct redactor *r, const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		const uint8_t *next;
		const uint8_t *stop = field_end(p, end, &next);
		if (r->tokens >= TH_REDACT_HEAD_TOKENS) {
			put_token(r, p, end);
			th_out_bytes(&r->out, "\r\n\r\n", 4);
			return;
		}
		redact_field_line(r, p, stop);
		copy(r, stop, next);
		p = next;
	}
}

static struct redactor begin(const uint8_t *key, uint8_t *out, size_t n)
{
	return (struct redactor){.key = key, .out = {.p = out, .cap = th_redact_bound(n)}};
}

static size_t finish(const struct redactor *r, bool *ret_redacted)
{
	if (r->redacted) {
		*ret_redacted = true;
	}
	return r->out.n;
}

size_t th_redact_h1_head(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice in, uint8_t *out,
	bool *ret_redacted)
{
	struct redactor r = begin(key, out, in.n);
	if (in.n == 0) {
		return 0;
	}
	const uint8_t *p = in.p, *end = in.p + in.n;
	const uint8_t *next, *stop;
	while (p < end && (*p == '\r' || *p == '\n')) {
		p++;
	}
	copy(&r, in.p, p);
	stop = line_end(p, end, &next);
	redact_request_line(&r, p, stop);
	copy(&r, stop, next);
	redact_fields(&r, next, end);
	return finish(&r, ret_redacted);
}

size_t th_redact_field(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice name,
	struct th_slice value, uint8_t *out, bool *ret_redacted)
{
	struct redactor r = begin(key, out, value.n);
	if (value.n == 0) {
		return 0;
	}
	redact_value(&r, th_slice_trim(name), value.p, value.p + value.n);
	return finish(&r, ret_redacted);
}

size_t th_redact_url(const uint8_t key[TH_SIPHASH_KEY_BYTES], struct th_slice url, uint8_t *out,
	bool *ret_redacted)
{
	struct redactor r = begin(key, out, url.n);
	if (url.n == 0) {
		return 0;
	}
	redact_url(&r, url.p, url.p + url.n);
	return finish(&r, ret_redacted);
}
