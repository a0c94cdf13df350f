/* See scrub_rules.h. The JSON reader here is strict and small: objects, arrays and strings are all
 * that such a file has. What detectors look for is in detectors.c. */
#include "capture/scrub_rules.h"

#include "base/text.h"

/* ---- JSON ---- */

struct parser {
	const uint8_t *start, *p, *end;
	struct th_scrub_rules *rules;
	char *why;
	bool failed;
};

static bool fail(struct parser *s, struct th_slice what, const char *problem)
{
	if (s->failed) {
		return false;
	}
	struct th_out out = {.p = (uint8_t *)s->why, .cap = TH_SCRUB_RULES_WHY_MAX - 1};
	unsigned line = 1;
	char number[12];
	size_t n = sizeof(number);
	for (const uint8_t *p = s->start; p < s->p && p < s->end; p++) {
		line += *p == '\n';
	}
	for (; line; line /= 10) {
		number[--n] = (char)('0' + line % 10);
	}
	th_out_bytes(&out, "line ", 5);
	th_out_bytes(&out, number + n, sizeof(number) - n);
	th_out_bytes(&out, ": ", 2);
	th_out_bytes(&out, what.p, what.n < 40 ? what.n : 40);
	th_out_bytes(&out, problem, strlen(problem));
	s->why[out.n] = '\0';
	for (size_t i = 0; i < out.n; i++) {
		s->why[i] = s->why[i] < ' ' || s->why[i] > '~' ? '?' : s->why[i];
	}
	s->failed = true;
	return false;
}

static const struct th_slice nothing = {NULL, 0};

static uint8_t peek(struct parser *s)
{
	while (s->p < s->end && *s->p && strchr(" \t\r\n", *s->p)) {
		s->p++;
	}
	return s->p < s->end ? *s->p : 0;
}

static bool expect(struct parser *s, char c)
{
	char problem[] = "' ' is missing";
	if (peek(s) != (uint8_t)c) {
		problem[1] = c;
		return fail(s, nothing, problem);
	}
	s->p++;
	return true;
}

static void put(struct parser *s, uint8_t c)
{
	struct th_scrub_rules *r = s->rules;
	if (r->n_texts == sizeof(r->texts)) {
		fail(s, nothing, "too long");
		return;
	}
	r->texts[r->n_texts++] = c;
}

/* \uXXXX, in UTF-8; no surrogates. */
static void put_unicode(struct parser *s)
{
	uint8_t b[2];
	if (s->end - s->p < 4 || !th_hex_decode(b, (const char *)s->p, 2)) {
		fail(s, nothing, "\\u without four hexadecimal digits");
		return;
	}
	unsigned u = (unsigned)b[0] << 8 | b[1];
	s->p += 4;
	if (u == 0 || (u >= 0xd800 && u < 0xe000)) {
		fail(s, nothing, "such a \\u is not possible here");
	} else if (u < 0x80) {
		put(s, (uint8_t)u);
	} else if (u < 0x800) {
		put(s, (uint8_t)(0xc0 | u >> 6));
		put(s, (uint8_t)(0x80 | (u & 0x3f)));
	} else {
		put(s, (uint8_t)(0xe0 | u >> 12));
		put(s, (uint8_t)(0x80 | (u >> 6 & 0x3f)));
		put(s, (uint8_t)(0x80 | (u & 0x3f)));
	}
}

static void put_escape(struct parser *s)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	uint8_t c = s->p < s->end ? *s->p++ : 0;
	const char *at = c ? strchr(from, c) : NULL;
	if (c == 'u') {
		put_unicode(s);
	} else if (at) {
		put(s, (uint8_t)to[at - from]);
	} else {
		fail(s, nothing, "an escape that JSON does not have");
	}
}

static bool take_string(struct parser *s, struct th_slice *ret)
{
	size_t from = s->rules->n_texts;
	if (!expect(s, '"')) {
		return false;
	}
	while (!s->failed && s->p < s->end && *s->p != '"') {
		uint8_t c = *s->p++;
		if (c == '\\') {
			put_escape(s);
		} else if (c < ' ') {
			fail(s, nothing, "a string without its end");
		} else {
			put(s, c);
		}
	}
	*ret = (struct th_slice){s->rules->texts + from, s->rules->n_texts - from};
	return !s->failed && expect(s, '"');
}

