/* See explain_place.h. By the shape of the body and not by who is asked, since dialects travel
 * through gateways: the lists of messages that the known dialects have, and the lists of blocks
 * within a message. */
#include "player/explain_place.h"

#include "base/text.h"
#include "player/explain.h"

#define LABEL_MAX 40

struct path {
	struct th_slice rest;
};

/* Takes ".name" or "name" off the path. */
static bool take_name(struct path *p, struct th_slice *ret_name)
{
	struct th_slice s = p->rest;
	if (s.n && s.p[0] == '.') {
		s = (struct th_slice){s.p + 1, s.n - 1};
	}
	size_t n = 0;
	while (n < s.n && s.p[n] != '.' && s.p[n] != '[') {
		n++;
	}
	*ret_name = (struct th_slice){s.p, n};
	p->rest = (struct th_slice){s.p + n, s.n - n};
	return n > 0;
}

/* Takes "[12]" off the path. */
static bool take_index(struct path *p, uint32_t *ret_index)
{
	struct th_slice s = p->rest;
	const uint8_t *end = s.n && s.p[0] == '[' ? memchr(s.p, ']', s.n) : NULL;
	uint64_t v;
	if (!end || !th_parse_u64((struct th_slice){s.p + 1, (size_t)(end - s.p) - 1}, &v) ||
		v >= UINT32_MAX) {
		return false;
	}
	size_t taken = (size_t)(end - s.p) + 1;
	p->rest = (struct th_slice){s.p + taken, s.n - taken};
	*ret_index = (uint32_t)v;
	return true;
}

static bool is_one_of(struct th_slice name, const char *const *list)
{
	for (; *list; list++) {
		if (th_slice_eq(name, th_slice_str(*list))) {
			return true;
		}
	}
	return false;
}

static uint32_t member(const struct th_json *j, uint32_t node, const char *key)
{
	if (node == TH_JSON_NONE || j->nodes[node].type != TH_JSON_OBJECT) {
		return TH_JSON_NONE;
	}
	uint32_t i = j->nodes[node].child;
	while (i != TH_JSON_NONE && !th_slice_eq(j->nodes[i].key, th_slice_str(key))) {
		i = j->nodes[i].next;
	}
	return i;
}

static uint32_t element(const struct th_json *j, uint32_t node, uint32_t index)
{
	if (node == TH_JSON_NONE || j->nodes[node].type != TH_JSON_ARRAY) {
		return TH_JSON_NONE;
	}
	uint32_t i = j->nodes[node].child;
	while (i != TH_JSON_NONE && index--) {
		i = j->nodes[i].next;
	}
	return i;
}

/* " (user)": the first of these members that is a string. */
static void add_label(
	const struct th_json *j, uint32_t node, const char *const *keys, struct th_buf *out)
{
	for (; *keys; keys++) {
		uint32_t i = member(j, node, *keys);
		if (i != TH_JSON_NONE && j->nodes[i].type == TH_JSON_STRING) {
			th_buf_str(out, " (");
			th_explain_text(j->nodes[i].text, LABEL_MAX, out);
			th_buf_str(out, ")");
			return;
		}
	}
}

/* Gemini and Bedrock name a block by its only member: {"text": …}, {"toolUse": …}. */
static void add_block_label(const struct th_json *j, uint32_t node, struct th_buf *out)
{
	static const char *const keys[] = {"type", NULL};
	size_t before = out->n;
	add_label(j, node, keys, out);
	if (out->n > before || node == TH_JSON_NONE || j->nodes[node].type != TH_JSON_OBJECT) {
		return;
	}
	uint32_t only = j->nodes[node].child;
	if (only != TH_JSON_NONE && j->nodes[only].next == TH_JSON_NONE) {
		th_buf_str(out, " (");
		th_explain_text(j->nodes[only].key, LABEL_MAX, out);
		th_buf_str(out, ")");
	}
}

static void add_block(const struct th_json *j, uint32_t holder, struct path *p, struct th_buf *out)
{
	static const char *const lists[] = {"content", "parts", "tool_calls", NULL};
	struct th_slice name;
	uint32_t index;
	char key[16];
	if (p->rest.n && p->rest.p[0] == '.') {
		if (!take_name(p, &name) || !is_one_of(name, lists)) {
			return;
		}
		snprintf(key, sizeof(key), "%.*s", (int)name.n, name.p);
		holder = member(j, holder, key);
	}
	if (take_index(p, &index)) {
		bool call = holder != TH_JSON_NONE &&
			th_slice_eq(j->nodes[holder].key, TH_SLICE_LIT("tool_calls"));
		th_buf_fmt(out, call ? ", tool call %u" : ", block %u", index);
		add_block_label(j, element(j, holder, index), out);
	}
}

static void add_message(const struct th_json *j, struct th_slice list, uint32_t holder,
	uint32_t index, struct path *p, struct th_buf *out)
{
	static const char *const role[] = {"role", NULL}, *const kind[] = {"type", NULL};
	uint32_t node = element(j, holder, index);
	bool has_role = member(j, node, "role") != TH_JSON_NONE;
	bool input = th_slice_eq(list, TH_SLICE_LIT("input"));
	th_buf_fmt(out, !input || has_role ? "message %u" : "item %u", index);
	add_label(j, node, has_role ? role : kind, out);
	add_block(j, node, p, out);
}

static void add_tool(const struct th_json *j, uint32_t holder, uint32_t index, struct th_buf *out)
{
	static const char *const name[] = {"name", "type", NULL};
	uint32_t tool = element(j, holder, index), function = member(j, tool, "function");
	function = function != TH_JSON_NONE ? function : member(j, tool, "toolSpec");
	th_buf_fmt(out, "tool %u", index);
	add_label(j, function != TH_JSON_NONE ? function : tool, name, out);
}

void th_explain_place(const struct th_json *body, struct th_slice path, struct th_buf *out)
{
	static const char *const lists[] = {"messages", "contents", "input", "chat_history", NULL};
	static const char *const system[] = {"system", "instructions", "systemInstruction",
		"system_instruction", "preamble", NULL};
	struct path p = {path};
	struct th_slice name;
	uint32_t index;
	size_t before = out->n;
	char key[24];
	if (!take_name(&p, &name)) {
		return;
	}
	snprintf(key, sizeof(key), "%.*s", name.n < sizeof(key) ? (int)name.n : 0, name.p);
	uint32_t holder = member(body, 0, key);
	if (is_one_of(name, system)) {
		th_buf_str(out, "system instructions");
		add_block(body, holder, &p, out);
	} else if (is_one_of(name, lists) && take_index(&p, &index)) {
		add_message(body, name, holder, index, &p, out);
	} else if (th_slice_eq(name, TH_SLICE_LIT("tools")) && take_index(&p, &index)) {
		add_tool(body, holder, index, out);
	}
	th_buf_str(out, out->n > before ? ": " : "");
}
