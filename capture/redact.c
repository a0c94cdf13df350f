/* See redact.h. What is secret stands in the four tables below; the rest walks over heads and
 * URLs. Sources: the providers' API references, RFC 6750 (tokens in queries), RFC 9110 4.2.4
 * (userinfo), AWS Signature Version 4. Bodies and responses are not touched: the agent must be
 * replayed what it was given, byte for byte. */
#include "capture/redact.h"

#include "base/text.h"

/* Fields whose whole value is a secret. */
static const char *const secret_fields[] = {
	"api-key",
	"apikey",
	"authentication",
	"authorization",
	"circle-token",
	"cookie",
	"cookie2",
	"dd-api-key",
	"dd-application-key",
	"dpop",
	"helicone-auth",
	"job-token",
	"mcp-session-id",
	"ocp-apim-subscription-key",
	"private-token",
	"proxy-authorization",
	"x-amz-security-token",
	"x-api-key",
	"x-auth",
	"x-auth-key",
	"x-auth-token",
	"x-csrftoken",
	"x-functions-key",
	"x-goog-api-key",
	"x-goog-iap-jwt-assertion",
	"x-honeycomb-team",
	"x-ms-authorization-auxiliary",
	"x-rapidapi-key",
	"x-session-token",
	"x-subscription-token",
	"x-vault-token",
	"xi-api-key",
};

#define END(text) \
	{ \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

/* Ends of field names: services name their own fields alike. */
static const struct th_slice secret_field_ends[] = {
	END("-access-key"),
	END("-api-key"),
	END("-apikey"),
	END("-auth-key"),
	END("-auth-token"),
	END("-authorization"),
	END("-credential"),
	END("-password"),
	END("-secret"),
	END("-secret-key"),
	END("-token"),
	END("_api_key"),
	END("_token"),
};

/* Parameters whose value is a secret. */
static const char *const secret_params[] = {
	"access_key",
	"access_token",
	"accesskey",
	"accesstoken",
	"api-key",
	"api_key",
	"apikey",
	"app_key",
	"appid",
	"appkey",
	"assertion",
	"auth",
	"authorization",
	"auth_key",
	"authtoken",
	"awsaccesskeyid",
	"bearer",
	"client_assertion",
	"credential",
	"hapikey",
	"jsessionid",
	"jwt",
	"key",
	"pass",
	"passwd",
	"password",
	"pwd",
	"secret",
	"secret_key",
	"secretkey",
	"session_id",
	"sessionid",
	"sig",
	"signature",
	"sign",
	"subscription-key",
	"token",
	"x-api-key",
};

/* Ends of parameter names. */
static const struct th_slice secret_param_ends[] = {
	END("-credential"),
	END("-security-token"),
	END("-signature"),
	END("_api_key"),
	END("_apikey"),
	END("_password"),
	END("_secret"),
	END("_signature"),
	END("_token"),
	END("apikey"),
};

/* Fields that hold a URL, or (host) may wrongly hold userinfo. */
static const char *const url_fields[] = {
	":authority",
	":path",
	"content-location",
	"destination",
	"forwarded",
	"host",
	"link",
	"location",
	"origin",
	"referer",
	"referrer",
	"x-forwarded-uri",
	"x-original-url",
	"x-rewrite-url",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PARAM_NAME_MAX 192 /* of a longer name only the end is looked at */
#define TOKEN_PREFIX "th-redacted:"

static bool in_table(const char *const *table, size_t n, struct th_slice name)
{
	const char first = name.n ? (char)th_lower(name.p[0]) : 0;
	for (size_t i = 0; i < n; i++) {
		if (first == table[i][0] && th_slice_ieq(name, th_slice_str(table[i]))) {
			return true;
		}
	}
	return false;
}

static bool ends_in_table(const struct th_slice *table, size_t n, struct th_slice name)
{
	for (size_t i = 0; i < n; i++) {
		struct th_slice end = table[i];
		if (name.n >= end.n &&
			th_slice_ieq((struct th_slice){name.p + name.n - end.n, end.n}, end)) {
			return true;
		}
	}
	return false;
}

bool th_redact_is_secret_field(struct th_slice name)
{
	return in_table(secret_fields, COUNT(secret_fields), name) ||
		ends_in_table(secret_field_ends, COUNT(secret_field_ends), name);
}

/* Undoes percent-encoding into `out`, at most cap bytes; the length. */
static size_t percent_decode(struct th_slice in, uint8_t *out, size_t cap)
{
	size_t n = 0;
	for (size_t i = 0; i < in.n && n < cap; n++) {
		uint8_t c = in.p[i];
		if (c == '%' && in.n - i >= 3 && th_hex_decode(&c, (const char *)in.p + i + 1, 1)) {
			i += 3;
		} else {
			i++;
		}
		out[n] = c;
	}
	return n;
}

bool th_redact_is_secret_param(struct th_slice name)
{
	uint8_t plain[PARAM_NAME_MAX];
	if (name.n > sizeof(plain)) {
		name.p += name.n - sizeof(plain);
		name.n = sizeof(plain);
	}
	struct th_slice s = {plain, percent_decode(name, plain, sizeof(plain))};
	return in_table(secret_params, COUNT(secret_params), s) ||
		ends_in_table(secret_param_ends, COUNT(secret_param_ends), s);
}

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
	if (equals == end || !th_redact_is_secret_param(name)) {
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
	if (th_redact_is_secret_field(name) || is_ambiguous(p, end)) {
		put_token(r, p, end);
	} else if (in_table(url_fields, COUNT(url_fields), name)) {
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
