/* See explain_json.h: json_diff.h's first difference, in words. */
#include "player/explain_json.h"

#include "player/explain.h"
#include "player/explain_place.h"
#include "player/json_diff.h"

#define VALUE_MAX 120  /* bytes of a value shown */
#define CONTEXT_MAX 24 /* bytes shown before the first difference within a string */
#define SPARED_MIN 8   /* bytes: fewer are not worth leaving out */

struct sides {
	const struct th_json *asked, *recorded;
	struct th_buf *out;
};

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

static void add_text(struct th_slice s, size_t from, struct th_buf *out)
{
	th_buf_str(out, from ? "…" : "");
	th_explain_quote((struct th_slice){s.p + from, s.n - from}, VALUE_MAX, out);
}

static void add_texts(struct sides *s, const struct th_json_difference *d)
{
	struct th_slice a = s->asked->nodes[d->a].text, r = s->recorded->nodes[d->b].text;
	size_t from = d->byte > CONTEXT_MAX + SPARED_MIN ? d->byte - CONTEXT_MAX : 0;
	while (from < d->byte && (a.p[from] & 0xc0) == 0x80) {
		from++;
	}
	th_buf_fmt(s->out, " at character %zu: asked ", d->character);
	add_text(a, from, s->out);
	th_buf_str(s->out, ", recorded ");
	add_text(r, from, s->out);
}

static bool tell_first(void *ctx, const struct th_json_difference *d)
{
	struct sides *s = ctx;
	th_explain_place(d->a != TH_JSON_NONE ? s->asked : s->recorded, d->path, s->out);
	if (d->path.n) {
		th_buf_slice(s->out, d->path);
	} else {
		th_buf_str(s->out, "the body");
	}
	if (d->is_text) {
		add_texts(s, d);
		return false;
	}
	th_buf_str(s->out, ": asked ");
	add_value(s->asked, d->a, s->out);
	th_buf_str(s->out, ", recorded ");
	add_value(s->recorded, d->b, s->out);
	return false;
}

bool th_explain_json(
	const struct th_json *asked, const struct th_json *recorded, struct th_buf *out)
{
	struct sides s = {.asked = asked, .recorded = recorded, .out = out};
	return th_json_diff(asked, recorded, tell_first, &s);
}
