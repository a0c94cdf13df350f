/* See volatile.h. A mask's two bytes are escaped where they were sent, so no request can look like
 * a masked one. */
#include "player/volatile.h"

#include <errno.h>
#include <openssl/evp.h>

#include "base/text.h"
#include "player/canon_json.h"
#include "player/explain.h"

#define VALUE_MAX 120
#define ESCAPE 3

struct masking {
	const struct th_rules *rules;
	struct th_slice method, url;
	struct th_buf scope; /* the memory of url */
	struct th_buf *out;
	struct th_masks *list;
	struct th_json json;
	struct th_slice keys[TH_JSON_DEPTH_MAX];
	char numbers[TH_JSON_DEPTH_MAX][12];
	size_t depth;
};

/* ---- writing ---- */

static void put_plain(struct masking *m, struct th_slice s)
{
	size_t from = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] && s.p[i] <= ESCAPE) {
			th_buf_add(m->out, s.p + from, i - from);
			th_buf_u8(m->out, ESCAPE);
			th_buf_u8(m->out, (uint8_t)(s.p[i] + '0'));
			from = i + 1;
		}
	}
	th_buf_add(m->out, s.p + from, s.n - from);
}

/* A key as one word of a rules file. */
static void add_segment(struct th_slice key, struct th_buf *out)
{
	bool star = th_slice_eq(key, TH_SLICE_LIT("*")) || th_slice_eq(key, TH_SLICE_LIT("**"));
	for (size_t i = 0; i < key.n; i++) {
		uint8_t c = key.p[i];
		if (c == '~' || c == '/') {
			th_buf_str(out, c == '~' ? "~0" : "~1");
		} else if (c <= ' ' || c == '%' || c == 0x7f || (star && c == '*')) {
			th_buf_fmt(out, "%%%02X", c);
		} else {
			th_buf_u8(out, c);
		}
	}
}

static char *where_of(const struct masking *m, const char *place, struct th_slice name)
{
	struct th_buf raw = {0}, out = {0};
	th_buf_str(&raw, place);
	if (name.n) {
		th_buf_u8(&raw, ' ');
		add_segment(name, &raw);
	}
	for (size_t i = 0; i < m->depth; i++) {
		th_buf_str(&raw, i ? "/" : " /");
		add_segment(m->keys[i], &raw);
	}
	th_explain_text(th_buf_view(&raw), 1024, &out);
	th_buf_finish(&raw);
	return th_buf_take(&out);
}

/* Where in the request we are. */
struct spot {
	const char *place;
	struct th_slice name;
};

static void note(struct masking *m, struct spot spot, enum th_pattern pattern, struct th_slice v)
{
	struct th_masks *l = m->list;
	if (!l || l->failed) {
		return;
	}
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct th_mask *list = realloc(l->list, cap * sizeof(*list));
		if (!list) {
			l->failed = true;
			return;
		}
		l->list = list;
		l->cap = cap;
	}
	uint8_t *copy = malloc(v.n + 1);
	char *where = where_of(m, spot.place, spot.name);
	if (copy && v.n) {
		memcpy(copy, v.p, v.n);
	}
	l->failed = !copy || !where;
	l->list[l->n++] = (struct th_mask){where, {copy, copy ? v.n : 0}, pattern};
}

static void put_mask(
	struct masking *m, struct spot spot, enum th_pattern pattern, struct th_slice v)
{
	note(m, spot, pattern, v);
	th_buf_u8(m->out, TH_MASK_OPEN);
	th_buf_str(m->out, th_pattern_name(pattern));
	th_buf_u8(m->out, TH_MASK_CLOSE);
}

/* Text in which the patterns are searched for. True: any was there. */
static bool put_text(struct masking *m, struct spot spot, unsigned patterns, struct th_slice s)
{
	struct th_pattern_hit hit;
	size_t from = 0;
	while (th_pattern_find(patterns & TH_PATTERNS_IN_TEXT, s, from, &hit)) {
		put_plain(m, (struct th_slice){s.p + from, hit.at - from});
		put_mask(m, spot, hit.pattern, (struct th_slice){s.p + hit.at, hit.n});
		from = hit.at + hit.n;
	}
	put_plain(m, (struct th_slice){s.p + from, s.n - from});
	return from > 0;
}

