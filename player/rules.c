/* See rules.h. One rule per line, words apart by blanks, so that rules can be written by a program,
 * compared by diff(1), and read by a person. What is not understood is refused with its line: a
 * rule that does nothing would be found out by a miss only. */
#include "player/rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/patterns.h"

#define WORDS_MAX 16

static const char first_line[] = "tracehook-rules 1";

static const struct {
	const char *word;
	enum th_rule_place place;
	bool named; /* a name or pointer follows */
} places[] = {
	{"anywhere", TH_RULE_ANYWHERE, false},
	{"path", TH_RULE_PATH, false},
	{"body", TH_RULE_BODY, false},
	{"query", TH_RULE_QUERY, true},
	{"header", TH_RULE_HEADER, true},
	{"form", TH_RULE_FORM, true},
	{"json", TH_RULE_JSON, true},
};
#define N_PLACES (sizeof(places) / sizeof(*places))

struct parse {
	struct th_rules *rules;
	unsigned line;
	char *why;
	struct th_slice words[WORDS_MAX];
	size_t n;
	struct th_slice method, url; /* of the last "for"; empty: all */
};

static __attribute__((format(printf, 2, 3))) int refuse(const struct parse *p, const char *fmt, ...)
{
	va_list ap;
	int n = snprintf(p->why, TH_RULES_WHY_BYTES, "line %u: ", p->line);
	va_start(ap, fmt);
	vsnprintf(p->why + n, TH_RULES_WHY_BYTES - (size_t)n, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int shown(struct th_slice s)
{
	return s.n < 60 ? (int)s.n : 60;
}

static char *copy(struct th_slice s)
{
	return strndup(s.n ? (const char *)s.p : "", s.n);
}

/* ---- words ---- */

/* A comment may have as many words as it likes: it has none. False: more than fit. */
static bool split(struct th_slice line, struct parse *p)
{
	size_t i = 0;
	p->n = 0;
	for (;;) {
		while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t')) {
			i++;
		}
		if (i == line.n || (p->n == 0 && line.p[i] == '#')) {
			return true;
		}
		if (p->n == WORDS_MAX) {
			return false;
		}
		size_t from = i;
		while (i < line.n && line.p[i] != ' ' && line.p[i] != '\t') {
			i++;
		}
		p->words[p->n++] = (struct th_slice){line.p + from, i - from};
	}
}

/* A word without its percent-encoding; NULL: a bad one, or no memory. */
static char *decode(struct th_slice word)
{
	char *out = malloc(word.n + 1);
	size_t n = 0;
	for (size_t i = 0; out && i < word.n; i++) {
		uint8_t c = word.p[i];
		if (c == '%') {
			bool whole = i + 2 < word.n;
			if (!whole || !th_hex_decode(&c, (const char *)word.p + i + 1, 1) || !c) {
				free(out);
				return NULL;
			}
			i += 2;
		}
		out[n++] = (char)c;
	}
	if (out) {
		out[n] = 0;
	}
	return out;
}

/* ---- pointers ---- */

/* "~1" is '/', "~0" is '~'; in place. False: any other '~'. */
static bool unescape(char *key)
{
	char *out = key;
	for (const char *in = key; *in; in++) {
		if (*in != '~') {
			*out++ = *in;
			continue;
		}
		in++;
		if (*in != '0' && *in != '1') {
			return false;
		}
		*out++ = *in == '0' ? '~' : '/';
	}
	*out = 0;
	return true;
}

static bool read_segment(struct th_slice word, struct th_rule_segment *ret)
{
	if (th_slice_eq(word, TH_SLICE_LIT("*"))) {
		ret->step = TH_STEP_EACH;
		return true;
	}
	if (th_slice_eq(word, TH_SLICE_LIT("**"))) {
		ret->step = TH_STEP_DEEP;
		return true;
	}
	ret->step = TH_STEP_KEY;
	ret->key = decode(word);
	return ret->key && unescape(ret->key);
}

/* "" is the whole body, as in RFC 6901; it cannot be written as a word. */
static bool read_pointer(struct th_slice word, struct th_rule *r)
{
	r->path = calloc(TH_RULE_SEGMENTS_MAX, sizeof(*r->path));
	if (!r->path || word.p[0] != '/') {
		return false;
	}
	size_t from = 1;
	for (size_t i = 1; i <= word.n; i++) {
		if (i < word.n && word.p[i] != '/') {
			continue;
		}
		struct th_slice segment = {word.p + from, i - from};
		if (r->n_path == TH_RULE_SEGMENTS_MAX ||
			!read_segment(segment, &r->path[r->n_path++])) {
			return false;
		}
		from = i + 1;
	}
	return true;
}

/* ---- lines ---- */

static int read_patterns(struct parse *p, size_t from, struct th_rule *r)
{
	bool whole = r->place >= TH_RULE_QUERY;
	if (from == p->n) {
		return refuse(p, "a pattern is missing (uuid, time, epoch, hex, port, tmp%s)",
			whole ? ", any, optional" : "");
	}
	for (size_t i = from; i < p->n; i++) {
		unsigned pattern = th_pattern_named(p->words[i]);
		if (!pattern) {
			return refuse(
				p, "\"%.*s\" is no pattern", shown(p->words[i]), p->words[i].p);
		}
		if (!whole && !(pattern & TH_PATTERNS_IN_TEXT)) {
			return refuse(p,
				"\"%s\" needs a place with a name (query, header, form, "
				"json)",
				th_pattern_name(pattern));
		}
		r->patterns |= pattern;
	}
	return 0;
}

static int read_name(struct parse *p, struct th_rule *r)
{
	struct th_slice word = p->n > 1 ? p->words[1] : (struct th_slice){NULL, 0};
	if (!word.n) {
		return refuse(p, "%s needs a name", places[r->place].word);
	}
	if (r->place == TH_RULE_JSON) {
		return read_pointer(word, r)
			? 0
			: refuse(p, "\"%.*s\" is no JSON pointer like /metadata/session",
				  shown(word), word.p);
	}
	r->name = decode(word);
	return r->name ? 0 : refuse(p, "\"%.*s\" is not percent-encoded", shown(word), word.p);
}

static struct th_rule *new_rule(struct parse *p)
{
	struct th_rules *all = p->rules;
	if (all->n == TH_RULES_MAX) {
		return NULL;
	}
	struct th_rule *r = &all->rules[all->n++];
	r->method = p->method.n ? copy(p->method) : NULL;
	r->url = p->url.n ? copy(p->url) : NULL;
	return r;
}

static int read_rule(struct parse *p)
{
	size_t place = 0;
	while (place < N_PLACES && !th_slice_eq(p->words[0], th_slice_str(places[place].word))) {
		place++;
	}
	if (place == N_PLACES) {
		return refuse(p,
			"\"%.*s\" is no place (json, header, query, form, path, body, anywhere)",
			shown(p->words[0]), p->words[0].p);
	}
	struct th_rule *r = new_rule(p);
	if (!r) {
		return refuse(p, "more than %d rules", TH_RULES_MAX);
	}
	r->place = places[place].place;
	int error = places[place].named ? read_name(p, r) : 0;
	return error ? error : read_patterns(p, places[place].named ? 2 : 1, r);
}

static int read_scope(struct parse *p)
{
	if (p->n != 3) {
		return refuse(p,
			"for needs a method and a URL, like: for POST "
			"https://api.example.com/v1/*");
	}
	p->method = p->words[1];
	p->url = p->words[2];
	return 0;
}

static int read_line(struct parse *p, struct th_slice line)
{
	if (line.n && line.p[line.n - 1] == '\r') {
		line.n--;
	}
	if (p->line == 1) {
		return th_slice_eq(line, TH_SLICE_LIT(first_line))
			? 0
			: refuse(p, "the file does not begin with \"%s\"", first_line);
	}
	if (memchr(line.p, 0, line.n)) {
		return refuse(p, "no text");
	}
	if (!split(line, p)) {
		return refuse(p, "too many words");
	}
	if (p->n == 0) {
		return 0;
	}
	return th_slice_eq(p->words[0], TH_SLICE_LIT("for")) ? read_scope(p) : read_rule(p);
}

static struct th_rules *create(size_t n)
{
	struct th_rules *rules = calloc(1, sizeof(*rules));
	if (rules) {
		rules->rules = calloc(n, sizeof(*rules->rules));
	}
	return rules && rules->rules ? rules : th_rules_destroy(rules);
}

int th_rules_parse(struct th_slice text, struct th_rules **ret_rules, char why[TH_RULES_WHY_BYTES])
{
	struct parse p = {.rules = create(TH_RULES_MAX), .why = why};
	size_t from = 0;
	if (!p.rules) {
		return -ENOMEM;
	}
	int r = 0;
	while (r == 0 && (from < text.n || p.line == 0)) {
		const uint8_t *lf = from < text.n ? memchr(text.p + from, '\n', text.n - from)
						  : NULL;
		size_t end = lf ? (size_t)(lf - text.p) : text.n;
		p.line++;
		r = read_line(&p, (struct th_slice){text.n ? text.p + from : text.p, end - from});
		from = end + 1;
	}
	if (r < 0) {
		th_rules_destroy(p.rules);
		return r;
	}
	*ret_rules = p.rules;
	return 0;
}

static int say(char why[TH_RULES_WHY_BYTES], int error, const char *what)
{
	snprintf(why, TH_RULES_WHY_BYTES, "%s", what);
	return error;
}

int th_rules_load(const char *path, struct th_rules **ret_rules, char why[TH_RULES_WHY_BYTES])
{
	th_auto_fclose FILE *f = fopen(path, "re");
	if (!f) {
		int error = errno;
		return say(why, -error, strerror(error));
	}
	th_auto_free uint8_t *text = malloc(TH_RULES_FILE_MAX);
	size_t n = text ? fread(text, 1, TH_RULES_FILE_MAX, f) : 0;
	if (!text || ferror(f)) {
		return say(why, -EIO, "it cannot be read");
	}
	if (n == TH_RULES_FILE_MAX) {
		return say(why, -EINVAL, "it is too large");
	}
	return th_rules_parse((struct th_slice){text, n}, ret_rules, why);
}

struct th_rules *th_rules_builtin(void)
{
	struct th_rules *rules = create(1);
	if (rules) {
		rules->rules[rules->n++] = (struct th_rule){
			.place = TH_RULE_ANYWHERE, .patterns = TH_PATTERNS_IN_TEXT};
	}
	return rules;
}

struct th_rules *th_rules_destroy(struct th_rules *rules)
{
	for (size_t i = 0; rules && i < rules->n; i++) {
		struct th_rule *r = &rules->rules[i];
		for (size_t k = 0; k < r->n_path; k++) {
			free(r->path[k].key);
		}
		free(r->path);
		free(r->name);
		free(r->method);
		free(r->url);
	}
	if (rules) {
		free(rules->rules);
		free(rules);
	}
	return NULL;
}

/* ---- asking ---- */

/* '*' stands for any run of characters. */
static bool glob(const char *pattern, struct th_slice s)
{
	size_t i = 0, mark = 0;
	const char *star = NULL;
	while (i < s.n) {
		if (*pattern == '*') {
			star = ++pattern;
			mark = i;
		} else if ((uint8_t)*pattern == s.p[i] && *pattern) {
			pattern++;
			i++;
		} else if (star) {
			pattern = star;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (*pattern == '*') {
		pattern++;
	}
	return *pattern == 0;
}

bool th_rule_applies(const struct th_rule *r, struct th_slice method, struct th_slice url)
{
	return (!r->method || glob(r->method, method)) && (!r->url || glob(r->url, url));
}

static bool step_takes(const struct th_rule_segment *s, struct th_slice key)
{
	return s->step != TH_STEP_KEY || th_slice_eq(th_slice_str(s->key), key);
}

bool th_rule_names(const struct th_rule *r, const struct th_slice *keys, size_t n)
{
	size_t at = 0, i = 0, mark = 0, after = SIZE_MAX; /* as in glob() */
	while (i < n) {
		if (at < r->n_path && r->path[at].step == TH_STEP_DEEP) {
			after = ++at;
			mark = i;
		} else if (at < r->n_path && step_takes(&r->path[at], keys[i])) {
			at++;
			i++;
		} else if (after != SIZE_MAX) {
			at = after;
			i = ++mark;
		} else {
			return false;
		}
	}
	while (at < r->n_path && r->path[at].step == TH_STEP_DEEP) {
		at++;
	}
	return at == r->n_path;
}
