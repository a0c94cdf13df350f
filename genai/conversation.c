#include "genai/conversation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "genai/conversation_read.h"
#include "genai/dialect.h"

static void free_part(struct th_part *p)
{
	free(p->text);
	free(p->id);
	free(p->name);
}

static void free_turn(struct th_turn *t)
{
	for (size_t i = 0; i < t->n_parts; i++) {
		free_part(&t->parts[i]);
	}
	free(t->parts);
	free(t->role);
}

struct th_conversation *th_conversation_free(struct th_conversation *c)
{
	if (c) {
		for (size_t i = 0; i < c->n_turns; i++) {
			free_turn(&c->turns[i]);
		}
		for (size_t i = 0; i < c->n_offers; i++) {
			free(c->offers[i].name);
			free(c->offers[i].description);
			free(c->offers[i].parameters);
		}
		free(c->turns);
		free(c->offers);
		th_call_free(c->call);
		free(c);
	}
	return NULL;
}

/* ---- growing ---- */

/* Room for one more behind n; doubles when n is a power of two. */
static void *room(void *array, size_t n, size_t size)
{
	return n & (n - 1) || !size ? array : realloc(array, (n ? 2 * n : 1) * size);
}

struct th_turn *th_conversation_turn(struct th_conversation *c, const char *role)
{
	char *copy = c->n_turns < TH_TURNS_MAX ? strdup(role) : NULL;
	struct th_turn *grown = copy ? room(c->turns, c->n_turns, sizeof(*c->turns)) : NULL;
	if (!grown) {
		free(copy);
		return NULL;
	}
	c->turns = grown;
	c->turns[c->n_turns] = (struct th_turn){copy, NULL, 0};
	return &c->turns[c->n_turns++];
}

struct th_part *th_conversation_part(
	struct th_turn *t, enum th_part_kind kind, const char *text, size_t size)
{
	if (t->n_parts == TH_PARTS_MAX) {
		return NULL;
	}
	struct th_part *grown = room(t->parts, t->n_parts, sizeof(*t->parts));
	if (!grown) {
		return NULL;
	}
	t->parts = grown;
	struct th_part p = {kind, strdup(text ? text : ""), strdup(""), strdup(""), size, false};
	if (!p.text || !p.id || !p.name) {
		free_part(&p);
		return NULL;
	}
	t->parts[t->n_parts] = p;
	return &t->parts[t->n_parts++];
}

/* ---- the answer ---- */

static int say(struct th_turn *t, enum th_part_kind kind, struct th_words *words)
{
	if (words->n == 0) {
		return 0;
	}
	return th_conversation_part(t, kind, words->text, words->n) ? 0 : -ENOMEM;
}

static int say_call(struct th_turn *t, const struct th_tool_call *call)
{
	struct th_part *p = th_conversation_part(t, TH_PART_TOOL_CALL, call->arguments,
		strlen(call->name) + strlen(call->arguments));
	char *id = p ? strdup(call->id) : NULL, *name = id ? strdup(call->name) : NULL;
	if (!name) {
		free(id);
		return -ENOMEM;
	}
	free(p->id);
	free(p->name);
	p->id = id;
	p->name = name;
	return 0;
}

static int add_answer(struct th_conversation *c, struct th_said *said)
{
	const struct th_call *call = c->call;
	if (!said->words.n && !said->thoughts.n && !call->n_tool_calls) {
		return 0;
	}
	struct th_turn *t = th_conversation_turn(c, "assistant");
	if (!t) {
		return c->n_turns < TH_TURNS_MAX ? -ENOMEM : 0;
	}
	c->answered = true;
	int r = say(t, TH_PART_REASONING, &said->thoughts);
	if (r == 0) {
		r = say(t, TH_PART_TEXT, &said->words);
	}
	for (size_t i = 0; r == 0 && i < call->n_tool_calls; i++) {
		r = say_call(t, &call->tool_calls[i]);
	}
	return r;
}

/* ---- together ---- */

static int fill(struct th_conversation *c, const struct th_exchange *x, struct th_said *said)
{
	int r = th_reading_do(x, said, &c->call);
	bool talk = r == 0 && (th_call_is_llm(c->call) || c->call->operation == TH_OP_COUNT_TOKENS);
	if (!talk) {
		return r;
	}
	r = th_conversation_question(c, said->question);
	return r == 0 ? add_answer(c, said) : r;
}

int th_conversation_read(const struct th_exchange *x, struct th_conversation **ret_conversation)
{
	struct th_said said = {.question = NULL};
	struct th_conversation *c = calloc(1, sizeof(*c));
	int r = c ? fill(c, x, &said) : -ENOMEM;
	th_words_finish(&said.words);
	th_words_finish(&said.thoughts);
	cJSON_Delete(said.question);
	if (r < 0) {
		th_conversation_free(c);
		return r;
	}
	*ret_conversation = c;
	return 0;
}

const char *th_part_kind_name(enum th_part_kind kind)
{
	static const char *const names[TH_N_PARTS] = {
		"text", "reasoning", "tool_call", "tool_call_response", "media"};
	return names[kind];
}
