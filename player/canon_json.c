/* See canon_json.h. One pass over the text with an explicit stack of open containers, so that the
 * depth of a hostile body costs no stack; then the members of each object are put in order. */
#include "player/canon_json.h"

#include <errno.h>

struct parse {
	struct th_json *j;
	const uint8_t *p, *end;
	size_t text_n;
	uint32_t open[TH_JSON_DEPTH_MAX]; /* containers around here, outermost first */
	uint32_t last[TH_JSON_DEPTH_MAX]; /* their latest child */
	unsigned depth;
};

static void skip_space(struct parse *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')) {
		s->p++;
	}
}

static int new_node(struct parse *s, enum th_json_type type, struct th_slice key)
{
	struct th_json *j = s->j;
	if (j->n == j->cap) {
		uint32_t cap = j->cap ? j->cap * 2 : 32;
		struct th_json_node *nodes = realloc(j->nodes, cap * sizeof(*nodes));
		if (!nodes) {
			return -ENOMEM;
		}
		j->nodes = nodes;
		j->cap = cap;
	}
	uint32_t i = j->n++;
	j->nodes[i] = (struct th_json_node){
		.type = type, .child = TH_JSON_NONE, .next = TH_JSON_NONE, .key = key};
	if (s->depth) {
		uint32_t *last = &s->last[s->depth - 1];
		if (*last == TH_JSON_NONE) {
			j->nodes[s->open[s->depth - 1]].child = i;
		} else {
			j->nodes[*last].next = i;
		}
		*last = i;
	}
	return 0;
}

static int hex4(const uint8_t *p, uint32_t *ret_value)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		uint8_t c = p[i];
		if (c >= '0' && c <= '9') {
			v = v << 4 | (uint32_t)(c - '0');
		} else if ((c | 32) >= 'a' && (c | 32) <= 'f') {
			v = v << 4 | (uint32_t)((c | 32) - 'a' + 10);
		} else {
			return -EBADMSG;
		}
	}
	*ret_value = v;
	return 0;
}

static uint8_t *put_utf8(uint8_t *o, uint32_t c)
{
	if (c < 0x80) {
		*o++ = (uint8_t)c;
		return o;
	}
	if (c < 0x800) {
		*o++ = (uint8_t)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*o++ = (uint8_t)(0xe0 | c >> 12);
		} else {
			*o++ = (uint8_t)(0xf0 | c >> 18);
			*o++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
		}
		*o++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	}
	*o++ = (uint8_t)(0x80 | (c & 0x3f));
	return o;
}

/* A \u escape, s->p at the digits; takes a low surrogate with its high one. */
static int unescape_unicode(struct parse *s, uint8_t **out)
{
	uint32_t c, low;
	if (s->end - s->p < 4 || hex4(s->p, &c) < 0) {
		return -EBADMSG;
	}
	s->p += 4;
	if (c >= 0xd800 && c < 0xdc00 && s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u' &&
		hex4(s->p + 2, &low) == 0 && low >= 0xdc00 && low < 0xe000) {
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		s->p += 6;
	}
	*out = put_utf8(*out, c);
	return 0;
}

/* An escape sequence, s->p after the backslash. */
static int unescape(struct parse *s, uint8_t **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	if (s->p == s->end) {
		return -EBADMSG;
	}
	uint8_t c = *s->p++;
	if (c == 'u') {
		return unescape_unicode(s, out);
	}
	const char *at = c ? strchr(from, c) : NULL;
	if (!at) {
		return -EBADMSG;
	}
	*(*out)++ = (uint8_t)to[at - from];
	return 0;
}

/* The rest of a string that has escapes, from the first of them on; the part before is copied.
 * Unescaping never makes text longer, so all strings fit in a second copy of the text. */
static int string_with_escapes(struct parse *s, const uint8_t *start, struct th_slice *ret)
{
	struct th_json *j = s->j;
	if (!j->unescaped && !(j->unescaped = malloc(s->text_n))) {
		return -ENOMEM;
	}
	uint8_t *first = j->unescaped + j->unescaped_n;
	memcpy(first, start, (size_t)(s->p - start));
	uint8_t *out = first + (s->p - start);
	while (s->p < s->end && *s->p != '"') {
		uint8_t c = *s->p++;
		if (c < 0x20) {
			return -EBADMSG;
		}
		if (c != '\\') {
			*out++ = c;
		} else if (unescape(s, &out) < 0) {
			return -EBADMSG;
		}
	}
	if (s->p == s->end) {
		return -EBADMSG;
	}
	s->p++;
	*ret = (struct th_slice){first, (size_t)(out - first)};
	j->unescaped_n += ret->n;
	return 0;
}