/* ---- rules ---- */

static bool is(struct th_slice s, const char *word)
{
	return th_slice_eq(s, th_slice_str(word));
}

static bool take_word(struct parser *s, const char *const *words, const uint8_t *values,
	const char *problem, uint8_t *ret)
{
	struct th_slice word;
	if (!take_string(s, &word)) {
		return false;
	}
	for (size_t i = 0; words[i]; i++) {
		if (is(word, words[i])) {
			*ret = values[i];
			return true;
		}
	}
	return fail(s, word, problem);
}

static struct th_scrub_rule *add_rule(
	struct parser *s, enum th_scrub_kind kind, struct th_slice text)
{
	if (s->rules->n == TH_SCRUB_RULES_MAX) {
		fail(s, nothing, "more rules than are possible");
		return NULL;
	}
	struct th_scrub_rule *r = &s->rules->rules[s->rules->n++];
	*r = (struct th_scrub_rule){.kind = (uint8_t)kind, .text = text};
	return r;
}

/* RFC 6901, with "*" for any one part; decoded in place. */
static bool split_pointer(struct parser *s, struct th_scrub_rule *r)
{
	uint8_t *p = (uint8_t *)(uintptr_t)r->text.p, *end = p + r->text.n, *out = p;
	if (r->text.n == 0 || *p != '/') {
		return fail(s, r->text, " is no JSON pointer like /user/email");
	}
	while (p < end) {
		if (r->parts == TH_SCRUB_RULES_POINTER_MAX) {
			return fail(s, nothing, "a JSON pointer of more than 16 parts");
		}
		uint8_t *from = out;
		for (p++; p < end && *p != '/'; p++) {
			bool escape = *p == '~' && p + 1 < end && (p[1] == '0' || p[1] == '1');
			*out++ = !escape ? *p : *++p == '0' ? '~' : '/';
		}
		r->part[r->parts++] = (struct th_slice){from, (size_t)(out - from)};
	}
	return true;
}

/* Rules are kept in the capture: a literal secret in them would be there. */
static bool is_literal(struct th_slice source)
{
	for (size_t i = 0; i < source.n; i++) {
		if (strchr("[({*+?.|", source.p[i]) ||
			(source.p[i] == '\\' && i + 1 < source.n &&
				strchr("dwsDWS", source.p[i + 1]))) {
			return false;
		}
	}
	return true;
}

static bool add_pattern(struct parser *s, struct th_slice source)
{
	struct th_scrub_rule *r = add_rule(s, TH_SCRUB_PATTERN, source);
	if (r && is_literal(source)) {
		return fail(s, nothing,
			"a pattern is a literal text; the rules are kept in the capture, so give a "
			"shape");
	}
	const char *error = r ? th_regex_compile(&s->rules->pool, source, &r->pattern) : NULL;
	return error ? fail(s, source, error) : r != NULL;
}

static bool add_detector(struct parser *s, struct th_slice name, const struct th_detector *d)
{
	struct th_scrub_rule *r = add_rule(s, TH_SCRUB_PATTERN, name);
	const char *error = r
		? th_regex_compile(&s->rules->pool, th_slice_str(d->pattern), &r->pattern)
		: NULL;
	if (!r || error) {
		return fail(s, name, error);
	}
	r->check = d->check;
	r->turn = d->turn;
	r->pattern.left = d->left;
	r->pattern.right = d->right;
	return true;
}

static bool add_detectors(struct parser *s, struct th_slice name)
{
	const struct th_detector *d;
	bool any = false;
	for (size_t i = 0; (d = th_detector(i)) != NULL; i++) {
		if (!is(name, d->name)) {
			continue;
		}
		if (!add_detector(s, name, d)) {
			return false;
		}
		any = true;
	}
	return any || fail(s, name, " is no detector (email, phone, card, iban, key)");
}

