/* See scrub.h. Two layers. A walk over the structure finds values that rules name and writes the
 * text to be searched beside the content, byte under byte: what escapes stand for, walls where
 * values end and where something was replaced. Then the patterns are searched in that text. */
#include "capture/scrub.h"

#include <errno.h>

#include "base/text.h"
#include "capture/secret.h"

#define DEPTH_MAX 64
#define KEY_MAX 256
#define WALL TH_REGEX_WALL
#define SKIP TH_REGEX_SKIP

struct walk {
	const struct th_scrub *s;
	uint8_t *c, *t; /* content, and the text under it */
	size_t n, at;
	size_t replaced;
	bool json;
	bool strict; /* what is no JSON is not passed over, */
	bool broken; /* but ends the walk, where it stands */
};

/* ---- filling ---- */

/* A stand-in of any length: the token and dots, or as much of one as there is room for. */
static void fill_hash(struct walk *w, size_t from, size_t to, struct th_slice value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t token[TH_STAND_IN_BYTES];
	size_t n = to - from;
	if (n >= sizeof(token)) {
		th_stand_in(w->s->how->key, value, token);
		memcpy(w->c + from, token, sizeof(token));
		memset(w->c + from + sizeof(token), '.', n - sizeof(token));
		return;
	}
	uint64_t hash = th_siphash(w->s->how->key, value.p, value.n);
	for (size_t i = 0; i < n; i++) {
		hash = i % 12 == 11 ? th_siphash(w->s->how->key, &hash, sizeof(hash)) : hash;
		w->c[from + i] = (uint8_t)letters[hash >> i % 12 * 5 & 31];
	}
}

/* A number stays one: its digits change. */
static void fill_digits(struct walk *w, size_t from, size_t to, struct th_slice value)
{
	uint64_t hash = th_siphash(w->s->how->key, value.p, value.n);
	bool first = true;
	for (size_t i = from; i < to; i++) {
		if (w->c[i] >= '0' && w->c[i] <= '9') {
			w->c[i] = (uint8_t)(first ? '1' + hash % 9 : '0' + hash % 10);
			hash = th_siphash(w->s->how->key, &hash, sizeof(hash));
			first = false;
		}
	}
}

static bool is_number(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!p[i] || !strchr("0123456789+-.eE", p[i])) {
			return false;
		}
	}
	return n > 0;
}

/* What the text says there, without what is not there. Leaves walls. */
static struct th_slice take_text(struct walk *w, size_t from, size_t to)
{
	size_t n = from;
	for (size_t i = from; i < to; i++) {
		if (w->t[i] != SKIP) {
			w->t[n++] = w->t[i];
		}
	}
	return (struct th_slice){w->t + from, n - from};
}

/* Is it one that a replay gave the agent, which hands it back? */
static bool stands_already(const struct walk *w, size_t from, size_t to)
{
	return th_stand_in_is((struct th_slice){w->c + from, to - from});
}

/* Replaces content that has no quotes in it. */
static void replace(struct walk *w, size_t from, size_t to, enum th_scrub_action action)
{
	bool number = w->json && is_number(w->c + from, to - from);
	if (from == to) {
		return;
	}
	struct th_slice value = take_text(w, from, to);
	if (action == TH_SCRUB_MASK || action == TH_SCRUB_DROP) {
		memset(w->c + from, number || action == TH_SCRUB_DROP ? ' ' : '*', to - from);
		w->c[from] = number ? '0' : w->c[from];
	} else if (number) {
		fill_digits(w, from, to, value);
	} else if (!stands_already(w, from, to)) {
		fill_hash(w, from, to, value);
	}
	memset(w->t + from, WALL, to - from);
	w->replaced++;
}

/* ---- JSON ---- */

/* Which rules' pointers lead on from here: a bit per rule. */
struct place {
	uint64_t open;
	unsigned depth;
	enum th_scrub_action selected; /* all that is here */
};

static void skip_blanks(struct walk *w)
{
	while (w->at < w->n && w->c[w->at] && strchr(" \t\r\n", w->c[w->at])) {
		w->t[w->at++] = WALL;
	}
}

/* The byte that an escape at `i` stands for; *ret_n: how long it is. 0x80: one that is not ASCII.
 */