/* A value as a whole. */
static void put_value(struct masking *m, struct spot spot, unsigned patterns, struct th_slice v)
{
	if (patterns & TH_PATTERN_ANY) {
		put_mask(m, spot, TH_PATTERN_ANY, v);
	} else {
		put_text(m, spot, patterns, v);
	}
}

/* ---- which patterns ---- */

static unsigned patterns_of(
	const struct masking *m, enum th_rule_place place, struct th_slice name, bool caseless)
{
	unsigned patterns = 0;
	for (size_t i = 0; i < m->rules->n; i++) {
		const struct th_rule *r = &m->rules->rules[i];
		struct th_slice wanted = r->name ? th_slice_str(r->name)
						 : (struct th_slice){NULL, 0};
		bool named = !r->name ||
			(caseless ? th_slice_ieq(wanted, name) : th_slice_eq(wanted, name));
		if (r->place == place && named && th_rule_applies(r, m->method, m->url)) {
			patterns |= r->patterns;
		}
	}
	return patterns;
}

static unsigned patterns_at(const struct masking *m, enum th_rule_place place)
{
	return patterns_of(m, place, (struct th_slice){NULL, 0}, false);
}

static unsigned patterns_here(const struct masking *m)
{
	unsigned patterns = 0;
	for (size_t i = 0; i < m->rules->n; i++) {
		const struct th_rule *r = &m->rules->rules[i];
		if (r->place == TH_RULE_JSON && th_rule_names(r, m->keys, m->depth) &&
			th_rule_applies(r, m->method, m->url)) {
			patterns |= r->patterns;
		}
	}
	return patterns;
}

/* ---- JSON ---- */

static void put_node(struct masking *m, uint32_t node, unsigned patterns);

static struct th_slice text_of(struct masking *m, uint32_t node, struct th_buf *storage)
{
	const struct th_json_node *v = &m->json.nodes[node];
	if (v->type == TH_JSON_STRING || v->type == TH_JSON_NUMBER) {
		return v->text;
	}
	th_json_write(&m->json, node, storage);
	return th_buf_view(storage);
}

/* A member or element that may be missing is left out. */
static bool leave_out(struct masking *m, uint32_t node, unsigned patterns)
{
	struct th_buf storage = {0};
	if (!(patterns & TH_PATTERN_OPTIONAL)) {
		return false;
	}
	note(m, (struct spot){.place = "json"}, TH_PATTERN_OPTIONAL, text_of(m, node, &storage));
	th_buf_finish(&storage);
	return true;
}

static void put_children(struct masking *m, const struct th_json_node *v, unsigned patterns)
{
	bool object = v->type == TH_JSON_OBJECT;
	unsigned index = 0;
	th_buf_u8(m->out, object ? '{' : '[');
	size_t first = m->out->n;
	for (uint32_t i = v->child; i != TH_JSON_NONE; i = m->json.nodes[i].next) {
		char *number = m->numbers[m->depth];
		snprintf(number, sizeof(m->numbers[0]), "%u", index++);
		m->keys[m->depth++] = object ? m->json.nodes[i].key : th_slice_str(number);
		unsigned here = patterns | patterns_here(m);
		if (!leave_out(m, i, here)) {
			th_buf_str(m->out, m->out->n > first ? "," : "");
			if (object) {
				th_json_write_string(m->json.nodes[i].key, m->out);
				th_buf_u8(m->out, ':');
			}
			put_node(m, i, here);
		}
		m->depth--;
	}
	th_buf_u8(m->out, object ? '}' : ']');
}

/* A number with a mask in it is written as a string that is no string's. */
static void put_scalar(struct masking *m, const struct th_json_node *v, unsigned patterns)
{
	struct th_buf text = {0}, *out = m->out;
	m->out = &text;
	bool masked = put_text(m, (struct spot){.place = "json"}, patterns, v->text);
	m->out = out;
	if (v->type == TH_JSON_STRING || masked) {
		th_buf_str(&text, v->type == TH_JSON_NUMBER ? "\003#" : "");
		th_json_write_string(th_buf_view(&text), out);
	} else {
		th_buf_slice(out, v->text);
	}
	th_buf_finish(&text);
}