/* s->p after the opening quote. */
static int parse_string(struct parse *s, struct th_slice *ret)
{
	const uint8_t *start = s->p;
	while (s->p < s->end && *s->p != '"' && *s->p != '\\' && *s->p >= 0x20) {
		s->p++;
	}
	if (s->p == s->end || *s->p < 0x20) {
		return -EBADMSG;
	}
	if (*s->p == '\\') {
		return string_with_escapes(s, start, ret);
	}
	*ret = (struct th_slice){start, (size_t)(s->p - start)};
	s->p++;
	return 0;
}

static bool digits(struct parse *s)
{
	const uint8_t *start = s->p;
	while (s->p < s->end && *s->p >= '0' && *s->p <= '9') {
		s->p++;
	}
	return s->p > start;
}

static bool number(struct parse *s)
{
	if (*s->p == '-') {
		s->p++;
	}
	if (s->p < s->end && *s->p == '0') {
		s->p++;
	} else if (!digits(s)) {
		return false;
	}
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!digits(s)) {
			return false;
		}
	}
	if (s->p < s->end && (*s->p | 32) == 'e') {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-')) {
			s->p++;
		}
		return digits(s);
	}
	return true;
}

static int literal(struct parse *s, const char *word, enum th_json_type type, struct th_slice key)
{
	size_t n = strlen(word);
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0) {
		return -EBADMSG;
	}
	s->p += n;
	return new_node(s, type, key);
}

static int scalar(struct parse *s, struct th_slice key)
{
	const uint8_t *start = s->p;
	struct th_slice text;
	switch (*s->p) {
	case 'n':
		return literal(s, "null", TH_JSON_NULL, key);
	case 't':
		return literal(s, "true", TH_JSON_TRUE, key);
	case 'f':
		return literal(s, "false", TH_JSON_FALSE, key);
	case '"':
		s->p++;
		int r = parse_string(s, &text);
		if (r == 0 && (r = new_node(s, TH_JSON_STRING, key)) == 0) {
			s->j->nodes[s->j->n - 1].text = text;
		}
		return r;
	default:
		if (!number(s)) {
			return -EBADMSG;
		}
		text = (struct th_slice){start, (size_t)(s->p - start)};
		r = new_node(s, TH_JSON_NUMBER, key);
		if (r == 0) {
			s->j->nodes[s->j->n - 1].text = text;
		}
		return r;
	}
}

static int open_container(struct parse *s, enum th_json_type type, struct th_slice key)
{
	if (s->depth == TH_JSON_DEPTH_MAX) {
		return -E2BIG;
	}
	int r = new_node(s, type, key);
	if (r < 0) {
		return r;
	}
	s->p++;
	s->open[s->depth] = s->j->n - 1;
	s->last[s->depth++] = TH_JSON_NONE;
	return 0;
}

static enum th_json_type container(const struct parse *s)
{
	return s->j->nodes[s->open[s->depth - 1]].type;
}

/* A value, or only the opening of a container; with its key inside an object. */
static int parse_value(struct parse *s)
{
	struct th_slice key = {NULL, 0};
	int r;
	if (s->depth && container(s) == TH_JSON_OBJECT) {
		if (s->p == s->end || *s->p++ != '"') {
			return -EBADMSG;
		}
		if ((r = parse_string(s, &key)) < 0) {
			return r;
		}
		skip_space(s);
		if (s->p == s->end || *s->p++ != ':') {
			return -EBADMSG;
		}
		skip_space(s);
	}
	if (s->p == s->end) {
		return -EBADMSG;
	}
	switch (*s->p) {
	case '{':
		return open_container(s, TH_JSON_OBJECT, key);
	case '[':
		return open_container(s, TH_JSON_ARRAY, key);
	default:
		return scalar(s, key);
	}
}

/* After a value: a comma (then *ret_more), or the ends of containers. */
static int after_value(struct parse *s, bool *ret_more)
{
	while (s->depth) {
		uint8_t closer = container(s) == TH_JSON_OBJECT ? '}' : ']';
		bool empty = s->last[s->depth - 1] == TH_JSON_NONE;
		skip_space(s);
		if (s->p == s->end) {
			return -EBADMSG;
		}
		if (*s->p == closer) {
			s->p++;
			s->depth--;
			continue;
		}
		if (!empty && *s->p++ != ',') {
			return -EBADMSG;
		}
		skip_space(s);
		*ret_more = true;
		return 0;
	}
	*ret_more = false;
	return 0;
}