static uint8_t unescape(const struct walk *w, size_t i, size_t end, size_t *ret_n)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	uint8_t c = i + 1 < end ? w->c[i + 1] : '\\', u[2];
	const char *at = c ? strchr(from, c) : NULL;
	*ret_n = i + 1 < end ? 2 : 1;
	if (c == 'u' && end - i >= 6 && th_hex_decode(u, (const char *)w->c + i + 2, 2)) {
		*ret_n = 6;
		return u[0] == 0 && u[1] < 0x80 && u[1] > SKIP ? u[1] : 0x80;
	}
	return at && c ? (uint8_t)to[at - from] : c;
}

/* Writes what the string's inside says. */
static void say_string(struct walk *w, size_t from, size_t to)
{
	size_t n;
	for (size_t i = from; i < to; i += n) {
		uint8_t c = w->c[i];
		n = 1;
		if (c == '\\') {
			c = unescape(w, i, to, &n);
		}
		memset(w->t + i, SKIP, n);
		w->t[i] = c <= SKIP ? 0x80 : c;
	}
}

/* The string at w->at; its inside. */
static void pass_string(struct walk *w, size_t *ret_from, size_t *ret_to)
{
	size_t i = w->at + 1;
	w->t[w->at] = WALL;
	while (i < w->n && w->c[i] != '"' && w->c[i] != '\n') {
		i += w->c[i] == '\\' && i + 1 < w->n ? 2 : 1;
	}
	*ret_from = w->at + 1;
	*ret_to = i < w->n ? i : w->n;
	say_string(w, *ret_from, *ret_to);
	w->at = *ret_to;
	if (w->at < w->n) {
		w->t[w->at++] = WALL;
	}
}

static void replace_string(struct walk *w, size_t from, size_t to, enum th_scrub_action action)
{
	bool closed = to < w->n && w->c[to] == '"';
	bool json = w->json;
	w->json = false;
	replace(w, from, to, action);
	w->json = json;
	if (action == TH_SCRUB_DROP && closed && to > from) {
		w->c[from] = '"';
		w->c[to] = ' ';
	}
}

static void walk_value(struct walk *w, const struct place *here);

/* One step along the pointers: by a key's or an index's text. */
static struct place step(const struct walk *w, const struct place *here, struct th_slice name)
{
	const struct th_scrub_rules *rules = w->s->how->rules;
	struct place next = {.depth = here->depth + 1, .selected = here->selected};
	for (size_t i = 0; i < rules->n; i++) {
		const struct th_scrub_rule *r = &rules->rules[i];
		if (r->kind != TH_SCRUB_JSON || !(here->open >> r->bit & 1) ||
			here->depth >= r->parts) {
			continue;
		}
		struct th_slice part = r->part[here->depth];
		if (!th_slice_eq(part, name) && !th_slice_eq(part, TH_SLICE_LIT("*"))) {
			continue;
		}
		next.open |= 1ull << r->bit;
		if (next.depth == r->parts && next.selected == TH_SCRUB_NONE) {
			next.selected = r->action;
		}
	}
	return next;
}

static struct th_slice index_text(size_t index, char *room, size_t n)
{
	size_t at = n;
	do {
		room[--at] = (char)('0' + index % 10);
		index /= 10;
	} while (index && at);
	return (struct th_slice){(uint8_t *)room + at, n - at};
}

/* Something else stands here than JSON has here; a text's end, where it was cut, is nothing. */
static void find_broken(struct walk *w)
{
	w->broken = w->broken || (w->strict && w->at < w->n);
}

static void end_of(struct walk *w, uint8_t close)
{
	if (w->broken || w->at == w->n) {
		return;
	}
	if (w->c[w->at] == close) {
		w->t[w->at++] = WALL;
	} else {
		find_broken(w);
	}
}

static void walk_array(struct walk *w, const struct place *here)
{
	char room[24];
	for (size_t i = 0; w->at < w->n && !w->broken; i++) {
		struct place next = step(w, here, index_text(i, room, sizeof(room)));
		w->t[w->at++] = WALL; /* '[' or ',' */
		walk_value(w, &next);
		skip_blanks(w);
		if (w->at == w->n || w->c[w->at] != ',') {
			break;
		}
	}
	end_of(w, ']');
}

/* A key's text, without what its escapes are longer. */
static struct th_slice key_text(const struct walk *w, size_t from, size_t to, uint8_t *room)
{
	size_t n = 0;
	for (size_t i = from; i < to && n < KEY_MAX; i++) {
		if (w->t[i] != SKIP) {
			room[n++] = w->t[i];
		}
	}
	return (struct th_slice){room, n};
}

