/* See diff_pair.h. What the digests found different is looked at again here, so that only calls
 * that differ are ever held in memory with their bodies. Whatever the finer looks miss (bytes that
 * mean the same) is told as the byte at which two bodies part: a difference never goes without an
 * item. */
#include "tools/diff_pair.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/canon_request.h"
#include "player/json_diff.h"
#include "tools/diff_fields.h"
#include "tools/tools.h"
#include "tools/utf8.h"

struct pairing {
	struct th_diff_items *items;
	enum th_diff_in in;
	const char *prefix; /* of JSON paths: "body", "events" */
	const struct th_json *a, *b;
};

/* ---- items ---- */

static struct th_diff_value text_value(struct th_slice s)
{
	struct th_diff_value v = {.kind = TH_DIFF_TEXT, .bytes = th_tool_alloc(s.n), .n = s.n};
	if (s.n) {
		memcpy(v.bytes, s.p, s.n);
	}
	return v;
}

static struct th_diff_value number_value(uint64_t n)
{
	struct th_diff_value v = {.kind = TH_DIFF_JSON_TEXT};
	v.bytes = (uint8_t *)th_tool_format("%" PRIu64, n);
	v.n = strlen((const char *)v.bytes);
	return v;
}

static struct th_diff_value json_value(const struct th_json *j, uint32_t node)
{
	struct th_buf b = {0};
	if (node == TH_JSON_NONE) {
		return (struct th_diff_value){.kind = TH_DIFF_NOTHING};
	}
	if (j->nodes[node].type == TH_JSON_STRING) {
		return text_value(j->nodes[node].text);
	}
	th_json_write(j, node, &b);
	if (b.failed) {
		th_tool_no_memory();
	}
	return (struct th_diff_value){TH_DIFF_JSON_TEXT, b.p, b.n};
}

static void finish_value(struct th_diff_value *v)
{
	free(v->bytes);
}

/* Takes path and values. */
static struct th_diff_item *add(
	struct pairing *p, char *path, struct th_diff_value a, struct th_diff_value b)
{
	struct th_diff_items *l = p->items;
	if (l->n == TH_DIFF_ITEMS_MAX) {
		l->more++;
		free(path);
		finish_value(&a);
		finish_value(&b);
		return NULL;
	}
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 8;
		l->items = th_tool_realloc(l->items, l->cap * sizeof(*l->items));
	}
	struct th_diff_item *item = &l->items[l->n++];
	*item = (struct th_diff_item){.in = p->in, .path = path, .a = a, .b = b};
	return item;
}

static void add_texts(struct pairing *p, const char *path, struct th_slice a, struct th_slice b)
{
	if (!th_slice_eq(a, b)) {
		add(p, th_tool_format("%s", path), text_value(a), text_value(b));
	}
}

static void add_numbers(struct pairing *p, const char *path, uint64_t a, uint64_t b)
{
	if (a != b) {
		add(p, th_tool_format("%s", path), number_value(a), number_value(b));
	}
}

/* ---- lists of fields and parameters ---- */

static bool next_line(struct th_slice *rest, char separator, struct th_slice *ret_line)
{
	if (rest->n == 0) {
		return false;
	}
	const uint8_t *end = memchr(rest->p, separator, rest->n);
	ret_line->p = rest->p;
	ret_line->n = end ? (size_t)(end - rest->p) : rest->n;
	rest->p += ret_line->n + (end != NULL);
	rest->n -= ret_line->n + (end != NULL);
	return true;
}

static struct th_slice name_of(struct th_slice line, char mark, struct th_slice *ret_value)
{
	const uint8_t *at = line.n ? memchr(line.p, mark, line.n) : NULL;
	size_t n = at ? (size_t)(at - line.p) : line.n;
	*ret_value = at ? th_slice_trim((struct th_slice){at + 1, line.n - n - 1})
			: (struct th_slice){line.p, 0};
	return (struct th_slice){line.p, n};
}

