/* See redact.h; which names are secret is secret.c's. Here: telling fields apart. Walking over
 * heads is redact_head.c's, what is within a value redact_url.c's and redact_cookie.c's. */
#include "capture/redact.h"

#include "base/scan.h"
#include "base/text.h"
#include "capture/first_look.h"
#include "capture/redactor.h"
#include "capture/secret.h"

/* ---- output ---- */

/* Does a pattern of one's own find something in it? */
static bool is_found(const struct th_redactor *r, struct th_slice value)
{
	size_t rule = 0, at = 0, to;
	struct th_regex_in in = th_regex_in(value);
	return r->how->rules &&
		(th_scrub_rules_find(r->how->rules, r->side, &in, &rule, &at, &to) || in.work == 0);
}

/* A rule of one's own wants what it names gone, wherever it stands. */
static bool is_wanted(const struct th_redactor *r, struct th_slice value)
{
	return r->how->keep && r->side == TH_REDACT_RESPONSE && !r->by_rule &&
		!th_stand_in_is(value) && !is_found(r, value);
}

void th_redactor_token(struct th_redactor *r, const uint8_t *from, const uint8_t *to)
{
	uint8_t token[TH_STAND_IN_BYTES];
	if (from == to) {
		return; /* nothing there to hide */
	}
	const struct th_slice value = {from, (size_t)(to - from)};
	th_stand_in(r->how->key, value, token);
	if (is_wanted(r, value)) {
		r->how->keep(token, value);
	}
	th_out_bytes(&r->out, token, sizeof(token));
	r->tokens++;
	r->redacted = true;
}

void th_redactor_act(
	struct th_redactor *r, enum th_scrub_action action, const uint8_t *from, const uint8_t *to)
{
	if (action == TH_SCRUB_HASH || from == to) {
		r->by_rule = true;
		th_redactor_token(r, from, to);
		r->by_rule = false;
		return;
	}
	if (action == TH_SCRUB_MASK) {
		th_out_bytes(&r->out, "***", 3);
	}
	r->tokens++;
	r->redacted = true;
}

const uint8_t *th_find_any(const uint8_t *p, const uint8_t *end, const char *set)
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

/* ---- fields ---- */

/* Something that different parsers would end at different places. */
static bool has_odd_ends(const uint8_t *p, const uint8_t *end)
{
	if (p == end || memchr(p, '\0', (size_t)(end - p))) {
		return p < end;
	}
	while ((p = th_scan(p, end, '\r')) < end) {
		if (++p == end || *p != '\n') {
			return true;
		}
	}
	return false;
}

bool th_redactor_ambiguous(const struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	return !r->plain && has_odd_ends(p, end);
}

/* What names the kind of a credential is none of it, and keeps one key comparable in whatever field
 * it is sent (RFC 9110 11.1). */
static const uint8_t *skip_auth_scheme(const uint8_t *p, const uint8_t *end)
{
	static const char schemes[][20] = {
		"ApiKey", "AWS4-HMAC-SHA256", "Basic", "Bearer", "Digest", "DPoP", "Key", "Token"};
	const uint8_t *stop = th_find_any(p, end, " \t");
	const struct th_slice word = {p, (size_t)(stop - p)};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && stop < end; i++) {
		if (th_slice_ieq(word, th_slice_str(schemes[i]))) {
			while (stop < end && (*stop == ' ' || *stop == '\t')) {
				stop++;
			}
			return stop;
		}
	}
	return p;
}

static void redact_credential(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *secret = skip_auth_scheme(p, end);
	th_redactor_copy(r, p, secret);
	th_redactor_token(r, secret, end);
}

/* Sec-WebSocket-Protocol: one of those offered is answered with, so each is replaced by itself. */
static void redact_elements(struct th_redactor *r, const uint8_t *p, const uint8_t *end)
{
	unsigned start = r->tokens;
	while (p < end) {
		if (th_redactor_full(r, start)) {
			th_redactor_token(r, p, end);
			return;
		}
		const uint8_t *stop = th_find_any(p, end, ", \t");
		th_redactor_token(r, p, stop);
		p = stop;
		while (p < end && (*p == ',' || *p == ' ' || *p == '\t')) {
			p++;
		}
		th_redactor_copy(r, stop, p);
	}
}