static void walk_object(struct walk *w, const struct place *here)
{
	uint8_t room[KEY_MAX];
	while (w->at < w->n && !w->broken) {
		size_t from, to;
		w->t[w->at++] = WALL; /* '{' or ',' */
		skip_blanks(w);
		if (w->at == w->n || w->c[w->at] != '"') {
			break;
		}
		pass_string(w, &from, &to);
		struct place next = step(w, here, key_text(w, from, to, room));
		if (here->selected) {
			replace_string(w, from, to, here->selected);
		}
		skip_blanks(w);
		if (w->at < w->n && w->c[w->at] == ':') {
			w->t[w->at++] = WALL;
			walk_value(w, &next);
		} else {
			find_broken(w);
		}
		skip_blanks(w);
		if (w->at == w->n || w->c[w->at] != ',') {
			break;
		}
	}
	end_of(w, '}');
}

static bool is_word(const uint8_t *p, size_t n)
{
	const struct th_slice word = {p, n};
	return is_number(p, n) || th_slice_eq(word, TH_SLICE_LIT("true")) ||
		th_slice_eq(word, TH_SLICE_LIT("false")) || th_slice_eq(word, TH_SLICE_LIT("null"));
}

/* A number or a word, or what JSON does not have: up to where a value can end. */
static void walk_word(struct walk *w, const struct place *here)
{
	size_t from = w->at;
	while (w->at < w->n && !(w->c[w->at] && strchr(",]}\" \t\r\n:[{", w->c[w->at]))) {
		w->t[w->at] = w->c[w->at] <= SKIP ? 0x80 : w->c[w->at];
		w->at++;
	}
	size_t n = w->at - from;
	if (w->strict && n && !is_word(w->c + from, n)) {
		w->at = from;
		find_broken(w);
		return;
	}
	if (!here->selected || n == 0) {
		return;
	}
	if (is_number(w->c + from, n)) {
		replace(w, from, w->at, here->selected);
	} else if (n >= 4) { /* true, false, null */
		memset(w->c + from, ' ', n);
		memcpy(w->c + from, "null", 4);
		memset(w->t + from, WALL, n);
		w->replaced++;
	}
}

static void walk_value(struct walk *w, const struct place *here)
{
	size_t from, to;
	skip_blanks(w);
	if (w->at == w->n) {
		return;
	}
	if (here->depth > DEPTH_MAX) { /* nobody writes such a thing: all of it goes */
		memcpy(w->t + w->at, w->c + w->at, w->n - w->at);
		replace(w, w->at, w->n, TH_SCRUB_MASK);
		w->at = w->n;
		return;
	}
	switch (w->c[w->at]) {
	case '{':
		walk_object(w, here);
		break;
	case '[':
		walk_array(w, here);
		break;
	case '"':
		pass_string(w, &from, &to);
		if (here->selected) {
			replace_string(w, from, to, here->selected);
		}
		break;
	default:
		walk_word(w, here);
		break;
	}
}

static uint64_t all_pointers(const struct walk *w)
{
	const struct th_scrub_rules *rules = w->s->how->rules;
	uint64_t open = 0;
	for (size_t i = 0; i < rules->n; i++) {
		const struct th_scrub_rule *r = &rules->rules[i];
		if (r->kind == TH_SCRUB_JSON && (r->sides >> w->s->side & 1)) {
			open |= 1ull << r->bit;
		}
	}
	return open;
}

/* ---- other texts ---- */

static void say_plain(struct walk *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		w->t[i] = w->c[i] <= SKIP ? 0x80 : w->c[i];
	}
}

