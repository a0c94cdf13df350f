/* Two passes over the same bytes: a validator that remembers the open brackets in a bit string,
 * then a printer that may trust what it sees. */
#include "tools/pretty_json.h"

#include "tools/utf8.h"

struct check {
	struct th_slice s;
	size_t at;
	unsigned depth;
	uint8_t in_object[TH_PRETTY_DEPTH / 8]; /* one bit per level */
};

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int peek(const struct check *k)
{
	return k->at < k->s.n ? k->s.p[k->at] : -1;
}

static void skip_space(struct check *k)
{
	while (k->at < k->s.n && is_space(k->s.p[k->at])) {
		k->at++;
	}
}

static bool take(struct check *k, int c)
{
	if (peek(k) != c) {
		return false;
	}
	k->at++;
	return true;
}

static bool is_hex(int c)
{
	return c >= 0 && (is_digit((uint8_t)c) || ((c | 32) >= 'a' && (c | 32) <= 'f'));
}

static bool take_escape(struct check *k)
{
	int c = peek(k);
	k->at++;
	if (c != 'u') {
		return c > 0 && strchr("\"\\/bfnrt", c);
	}
	for (int i = 0; i < 4; i++, k->at++) {
		if (!is_hex(peek(k))) {
			return false;
		}
	}
	return true;
}

static bool take_string(struct check *k)
{
	if (!take(k, '"')) {
		return false;
	}
	while (k->at < k->s.n) {
		uint8_t c = k->s.p[k->at++];
		if (c == '"') {
			return true;
		}
		if (c < ' ' || (c == '\\' && !take_escape(k))) {
			return false;
		}
	}
	return false;
}

static bool take_digits(struct check *k)
{
	size_t from = k->at;
	while (k->at < k->s.n && is_digit(k->s.p[k->at])) {
		k->at++;
	}
	return k->at > from;
}

static bool take_number(struct check *k)
{
	take(k, '-');
	if (!take(k, '0') && !take_digits(k)) {
		return false;
	}
	if (take(k, '.') && !take_digits(k)) {
		return false;
	}
	if (take(k, 'e') || take(k, 'E')) {
		if (!take(k, '+')) {
			take(k, '-');
		}
		return take_digits(k);
	}
	return true;
}

static bool take_word(struct check *k, const char *word)
{
	size_t n = strlen(word);
	if (k->s.n - k->at < n || memcmp(k->s.p + k->at, word, n) != 0) {
		return false;
	}
	k->at += n;
	return true;
}

static bool take_scalar(struct check *k)
{
	switch (peek(k)) {
	case '"':
		return take_string(k);
	case 't':
		return take_word(k, "true");
	case 'f':
		return take_word(k, "false");
	case 'n':
		return take_word(k, "null");
	default:
		return take_number(k);
	}
}

static bool in_object(const struct check *k)
{
	unsigned level = k->depth - 1;
	return k->in_object[level / 8] >> (level % 8) & 1;
}

static bool take_open(struct check *k, bool object)
{
	if (k->depth == TH_PRETTY_DEPTH) {
		return false;
	}
	unsigned bit = 1u << (k->depth % 8);
	uint8_t *byte = &k->in_object[k->depth / 8];
	*byte = (uint8_t)(object ? *byte | bit : *byte & ~bit);
	k->depth++;
	k->at++;
	return true;
}

static bool take_name(struct check *k)
{
	skip_space(k);
	if (!take_string(k)) {
		return false;
	}
	skip_space(k);
	return take(k, ':');
}

/* After a value: closes what ends here; true when another value must follow. */
static bool take_after_value(struct check *k, bool *ret_more)
{
	for (;;) {
		skip_space(k);
		*ret_more = false;
		if (k->depth == 0) {
			return true;
		}
		if (take(k, ',')) {
			*ret_more = true;
			return !in_object(k) || take_name(k);
		}
		if (!take(k, in_object(k) ? '}' : ']')) {
			return false;
		}
		k->depth--;
	}
}

/* One value or the opening of one; *ret_opened: its first member is to follow. */
static bool take_value(struct check *k, bool *ret_opened)
{
	skip_space(k);
	int c = peek(k);
	*ret_opened = false;
	if (c != '{' && c != '[') {
		return take_scalar(k);
	}
	if (!take_open(k, c == '{')) {
		return false;
	}
	skip_space(k);
	if (take(k, c == '{' ? '}' : ']')) {
		k->depth--;
		return true;
	}
	*ret_opened = true;
	return c == '[' || take_name(k);
}

bool th_pretty_json_is(struct th_slice s)
{
	struct check k = {.s = s};
	bool more = true;
	if (!th_utf8_valid(s)) {
		return false;
	}
	while (more) {
		bool opened;
		if (!take_value(&k, &opened)) {
			return false;
		}
		if (!opened && !take_after_value(&k, &more)) {
			return false;
		}
	}
	return k.at == s.n;
}

struct layout {
	FILE *out;
	const char *indent;
	unsigned depth;
};

static void new_line(const struct layout *l)
{
	fputc('\n', l->out);
	fputs(l->indent, l->out);
	for (unsigned i = 0; i < l->depth; i++) {
		fputs("  ", l->out);
	}
}

/* Length of the string or other scalar at the start of valid JSON. */
static size_t scalar_length(struct th_slice s)
{
	size_t n = 1;
	if (s.p[0] != '"') {
		while (n < s.n && !is_space(s.p[n]) && !strchr(",]}:", s.p[n])) {
			n++;
		}
		return n;
	}
	while (s.p[n] != '"') {
		n += s.p[n] == '\\' ? 2 : 1;
	}
	return n + 1;
}

/* Is the next thing after the bracket at p[0] the bracket that closes it? */
static size_t empty_length(struct th_slice s)
{
	size_t n = 1;
	while (n < s.n && is_space(s.p[n])) {
		n++;
	}
	return s.p[n] == ']' || s.p[n] == '}' ? n + 1 : 0;
}

static size_t print_open(struct layout *l, struct th_slice s)
{
	size_t empty = empty_length(s);
	fputc(s.p[0], l->out);
	if (empty) {
		fputc(s.p[empty - 1], l->out);
		return empty;
	}
	l->depth++;
	new_line(l);
	return 1;
}

static size_t print_token(struct layout *l, struct th_slice s)
{
	switch (s.p[0]) {
	case '{':
	case '[':
		return print_open(l, s);
	case '}':
	case ']':
		l->depth--;
		new_line(l);
		fputc(s.p[0], l->out);
		return 1;
	case ',':
		fputc(',', l->out);
		new_line(l);
		return 1;
	case ':':
		fputs(": ", l->out);
		return 1;
	default:;
		size_t n = scalar_length(s);
		th_text_print(l->out, (struct th_slice){s.p, n});
		return n;
	}
}

bool th_pretty_json_print(FILE *out, struct th_slice s, const char *indent)
{
	struct layout l = {.out = out, .indent = indent};
	if (!th_pretty_json_is(s)) {
		return false;
	}
	fputs(indent, out);
	while (s.n) {
		size_t n = is_space(s.p[0]) ? 1 : print_token(&l, s);
		s.p += n;
		s.n -= n;
	}
	fputc('\n', out);
	return true;
}
