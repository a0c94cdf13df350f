/* See canon_body.h. Multipart (RFC 2046 5.1.1): only delimiter lines are touched; the parts stay as
 * they are, since a file in a part is meaning to the byte. Forms: the URL standard's
 * application/x-www-form-urlencoded; libraries differ in what they escape and in + against %20. */
#include "player/canon_body.h"

#include "base/text.h"
#include "player/canon_json.h"

static bool type_is(struct th_slice type, const char *name)
{
	size_t n = 0;
	while (n < type.n && type.p[n] != ';' && type.p[n] != ' ' && type.p[n] != '\t') {
		n++;
	}
	return th_slice_ieq((struct th_slice){type.p, n}, th_slice_str(name));
}

static bool type_is_multipart(struct th_slice type)
{
	return type.n > 10 &&
		th_slice_ieq((struct th_slice){type.p, 10}, TH_SLICE_LIT("multipart/"));
}

/* The boundary within a Content-Type value, without quotes; empty when there is none. */
static struct th_slice find_boundary(struct th_slice type)
{
	static const char name[] = "boundary=";
	const size_t n = sizeof(name) - 1;
	for (size_t i = 1; i + n < type.n; i++) {
		uint8_t before = type.p[i - 1];
		if ((before != ';' && before != ' ' && before != '\t') ||
			!th_slice_ieq((struct th_slice){type.p + i, n}, th_slice_str(name))) {
			continue;
		}
		struct th_slice v = {type.p + i + n, type.n - i - n};
		bool quoted = v.p[0] == '"';
		size_t end = quoted;
		while (end < v.n &&
			(quoted ? v.p[end] != '"' : v.p[end] != ';' && v.p[end] != ' ')) {
			end++;
		}
		return (struct th_slice){v.p + quoted, end - quoted};
	}
	return (struct th_slice){NULL, 0};
}

void th_canon_content_type(struct th_slice type, struct th_buf *out)
{
	struct th_slice b = type_is_multipart(type) ? find_boundary(type)
						    : (struct th_slice){NULL, 0};
	if (!b.n) {
		th_buf_slice(out, type);
		return;
	}
	const uint8_t *from = b.p, *to = b.p + b.n;
	if (from[-1] == '"') { /* quotes are a matter of taste, too */
		from--;
		while (to < type.p + type.n && *to != ';') {
			to++;
		}
	}
	th_buf_add(out, type.p, (size_t)(from - type.p));
	th_buf_str(out, TH_CANON_BOUNDARY);
	th_buf_add(out, to, (size_t)(type.p + type.n - to));
}

/* Is there a delimiter line at `at`, which begins with "--" and the boundary? */
static bool is_delimiter(struct th_slice body, size_t at, struct th_slice boundary)
{
	size_t end = at + 2 + boundary.n;
	if ((at > 0 && body.p[at - 1] != '\n') || end > body.n ||
		memcmp(body.p + at, "--", 2) != 0 ||
		memcmp(body.p + at + 2, boundary.p, boundary.n) != 0) {
		return false;
	}
	return end == body.n || (body.p[end] && strchr("\r\n- \t", body.p[end]));
}

static bool canon_multipart(struct th_slice body, struct th_slice boundary, struct th_buf *out)
{
	bool any = false;
	size_t from = 0, at = 0;
	while (at < body.n) {
		if (is_delimiter(body, at, boundary)) {
			any = true;
			th_buf_add(out, body.p + from, at - from);
			th_buf_str(out, "--" TH_CANON_BOUNDARY);
			at += 2 + boundary.n;
			from = at;
		}
		const uint8_t *lf = memchr(body.p + at, '\n', body.n - at);
		at = lf ? (size_t)(lf - body.p) + 1 : body.n;
	}
	th_buf_add(out, body.p + from, body.n - from);
	return any;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c = th_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void th_canon_form_component(struct th_slice s, struct th_buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 &&
			hex_digit(s.p[i + 2]) >= 0) {
			c = (uint8_t)(hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]));
			i += 2;
		}
		bool plain = (th_lower(c) >= 'a' && th_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
			(c && strchr("*-._", c));
		if (plain) {
			th_buf_u8(out, c);
		} else {
			th_buf_fmt(out, "%%%02X", c);
		}
	}
}

/* Names and values are split at the first '=' of a pair; a second one belongs to the value. */
static void canon_form(struct th_slice body, struct th_buf *out)
{
	size_t from = 0;
	bool in_value = false;
	for (size_t i = 0; i <= body.n; i++) {
		bool pair_ends = i == body.n || body.p[i] == '&';
		if (!pair_ends && (body.p[i] != '=' || in_value)) {
			continue;
		}
		th_canon_form_component((struct th_slice){body.p + from, i - from}, out);
		if (i < body.n) {
			th_buf_u8(out, body.p[i]);
		}
		in_value = !pair_ends;
		from = i + 1;
	}
}

static bool looks_like_json(struct th_slice body)
{
	size_t i = 0;
	while (i < body.n && strchr(" \t\r\n", body.p[i]) && body.p[i]) {
		i++;
	}
	return i < body.n && (body.p[i] == '{' || body.p[i] == '[');
}

static bool type_is_json(struct th_slice type)
{
	static const char suffix[] = "+json";
	const size_t suffix_n = sizeof(suffix) - 1;
	size_t n = 0;
	while (n < type.n && type.p[n] != ';' && type.p[n] != ' ') {
		n++;
	}
	if (type_is(type, "application/json") || type_is(type, "text/json")) {
		return true;
	}
	return n > suffix_n &&
		th_slice_ieq(
			(struct th_slice){type.p + n - suffix_n, suffix_n}, th_slice_str(suffix));
}

enum th_canon_kind th_canon_body(struct th_slice type, struct th_slice body, struct th_buf *out)
{
	if (body.n == 0) {
		return TH_CANON_EMPTY;
	}
	if (type_is_multipart(type)) {
		struct th_slice boundary = find_boundary(type);
		size_t before = out->n;
		if (boundary.n && canon_multipart(body, boundary, out)) {
			return TH_CANON_MULTIPART;
		}
		out->n = before;
	}
	/* curl -d sends JSON under the form's type, so looks come before that name. */
	struct th_json json;
	if ((type_is_json(type) || looks_like_json(body)) && th_json_parse(body, &json) == 0) {
		th_json_write(&json, 0, out);
		th_json_finish(&json);
		return TH_CANON_JSON;
	}
	if (type_is(type, "application/x-www-form-urlencoded")) {
		canon_form(body, out);
		return TH_CANON_FORM;
	}
	th_buf_slice(out, body);
	return TH_CANON_RAW;
}