static bool add_named(struct parser *s, struct th_slice kind, struct th_slice text)
{
	if (text.n == 0) {
		return fail(s, kind, " is empty");
	}
	if (is(kind, "pattern")) {
		return add_pattern(s, text);
	}
	if (is(kind, "detect")) {
		return add_detectors(s, text);
	}
	enum th_scrub_kind k = is(kind, "header") ? TH_SCRUB_HEADER
		: is(kind, "query")		  ? TH_SCRUB_QUERY
						  : TH_SCRUB_JSON;
	if (s->rules->n_named == TH_SCRUB_RULES_NAMED_MAX) {
		return fail(s, nothing, "more than 64 rules");
	}
	struct th_scrub_rule *r = add_rule(s, k, text);
	if (r) {
		r->bit = (uint8_t)s->rules->n_named++;
	}
	return r && (k != TH_SCRUB_JSON || split_pointer(s, r));
}

/* A string, or an array of strings. */
static bool add_all(struct parser *s, struct th_slice kind)
{
	struct th_slice text;
	if (peek(s) != '[') {
		return take_string(s, &text) && add_named(s, kind, text);
	}
	do {
		s->p++;
		if (!take_string(s, &text) || !add_named(s, kind, text)) {
			return false;
		}
	} while (peek(s) == ',');
	return expect(s, ']');
}

static bool take_action(struct parser *s, uint8_t *ret)
{
	static const char *const words[] = {"hash", "mask", "drop", NULL};
	static const uint8_t values[] = {TH_SCRUB_HASH, TH_SCRUB_MASK, TH_SCRUB_DROP};
	return take_word(s, words, values, " is no action (hash, mask, drop)", ret);
}

static bool take_sides(struct parser *s, uint8_t *ret)
{
	static const char *const words[] = {"request", "response", "both", NULL};
	static const uint8_t values[] = {1 << TH_REDACT_REQUEST, 1 << TH_REDACT_RESPONSE, 3};
	return take_word(s, words, values, " is not request, response or both", ret);
}

/* JSON readers differ in which of two equal keys counts: what hides something must not depend on
 * that (RFC 8259, section 4). */
static bool once(struct parser *s, struct th_slice key, bool *seen)
{
	bool before = *seen;
	*seen = true;
	return !before || fail(s, key, " stands here twice");
}

static bool is_kind(struct th_slice key)
{
	return is(key, "header") || is(key, "query") || is(key, "json") || is(key, "pattern") ||
		is(key, "detect");
}

static bool take_rule(struct parser *s)
{
	uint8_t action = TH_SCRUB_HASH, sides = 3;
	size_t first = s->rules->n;
	bool any = false, has_action = false, has_sides = false;
	if (peek(s) != '{') {
		return expect(s, '{');
	}
	do {
		struct th_slice key;
		s->p++;
		if (!take_string(s, &key) || !expect(s, ':')) {
			return false;
		}
		bool ok = is(key, "action") ? once(s, key, &has_action) && take_action(s, &action)
			: is(key, "in")	    ? once(s, key, &has_sides) && take_sides(s, &sides)
			: !is_kind(key)	    ? fail(s, key, " is nothing that a rule has")
			: any
			? fail(s, nothing, "a rule has one of header, query, json, pattern, detect")
			: add_all(s, key);
		any |= is_kind(key);
		if (!ok) {
			return false;
		}
	} while (peek(s) == ',');
	for (size_t i = first; i < s->rules->n; i++) {
		struct th_scrub_rule *r = &s->rules->rules[i];
		r->action = action;
		r->sides = sides;
		s->rules->body_sides |= r->kind == TH_SCRUB_HEADER ? 0 : sides;
	}
	return any ? expect(s, '}')
		   : fail(s, nothing, "a rule has one of header, query, json, pattern, detect");
}

static bool take_rules(struct parser *s)
{
	if (!expect(s, '[')) {
		return false;
	}
	s->p--;
	do {
		s->p++;
		if (peek(s) == ']' && s->rules->n == 0) {
			break;
		}
		if (!take_rule(s)) {
			return false;
		}
	} while (peek(s) == ',');
	return expect(s, ']');
}

static bool take_compressed(struct parser *s)
{
	static const char *const words[] = {"withhold", "keep", NULL};
	static const uint8_t values[] = {0, 1};
	uint8_t keep = 0;
	bool ok = take_word(s, words, values, " is not withhold or keep", &keep);
	s->rules->keep_compressed = keep;
	return ok;
}