static void put_any(struct masking *m, uint32_t node)
{
	struct th_buf storage = {0}, text = {0}, *out = m->out;
	m->out = &text;
	put_mask(m, (struct spot){.place = "json"}, TH_PATTERN_ANY, text_of(m, node, &storage));
	m->out = out;
	th_json_write_string(th_buf_view(&text), out);
	th_buf_finish(&text);
	th_buf_finish(&storage);
}

static void put_node(struct masking *m, uint32_t node, unsigned patterns)
{
	const struct th_json_node *v = &m->json.nodes[node];
	if (patterns & TH_PATTERN_ANY) {
		put_any(m, node);
	} else if (v->type == TH_JSON_OBJECT || v->type == TH_JSON_ARRAY) {
		put_children(m, v, patterns);
	} else if (v->type == TH_JSON_STRING || v->type == TH_JSON_NUMBER) {
		put_scalar(m, v, patterns);
	} else {
		th_json_write(&m->json, node, m->out);
	}
}

static bool put_json(struct masking *m, struct th_slice body, unsigned patterns)
{
	if (th_json_parse(body, &m->json) < 0) {
		return false;
	}
	put_node(m, 0, patterns | patterns_here(m));
	th_json_finish(&m->json);
	return true;
}

/* ---- pairs ---- */

static int hex_value(const uint8_t *p)
{
	uint8_t v;
	return th_hex_decode(&v, (const char *)p, 1) ? v : -1;
}

static void decode(struct th_slice s, struct th_buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		int v = s.p[i] == '%' && i + 2 < s.n ? hex_value(s.p + i + 1) : -1;
		if (v >= 0) {
			i += 2;
		}
		th_buf_u8(out, v >= 0 ? (uint8_t)v : s.p[i] == '+' ? ' ' : s.p[i]);
	}
}

/* Encoded as little as keeps pairs apart. */
static void encode(struct th_slice s, struct th_buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool mask = c == TH_MASK_OPEN || c == TH_MASK_CLOSE || c == ESCAPE;
		if ((c <= ' ' && !mask) || strchr("%&=+", c)) {
			th_buf_fmt(out, "%%%02X", c);
		} else {
			th_buf_u8(out, c);
		}
	}
}

/* Looked at without its percent-encoding, which may be another one on each side then. */
static void put_encoded(struct masking *m, struct spot spot, unsigned patterns, struct th_slice v)
{
	struct th_buf plain = {0}, masked = {0}, *out = m->out;
	struct th_pattern_hit hit;
	decode(v, &plain);
	struct th_slice text = th_buf_view(&plain);
	if ((patterns & TH_PATTERN_ANY) ||
		th_pattern_find(patterns & TH_PATTERNS_IN_TEXT, text, 0, &hit)) {
		m->out = &masked;
		put_value(m, spot, patterns, text);
		m->out = out;
		encode(th_buf_view(&masked), out);
	} else {
		put_plain(m, v);
	}
	th_buf_finish(&plain);
	th_buf_finish(&masked);
}

static void put_pair(struct masking *m, enum th_rule_place place, unsigned patterns,
	struct th_slice pair, bool first)
{
	const uint8_t *eq = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
	size_t n = eq ? (size_t)(eq - pair.p) : pair.n;
	struct th_slice value = {pair.p + n + (eq != NULL), pair.n - n - (eq != NULL)};
	struct th_buf name = {0};
	decode((struct th_slice){pair.p, n}, &name);
	struct spot spot = {place == TH_RULE_QUERY ? "query" : "form", th_buf_view(&name)};
	patterns |= patterns_of(m, place, spot.name, false);
	if (patterns & TH_PATTERN_OPTIONAL) {
		note(m, spot, TH_PATTERN_OPTIONAL, value);
	} else {
		th_buf_str(m->out, first ? "" : "&");
		put_plain(m, (struct th_slice){pair.p, n + (eq != NULL)});
		put_encoded(m, spot, patterns, value);
	}
	th_buf_finish(&name);
}