static int parse_text(struct parse *s)
{
	bool more = true;
	skip_space(s);
	while (more) {
		int r = parse_value(s);
		if (r == 0) {
			r = after_value(s, &more);
		}
		if (r < 0) {
			return r;
		}
	}
	skip_space(s);
	return s->p == s->end ? 0 : -EBADMSG;
}

static int compare_members(const void *a, const void *b, void *nodes)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct th_json_node *x = (struct th_json_node *)nodes + i;
	const struct th_json_node *y = (struct th_json_node *)nodes + k;
	size_t n = x->key.n < y->key.n ? x->key.n : y->key.n;
	int c = n ? memcmp(x->key.p, y->key.p, n) : 0;
	if (c == 0 && x->key.n != y->key.n) {
		c = x->key.n < y->key.n ? -1 : 1;
	}
	if (c == 0) {
		c = i < k ? -1 : 1; /* duplicates stay in the order in which they were sent */
	}
	return c;
}

static void sort_members(struct th_json *j, struct th_json_node *object, uint32_t *scratch)
{
	uint32_t n = 0;
	bool sorted = true;
	for (uint32_t i = object->child; i != TH_JSON_NONE; i = j->nodes[i].next) {
		scratch[n++] = i;
		sorted = sorted &&
			(n < 2 || compare_members(&scratch[n - 2], &scratch[n - 1], j->nodes) < 0);
	}
	if (sorted) {
		return;
	}
	qsort_r(scratch, n, sizeof(*scratch), compare_members, j->nodes);
	object->child = scratch[0];
	for (uint32_t i = 0; i < n; i++) {
		j->nodes[scratch[i]].next = i + 1 < n ? scratch[i + 1] : TH_JSON_NONE;
	}
}

static int sort_objects(struct th_json *j)
{
	uint32_t *scratch = malloc((size_t)j->n * sizeof(*scratch));
	if (!scratch) {
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < j->n; i++) {
		if (j->nodes[i].type == TH_JSON_OBJECT) {
			sort_members(j, &j->nodes[i], scratch);
		}
	}
	free(scratch);
	return 0;
}

int th_json_parse(struct th_slice text, struct th_json *ret_json)
{
	struct th_json j = {0};
	struct parse s = {
		.j = &j, .p = text.p, .end = text.p ? text.p + text.n : NULL, .text_n = text.n};
	int r = text.n ? parse_text(&s) : -EBADMSG;
	if (r == 0) {
		r = sort_objects(&j);
	}
	if (r < 0) {
		th_json_finish(&j);
		return r;
	}
	*ret_json = j;
	return 0;
}

void th_json_finish(struct th_json *j)
{
	free(j->nodes);
	free(j->unescaped);
	*j = (struct th_json){0};
}

void th_json_write_string(struct th_slice s, struct th_buf *out)
{
	th_buf_u8(out, '"');
	size_t from = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c >= 0x20 && c != '"' && c != '\\') {
			continue;
		}
		th_buf_add(out, s.p + from, i - from);
		from = i + 1;
		if (c < 0x20) {
			th_buf_fmt(out, "\\u%04x", c);
		} else {
			th_buf_u8(out, '\\');
			th_buf_u8(out, c);
		}
	}
	if (from < s.n) {
		th_buf_add(out, s.p + from, s.n - from);
	}
	th_buf_u8(out, '"');
}

static void write_children(
	const struct th_json *j, const struct th_json_node *v, struct th_buf *out)
{
	bool object = v->type == TH_JSON_OBJECT;
	th_buf_u8(out, object ? '{' : '[');
	for (uint32_t i = v->child; i != TH_JSON_NONE; i = j->nodes[i].next) {
		if (i != v->child) {
			th_buf_u8(out, ',');
		}
		if (object) {
			th_json_write_string(j->nodes[i].key, out);
			th_buf_u8(out, ':');
		}
		th_json_write(j, i, out);
	}
	th_buf_u8(out, object ? '}' : ']');
}

void th_json_write(const struct th_json *j, uint32_t node, struct th_buf *out)
{
	const struct th_json_node *v = &j->nodes[node];
	switch (v->type) {
	case TH_JSON_NULL:
		th_buf_str(out, "null");
		break;
	case TH_JSON_FALSE:
		th_buf_str(out, "false");
		break;
	case TH_JSON_TRUE:
		th_buf_str(out, "true");
		break;
	case TH_JSON_NUMBER:
		th_buf_slice(out, v->text);
		break;
	case TH_JSON_STRING:
		th_json_write_string(v->text, out);
		break;
	case TH_JSON_ARRAY:
	case TH_JSON_OBJECT:
		write_children(j, v, out);
		break;
	}
}