/* A byte order mark, which is no part of any text (RFC 8259 8.1). */
static size_t skip_mark(const uint8_t *p, size_t n)
{
	return n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* One JSON value after the other, to the end or to what is none; where that is. */
static size_t walk_json(struct walk *w, size_t from, size_t to, bool strict)
{
	struct walk part = *w;
	struct place root = {.open = all_pointers(w)};
	part.n = to;
	part.at = from + skip_mark(w->c + from, to - from);
	part.json = true;
	part.strict = strict;
	say_plain(w, from, part.at);
	for (size_t before = to; part.at < to && part.at != before && !part.broken;) {
		before = part.at;
		walk_value(&part, &root);
		skip_blanks(&part);
	}
	say_plain(w, part.at, to);
	w->replaced = part.replaced;
	return part.at;
}

/* Of a body that says it is JSON, what is none: no pointer can tell what it names there. */
static void hide_rest(struct walk *w, size_t from)
{
	while (from < w->n && memchr(" \t\r\n\x1e", w->c[from], 5)) {
		from++;
	}
	replace(w, from, w->n, TH_SCRUB_MASK);
}

static bool looks_like_json(const uint8_t *p, size_t n)
{
	size_t i = skip_mark(p, n);
	while (i < n && p[i] && strchr(" \t\r\n", p[i])) {
		i++;
	}
	return i < n && (p[i] == '{' || p[i] == '[' || p[i] == '"');
}

static enum th_scrub_action named(const struct walk *w, struct th_slice name)
{
	enum th_scrub_action action = th_scrub_rules_named(
		w->s->how->rules, TH_SCRUB_QUERY, w->s->side, name);
	return action ? action : th_secret_is_param(name) ? TH_SCRUB_HASH : TH_SCRUB_NONE;
}

/* A form's component: %XX and + are what they stand for. */
static void say_component(struct walk *w, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		uint8_t c = w->c[i] == '+' ? ' ' : w->c[i];
		w->t[i] = c <= SKIP ? 0x80 : c;
		if (c == '%' && to - i >= 3 && th_hex_decode(&c, (const char *)w->c + i + 1, 1)) {
			w->t[i] = c <= SKIP ? 0x80 : c;
			w->t[i + 1] = w->t[i + 2] = SKIP;
			i += 2;
		}
	}
}

static size_t find_byte(const struct walk *w, size_t from, size_t to, uint8_t byte)
{
	const uint8_t *p = from < to ? memchr(w->c + from, byte, to - from) : NULL;
	return p ? (size_t)(p - w->c) : to;
}

static void walk_form(struct walk *w)
{
	uint8_t room[KEY_MAX];
	for (size_t at = 0; at < w->n;) {
		size_t to = find_byte(w, at, w->n, '&');
		size_t equals = find_byte(w, at, to, '=');
		say_component(w, at, to);
		enum th_scrub_action action = named(w, key_text(w, at, equals, room));
		if (equals < to && action) {
			replace(w, equals + 1, to, action);
		}
		if (to < w->n) {
			w->t[to] = WALL;
		}
		at = to + 1;
	}
}

/* One line of an event stream (WHATWG HTML 9.2.5); `several`: its event's data goes on in others.
 */
static void walk_line(struct walk *w, size_t from, size_t to, bool several)
{
	static const char data[] = "data:";
	const size_t n = sizeof(data) - 1;
	say_plain(w, from, to);
	if (to - from < n || memcmp(w->c + from, data, n) != 0) {
		return;
	}
	from += n;
	if (several && all_pointers(w)) { /* no line is JSON by itself */
		replace(w, from, to, TH_SCRUB_MASK);
	} else if (looks_like_json(w->c + from, to - from)) {
		walk_json(w, from, to, false);
	}
}

static bool is_data(const struct walk *w, size_t from)
{
	return w->n - from >= 5 && memcmp(w->c + from, "data:", 5) == 0;
}

/* Where the line at `at` ends, by LF, CR or both. */
static size_t event_line(const struct walk *w, size_t at, size_t *ret_next)
{
	size_t lf = find_byte(w, at, w->n, '\n'), cr = find_byte(w, at, lf, '\r');
	*ret_next = cr + 1 < lf ? cr + 1 : lf < w->n ? lf + 1 : w->n;
	return cr;
}

static void walk_events(struct walk *w)
{
	bool before = false; /* the line before this was data */
	size_t at = skip_mark(w->c, w->n), next;
	say_plain(w, 0, at);
	for (; at < w->n; at = next) {
		size_t to = event_line(w, at, &next);
		bool data = is_data(w, at), after = next < w->n && is_data(w, next);
		walk_line(w, at, to, data && (before || after));
		say_plain(w, to, next);
		before = data;
	}
}

/* ---- multipart (RFC 7578) ---- */

static const uint8_t *find(struct th_slice in, struct th_slice what)
{
	return in.n >= what.n ? memmem(in.p, in.n, what.p, what.n) : NULL;
}