/* What frames a message or says where it goes: no business of patterns. */
static bool is_framing(struct th_slice name)
{
	static const char names[][20] = {":authority", ":method", ":scheme", ":status",
		"connection", "content-encoding", "content-length", "content-type", "date", "host",
		"transfer-encoding", "upgrade"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (th_slice_ieq(name, th_slice_str(names[i]))) {
			return true;
		}
	}
	return false;
}

/* Up to the next stand-in in what was written, which patterns leave alone. */
static struct th_slice between_tokens(const struct th_redactor *r, size_t from)
{
	const uint8_t *p = r->out.p + from, *end = r->out.p + r->out.n;
	const uint8_t *at = memmem(p, (size_t)(end - p), "th-redacted:", 12);
	while (at &&
		!th_stand_in_is((struct th_slice){at,
			TH_STAND_IN_BYTES <= end - at ? TH_STAND_IN_BYTES : (size_t)(end - at)})) {
		at = memmem(at + 1, (size_t)(end - at - 1), "th-redacted:", 12);
	}
	return (struct th_slice){p, (size_t)((at ? at : end) - p)};
}

/* Replaces n bytes of what was written at `at`. */
static void rewrite(struct th_redactor *r, enum th_scrub_action action, size_t at, size_t n)
{
	uint8_t room[TH_STAND_IN_BYTES];
	struct th_redactor piece = *r;
	piece.out = (struct th_out){.p = room, .cap = sizeof(room)};
	th_redactor_act(&piece, action, r->out.p + at, r->out.p + at + n);
	size_t rest = r->out.n - at - n;
	if (r->out.cap - r->out.n < piece.out.n) { /* cannot be: see th_redact_bound() */
		r->out.n = at;
		return;
	}
	memmove(r->out.p + at + piece.out.n, r->out.p + at + n, rest);
	memcpy(r->out.p + at, room, piece.out.n);
	r->out.n = at + piece.out.n + rest;
	r->tokens = piece.tokens;
	r->redacted = true;
}

/* Patterns, in the value that was written from `from` on; `percent`: in what its percent-encoding
 * stands for. What takes too long is replaced as a whole. */
static void search_as(struct th_redactor *r, size_t from, bool percent)
{
	const struct th_scrub_rules *rules = r->how->rules;
	struct th_regex_in in = th_regex_in((struct th_slice){NULL, r->out.n - from});
	unsigned start = r->tokens;
	in.percent = percent;
	while (from < r->out.n) {
		size_t rule = 0, at = 0, to;
		in.text = between_tokens(r, from);
		if (in.text.n == 0) {
			from += TH_STAND_IN_BYTES;
			continue;
		}
		const bool found = th_scrub_rules_find(rules, r->side, &in, &rule, &at, &to);
		if (in.work == 0 || (found && th_redactor_full(r, start))) {
			rewrite(r, TH_SCRUB_HASH, from, r->out.n - from);
			return;
		}
		if (found) {
			rewrite(r, rules->rules[rule].action, from + at, to - at);
		} else {
			from += in.text.n;
		}
	}
}

/* Of a URL's "4111+1111", the plus and what is behind it might pass for something else than what
 * the encoding stands for; of another text's "me+tag@x.org", what is behind a blank. */
void th_redactor_search(struct th_redactor *r, size_t from, bool url)
{
	const uint8_t *p = r->out.p + from, *end = r->out.p + r->out.n;
	const bool encoded = th_find_any(p, end, "%+") < end;
	if (url && encoded) {
		search_as(r, from, true);
	}
	search_as(r, from, false);
	if (!url && encoded) {
		search_as(r, from, true);
	}
}

static void redact_by_kind(
	struct th_redactor *r, struct th_slice name, const uint8_t *p, const uint8_t *end);