static void put_pairs(
	struct masking *m, enum th_rule_place place, unsigned patterns, struct th_slice s)
{
	size_t from = 0, start = m->out->n;
	for (size_t i = 0; s.n && i <= s.n; i++) {
		if (i == s.n || s.p[i] == '&') {
			put_pair(m, place, patterns, (struct th_slice){s.p + from, i - from},
				m->out->n == start);
			from = i + 1;
		}
	}
}

/* ---- header fields ---- */

static void put_fields(struct masking *m, unsigned patterns, struct th_slice s)
{
	while (s.n) {
		const uint8_t *lf = memchr(s.p, '\n', s.n);
		size_t n = lf ? (size_t)(lf - s.p) : s.n;
		const uint8_t *colon = memchr(s.p, ':', n);
		size_t name_n = colon ? (size_t)(colon - s.p) : n;
		struct spot spot = {"header", {s.p, name_n}};
		size_t skip = name_n + 2 < n ? name_n + 2 : n;
		struct th_slice value = {s.p + skip, n - skip};
		unsigned here = patterns | patterns_of(m, TH_RULE_HEADER, spot.name, true);
		if (here & TH_PATTERN_OPTIONAL) {
			note(m, spot, TH_PATTERN_OPTIONAL, value);
		} else {
			th_buf_slice(m->out, spot.name);
			th_buf_str(m->out, ": ");
			put_value(m, spot, here, value);
			th_buf_u8(m->out, '\n');
		}
		size_t taken = lf ? n + 1 : n;
		s = (struct th_slice){s.p + taken, s.n - taken};
	}
}

/* ---- multipart ---- */

static const char delimiter[] = "--" TH_CANON_BOUNDARY;

/* Where the next delimiter line begins, s.n: nowhere. */
static size_t find_delimiter(struct th_slice s, size_t from)
{
	const size_t n = sizeof(delimiter) - 1;
	for (size_t i = from; i + n <= s.n;) {
		const uint8_t *p = memchr(s.p + i, '-', s.n - i - n + 1);
		if (!p) {
			break;
		}
		i = (size_t)(p - s.p);
		if (memcmp(p, delimiter, n) == 0 && (i == 0 || p[-1] == '\n')) {
			return i;
		}
		i++;
	}
	return s.n;
}

/* name="…" of a part's Content-Disposition; empty when there is none. */
static struct th_slice part_name(struct th_slice head)
{
	static const char mark[] = "name=\"";
	const size_t n = sizeof(mark) - 1;
	for (size_t i = 0; i + n < head.n; i++) {
		bool alone = i == 0 || head.p[i - 1] == ' ' || head.p[i - 1] == ';';
		if (!alone || !th_slice_ieq((struct th_slice){head.p + i, n}, th_slice_str(mark))) {
			continue;
		}
		const uint8_t *from = head.p + i + n;
		const uint8_t *end = memchr(from, '"', head.n - i - n);
		return (struct th_slice){from, end ? (size_t)(end - from) : 0};
	}
	return (struct th_slice){NULL, 0};
}

/* From behind one delimiter to the next. */
static void put_part(struct masking *m, unsigned patterns, struct th_slice part)
{
	const uint8_t *end = part.n ? memmem(part.p, part.n, "\r\n\r\n", 4) : NULL;
	size_t head_n = end ? (size_t)(end - part.p) + 4 : 0;
	struct th_slice head = {part.p, head_n};
	struct th_slice value = {part.p + head_n, part.n - head_n};
	struct spot spot = {"form", part_name(head)};
	if (!spot.name.n) {
		spot.place = "body";
	} else {
		patterns |= patterns_of(m, TH_RULE_FORM, spot.name, false);
	}
	if (patterns & TH_PATTERN_OPTIONAL) {
		note(m, spot, TH_PATTERN_OPTIONAL, value);
		return;
	}
	th_buf_str(m->out, delimiter);
	put_plain(m, head);
	put_value(m, spot, patterns, value);
}

static void put_multipart(struct masking *m, unsigned patterns, struct th_slice s)
{
	size_t at = find_delimiter(s, 0);
	put_plain(m, (struct th_slice){s.p, at});
	while (at < s.n) {
		size_t from = at + sizeof(delimiter) - 1;
		at = find_delimiter(s, from);
		put_part(m, patterns, (struct th_slice){s.p + from, at - from});
	}
}

/* ---- all of it ---- */