static int compare_names(struct th_slice a, struct th_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Both are sorted by name. */
static void compare_fields(struct pairing *p, struct th_slice a, struct th_slice b)
{
	struct th_slice x, y, xv = {0}, yv = {0};
	bool has_a = next_line(&a, '\n', &x), has_b = next_line(&b, '\n', &y);
	while (has_a || has_b) {
		struct th_slice xn = has_a ? name_of(x, ':', &xv) : (struct th_slice){0};
		struct th_slice yn = has_b ? name_of(y, ':', &yv) : (struct th_slice){0};
		int c = !has_a ? 1 : !has_b ? -1 : compare_names(xn, yn);
		struct th_slice name = c <= 0 ? xn : yn;
		if (c != 0 || !th_slice_eq(xv, yv)) {
			static const struct th_diff_value nothing = {.kind = TH_DIFF_NOTHING};
			add(p, th_tool_format("field %.*s", (int)name.n, (const char *)name.p),
				c <= 0 ? text_value(xv) : nothing,
				c >= 0 ? text_value(yv) : nothing);
		}
		has_a = c <= 0 ? next_line(&a, '\n', &x) : has_a;
		has_b = c >= 0 ? next_line(&b, '\n', &y) : has_b;
	}
}

/* ---- bodies ---- */

static bool take_json(void *ctx, const struct th_json_difference *d)
{
	struct pairing *p = ctx;
	bool bracket = d->path.n && d->path.p[0] == '[';
	char *path = th_tool_format("%s%s%.*s", p->prefix, d->path.n && !bracket ? "." : "",
		(int)d->path.n, d->path.n ? (const char *)d->path.p : "");
	struct th_diff_item *item = add(p, path, json_value(p->a, d->a), json_value(p->b, d->b));
	if (item && d->is_text) {
		item->parted = true;
		item->byte = d->byte;
		item->character = d->character;
	}
	return true;
}

/* False: one of them is no JSON, or they are equal. */
static bool compare_json(
	struct pairing *p, const char *prefix, struct th_slice a, struct th_slice b)
{
	th_cleanup(th_json_finish) struct th_json x = {0};
	th_cleanup(th_json_finish) struct th_json y = {0};
	if (th_json_parse(a, &x) < 0 || th_json_parse(b, &y) < 0) {
		return false;
	}
	p->prefix = prefix;
	p->a = &x;
	p->b = &y;
	return th_json_diff(&x, &y, take_json, p);
}

static void compare_bytes(struct pairing *p, struct th_slice a, struct th_slice b)
{
	size_t at = 0, characters = 0;
	while (at < a.n && at < b.n && a.p[at] == b.p[at]) {
		characters += (a.p[at] & 0xc0) != 0x80;
		at++;
	}
	struct th_diff_item *item = th_slice_eq(a, b)
		? NULL
		: add(p, th_tool_format("body"), text_value(a), text_value(b));
	if (item) {
		item->parted = true;
		item->byte = at;
		item->character = characters;
	}
}

/* ---- the request ---- */

static struct th_slice section(const struct th_canon *c, size_t from, size_t to)
{
	return (struct th_slice){c->text.p + from, to - from};
}

/* Method, scheme and authority are the first three words, the path the fourth. */
static struct th_slice word(const struct th_canon *c, unsigned n)
{
	const char *s = (const char *)c->text.p;
	while (n--) {
		s += strlen(s) + 1;
	}
	return th_slice_str(s);
}

static void compare_requests(struct pairing *p, const struct th_canon *a, const struct th_canon *b)
{
	static const char *const words[] = {"method", "scheme", "host", "path"};
	for (unsigned i = 0; i < 4; i++) {
		add_texts(p, words[i], word(a, i), word(b, i));
	}
	add_texts(p, "query", section(a, a->query_at, a->fields_at - 1),
		section(b, b->query_at, b->fields_at - 1));
	compare_fields(p, section(a, a->fields_at, a->body_at - 1),
		section(b, b->fields_at, b->body_at - 1));
	struct th_slice x = section(a, a->body_at, a->text.n);
	struct th_slice y = section(b, b->body_at, b->text.n);
	bool json = a->kind == TH_CANON_JSON && b->kind == TH_CANON_JSON;
	if (!json || !compare_json(p, "body", x, y)) {
		compare_bytes(p, x, y);
	}
}

static void pair_requests(
	struct pairing *p, const struct th_exchange *a, const struct th_exchange *b)
{
	th_cleanup(th_canon_finish) struct th_canon x = {0};
	th_cleanup(th_canon_finish) struct th_canon y = {0};
	int r = th_canon_request(a, &x), s = th_canon_request(b, &y);
	p->in = TH_DIFF_REQUEST;
	if (r == 0 && s == 0) {
		compare_requests(p, &x, &y);
	} else {
		add_texts(p, "head", a->request.head.bytes, b->request.head.bytes);
	}
}

/* ---- the answer ---- */

static void compare_answer_bodies(
	struct pairing *p, const struct th_message *a, const struct th_message *b, bool exact)
{
	th_cleanup(th_buf_finish) struct th_buf x = {0};
	th_cleanup(th_buf_finish) struct th_buf y = {0};
	enum th_diff_form form = th_diff_body(a, &x), other = th_diff_body(b, &y);
	bool json = form == other && (form == TH_DIFF_JSON || form == TH_DIFF_EVENTS);
	const char *prefix = form == TH_DIFF_EVENTS ? "events" : "body";
	bool told = json && compare_json(p, prefix, th_buf_view(&x), th_buf_view(&y));
	if (!told && (!json || exact)) {
		compare_bytes(p, th_buf_view(&x), th_buf_view(&y));
	}
}

static void compare_heads(
	struct pairing *p, const struct th_head *a, const struct th_head *b, bool exact)
{
	th_cleanup(th_buf_finish) struct th_buf x = {0};
	th_cleanup(th_buf_finish) struct th_buf y = {0};
	th_diff_fields(a, exact, &x);
	th_diff_fields(b, exact, &y);
	compare_fields(p, th_buf_view(&x), th_buf_view(&y));
}

static const char *ended_how(const struct th_message *m)
{
	return m->present ? th_events_end_name(m->end) : "no answer";
}

static void pair_answers(
	struct pairing *p, const struct th_diff_call *a, const struct th_diff_call *b, bool exact)
{
	const struct th_message *x = &a->x->response, *y = &b->x->response;
	p->in = TH_DIFF_ANSWER;
	add_texts(p, "version", th_slice_str(th_http_version(x->version)),
		th_slice_str(th_http_version(y->version)));
	add_numbers(p, "status", a->facts->http_status, b->facts->http_status);
	add_texts(p, "outcome", th_slice_str(a->facts->why), th_slice_str(b->facts->why));
	add_texts(p, "end", th_slice_str(ended_how(x)), th_slice_str(ended_how(y)));
	add_numbers(p, "end code", x->end_code, y->end_code);
	compare_heads(p, &x->head, &y->head, exact);
	compare_answer_bodies(p, x, y, exact);
	compare_heads(p, &x->trailer, &y->trailer, exact);
}

/* ---- tokens ---- */

static void pair_count(struct pairing *p, const char *name, struct th_count a, struct th_count b)
{
	bool known = a.from != TH_ABSENT && b.from != TH_ABSENT;
	if (known && a.n != b.n) {
		add_numbers(p, name, a.n, b.n);
	}
}

static void pair_tokens(
	struct pairing *p, const struct th_diff_call *a, const struct th_diff_call *b)
{
	struct th_tokens x, y;
	p->in = TH_DIFF_TOKENS;
	if (th_span_tokens(a->facts, &x) && th_span_tokens(b->facts, &y)) {
		pair_count(p, "input", x.input, y.input);
		pair_count(p, "output", x.output, y.output);
		pair_count(p, "cache_read", x.cache_read, y.cache_read);
		pair_count(p, "cache_write", x.cache_write, y.cache_write);
		pair_count(p, "reasoning", x.reasoning, y.reasoning);
	}
}

bool th_diff_tokens_differ(const struct th_diff_call *a, const struct th_diff_call *b)
{
	struct th_diff_items items = {0};
	struct pairing p = {.items = &items};
	pair_tokens(&p, a, b);
	bool any = items.n > 0;
	th_diff_items_finish(&items);
	return any;
}

/* ---- all of it ---- */

struct th_diff_items th_diff_pair(
	const struct th_diff_call *a, const struct th_diff_call *b, bool exact)
{
	struct th_diff_items items = {0};
	struct pairing p = {.items = &items};
	if (!a->x || !b->x) {
		p.in = TH_DIFF_ANSWER;
		add_texts(&p, "outcome", th_slice_str(a->facts->why), th_slice_str(b->facts->why));
		return items;
	}
	if (memcmp(a->asked, b->asked, TH_DIFF_DIGEST) != 0) {
		pair_requests(&p, a->x, b->x);
	}
	if (memcmp(a->came, b->came, TH_DIFF_DIGEST) != 0) {
		pair_answers(&p, a, b, exact);
	}
	pair_tokens(&p, a, b);
	return items;
}

void th_diff_items_finish(struct th_diff_items *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->items[i].path);
		finish_value(&l->items[i].a);
		finish_value(&l->items[i].b);
	}
	free(l->items);
	*l = (struct th_diff_items){0};
}

const char *th_diff_in_name(enum th_diff_in in)
{
	static const char *const names[] = {[TH_DIFF_REQUEST] = "request",
		[TH_DIFF_ANSWER] = "answer",
		[TH_DIFF_TOKENS] = "tokens"};
	return names[in];
}