void th_redactor_value(
	struct th_redactor *r, struct th_slice name, const uint8_t *p, const uint8_t *end)
{
	const struct th_scrub_rules *rules = r->how->rules;
	enum th_scrub_action action = th_scrub_rules_named(rules, TH_SCRUB_HEADER, r->side, name);
	if (action == TH_SCRUB_HASH && th_secret_field(name) == TH_SECRET_SET_COOKIE) {
		r->by_rule = true;
		th_redactor_set_cookie(r, p, end);
		r->by_rule = false;
		return;
	}
	if (action) {
		th_redactor_act(r, action, p, end);
		return;
	}
	if (th_redactor_ambiguous(r, p, end)) {
		th_redactor_token(r, p, end);
		return;
	}
	size_t from = r->out.n;
	redact_by_kind(r, name, p, end);
	if (rules && !is_framing(name)) {
		th_redactor_search(r, from, th_secret_field(name) == TH_SECRET_URL);
	}
}

static void redact_by_kind(
	struct th_redactor *r, struct th_slice name, const uint8_t *p, const uint8_t *end)
{
	switch (th_secret_field(name)) {
	case TH_SECRET_WHOLE:
		redact_credential(r, p, end);
		break;
	case TH_SECRET_COOKIE:
		th_redactor_cookie(r, p, end);
		break;
	case TH_SECRET_SET_COOKIE:
		th_redactor_set_cookie(r, p, end);
		break;
	case TH_SECRET_ELEMENTS:
		redact_elements(r, p, end);
		break;
	case TH_SECRET_URL:
		th_redactor_url(r, p, end);
		break;
	case TH_SECRET_LIST:
		th_redactor_list(r, p, end);
		break;
	case TH_SECRET_NOT:
		th_redactor_text(r, p, end);
		break;
	}
}

/* ---- the whole ---- */

struct th_redactor th_redactor_begin(
	const struct th_redaction *how, enum th_redact_side side, struct th_slice in, uint8_t *out)
{
	struct th_first_look look = {.odd_ends = false};
	if (!how->off) {
		look = th_first_look(in);
	}
	return (struct th_redactor){
		.how = how,
		.side = side,
		.out = {.p = out, .cap = th_redact_bound(in.n)},
		.plain = !how->off && !look.odd_ends,
		.no_marks = !how->off && !look.may_have_marks,
	};
}

size_t th_redactor_finish(const struct th_redactor *r, bool *ret_redacted)
{
	if (r->redacted) {
		*ret_redacted = true;
	}
	return r->out.n;
}

size_t th_redactor_leave(struct th_slice in, uint8_t *out)
{
	if (in.n) {
		memcpy(out, in.p, in.n);
	}
	return in.n;
}

/* Most fields have nothing to hide: this is done for each that an agent sends and is sent. */
static bool hides_nothing(
	const struct th_redaction *how, struct th_slice name, struct th_slice value)
{
	return how->off || value.n == 0 ||
		(!how->rules && th_secret_field(name) == TH_SECRET_NOT &&
			th_first_look_plain(value));
}

size_t th_redact_field(const struct th_redaction *how, enum th_redact_side side,
	struct th_slice name, struct th_slice value, uint8_t *out, bool *ret_redacted)
{
	name = th_slice_trim(name);
	if (hides_nothing(how, name, value)) {
		return th_redactor_leave(value, out);
	}
	struct th_redactor r = th_redactor_begin(how, side, value, out);
	th_redactor_value(&r, name, value.p, value.p + value.n);
	return th_redactor_finish(&r, ret_redacted);
}

size_t th_redact_url(
	const struct th_redaction *how, struct th_slice url, uint8_t *out, bool *ret_redacted)
{
	struct th_redactor r = th_redactor_begin(how, TH_REDACT_REQUEST, url, out);
	if (url.n == 0 || how->off) {
		return th_redactor_leave(url, out);
	}
	th_redactor_url(&r, url.p, url.p + url.n);
	if (how->rules) {
		th_redactor_search(&r, 0, true);
	}
	return th_redactor_finish(&r, ret_redacted);
}

size_t th_redact_list(
	const struct th_redaction *how, struct th_slice list, uint8_t *out, bool *ret_redacted)
{
	struct th_redactor r = th_redactor_begin(how, TH_REDACT_REQUEST, list, out);
	if (list.n == 0 || how->off) {
		return th_redactor_leave(list, out);
	}
	th_redactor_list(&r, list.p, list.p + list.n);
	if (how->rules) {
		th_redactor_search(&r, 0, false);
	}
	return th_redactor_finish(&r, ret_redacted);
}