/* The part's name, from its head; empty: it has none. */
static struct th_slice part_name(struct th_slice head)
{
	static const char mark[] = "name=";
	const uint8_t *p = head.p;
	do {
		p = find((struct th_slice){p, (size_t)(head.p + head.n - p)}, TH_SLICE_LIT(mark));
		if (!p) {
			return (struct th_slice){NULL, 0};
		}
		p += sizeof(mark) - 1;
	} while (p - head.p == sizeof(mark) - 1 || !strchr("; \t", p[-(ptrdiff_t)sizeof(mark)]));
	const uint8_t *end = head.p + head.n;
	bool quoted = p < end && *p == '"';
	const uint8_t *from = p + quoted, *to = from;
	while (to < end && (quoted ? *to != '"' : !strchr(";\r\n ", *to))) {
		to++;
	}
	return (struct th_slice){from, (size_t)(to - from)};
}

/* The first line is the delimiter. */
static void walk_multipart(struct walk *w)
{
	const uint8_t *end = w->c + w->n, *p = w->c;
	size_t line = find_byte(w, 0, w->n, '\r');
	say_plain(w, 0, w->n);
	const struct th_slice delimiter = {w->c, line};
	while (line > 2 && p < end) {
		const uint8_t *body = find(
			(struct th_slice){p, (size_t)(end - p)}, TH_SLICE_LIT("\r\n\r\n"));
		if (!body) {
			return;
		}
		struct th_slice head = {p, (size_t)(body - p)};
		body += 4;
		const uint8_t *next = find(
			(struct th_slice){body, (size_t)(end - body)}, delimiter);
		const uint8_t *stop = !next ? end : next - 2 < body ? body : next - 2;
		struct th_slice name = part_name(head);
		enum th_scrub_action action = name.n ? named(w, name) : TH_SCRUB_NONE;
		size_t from = (size_t)(body - w->c), to = (size_t)(stop - w->c);
		if (action) {
			replace(w, from, to, action);
		} else if (looks_like_json(body, to - from)) {
			walk_json(w, from, to, false);
		}
		p = next ? next : end;
	}
}

/* ---- all of it ---- */

/* Does what is at `at` stand in JSON's own text, not in a string? Structure is walls in the text.
 */
static bool is_outside_strings(const struct walk *w, size_t at)
{
	while (at > 0 && is_number(w->c + at - 1, 1) && w->t[at - 1] != WALL) {
		at--;
	}
	return at == 0 ||
		(w->t[at - 1] == WALL && w->c[at - 1] && strchr(" \t\r\n:,[{", w->c[at - 1]));
}

static bool search(struct walk *w)
{
	bool json = w->json;
	const struct th_scrub_rules *rules = w->s->how->rules;
	struct th_regex_in in = th_regex_in((struct th_slice){w->t, w->n});
	size_t rule = 0, from = 0, to;
	while (th_scrub_rules_find(rules, w->s->side, &in, &rule, &from, &to)) {
		w->json = json && is_outside_strings(w, from);
		replace(w, from, to, rules->rules[rule].action);
		from = to;
	}
	return in.work > 0;
}

static bool type_is(const struct th_scrub *s, const char *type)
{
	struct th_slice t = s->type, wanted = th_slice_str(type);
	return t.n >= wanted.n && th_slice_ieq((struct th_slice){t.p, wanted.n}, wanted);
}

/* Of "application/json", "application/x-ndjson", "…+json". */
static bool is_json(const struct th_scrub *s)
{
	for (size_t i = 0; i + 4 <= s->type.n && s->type.p[i] != ';'; i++) {
		if (th_slice_ieq((struct th_slice){s->type.p + i, 4}, TH_SLICE_LIT("json"))) {
			return true;
		}
	}
	return false;
}

bool th_scrub_is_stream(const struct th_scrub *s)
{
	return type_is(s, "text/event-stream");
}

ssize_t th_scrub_content(const struct th_scrub *s, uint8_t *content, size_t n, uint8_t *scratch)
{
	struct walk w = {.s = s, .c = content, .t = scratch, .n = n};
	bool form = type_is(s, "application/x-www-form-urlencoded");
	bool only = is_json(s) && all_pointers(&w);
	if (th_scrub_is_stream(s)) {
		walk_events(&w);
		w.json = true;
	} else if (type_is(s, "multipart/")) {
		walk_multipart(&w);
	} else if (only || looks_like_json(content, n)) {
		size_t end = walk_json(&w, 0, n, only);
		if (only) {
			hide_rest(&w, end);
		}
		w.json = true;
	} else if (form) {
		walk_form(&w);
	} else {
		say_plain(&w, 0, n);
	}
	return search(&w) ? (ssize_t)w.replaced : -E2BIG;
}
