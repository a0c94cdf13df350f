#include "tools/json_path.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "tools/tools.h"

#define STEPS_MAX 32

struct step {
	enum {
		STEP_NAME,
		STEP_INDEX,
		STEP_ALL,
	} kind;
	bool deep; /* at any depth below */
	char *name;
	int index; /* negative: from the end */
};

struct th_json_path {
	struct step steps[STEPS_MAX];
	size_t n_steps;
	char *value; /* NULL: any */
};

static struct step *add_step(struct th_json_path *p, int kind, bool deep)
{
	if (p->n_steps == STEPS_MAX) {
		return NULL;
	}
	struct step *s = &p->steps[p->n_steps++];
	s->kind = kind;
	s->deep = deep;
	return s;
}

static char *copy(const char *text, size_t n)
{
	return th_tool_format("%.*s", (int)n, text);
}

/* After the dots. Returns what follows the step, NULL when it is none. */
static const char *read_name(struct th_json_path *p, const char *text, bool deep)
{
	size_t n = strcspn(text, ".[=");
	bool all = n == 1 && *text == '*';
	struct step *s = n ? add_step(p, all ? STEP_ALL : STEP_NAME, deep) : NULL;
	if (!s) {
		return NULL;
	}
	if (!all) {
		s->name = copy(text, n);
	}
	return text + n;
}

/* After the opening quote. */
static const char *read_quoted(struct th_json_path *p, const char *text, char quote)
{
	const char *end = strchr(text, quote);
	struct step *s = end && end[1] == ']' ? add_step(p, STEP_NAME, false) : NULL;
	if (!s) {
		return NULL;
	}
	s->name = copy(text, (size_t)(end - text));
	return end + 2;
}

/* After the opening bracket. */
static const char *read_bracket(struct th_json_path *p, const char *text)
{
	if (*text == '\'' || *text == '"') {
		return read_quoted(p, text + 1, *text);
	}
	if (text[0] == '*' && text[1] == ']') {
		return add_step(p, STEP_ALL, false) ? text + 2 : NULL;
	}
	char *end;
	bool number = isdigit((unsigned char)text[0]) ||
		(text[0] == '-' && isdigit((unsigned char)text[1]));
	long index = strtol(text, &end, 10);
	bool fits = number && *end == ']' && index > -1000000000 && index < 1000000000;
	struct step *s = fits ? add_step(p, STEP_INDEX, false) : NULL;
	if (!s) {
		return NULL;
	}
	s->index = (int)index;
	return end + 1;
}

static const char *read_step(struct th_json_path *p, const char *text)
{
	if (*text == '[') {
		return read_bracket(p, text + 1);
	}
	if (text[0] == '.' && text[1] == '.') {
		return read_name(p, text + 2, true);
	}
	return *text == '.' ? read_name(p, text + 1, false) : NULL;
}

struct th_json_path *th_json_path_parse(const char *text, const char **ret_why)
{
	struct th_json_path *p = th_tool_alloc(sizeof(*p));
	const char *rest = *text == '$' ? text + 1 : text;
	if (rest == text && *rest && !strchr(".[=", *rest)) {
		rest = read_name(p, rest, false);
	}
	while (rest && *rest && *rest != '=') {
		rest = read_step(p, rest);
	}
	if (!rest || p->n_steps == 0) {
		*ret_why = rest ? "it names no place"
			: p->n_steps == STEPS_MAX
			? "it has too many steps"
			: "a step is \".name\", \"..name\", \"[0]\" or \"[*]\"";
		return th_json_path_free(p);
	}
	p->value = *rest == '=' ? copy(rest + 1, strlen(rest + 1)) : NULL;
	return p;
}

struct th_json_path *th_json_path_free(struct th_json_path *p)
{
	for (size_t i = 0; p && i < p->n_steps; i++) {
		free(p->steps[i].name);
	}
	if (p) {
		free(p->value);
	}
	free(p);
	return NULL;
}

static bool has_value(const struct th_json_path *p, const cJSON *item)
{
	if (!p->value) {
		return true;
	}
	if (cJSON_IsString(item)) {
		return strcmp(item->valuestring, p->value) == 0;
	}
	char *text = cJSON_PrintUnformatted(item);
	bool same = text && strcmp(text, p->value) == 0;
	cJSON_free(text);
	return same;
}

static bool is_step(const struct step *s, const cJSON *parent, const cJSON *child, int place, int n)
{
	switch (s->kind) {
	case STEP_NAME:
		return cJSON_IsObject(parent) && strcmp(child->string, s->name) == 0;
	case STEP_INDEX:
		return cJSON_IsArray(parent) && place == (s->index < 0 ? n + s->index : s->index);
	default:
		return true;
	}
}

/* cJSON bounds the depth of what it parses, so this is bounded too. */
static bool matches_from(const struct th_json_path *p, size_t at, const cJSON *item)
{
	if (at == p->n_steps) {
		return has_value(p, item);
	}
	const struct step *s = &p->steps[at];
	int n = s->kind == STEP_INDEX ? cJSON_GetArraySize(item) : 0, place = 0;
	const cJSON *child;
	cJSON_ArrayForEach(child, item)
	{
		if (is_step(s, item, child, place++, n) && matches_from(p, at + 1, child)) {
			return true;
		}
		if (s->deep && matches_from(p, at, child)) {
			return true;
		}
	}
	return false;
}

bool th_json_path_matches(const struct th_json_path *p, struct th_slice json)
{
	cJSON *root = json.n ? cJSON_ParseWithLength((const char *)json.p, json.n) : NULL;
	bool found = root && matches_from(p, 0, root);
	cJSON_Delete(root);
	return found;
}