static void put_body(struct masking *m, enum th_canon_kind kind, struct th_slice body)
{
	unsigned patterns = patterns_at(m, TH_RULE_ANYWHERE) | patterns_at(m, TH_RULE_BODY);
	if (kind == TH_CANON_JSON && put_json(m, body, patterns)) {
		return;
	}
	if (kind == TH_CANON_FORM) {
		put_pairs(m, TH_RULE_FORM, patterns, body);
	} else if (kind == TH_CANON_MULTIPART) {
		put_multipart(m, patterns, body);
	} else {
		put_text(m, (struct spot){.place = "body"}, patterns, body);
	}
}

static struct th_slice section(const struct th_canon *c, size_t from, size_t end)
{
	return (struct th_slice){c->text.p + from, end - from};
}

static void begin(struct masking *m, const struct th_canon *c)
{
	const char *method = (const char *)c->text.p, *scheme = method + strlen(method) + 1;
	const char *authority = scheme + strlen(scheme) + 1;
	m->method = th_slice_str(method);
	th_buf_str(&m->scope, scheme);
	th_buf_str(&m->scope, "://");
	th_buf_str(&m->scope, authority);
	th_buf_slice(&m->scope, section(c, c->path_at, c->query_at - 1));
	m->url = th_buf_view(&m->scope);
}

/* Method, scheme and authority stay as they are: to whom is asked is never relaxed. */
static void mask(struct masking *m, const struct th_canon *c, struct th_canon *ret)
{
	unsigned anywhere = patterns_at(m, TH_RULE_ANYWHERE);
	th_buf_add(m->out, c->text.p, c->path_at);
	ret->path_at = m->out->n;
	put_text(m, (struct spot){.place = "path"}, anywhere | patterns_at(m, TH_RULE_PATH),
		section(c, c->path_at, c->query_at - 1));
	th_buf_u8(m->out, 0);
	ret->query_at = m->out->n;
	put_pairs(m, TH_RULE_QUERY, anywhere, section(c, c->query_at, c->fields_at - 1));
	th_buf_u8(m->out, 0);
	ret->fields_at = m->out->n;
	put_fields(m, anywhere, section(c, c->fields_at, c->body_at - 1));
	th_buf_u8(m->out, 0);
	ret->body_at = m->out->n;
	put_body(m, c->kind, section(c, c->body_at, c->text.n));
	ret->kind = c->kind;
}

int th_volatile_mask(const struct th_rules *rules, const struct th_canon *c, struct th_canon *ret,
	struct th_masks *list)
{
	struct masking *m = calloc(1, sizeof(*m));
	if (!m) {
		return -ENOMEM;
	}
	m->rules = rules;
	m->out = &ret->text;
	m->list = list;
	ret->text.n = 0;
	ret->text.failed = false;
	begin(m, c);
	mask(m, c, ret);
	th_buf_finish(&m->scope);
	free(m);
	return ret->text.failed || (list && list->failed) ? -ENOMEM : 0;
}

int th_volatile_take(const struct th_rules *rules, struct th_canon *c)
{
	if (!rules) {
		return 0;
	}
	struct th_canon masked = {0};
	int r = th_volatile_mask(rules, c, &masked, NULL);
	th_buf_u8(&masked.text, (uint8_t)c->kind);
	c->has_masked = r == 0 && !masked.text.failed &&
		EVP_Digest(masked.text.p, masked.text.n, c->masked.bytes, NULL, EVP_sha256(), NULL);
	th_canon_finish(&masked);
	return c->has_masked ? 0 : -ENOMEM;
}

/* ---- what was not let pass ---- */

/* Masks within a line for people: "\x01uuid\x02" as "‹uuid›". */
static void show_masks(struct th_slice line, struct th_buf *out)
{
	for (size_t i = 0; i < line.n; i++) {
		bool here = line.n - i >= 4 && memcmp(line.p + i, "\\x0", 3) == 0;
		uint8_t c = here ? line.p[i + 3] : 0;
		if (c == '0' + TH_MASK_OPEN || c == '0' + TH_MASK_CLOSE) {
			th_buf_str(out, c == '0' + TH_MASK_OPEN ? "‹" : "›");
			i += 3;
		} else {
			th_buf_u8(out, line.p[i]);
		}
	}
}

