/* See explain_json.h. Both values are canonical, so members come in the same order and one walk
 * side by side finds the first difference. */
#include "player/explain_json.h"

#include "base/text.h"
#include "player/explain.h"

#define VALUE_MAX 120  /* bytes of a value shown */
#define CONTEXT_MAX 24 /* bytes shown before the first difference within a string */
#define SPARED_MIN 8   /* bytes: fewer are not worth leaving out */

struct walk {
	const struct th_json *asked, *recorded;
	struct th_buf *path;
	struct th_buf *out;
};

static bool differ(struct walk *w, uint32_t a, uint32_t r);

static void add_key(struct th_buf *path, struct th_slice key)
{
	bool plain = key.n > 0 && key.n <= 64;
	for (size_t i = 0; i < key.n; i++) {
		uint8_t c = th_lower(key.p[i]);
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		plain = plain && (alnum || c == '_' || c == '-');
	}
	if (!plain) {
		th_buf_str(path, "[");
		th_explain_quote(key, 64, path);
		th_buf_str(path, "]");
		return;
	}
	th_buf_str(path, path->n ? "." : "");
	th_buf_slice(path, key);
}

static void add_value(const struct th_json *j, uint32_t node, struct th_buf *out)
{
	struct th_buf text = {0};
	if (node == TH_JSON_NONE) {
		th_buf_str(out, "nothing");
	} else if (j->nodes[node].type == TH_JSON_STRING) {
		th_explain_quote(j->nodes[node].text, VALUE_MAX, out);
	} else {
		th_json_write(j, node, &text);
		size_t n = text.n < VALUE_MAX ? text.n : VALUE_MAX;
		while (n && n < text.n && (text.p[n] & 0xc0) == 0x80) {
			n--;
		}
		th_buf_add(out, text.p, n);
		th_buf_str(out, n < text.n ? "…" : "");
	}
	th_buf_finish(&text);
}

static bool report(struct walk *w, uint32_t a, uint32_t r)
{
	th_buf_add(w->out, w->path->p, w->path->n);
	th_buf_str(w->out, w->path->n ? ": asked " : "the body: asked ");
	add_value(w->asked, a, w->out);
	th_buf_str(w->out, ", recorded ");
	add_value(w->recorded, r, w->out);
	return true;
}

static bool differ_in_string(struct walk *w, struct th_slice a, struct th_slice r)
{
	size_t at = 0, characters = 0;
	while (at < a.n && at < r.n && a.p[at] == r.p[at]) {
		characters += (a.p[at] & 0xc0) != 0x80;
		at++;
	}
	while (at && at < a.n && (a.p[at] & 0xc0) == 0x80) {
		at--; /* to the beginning of the character */
		characters -= (a.p[at] & 0xc0) != 0x80;
	}
	size_t from = at > CONTEXT_MAX + SPARED_MIN ? at - CONTEXT_MAX : 0;
	while (from < at && (a.p[from] & 0xc0) == 0x80) {
		from++;
	}
	th_buf_add(w->out, w->path->p, w->path->n);
	th_buf_str(w->out, w->path->n ? "" : "the body");
	th_buf_fmt(w->out, " at character %zu: asked ", characters);
	th_buf_str(w->out, from ? "…" : "");
	th_explain_quote((struct th_slice){a.p + from, a.n - from}, VALUE_MAX, w->out);
	th_buf_str(w->out, from ? ", recorded …" : ", recorded ");
	th_explain_quote((struct th_slice){r.p + from, r.n - from}, VALUE_MAX, w->out);
	return true;
}

static int compare_keys(const struct th_json_node *a, const struct th_json_node *r)
{
	size_t n = a->key.n < r->key.n ? a->key.n : r->key.n;
	int c = n ? memcmp(a->key.p, r->key.p, n) : 0;
	return c ? c : (a->key.n > r->key.n) - (a->key.n < r->key.n);
}

static bool differ_in_object(struct walk *w, uint32_t a, uint32_t r)
{
	const struct th_json_node *an = w->asked->nodes, *rn = w->recorded->nodes;
	size_t mark = w->path->n;
	while (a != TH_JSON_NONE || r != TH_JSON_NONE) {
		int c = a == TH_JSON_NONE   ? 1
			: r == TH_JSON_NONE ? -1
					    : compare_keys(&an[a], &rn[r]);
		add_key(w->path, c <= 0 ? an[a].key : rn[r].key);
		if (c != 0) {
			return report(w, c < 0 ? a : TH_JSON_NONE, c > 0 ? r : TH_JSON_NONE);
		}
		if (differ(w, a, r)) {
			return true;
		}
		w->path->n = mark;
		a = an[a].next;
		r = rn[r].next;
	}
	return false;
}

static bool differ_in_array(struct walk *w, uint32_t a, uint32_t r)
{
	size_t mark = w->path->n;
	for (unsigned i = 0; a != TH_JSON_NONE || r != TH_JSON_NONE; i++) {
		th_buf_fmt(w->path, "[%u]", i);
		if (a == TH_JSON_NONE || r == TH_JSON_NONE) {
			return report(w, a, r);
		}
		if (differ(w, a, r)) {
			return true;
		}
		w->path->n = mark;
		a = w->asked->nodes[a].next;
		r = w->recorded->nodes[r].next;
	}
	return false;
}

static bool differ(struct walk *w, uint32_t a, uint32_t r)
{
	const struct th_json_node *x = &w->asked->nodes[a], *y = &w->recorded->nodes[r];
	if (x->type != y->type) {
		return report(w, a, r);
	}
	switch (x->type) {
	case TH_JSON_OBJECT:
		return differ_in_object(w, x->child, y->child);
	case TH_JSON_ARRAY:
		return differ_in_array(w, x->child, y->child);
	case TH_JSON_STRING:
		return !th_slice_eq(x->text, y->text) && differ_in_string(w, x->text, y->text);
	case TH_JSON_NUMBER:
		return !th_slice_eq(x->text, y->text) && report(w, a, r);
	default:
		return false;
	}
}

bool th_explain_json(
	const struct th_json *asked, const struct th_json *recorded, struct th_buf *out)
{
	struct th_buf path = {0};
	struct walk w = {.asked = asked, .recorded = recorded, .path = &path, .out = out};
	bool any = differ(&w, 0, 0);
	th_buf_finish(&path);
	return any;
}
