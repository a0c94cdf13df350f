#include "player/masking.h"

#include <stdlib.h>

#include "base/text.h"
#include "player/explain.h"

/* ---- writing ---- */

void th_mask_plain(struct th_masking *m, struct th_slice s)
{
	size_t from = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] && s.p[i] <= TH_MASK_ESCAPE) {
			th_buf_add(m->out, s.p + from, i - from);
			th_buf_u8(m->out, TH_MASK_ESCAPE);
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

static char *where_of(const struct th_masking *m, const char *place, struct th_slice name)
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

void th_mask_note(
	struct th_masking *m, struct th_spot spot, enum th_pattern pattern, struct th_slice v)
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

void th_mask_put(
	struct th_masking *m, struct th_spot spot, enum th_pattern pattern, struct th_slice v)
{
	th_mask_note(m, spot, pattern, v);
	th_buf_u8(m->out, TH_MASK_OPEN);
	th_buf_str(m->out, th_pattern_name(pattern));
	th_buf_u8(m->out, TH_MASK_CLOSE);
}

/* Text in which the patterns are searched for. True: any was there. */
bool th_mask_text(struct th_masking *m, struct th_spot spot, unsigned patterns, struct th_slice s)
{
	struct th_pattern_hit hit;
	size_t from = 0;
	while (th_pattern_find(patterns & TH_PATTERNS_IN_TEXT, s, from, &hit)) {
		th_mask_plain(m, (struct th_slice){s.p + from, hit.at - from});
		th_mask_put(m, spot, hit.pattern, (struct th_slice){s.p + hit.at, hit.n});
		from = hit.at + hit.n;
	}
	th_mask_plain(m, (struct th_slice){s.p + from, s.n - from});
	return from > 0;
}

/* A value as a whole. */
void th_mask_value(struct th_masking *m, struct th_spot spot, unsigned patterns, struct th_slice v)
{
	if (patterns & TH_PATTERN_ANY) {
		th_mask_put(m, spot, TH_PATTERN_ANY, v);
	} else {
		th_mask_text(m, spot, patterns, v);
	}
}

/* ---- which patterns ---- */

unsigned th_mask_patterns(
	const struct th_masking *m, enum th_rule_place place, struct th_slice name, bool caseless)
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

unsigned th_mask_patterns_at(const struct th_masking *m, enum th_rule_place place)
{
	return th_mask_patterns(m, place, (struct th_slice){NULL, 0}, false);
}