void th_volatile_difference(const struct th_rules *rules, const struct th_canon *asked,
	const struct th_canon *recorded, struct th_buf *out)
{
	struct th_canon a = {0}, r = {0};
	struct th_buf line = {0};
	if (!rules || th_volatile_mask(rules, asked, &a, NULL) < 0 ||
		th_volatile_mask(rules, recorded, &r, NULL) < 0) {
		th_explain_difference(asked, recorded, out);
	} else {
		th_explain_difference(&a, &r, &line);
		show_masks(th_buf_view(&line), out);
	}
	th_buf_finish(&line);
	th_canon_finish(&a);
	th_canon_finish(&r);
}

/* ---- what was let pass ---- */

void th_masks_finish(struct th_masks *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->list[i].where);
		free((uint8_t *)m->list[i].value.p);
	}
	free(m->list);
	*m = (struct th_masks){0};
}

void th_passed_free(struct th_passed *list, size_t n)
{
	for (size_t i = 0; list && i < n; i++) {
		free(list[i].where);
		free(list[i].asked);
		free(list[i].recorded);
	}
	free(list);
}

struct passing {
	struct th_passed *list;
	size_t n;
};

static char *shown(const struct th_mask *m)
{
	struct th_buf out = {0};
	if (m) {
		th_explain_text(m->value, VALUE_MAX, &out);
	}
	return th_buf_take(&out);
}

static void pass(struct passing *p, const struct th_mask *asked, const struct th_mask *recorded)
{
	const struct th_mask *any = asked ? asked : recorded;
	if ((asked && recorded && th_slice_eq(asked->value, recorded->value)) ||
		p->n == TH_PASSED_MAX) {
		return;
	}
	p->list[p->n++] = (struct th_passed){.where = strdup(any->where),
		.pattern = th_pattern_name(any->pattern),
		.asked = shown(asked),
		.recorded = shown(recorded)};
}

static const struct th_mask *next_of(const struct th_masks *m, bool optional, size_t *at)
{
	while (*at < m->n && (m->list[*at].pattern == TH_PATTERN_OPTIONAL) != optional) {
		++*at;
	}
	return *at < m->n ? &m->list[(*at)++] : NULL;
}

/* Masks come in the same order on both sides, since the masked forms are equal. */
static void pass_masks(struct passing *p, const struct th_masks *a, const struct th_masks *r)
{
	size_t i = 0, k = 0;
	const struct th_mask *asked, *recorded;
	while ((asked = next_of(a, false, &i)) && (recorded = next_of(r, false, &k))) {
		pass(p, asked, recorded);
	}
}

static const struct th_mask *optional_at(const struct th_masks *m, const char *where)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->list[i].pattern == TH_PATTERN_OPTIONAL &&
			strcmp(m->list[i].where, where) == 0) {
			return &m->list[i];
		}
	}
	return NULL;
}

static void pass_optional(struct passing *p, const struct th_masks *a, const struct th_masks *r)
{
	size_t i = 0;
	for (const struct th_mask *mask; (mask = next_of(a, true, &i));) {
		pass(p, mask, optional_at(r, mask->where));
	}
	i = 0;
	for (const struct th_mask *mask; (mask = next_of(r, true, &i));) {
		if (!optional_at(a, mask->where)) {
			pass(p, NULL, mask);
		}
	}
}

struct th_passed *th_volatile_passed(const struct th_rules *rules, const struct th_canon *asked,
	const struct th_canon *recorded, size_t *ret_n)
{
	struct passing p = {.list = calloc(TH_PASSED_MAX, sizeof(*p.list))};
	struct th_masks a = {0}, r = {0};
	struct th_canon masked = {0};
	if (p.list && th_volatile_mask(rules, asked, &masked, &a) == 0 &&
		th_volatile_mask(rules, recorded, &masked, &r) == 0) {
		pass_masks(&p, &a, &r);
		pass_optional(&p, &a, &r);
	}
	th_canon_finish(&masked);
	th_masks_finish(&a);
	th_masks_finish(&r);
	*ret_n = p.n;
	if (p.n == 0) {
		free(p.list);
		return NULL;
	}
	return p.list;
}