static bool take_file(struct parser *s)
{
	bool has_rules = false, has_compressed = false;
	if (peek(s) != '{') {
		return expect(s, '{');
	}
	do {
		struct th_slice key;
		s->p++;
		if (!take_string(s, &key) || !expect(s, ':')) {
			return false;
		}
		bool ok = is(key, "rules") ? once(s, key, &has_rules) && take_rules(s)
			: is(key, "compressed")
			? once(s, key, &has_compressed) && take_compressed(s)
			: fail(s, key, " is nothing that a rules file has");
		if (!ok) {
			return false;
		}
	} while (peek(s) == ',');
	return expect(s, '}') &&
		(peek(s) == 0 && s->p == s->end
				? true
				: fail(s, nothing, "something stands behind the end"));
}

/* What has a shape of its own, or check digits, is looked for before what a part of it may look
 * like: a telephone number in an IBAN, a card's in a key. */
static void put_in_turn(struct th_scrub_rules *rules)
{
	for (size_t i = 1; i < rules->n; i++) {
		const struct th_scrub_rule r = rules->rules[i];
		size_t at = i;
		for (; at > 0 && rules->rules[at - 1].turn < r.turn; at--) {
			rules->rules[at] = rules->rules[at - 1];
		}
		rules->rules[at] = r;
	}
}

bool th_scrub_rules_parse(
	struct th_slice file, struct th_scrub_rules *rules, char why[TH_SCRUB_RULES_WHY_MAX])
{
	struct parser s = {file.p, file.p, file.p + file.n, rules, why, false};
	if (file.n > TH_SCRUB_RULES_FILE_MAX) {
		return fail(&s, nothing, "the file is larger than 60 KiB");
	}
	if (!take_file(&s)) {
		return false;
	}
	put_in_turn(rules);
	return true;
}

/* ---- asking ---- */

enum th_scrub_action th_scrub_rules_named(const struct th_scrub_rules *rules,
	enum th_scrub_kind kind, enum th_redact_side side, struct th_slice name)
{
	for (size_t i = 0; rules && i < rules->n; i++) {
		const struct th_scrub_rule *r = &rules->rules[i];
		if (r->kind == kind && (r->sides >> side & 1) && th_slice_ieq(r->text, name)) {
			return r->action;
		}
	}
	return TH_SCRUB_NONE;
}

/* The next match that passes its check, at or behind `at`. */
static bool find_passing(const struct th_scrub_rules *rules, const struct th_scrub_rule *r,
	struct th_regex_in *in, size_t at, size_t *ret_from, size_t *ret_to)
{
	size_t to;
	for (; th_regex_find(&rules->pool, &r->pattern, in, at, &at, &to); at++) {
		const size_t end = th_detector_end(r->check, in, at, to);
		if (end) {
			*ret_from = at;
			*ret_to = end;
			return true;
		}
	}
	return false;
}

#define MATCH_MAX 128 /* longer than any match that is to pass a check */

/* What stands before a card's number may be digits, too, with which it happens to pass. */
static size_t with_overlapping(const struct th_scrub_rules *rules, const struct th_scrub_rule *r,
	struct th_regex_in *in, size_t from, size_t to)
{
	struct th_regex_in near = *in;
	size_t at = from, end;
	near.text.n = to + MATCH_MAX < in->text.n ? to + MATCH_MAX : in->text.n;
	while (r->check != TH_DETECTOR_ANY && find_passing(rules, r, &near, at + 1, &at, &end) &&
		at < to) {
		to = end > to ? end : to;
	}
	in->work = near.work;
	return to;
}

bool th_scrub_rules_find(const struct th_scrub_rules *rules, enum th_redact_side side,
	struct th_regex_in *in, size_t *rule, size_t *from, size_t *ret_to)
{
	for (; *rule < rules->n; (*rule)++, *from = 0) {
		const struct th_scrub_rule *r = &rules->rules[*rule];
		if (r->kind == TH_SCRUB_PATTERN && (r->sides >> side & 1) &&
			find_passing(rules, r, in, *from, from, ret_to)) {
			*ret_to = with_overlapping(rules, r, in, *from, *ret_to);
			return true;
		}
	}
	return false;
}
