#include "tools/export/messages_json.h"

#include <stdlib.h>
#include <string.h>

#include "tools/json_out.h"
#include "tools/pretty_json.h"
#include "tools/tools.h"
#include "tools/utf8.h"

struct writer {
	struct th_jout j;
	size_t text_max;
};

char *th_messages_cut(const char *text, size_t text_max)
{
	size_t n = text ? strlen(text) : 0, keep = text_max;
	if (!text || !text_max || n <= text_max) {
		return text ? th_tool_format("%s", text) : NULL;
	}
	while (keep && ((uint8_t)text[keep] & 0xc0) == 0x80) {
		keep--;
	}
	return th_tool_format("%.*s[... %zu bytes more]", (int)keep, text, n - keep);
}

static void put_text(struct writer *w, const char *key, const char *text)
{
	char *cut = th_messages_cut(text, w->text_max);
	th_jout_key(&w->j, key);
	th_jout_text(&w->j, cut);
	free(cut);
}

/* JSON as JSON, unless it is none or would have to be cut. */
static void put_json(struct writer *w, const char *key, const char *text)
{
	struct th_slice s = th_slice_str(text);
	if ((w->text_max && s.n > w->text_max) || !th_pretty_json_is(s) || !th_utf8_valid(s)) {
		put_text(w, key, text);
		return;
	}
	th_jout_key(&w->j, key);
	fputs(text, w->j.out);
	w->j.comma = true;
}

static void put_part(struct writer *w, const struct th_part *p)
{
	th_jout_open(&w->j, '{');
	th_jout_put_text(&w->j, "type", th_part_kind_name(p->kind));
	switch (p->kind) {
	case TH_PART_TOOL_CALL:
		th_jout_put_text(&w->j, "id", *p->id ? p->id : NULL);
		th_jout_put_text(&w->j, "name", p->name);
		put_json(w, "arguments", p->text);
		break;
	case TH_PART_TOOL_RESULT:
		th_jout_put_text(&w->j, "id", *p->id ? p->id : NULL);
		put_json(w, "response", p->text);
		break;
	case TH_PART_MEDIA:
		th_jout_put_text(&w->j, "mime_type", p->text);
		th_jout_put_u64(&w->j, "size", p->size);
		break;
	default:
		put_text(w, "content", p->text);
	}
	th_jout_close(&w->j, '}');
}

static void put_parts(struct writer *w, const struct th_turn *t)
{
	for (size_t i = 0; i < t->n_parts; i++) {
		put_part(w, &t->parts[i]);
	}
}

static void put_turn(struct writer *w, const struct th_turn *t, const char *finish)
{
	th_jout_open(&w->j, '{');
	th_jout_put_text(&w->j, "role", t->role);
	th_jout_key(&w->j, "parts");
	th_jout_open(&w->j, '[');
	put_parts(w, t);
	th_jout_close(&w->j, ']');
	if (finish) {
		th_jout_put_text(&w->j, "finish_reason", finish);
	}
	th_jout_close(&w->j, '}');
}

static void put_offer(struct writer *w, const struct th_offer *o)
{
	th_jout_open(&w->j, '{');
	th_jout_put_text(&w->j, "type", "function");
	th_jout_put_text(&w->j, "name", o->name);
	if (*o->description) {
		put_text(w, "description", o->description);
	}
	if (*o->parameters) {
		put_json(w, "parameters", o->parameters);
	}
	th_jout_close(&w->j, '}');
}

static bool is_system(const struct th_turn *t)
{
	return strcmp(t->role, "system") == 0 || strcmp(t->role, "developer") == 0;
}

static size_t put_turns(struct writer *w, const struct th_conversation *c, enum th_messages which)
{
	size_t asked = c->n_turns - c->answered, n = 0;
	for (size_t i = 0; i < asked; i++) {
		const struct th_turn *t = &c->turns[i];
		if (which == TH_MESSAGES_SYSTEM && is_system(t)) {
			put_parts(w, t);
			n++;
		} else if (which == TH_MESSAGES_ALL ||
			(which == TH_MESSAGES_INPUT && !is_system(t))) {
			put_turn(w, t, NULL);
			n++;
		}
	}
	if (which == TH_MESSAGES_OUTPUT && c->answered) {
		const char *finish = th_finish_name(c->call->finish);
		put_turn(w, &c->turns[asked], finish ? finish : "error");
		n++;
	}
	return n;
}

static size_t put_all(struct writer *w, const struct th_conversation *c, enum th_messages which)
{
	if (which != TH_MESSAGES_TOOLS) {
		return put_turns(w, c, which);
	}
	for (size_t i = 0; i < c->n_offers; i++) {
		put_offer(w, &c->offers[i]);
	}
	return c->n_offers;
}

char *th_messages_json(const struct th_conversation *c, enum th_messages which, size_t text_max)
{
	char *text = NULL;
	size_t n;
	struct writer w = {{.out = open_memstream(&text, &n)}, text_max};
	if (!w.j.out) {
		th_tool_no_memory();
	}
	th_jout_open(&w.j, '[');
	size_t items = put_all(&w, c, which);
	th_jout_close(&w.j, ']');
	if (fclose(w.j.out) != 0) {
		th_tool_no_memory();
	}
	if (items == 0) {
		free(text);
		return NULL;
	}
	return text;
}

char *th_messages_offer(const struct th_offer *o)
{
	char *text = NULL;
	size_t n;
	struct writer w = {{.out = open_memstream(&text, &n)}, 0};
	if (!w.j.out) {
		th_tool_no_memory();
	}
	put_offer(&w, o);
	if (fclose(w.j.out) != 0) {
		th_tool_no_memory();
	}
	return text;
}

char *th_messages_words(const struct th_conversation *c, bool answer)
{
	size_t asked = c->n_turns - c->answered;
	const struct th_turn *t = answer ? (c->answered ? &c->turns[asked] : NULL)
		: asked			 ? &c->turns[asked - 1]
					 : NULL;
	char *words = th_tool_format("%s", "");
	for (size_t i = 0; t && i < t->n_parts; i++) {
		if (t->parts[i].kind != TH_PART_TEXT && t->parts[i].kind != TH_PART_TOOL_RESULT) {
			continue;
		}
		char *more = th_tool_format("%s%s%s", words, *words ? "\n" : "", t->parts[i].text);
		free(words);
		words = more;
	}
	return words;
}
