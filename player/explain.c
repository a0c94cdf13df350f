/* See explain.h. Nearest is what agrees in most of query, fields and body, and then in the longest
 * beginning and end of the body: for a conversation that is the turn before the paths parted. */
#include "player/explain.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "player/explain_json.h"
#include "player/volatile.h"

#define VALUE_MAX 120
#define CONTEXT_MAX 24
#define LOOKS_MAX 4096		/* exchanges looked at when there is nothing of the endpoint */
#define BYTES_ENOUGH (8u << 20) /* of canonical text looked at for the nearest */

/* Length of the UTF-8 character at the beginning of s; 0 when it is none. */
static size_t character(struct th_slice s)
{
	uint8_t c = s.p[0];
	size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : 4;
	if ((c >= 0x80 && c < 0xc2) || c >= 0xf5 || n > s.n) {
		return 0;
	}
	for (size_t i = 1; i < n; i++) {
		if ((s.p[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	bool surrogate = c == 0xed && s.p[1] >= 0xa0;
	bool overlong = (c == 0xe0 && s.p[1] < 0xa0) || (c == 0xf0 && s.p[1] < 0x90);
	return surrogate || overlong ? 0 : n;
}

void th_explain_text(struct th_slice s, size_t max, struct th_buf *out)
{
	size_t i = 0;
	while (i < s.n && i < max) {
		size_t n = character((struct th_slice){s.p + i, s.n - i});
		if (n == 0 || s.p[i] < 0x20 || s.p[i] == 0x7f) {
			th_buf_fmt(out, "\\x%02x", s.p[i]);
			i++;
			continue;
		}
		th_buf_add(out, s.p + i, n);
		i += n;
	}
	th_buf_str(out, i < s.n ? "…" : "");
}

void th_explain_quote(struct th_slice s, size_t max, struct th_buf *out)
{
	th_buf_u8(out, '"');
	th_explain_text(s, max, out);
	th_buf_u8(out, '"');
}

static struct th_slice section(const struct th_canon *c, size_t from, size_t to)
{
	return (struct th_slice){c->text.p + from, to - from};
}

static struct th_slice query_of(const struct th_canon *c)
{
	return section(c, c->query_at, c->fields_at - 1);
}

static struct th_slice fields_of(const struct th_canon *c)
{
	return section(c, c->fields_at, c->body_at - 1);
}

static struct th_slice body_of(const struct th_canon *c)
{
	return section(c, c->body_at, c->text.n);
}

/* The next part of a list, its separator left out. */
static bool next_part(struct th_slice *rest, uint8_t separator, struct th_slice *ret_part)
{
	if (rest->n == 0) {
		*ret_part = (struct th_slice){NULL, 0};
		return false;
	}
	const uint8_t *end = memchr(rest->p, separator, rest->n);
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	*ret_part = (struct th_slice){rest->p, n};
	size_t taken = end ? n + 1 : n;
	rest->p += taken;
	rest->n -= taken;
	return true;
}

static void name_and_value(
	struct th_slice part, uint8_t mark, struct th_slice *name, struct th_slice *v)
{
	const uint8_t *at = part.n ? memchr(part.p, mark, part.n) : NULL;
	size_t n = at ? (size_t)(at - part.p) : part.n;
	*name = (struct th_slice){part.p, n};
	*v = at ? th_slice_trim((struct th_slice){at + 1, part.n - n - 1})
		: (struct th_slice){part.p, 0};
}

static void add_side(struct th_buf *out, bool present, struct th_slice v)
{
	if (present) {
		th_explain_quote(v, VALUE_MAX, out);
	} else {
		th_buf_str(out, "nothing");
	}
}

/* First difference of two lists of names with values ("a=1&b=2"; "name: value" lines). Fields are
 * sorted by name; parameters come as sent, so a different name means one was asked there and
 * another recorded. */
static void list_difference(struct th_slice asked, struct th_slice recorded, uint8_t separator,
	uint8_t mark, const char *what, struct th_buf *out)
{
	for (;;) {
		struct th_slice a, r, an, av, rn, rv;
		bool has_a = next_part(&asked, separator, &a);
		bool has_r = next_part(&recorded, separator, &r);
		if (has_a && has_r && th_slice_eq(a, r)) {
			continue;
		}
		if (!has_a && !has_r) {
			return;
		}
		name_and_value(a, mark, &an, &av);
		name_and_value(r, mark, &rn, &rv);
		size_t n = an.n < rn.n ? an.n : rn.n;
		int order = n ? memcmp(an.p, rn.p, n) : 0;
		order = order ? order : (an.n > rn.n) - (an.n < rn.n);
		bool use_a = has_a && (!has_r || order <= 0),
		     use_r = has_r && (!has_a || order >= 0);
		th_buf_fmt(out, "%s ", what);
		th_buf_slice(out, use_a ? an : rn);
		th_buf_str(out, ": asked ");
		add_side(out, use_a, av);
		th_buf_str(out, ", recorded ");
		add_side(out, use_r, rv);
		return;
	}
}

static const char *kind_name(enum th_canon_kind kind)
{
	switch (kind) {
	case TH_CANON_EMPTY:
		return "no body";
	case TH_CANON_JSON:
		return "JSON";
	case TH_CANON_MULTIPART:
		return "a multipart body";
	case TH_CANON_FORM:
		return "a form";
	default:
		return "a body";
	}
}

static void raw_difference(struct th_slice a, struct th_slice r, struct th_buf *out)
{
	size_t at = 0;
	while (at < a.n && at < r.n && a.p[at] == r.p[at]) {
		at++;
	}
	size_t from = at > CONTEXT_MAX ? at - CONTEXT_MAX : 0;
	th_buf_fmt(out, "the body at byte %zu of %zu: asked ", at, a.n);
	th_explain_quote((struct th_slice){a.p + from, a.n - from}, VALUE_MAX, out);
	th_buf_str(out, ", recorded ");
	th_explain_quote((struct th_slice){r.p + from, r.n - from}, VALUE_MAX, out);
}

static void body_difference(
	const struct th_canon *asked, const struct th_canon *recorded, struct th_buf *out)
{
	struct th_json a = {0}, r = {0};
	if (asked->kind != recorded->kind) {
		th_buf_fmt(out, "asked with %s, recorded with %s", kind_name(asked->kind),
			kind_name(recorded->kind));
		return;
	}
	bool said = asked->kind == TH_CANON_JSON && th_json_parse(body_of(asked), &a) == 0 &&
		th_json_parse(body_of(recorded), &r) == 0 && th_explain_json(&a, &r, out);
	th_json_finish(&a);
	th_json_finish(&r);
	if (!said) {
		raw_difference(body_of(asked), body_of(recorded), out);
	}
}

void th_explain_difference(
	const struct th_canon *asked, const struct th_canon *recorded, struct th_buf *out)
{
	if (!th_slice_eq(query_of(asked), query_of(recorded))) {
		list_difference(query_of(asked), query_of(recorded), '&', '=', "parameter", out);
	} else if (!th_slice_eq(fields_of(asked), fields_of(recorded))) {
		list_difference(fields_of(asked), fields_of(recorded), '\n', ':', "field", out);
	} else if (asked->kind != recorded->kind ||
		!th_slice_eq(body_of(asked), body_of(recorded))) {
		body_difference(asked, recorded, out);
	}
}

static uint64_t likeness(const struct th_canon *a, const struct th_canon *b)
{
	struct th_slice x = body_of(a), y = body_of(b);
	size_t n = x.n < y.n ? x.n : y.n, head = 0, tail = 0;
	while (head < n && x.p[head] == y.p[head]) {
		head++;
	}
	while (tail < n - head && x.p[x.n - 1 - tail] == y.p[y.n - 1 - tail]) {
		tail++;
	}
	uint64_t equal = (uint64_t)th_slice_eq(query_of(a), query_of(b)) +
		th_slice_eq(fields_of(a), fields_of(b)) + (head == x.n && head == y.n);
	return equal << 40 | (head + tail);
}

static const struct th_exchange *nearest(const struct th_rules *rules, const struct th_canon *asked,
	const struct th_near *near, struct th_buf *ret_difference)
{
	const struct th_exchange *best = NULL;
	struct th_canon c = {0};
	uint64_t most = 0;
	size_t seen = 0;
	for (size_t i = 0; i < near->n && seen < BYTES_ENOUGH; i++) {
		if (th_canon_request(near->x[i], &c) < 0) {
			continue;
		}
		seen += c.text.n;
		uint64_t like = likeness(asked, &c);
		if (!best || like > most) {
			best = near->x[i];
			most = like;
		}
	}
	if (best && th_canon_request(best, &c) == 0) {
		th_volatile_difference(rules, asked, &c, ret_difference);
	}
	th_canon_finish(&c);
	return best;
}

static const char *text_at(const struct th_canon *c, unsigned word)
{
	const char *s = (const char *)c->text.p;
	while (word--) {
		s += strlen(s) + 1;
	}
	return s;
}

/* Nothing of this endpoint: is there at least the same place under another method, or the host? */
static void no_endpoint(const struct th_run *run, const struct th_canon *asked, struct th_buf *out)
{
	struct th_canon c = {0};
	size_t of_host = 0, looks = run->n_exchanges < LOOKS_MAX ? run->n_exchanges : LOOKS_MAX;
	bool other_method = false;
	th_buf_str(out, "no request to this endpoint was recorded");
	for (size_t i = 0; i < looks && !other_method; i++) {
		if (th_canon_request_head(run->exchanges[i], &c) < 0 ||
			strcmp(text_at(&c, 2), text_at(asked, 2)) != 0) {
			continue;
		}
		of_host++;
		if (strcmp(text_at(&c, 3), text_at(asked, 3)) == 0) {
			other_method = true;
			th_buf_fmt(out, "; recorded as %s %s", text_at(&c, 0), text_at(&c, 1));
		}
	}
	if (!other_method && looks == run->n_exchanges) {
		th_buf_fmt(out, " (%zu to its host, %zu in the run)", of_host, run->n_exchanges);
	}
	th_canon_finish(&c);
}

static void describe_nearest(const struct th_rules *rules, const struct th_canon *asked,
	const struct th_near *near, struct th_buf *out)
{
	struct th_buf difference = {0};
	const struct th_exchange *x = nearest(rules, asked, near, &difference);
	if (x) {
		char id[2 * TH_SPAN_ID_BYTES + 1] = "";
		th_hex_encode(id, x->span_id, TH_SPAN_ID_BYTES);
		th_buf_fmt(out, "nearest is #%zu (span %.8s): ", x->order + 1, id);
		th_buf_add(out, difference.p, difference.n);
	} else {
		th_buf_str(out, "its recorded spans cannot be read");
	}
	th_buf_finish(&difference);
}

char *th_explain_miss(const struct th_run *run, const struct th_rules *rules,
	const struct th_canon *asked, const struct th_near *near)
{
	struct th_buf out = {0};
	if (near->same == 1) {
		th_buf_str(&out, "its one recorded answer was used");
	} else if (near->same) {
		th_buf_fmt(&out, "all %zu recorded answers were used", near->same);
	} else if (near->other_version) {
		th_buf_fmt(&out,
			"recorded over HTTP/%s, and a recorded answer is given over its own "
			"version only",
			near->other_version == 20 ? "2" : "1");
	} else if (near->total == 0) {
		no_endpoint(run, asked, &out);
	} else {
		describe_nearest(rules, asked, near, &out);
	}
	return th_buf_take(&out);
}
