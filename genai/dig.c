/* Members are found by their exact names. A text that was cut is mended: it is followed with a
 * stack of what is open, up to the last place where a value is whole (or in the middle of a
 * string, which has worth of its own), and closed there. */
#include "genai/dig.h"

#include <stdlib.h>

#define DEPTH_MAX 512 /* cJSON itself gives up at 1000 */

const cJSON *th_dig(const cJSON *root, const char *path)
{
	while (root && *path) {
		char name[64];
		size_t n = strcspn(path, ".");
		if (n >= sizeof(name)) {
			return NULL;
		}
		memcpy(name, path, n);
		name[n] = '\0';
		root = cJSON_IsObject(root) ? cJSON_GetObjectItemCaseSensitive(root, name) : NULL;
		path += n + (path[n] == '.');
	}
	return cJSON_IsNull(root) ? NULL : root;
}

const char *th_dig_text(const cJSON *root, const char *path)
{
	return cJSON_GetStringValue(th_dig(root, path));
}

bool th_dig_true(const cJSON *root, const char *path)
{
	return cJSON_IsTrue(th_dig(root, path));
}

double th_dig_number(const cJSON *root, const char *path, double otherwise)
{
	const cJSON *number = th_dig(root, path);
	return cJSON_IsNumber(number) ? number->valuedouble : otherwise;
}

const cJSON *th_dig_first(const cJSON *root, const char *path)
{
	const cJSON *list = th_dig(root, path);
	return cJSON_IsArray(list) || cJSON_IsObject(list) ? list->child : NULL;
}

struct mend {
	struct th_slice text;
	char open[DEPTH_MAX];
	size_t depth;
	size_t keep;	/* the text can be closed after this many bytes … */
	bool in_string; /* … and a quotation mark */
	bool key_next;
};

/* Past the string that begins at `from`; false: the text ends in it. */
static bool pass_string(struct mend *m, size_t from, size_t *ret_end)
{
	bool high = false; /* half of a surrogate pair */
	size_t whole = from + 1;
	for (size_t i = from + 1; i < m->text.n;) {
		uint8_t c = m->text.p[i];
		size_t n = c != '\\' ? 1 : i + 1 < m->text.n && m->text.p[i + 1] == 'u' ? 6 : 2;
		if (c == '"') {
			*ret_end = i + 1;
			return true;
		}
		i += n;
		high = n == 6 && i <= m->text.n && !high && (m->text.p[i - 4] | 32) == 'd' &&
			strchr("89abAB", m->text.p[i - 3]);
		whole = !high && i <= m->text.n ? i : whole;
	}
	if (!m->key_next) {
		m->keep = whole;
		m->in_string = true;
	}
	return false;
}

static bool follow(struct mend *m)
{
	for (size_t i = 0; i < m->text.n;) {
		char c = (char)m->text.p[i];
		if (c == '"') {
			if (!pass_string(m, i, &i)) {
				return true;
			}
			continue;
		}
		if (c == '{' || c == '[') {
			if (m->depth == DEPTH_MAX) {
				return false;
			}
			m->open[m->depth++] = c == '{' ? '}' : ']';
		} else if (c == '}' || c == ']') {
			if (m->depth == 0 || m->open[--m->depth] != c) {
				return false;
			}
		} else if (c == ',') {
			m->keep = i;
		}
		m->keep = c && strchr("{}[]", c) ? i + 1 : m->keep;
		m->key_next = c == '{' || (c == ',' && m->depth && m->open[m->depth - 1] == '}') ||
			(m->key_next && c != ':');
		i++;
	}
	return true;
}

static cJSON *parse_cut(struct th_slice text)
{
	struct mend m = {.text = text};
	if (!follow(&m) || m.depth == 0) {
		return NULL;
	}
	char *mended = malloc(m.keep + 1 + m.depth);
	if (!mended) {
		return NULL;
	}
	memcpy(mended, text.p, m.keep);
	size_t n = m.keep;
	if (m.in_string) {
		mended[n++] = '"';
	}
	while (m.depth) {
		mended[n++] = m.open[--m.depth];
	}
	const char *end = NULL;
	cJSON *root = cJSON_ParseWithLengthOpts(mended, n, &end, false);
	if (root && end != mended + n) { /* several values, the last one cut */
		cJSON_Delete(root);
		root = NULL;
	}
	free(mended);
	return root;
}

static bool is_blank(struct th_slice text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (!strchr(" \t\r\n", text.p[i]) || text.p[i] == '\0') {
			return false;
		}
	}
	return true;
}

cJSON *th_dig_parse(struct th_slice text, bool *ret_cut)
{
	const char *end = NULL;
	*ret_cut = false;
	if (text.n == 0) {
		return NULL;
	}
	cJSON *root = cJSON_ParseWithLengthOpts((const char *)text.p, text.n, &end, false);
	if (root) {
		size_t used = (size_t)((const uint8_t *)end - text.p);
		if (is_blank((struct th_slice){text.p + used, text.n - used})) {
			return root;
		}
		cJSON_Delete(root);
		return NULL;
	}
	root = parse_cut(text);
	*ret_cut = root != NULL;
	return root;
}
