/* Queries, forms, header fields and multipart bodies: names and values. */
#include "base/text.h"
#include "player/masking.h"

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
		bool mask = c == TH_MASK_OPEN || c == TH_MASK_CLOSE || c == TH_MASK_ESCAPE;
		if ((c <= ' ' && !mask) || strchr("%&=+", c)) {
			th_buf_fmt(out, "%%%02X", c);
		} else {
			th_buf_u8(out, c);
		}
	}
}

/* Looked at without its percent-encoding, which may be another one on each side then. */
static void put_encoded(
	struct th_masking *m, struct th_spot spot, unsigned patterns, struct th_slice v)
{
	struct th_buf plain = {0}, masked = {0}, *out = m->out;
	struct th_pattern_hit hit;
	decode(v, &plain);
	struct th_slice text = th_buf_view(&plain);
	if ((patterns & TH_PATTERN_ANY) ||
		th_pattern_find(patterns & TH_PATTERNS_IN_TEXT, text, 0, &hit)) {
		m->out = &masked;
		th_mask_value(m, spot, patterns, text);
		m->out = out;
		encode(th_buf_view(&masked), out);
	} else {
		th_mask_plain(m, v);
	}
	th_buf_finish(&plain);
	th_buf_finish(&masked);
}

static void put_pair(struct th_masking *m, enum th_rule_place place, unsigned patterns,
	struct th_slice pair, bool first)
{
	const uint8_t *eq = pair.n ? memchr(pair.p, '=', pair.n) : NULL;
	size_t n = eq ? (size_t)(eq - pair.p) : pair.n;
	struct th_slice value = {pair.p + n + (eq != NULL), pair.n - n - (eq != NULL)};
	struct th_buf name = {0};
	decode((struct th_slice){pair.p, n}, &name);
	struct th_spot spot = {place == TH_RULE_QUERY ? "query" : "form", th_buf_view(&name)};
	patterns |= th_mask_patterns(m, place, spot.name, false);
	if (patterns & TH_PATTERN_OPTIONAL) {
		th_mask_note(m, spot, TH_PATTERN_OPTIONAL, value);
	} else {
		th_buf_str(m->out, first ? "" : "&");
		th_mask_plain(m, (struct th_slice){pair.p, n + (eq != NULL)});
		put_encoded(m, spot, patterns, value);
	}
	th_buf_finish(&name);
}

void th_mask_pairs(
	struct th_masking *m, enum th_rule_place place, unsigned patterns, struct th_slice s)
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

void th_mask_fields(struct th_masking *m, unsigned patterns, struct th_slice s)
{
	while (s.n) {
		const uint8_t *lf = memchr(s.p, '\n', s.n);
		size_t n = lf ? (size_t)(lf - s.p) : s.n;
		const uint8_t *colon = memchr(s.p, ':', n);
		size_t name_n = colon ? (size_t)(colon - s.p) : n;
		struct th_spot spot = {"header", {s.p, name_n}};
		size_t skip = name_n + 2 < n ? name_n + 2 : n;
		struct th_slice value = {s.p + skip, n - skip};
		unsigned here = patterns | th_mask_patterns(m, TH_RULE_HEADER, spot.name, true);
		if (here & TH_PATTERN_OPTIONAL) {
			th_mask_note(m, spot, TH_PATTERN_OPTIONAL, value);
		} else {
			th_buf_slice(m->out, spot.name);
			th_buf_str(m->out, ": ");
			th_mask_value(m, spot, here, value);
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
static void put_part(struct th_masking *m, unsigned patterns, struct th_slice part)
{
	const uint8_t *end = part.n ? memmem(part.p, part.n, "\r\n\r\n", 4) : NULL;
	size_t head_n = end ? (size_t)(end - part.p) + 4 : 0;
	struct th_slice head = {part.p, head_n};
	struct th_slice value = {part.p + head_n, part.n - head_n};
	struct th_spot spot = {"form", part_name(head)};
	if (!spot.name.n) {
		spot.place = "body";
	} else {
		patterns |= th_mask_patterns(m, TH_RULE_FORM, spot.name, false);
	}
	if (patterns & TH_PATTERN_OPTIONAL) {
		th_mask_note(m, spot, TH_PATTERN_OPTIONAL, value);
		return;
	}
	th_buf_str(m->out, delimiter);
	th_mask_plain(m, head);
	th_mask_value(m, spot, patterns, value);
}

void th_mask_multipart(struct th_masking *m, unsigned patterns, struct th_slice s)
{
	size_t at = find_delimiter(s, 0);
	th_mask_plain(m, (struct th_slice){s.p, at});
	while (at < s.n) {
		size_t from = at + sizeof(delimiter) - 1;
		at = find_delimiter(s, from);
		put_part(m, patterns, (struct th_slice){s.p + from, at - from});
	}
}
