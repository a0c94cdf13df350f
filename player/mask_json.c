/* JSON: value by value, each under the rules for its place. */
#include "player/masking.h"

static unsigned patterns_here(const struct th_masking *m)
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

static void put_node(struct th_masking *m, uint32_t node, unsigned patterns);

static struct th_slice text_of(struct th_masking *m, uint32_t node, struct th_buf *storage)
{
	const struct th_json_node *v = &m->json.nodes[node];
	if (v->type == TH_JSON_STRING || v->type == TH_JSON_NUMBER) {
		return v->text;
	}
	th_json_write(&m->json, node, storage);
	return th_buf_view(storage);
}

/* A member or element that may be missing is left out. */
static bool leave_out(struct th_masking *m, uint32_t node, unsigned patterns)
{
	struct th_buf storage = {0};
	if (!(patterns & TH_PATTERN_OPTIONAL)) {
		return false;
	}
	th_mask_note(m, (struct th_spot){.place = "json"}, TH_PATTERN_OPTIONAL,
		text_of(m, node, &storage));
	th_buf_finish(&storage);
	return true;
}

static void put_children(struct th_masking *m, const struct th_json_node *v, unsigned patterns)
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
static void put_scalar(struct th_masking *m, const struct th_json_node *v, unsigned patterns)
{
	struct th_buf text = {0}, *out = m->out;
	m->out = &text;
	bool masked = th_mask_text(m, (struct th_spot){.place = "json"}, patterns, v->text);
	m->out = out;
	if (v->type == TH_JSON_STRING || masked) {
		th_buf_str(&text, v->type == TH_JSON_NUMBER ? "\003#" : "");
		th_json_write_string(th_buf_view(&text), out);
	} else {
		th_buf_slice(out, v->text);
	}
	th_buf_finish(&text);
}

static void put_any(struct th_masking *m, uint32_t node)
{
	struct th_buf storage = {0}, text = {0}, *out = m->out;
	m->out = &text;
	th_mask_put(
		m, (struct th_spot){.place = "json"}, TH_PATTERN_ANY, text_of(m, node, &storage));
	m->out = out;
	th_json_write_string(th_buf_view(&text), out);
	th_buf_finish(&text);
	th_buf_finish(&storage);
}

static void put_node(struct th_masking *m, uint32_t node, unsigned patterns)
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

bool th_mask_json(struct th_masking *m, struct th_slice body, unsigned patterns)
{
	if (th_json_parse(body, &m->json) < 0) {
		return false;
	}
	put_node(m, 0, patterns | patterns_here(m));
	th_json_finish(&m->json);
	return true;
}
