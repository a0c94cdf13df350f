/* See json_diff.h. Objects are parsed with their members in order, so that they are walked side by
 * side; duplicate names meet in the order in which they came. */
#include "player/json_diff.h"

#include "base/text.h"
#include "player/explain.h"

#define KEY_SHOWN 64

struct walk {
	const struct th_json *a, *b;
	struct th_buf path;
	th_json_difference_fn *fn;
	void *ctx;
	bool any, enough;
};

static void compare(struct walk *w, uint32_t a, uint32_t b);

void th_json_path_add_key(struct th_buf *path, struct th_slice key)
{
	bool plain = key.n > 0 && key.n <= KEY_SHOWN;
	for (size_t i = 0; i < key.n && plain; i++) {
		uint8_t c = th_lower(key.p[i]);
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		plain = alnum || c == '_' || c == '-';
	}
	if (plain) {
		th_buf_str(path, path->n ? "." : "");
		th_buf_slice(path, key);
		return;
	}
	th_buf_str(path, "[");
	th_explain_quote(key, KEY_SHOWN, path);
	th_buf_str(path, "]");
}

/* ---- what is told ---- */

static void tell(struct walk *w, struct th_json_difference d)
{
	d.path = th_buf_view(&w->path);
	w->any = true;
	w->enough = w->enough || !w->fn(w->ctx, &d);
}

static void tell_texts(struct walk *w, uint32_t a, uint32_t b)
{
	struct th_slice x = w->a->nodes[a].text, y = w->b->nodes[b].text;
	struct th_json_difference d = {.a = a, .b = b, .is_text = true};
	while (d.byte < x.n && d.byte < y.n && x.p[d.byte] == y.p[d.byte]) {
		d.character += (x.p[d.byte] & 0xc0) != 0x80;
		d.byte++;
	}
	/* Back to the beginning of the character, when it is in its middle that they part. */
	bool inside = (d.byte < x.n && (x.p[d.byte] & 0xc0) == 0x80) ||
		(d.byte < y.n && (y.p[d.byte] & 0xc0) == 0x80);
	while (inside && d.byte > 0) {
		d.byte--;
		inside = (x.p[d.byte] & 0xc0) == 0x80;
		d.character -= !inside;
	}
	tell(w, d);
}

/* ---- equality ---- */

static bool equal(const struct th_json *a, uint32_t i, const struct th_json *b, uint32_t k)
{
	const struct th_json_node *x = &a->nodes[i], *y = &b->nodes[k];
	if (x->type != y->type || !th_slice_eq(x->text, y->text)) {
		return false;
	}
	uint32_t c = x->child, d = y->child;
	while (c != TH_JSON_NONE && d != TH_JSON_NONE) {
		if (!th_slice_eq(a->nodes[c].key, b->nodes[d].key) || !equal(a, c, b, d)) {
			return false;
		}
		c = a->nodes[c].next;
		d = b->nodes[d].next;
	}
	return c == d;
}

/* ---- objects ---- */

static int compare_keys(struct th_slice a, struct th_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static void compare_objects(struct walk *w, uint32_t a, uint32_t b)
{
	const struct th_json_node *an = w->a->nodes, *bn = w->b->nodes;
	size_t mark = w->path.n;
	while ((a != TH_JSON_NONE || b != TH_JSON_NONE) && !w->enough) {
		int c = a == TH_JSON_NONE   ? 1
			: b == TH_JSON_NONE ? -1
					    : compare_keys(an[a].key, bn[b].key);
		th_json_path_add_key(&w->path, c <= 0 ? an[a].key : bn[b].key);
		if (c == 0) {
			compare(w, a, b);
		} else {
			tell(w,
				(struct th_json_difference){.a = c < 0 ? a : TH_JSON_NONE,
					.b = c > 0 ? b : TH_JSON_NONE});
		}
		w->path.n = mark;
		a = c <= 0 ? an[a].next : a;
		b = c >= 0 ? bn[b].next : b;
	}
}

/* ---- arrays ---- */

struct elements {
	uint32_t *nodes;
	size_t n;
};

static struct elements elements_of(const struct th_json *j, uint32_t first)
{
	struct elements e = {0};
	for (uint32_t i = first; i != TH_JSON_NONE; i = j->nodes[i].next) {
		e.n++;
	}
	e.nodes = calloc(e.n ? e.n : 1, sizeof(*e.nodes));
	for (size_t i = 0; e.nodes && i < e.n; i++) {
		e.nodes[i] = first;
		first = j->nodes[first].next;
	}
	return e;
}

static void compare_at(struct walk *w, size_t index, uint32_t a, uint32_t b)
{
	size_t mark = w->path.n;
	th_buf_fmt(&w->path, "[%zu]", index);
	if (a != TH_JSON_NONE && b != TH_JSON_NONE) {
		compare(w, a, b);
	} else {
		tell(w, (struct th_json_difference){.a = a, .b = b});
	}
	w->path.n = mark;
}

static void compare_elements(struct walk *w, struct elements a, struct elements b)
{
	size_t most = a.n < b.n ? a.n : b.n, head = 0, tail = 0;
	while (a.n != b.n && head < most && equal(w->a, a.nodes[head], w->b, b.nodes[head])) {
		head++;
	}
	while (a.n != b.n && tail < most - head &&
		equal(w->a, a.nodes[a.n - 1 - tail], w->b, b.nodes[b.n - 1 - tail])) {
		tail++;
	}
	size_t end_a = a.n - tail, end_b = b.n - tail;
	for (size_t i = head; (i < end_a || i < end_b) && !w->enough; i++) {
		compare_at(w, i, i < end_a ? a.nodes[i] : TH_JSON_NONE,
			i < end_b ? b.nodes[i] : TH_JSON_NONE);
	}
}

/* Without memory they count as different: never as equal unseen. */
static void compare_arrays(struct walk *w, uint32_t array_a, uint32_t array_b)
{
	struct elements a = elements_of(w->a, w->a->nodes[array_a].child);
	struct elements b = elements_of(w->b, w->b->nodes[array_b].child);
	if (a.nodes && b.nodes) {
		compare_elements(w, a, b);
	} else {
		tell(w, (struct th_json_difference){.a = array_a, .b = array_b});
	}
	free(a.nodes);
	free(b.nodes);
}

/* ---- any value ---- */

static void compare(struct walk *w, uint32_t a, uint32_t b)
{
	const struct th_json_node *x = &w->a->nodes[a], *y = &w->b->nodes[b];
	if (w->enough) {
		return;
	}
	if (x->type != y->type) {
		tell(w, (struct th_json_difference){.a = a, .b = b});
	} else if (x->type == TH_JSON_OBJECT) {
		compare_objects(w, x->child, y->child);
	} else if (x->type == TH_JSON_ARRAY) {
		compare_arrays(w, a, b);
	} else if (!th_slice_eq(x->text, y->text)) {
		if (x->type == TH_JSON_STRING) {
			tell_texts(w, a, b);
		} else {
			tell(w, (struct th_json_difference){.a = a, .b = b});
		}
	}
}

bool th_json_diff(
	const struct th_json *a, const struct th_json *b, th_json_difference_fn *fn, void *ctx)
{
	struct walk w = {.a = a, .b = b, .fn = fn, .ctx = ctx};
	compare(&w, 0, 0);
	th_buf_finish(&w.path);
	return w.any;
}
