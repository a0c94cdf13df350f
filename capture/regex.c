/* See regex.h. The compiler reads its source twice: to find where an atom ends, and then, as often
 * as the atom is repeated, to write its steps. */
#include "capture/regex.h"

#include "base/text.h"

#define DEPTH_MAX 12
#define REPEAT_MAX 255
#define FOREVER UINT16_MAX

enum op {
	OP_SET,	  /* takes a byte of set x */
	OP_SPLIT, /* goes on at x and y */
	OP_JUMP,  /* goes on at x */
	OP_MATCH,
};

/* ---- compiling ---- */

struct compiler {
	struct th_regex_pool *pool;
	uint16_t base, n;
	bool fold; /* (?i) */
	unsigned depth;
	const char *error;
};

static void fail(struct compiler *c, const char *error)
{
	c->error = c->error ? c->error : error;
}

static uint16_t emit(struct compiler *c, enum op op, uint16_t x, uint16_t y)
{
	if (c->n == TH_REGEX_STEPS || c->base + c->n == TH_REGEX_POOL) {
		fail(c, " is too large");
		return 0;
	}
	c->pool->steps[c->base + c->n] = (struct th_regex_step){(uint8_t)op, x, y};
	return c->n++;
}

static void set_add(uint64_t set[4], unsigned from, unsigned to)
{
	for (unsigned b = from; b <= to; b++) {
		set[b / 64] |= 1ull << b % 64;
	}
}

static bool set_has(const uint64_t set[4], uint8_t b)
{
	return set[b / 64] >> b % 64 & 1;
}

static void set_fold(uint64_t set[4])
{
	for (unsigned b = 'a'; b <= 'z'; b++) {
		if (set_has(set, (uint8_t)b) || set_has(set, (uint8_t)(b - 32))) {
			set_add(set, b, b);
			set_add(set, b - 32, b - 32);
		}
	}
}

static void emit_set(struct compiler *c, uint64_t set[4])
{
	struct th_regex_pool *pool = c->pool;
	if (c->fold) {
		set_fold(set);
	}
	set[0] &= ~(1ull << TH_REGEX_WALL | 1ull << TH_REGEX_SKIP);
	uint16_t i = 0;
	while (i < pool->n_sets && memcmp(pool->sets[i], set, sizeof(pool->sets[i])) != 0) {
		i++;
	}
	if (i == TH_REGEX_SETS) {
		fail(c, " has too many different sets");
		return;
	}
	if (i == pool->n_sets) {
		memcpy(pool->sets[pool->n_sets++], set, sizeof(pool->sets[i]));
	}
	emit(c, OP_SET, i, 0);
}

/* What stands behind a backslash. False: one byte, which is added, too, and *ret_byte. */
static bool add_escape(struct compiler *c, uint8_t e, uint64_t set[4], uint8_t *ret_byte)
{
	uint64_t s[4] = {0};
	uint8_t l = th_lower(e);
	if (l == 'd' || l == 'w') {
		set_add(s, '0', '9');
	}
	if (l == 'w') {
		set_add(s, 'a', 'z');
		set_add(s, 'A', 'Z');
		set_add(s, '_', '_');
	}
	if (l == 's') {
		set_add(s, '\t', '\r');
		set_add(s, ' ', ' ');
	}
	if (l == 'd' || l == 'w' || l == 's') {
		for (int i = 0; i < 4; i++) {
			set[i] |= e == l ? s[i] : ~s[i];
		}
		return true;
	}
	bool letter = (l >= 'a' && l <= 'z') || (e >= '0' && e <= '9');
	*ret_byte = e == 'n' ? '\n' : e == 'r' ? '\r' : e == 't' ? '\t' : e;
	if (letter && *ret_byte == e) {
		fail(c, " has an escape that is not known");
	}
	set_add(set, *ret_byte, *ret_byte);
	return false;
}

/* One member of a class; returns behind it. */
static const uint8_t *class_member(
	struct compiler *c, const uint8_t *p, const uint8_t *end, uint64_t set[4])
{
	uint8_t from = *p++, to;
	if (from == '\\') {
		if (add_escape(c, *p++, set, &from)) {
			return p;
		}
	}
	to = from;
	if (end - p >= 2 && p[0] == '-') {
		to = p[1];
		p += 2;
		if (to == '\\' || to < from) {
			fail(c, " has a range that is none");
			return end;
		}
	}
	set_add(set, from, to);
	return p;
}

/* `p` is behind the '[', `end` at the ']'. */
static void compile_class(struct compiler *c, const uint8_t *p, const uint8_t *end)
{
	uint64_t set[4] = {0};
	bool negated = p < end && *p == '^';
	p += negated;
	if (p == end) {
		fail(c, " has an empty class");
	}
	while (p < end && !c->error) {
		p = class_member(c, p, end, set);
	}
	for (int i = 0; negated && i < 4; i++) {
		set[i] = ~set[i];
	}
	emit_set(c, set);
}

/* Behind the class that begins at `p`; NULL: it has no end. */
static const uint8_t *class_end(const uint8_t *p, const uint8_t *end)
{
	p++;
	p += p < end && *p == '^';
	p += p < end && *p == ']';
	while (p < end && *p != ']') {
		p += *p == '\\' ? 2 : 1;
	}
	return p < end ? p + 1 : NULL;
}

/* Behind the atom at `p`; NULL: it has no end. */
static const uint8_t *atom_end(const uint8_t *p, const uint8_t *end)
{
	int depth = 0;
	do {
		if (*p == '[') {
			p = class_end(p, end);
			if (!p) {
				return NULL;
			}
			continue;
		}
		depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
		p += *p == '\\' ? 2 : 1;
	} while (depth > 0 && p < end);
	return depth == 0 && p <= end ? p : NULL;
}

static const uint8_t *find_bar(const uint8_t *p, const uint8_t *end)
{
	while (p && p < end && *p != '|') {
		p = atom_end(p, end);
	}
	return p ? p : end;
}

static void compile_either(struct compiler *c, const uint8_t *p, const uint8_t *end);

static void compile_group(struct compiler *c, const uint8_t *p, const uint8_t *end)
{
	if (end - p >= 2 && p[0] == '?') {
		if (p[1] != ':') {
			fail(c, " has a (?…) that is not known");
		}
		p += 2;
	}
	if (++c->depth > DEPTH_MAX) {
		fail(c, " is nested too deeply");
	}
	if (!c->error) {
		compile_either(c, p, end);
	}
	c->depth--;
}

static void compile_atom(struct compiler *c, const uint8_t *p, const uint8_t *end)
{
	uint64_t set[4] = {0};
	uint8_t byte;
	switch (*p) {
	case '(':
		compile_group(c, p + 1, end - 1);
		return;
	case '[':
		compile_class(c, p + 1, end - 1);
		return;
	case '.':
		set_add(set, 0, 255);
		set[0] &= ~(1ull << '\n');
		break;
	case '\\':
		if (p[1] == 'b' || p[1] == 'B') {
			fail(c, " has \\b elsewhere than at an end");
		}
		add_escape(c, p[1], set, &byte);
		break;
	case '*':
	case '+':
	case '?':
	case '{':
	case ')':
	case '^':
	case '$':
		fail(c, " has a * + ? { ) ^ or $ where it cannot be");
		break;
	default:
		set_add(set, *p, *p);
		break;
	}
	emit_set(c, set);
}

struct repeat {
	unsigned min, max;
};

static const uint8_t *take_number(const uint8_t *p, const uint8_t *end, unsigned *ret_n)
{
	const uint8_t *start = p;
	*ret_n = 0;
	while (p < end && *p >= '0' && *p <= '9' && *ret_n <= REPEAT_MAX) {
		*ret_n = *ret_n * 10 + (unsigned)(*p++ - '0');
	}
	return p > start ? p : NULL;
}

/* "{m}", "{m,}", "{m,n}" at `p`. */
static const uint8_t *take_braces(
	struct compiler *c, const uint8_t *p, const uint8_t *end, struct repeat *ret)
{
	p = take_number(p + 1, end, &ret->min);
	ret->max = ret->min;
	if (p && p < end && *p == ',') {
		p++;
		ret->max = FOREVER;
		if (p < end && *p != '}') {
			p = take_number(p, end, &ret->max);
		}
	}
	bool fits = ret->min <= REPEAT_MAX && (ret->max == FOREVER || ret->max <= REPEAT_MAX) &&
		ret->max >= ret->min && ret->max > 0;
	if (!p || p == end || *p != '}' || !fits) {
		fail(c, " has braces that are no count up to 255");
		return end;
	}
	return p + 1;
}

static const uint8_t *take_repeat(
	struct compiler *c, const uint8_t *p, const uint8_t *end, struct repeat *ret)
{
	*ret = (struct repeat){1, 1};
	if (p == end || !strchr("*+?{", *p) || !*p) {
		return p;
	}
	if (*p == '{') {
		p = take_braces(c, p, end, ret);
	} else {
		ret->min = *p == '+';
		ret->max = *p == '?' ? 1 : FOREVER;
		p++;
	}
	if (p < end && *p && strchr("*+?{", *p)) {
		fail(c, " repeats a repetition");
	}
	return p;
}

static void compile_star(struct compiler *c, const uint8_t *p, const uint8_t *end)
{
	uint16_t split = emit(c, OP_SPLIT, 0, 0);
	c->pool->steps[c->base + split].x = c->n;
	compile_atom(c, p, end);
	emit(c, OP_JUMP, split, 0);
	c->pool->steps[c->base + split].y = c->n;
}

static void compile_repeated(
	struct compiler *c, const uint8_t *p, const uint8_t *end, const struct repeat *r)
{
	uint16_t splits[REPEAT_MAX];
	unsigned n = 0;
	for (unsigned i = 0; i < r->min && !c->error; i++) {
		compile_atom(c, p, end);
	}
	if (r->max == FOREVER) {
		compile_star(c, p, end);
		return;
	}
	for (unsigned i = r->min; i < r->max && !c->error; i++) {
		splits[n] = emit(c, OP_SPLIT, 0, 0);
		c->pool->steps[c->base + splits[n++]].x = c->n;
		compile_atom(c, p, end);
	}
	while (n--) {
		c->pool->steps[c->base + splits[n]].y = c->n;
	}
}

static void compile_sequence(struct compiler *c, const uint8_t *p, const uint8_t *end)
{
	while (p < end && !c->error) {
		struct repeat r;
		const uint8_t *stop = atom_end(p, end);
		if (!stop) {
			fail(c, " has a ( [ or \\ without its end");
			return;
		}
		const uint8_t *next = take_repeat(c, stop, end, &r);
		compile_repeated(c, p, stop, &r);
		p = next;
	}
}

static void compile_either(struct compiler *c, const uint8_t *p, const uint8_t *end)
{
	const uint8_t *bar = find_bar(p, end);
	if (bar == end) {
		compile_sequence(c, p, end);
		return;
	}
	uint16_t split = emit(c, OP_SPLIT, 0, 0);
	c->pool->steps[c->base + split].x = c->n;
	compile_sequence(c, p, bar);
	uint16_t jump = emit(c, OP_JUMP, 0, 0);
	c->pool->steps[c->base + split].y = c->n;
	if (++c->depth > 64) {
		fail(c, " has too many alternatives");
	}
	if (!c->error) {
		compile_either(c, bar + 1, end);
	}
	c->depth--;
	c->pool->steps[c->base + jump].x = c->n;
}

/* ---- running ---- */

/* The threads of the machine: which step each is at, and where its match began. A step has at most
 * one, the one that began first. */
struct threads {
	uint16_t at[TH_REGEX_STEPS];
	uint16_t n;
};

struct machine {
	const struct th_regex_step *steps;
	const struct th_regex_pool *pool;
	struct threads lists[2];
	uint32_t began[2][TH_REGEX_STEPS]; /* a text is shorter than 4 GiB */
	uint32_t seen[TH_REGEX_STEPS];	   /* the round in which a thread was put there */
	uint32_t round;
	uint64_t spent;
	bool matched;
	size_t match_began;
};

static void add_thread(struct machine *m, int list, uint16_t at, size_t began)
{
	uint16_t stack[TH_REGEX_STEPS];
	unsigned n = 0;
	stack[n++] = at;
	while (n) {
		uint16_t pc = stack[--n];
		m->spent++;
		if (m->seen[pc] == m->round) {
			continue;
		}
		m->seen[pc] = m->round;
		const struct th_regex_step *s = &m->steps[pc];
		if (s->op == OP_SPLIT && n + 2 <= TH_REGEX_STEPS) {
			stack[n++] = s->y;
			stack[n++] = s->x;
		} else if (s->op == OP_JUMP) {
			stack[n++] = s->x;
		} else if (s->op == OP_MATCH) {
			if (!m->matched || began < m->match_began) {
				m->match_began = began;
			}
			m->matched = true;
		} else {
			m->lists[list].at[m->lists[list].n] = pc;
			m->began[list][m->lists[list].n++] = (uint32_t)began;
		}
	}
}

/* ---- the text ---- */

static uint8_t byte_at(const struct th_regex_in *in, size_t i, size_t *ret_n)
{
	uint8_t c = in->text.p[i];
	*ret_n = 1;
	if (in->percent && c == '%' && in->text.n - i >= 3 &&
		th_hex_decode(&c, (const char *)in->text.p + i + 1, 1)) {
		*ret_n = 3;
		return c <= TH_REGEX_SKIP ? 0x80 : c;
	}
	return in->percent && c == '+' ? ' ' : c;
}

uint8_t th_regex_byte(const struct th_regex_in *in, size_t i, size_t *ret_next)
{
	size_t n;
	uint8_t c = byte_at(in, i, &n);
	for (i += n; i < in->text.n && in->text.p[i] == TH_REGEX_SKIP; i++) {
	}
	*ret_next = i;
	return c;
}

/* The byte before *at, which moves there; 0: none. */
static uint8_t step_back(const struct th_regex_in *in, size_t *at)
{
	size_t n;
	if (in->percent && *at >= 3 && in->text.p[*at - 3] == '%') {
		uint8_t c = byte_at(in, *at - 3, &n);
		if (n == 3) {
			*at -= 3;
			return c;
		}
	}
	while (*at > 0) {
		uint8_t c = byte_at(in, --*at, &n);
		if (c != TH_REGEX_SKIP) {
			return c;
		}
	}
	return 0;
}

static bool is_kind(uint8_t c, enum th_regex_bound bound)
{
	uint8_t l = th_lower(c);
	bool digit = c >= '0' && c <= '9';
	bool name = bound != TH_REGEX_DIGIT && l >= 'a' && l <= 'z';
	return digit || name || (bound == TH_REGEX_WORD && c == '_');
}

static bool kind_before(const struct th_regex_in *in, size_t i, enum th_regex_bound bound)
{
	uint8_t c = step_back(in, &i);
	if (!is_kind(c, bound)) {
		return false;
	}
	return !strchr("bfnrt", c) || step_back(in, &i) != '\\';
}

static bool kind_at(const struct th_regex_in *in, size_t i, enum th_regex_bound bound)
{
	size_t n;
	while (i < in->text.n && in->text.p[i] == TH_REGEX_SKIP) {
		i++;
	}
	return i < in->text.n && is_kind(byte_at(in, i, &n), bound);
}

static bool may_begin(const struct th_regex_in *in, size_t i, enum th_regex_bound bound)
{
	if (bound == TH_REGEX_ANYWHERE || bound == TH_REGEX_WORD) {
		return !bound || kind_at(in, i, bound) != kind_before(in, i, bound);
	}
	return !kind_before(in, i, bound);
}

bool th_regex_may_end(const struct th_regex_in *in, size_t i, enum th_regex_bound bound)
{
	size_t at = i;
	if (bound == TH_REGEX_ANYWHERE) {
		return true;
	}
	bool wanted = bound == TH_REGEX_WORD ? is_kind(step_back(in, &at), bound) : true;
	return kind_at(in, i, bound) != wanted;
}

/* ---- searching ---- */

struct search {
	struct machine m;
	const struct th_regex *pattern;
	struct th_regex_in *in;
	bool found;
	size_t from, to; /* the best so far */
};

/* Threads that began behind the best match end. */
static bool goes_on(const struct search *s, size_t began)
{
	return !s->found || began <= s->from;
}

/* One byte further, which ends before `next`: from list `a` into the other. */
static void advance(struct search *s, int a, uint8_t c, size_t next)
{
	struct machine *m = &s->m;
	m->lists[!a].n = 0;
	m->round++;
	m->matched = false;
	for (uint16_t k = 0; k < m->lists[a].n; k++) {
		const struct th_regex_step *step = &m->steps[m->lists[a].at[k]];
		size_t began = m->began[a][k];
		if (goes_on(s, began) && set_has(m->pool->sets[step->x], c)) {
			add_thread(m, !a, m->lists[a].at[k] + 1, began);
		}
	}
	m->spent += m->lists[a].n;
	if (m->matched && (!s->found || m->match_began <= s->from) &&
		th_regex_may_end(s->in, next, s->pattern->right)) {
		s->found = true;
		s->from = m->match_began;
		s->to = next;
	}
}

static void begin_here(struct search *s, int a, uint8_t c, size_t i)
{
	if (!s->found && set_has(s->pattern->starts, c) && may_begin(s->in, i, s->pattern->left)) {
		add_thread(&s->m, a, 0, i);
	}
}

/* Where the next match may begin; most of a text is passed over here. */
static size_t find_start(const struct search *s, size_t i)
{
	const struct th_regex_in *in = s->in;
	const uint64_t *starts = s->pattern->starts;
	const uint8_t *p = in->text.p;
	size_t n;
	while (!in->percent && i < in->text.n && !set_has(starts, p[i])) {
		i++;
	}
	while (in->percent && i < in->text.n && !set_has(starts, byte_at(in, i, &n))) {
		i += n;
	}
	return i;
}

static void run(struct search *s, size_t from)
{
	const struct th_regex_in *in = s->in;
	int a = 0;
	s->m.round = 1;
	for (size_t i = from, n; i < in->text.n && s->m.spent < in->work; i += n) {
		if (s->m.lists[a].n == 0) {
			i = s->found ? in->text.n : find_start(s, i);
		}
		if (i == in->text.n) {
			break;
		}
		uint8_t c = byte_at(in, i, &n);
		if (c == TH_REGEX_SKIP) {
			continue;
		}
		begin_here(s, a, c, i);
		if (s->m.lists[a].n) {
			advance(s, a, c, i + n);
			a = !a;
		}
	}
}

bool th_regex_find(const struct th_regex_pool *pool, const struct th_regex *pattern,
	struct th_regex_in *in, size_t from, size_t *ret_from, size_t *ret_to)
{
	struct search s;
	s.m.steps = pool->steps + pattern->first;
	s.m.pool = pool;
	s.m.lists[0].n = s.m.lists[1].n = 0;
	memset(s.m.seen, 0, pattern->n * sizeof(s.m.seen[0]));
	s.m.spent = 0;
	s.m.matched = s.found = false;
	s.pattern = pattern;
	s.in = in;
	s.from = s.to = 0;
	run(&s, from);
	in->work -= s.m.spent < in->work ? s.m.spent : in->work;
	if (!s.found || in->work == 0) {
		return false;
	}
	while (s.to < in->text.n && in->text.p[s.to] == TH_REGEX_SKIP) {
		s.to++;
	}
	*ret_from = s.from;
	*ret_to = s.to;
	return true;
}

/* ---- the beginning ---- */

/* Which bytes a match can begin with; false: it can be empty. */
static bool find_starts(const struct th_regex_pool *pool, struct th_regex *p)
{
	struct machine m = {.steps = pool->steps + p->first, .pool = pool, .round = 1};
	add_thread(&m, 0, 0, 0);
	for (uint16_t i = 0; i < m.lists[0].n; i++) {
		const uint64_t *set = pool->sets[m.steps[m.lists[0].at[i]].x];
		for (int k = 0; k < 4; k++) {
			p->starts[k] |= set[k];
		}
	}
	return !m.matched;
}

static bool take(struct th_slice *s, struct th_slice what, bool at_end)
{
	const uint8_t *at = at_end ? s->p + s->n - what.n : s->p;
	if (s->n < what.n || memcmp(at, what.p, what.n) != 0) {
		return false;
	}
	s->n -= what.n;
	s->p += at_end ? 0 : what.n;
	return true;
}

const char *th_regex_compile(
	struct th_regex_pool *pool, struct th_slice source, struct th_regex *ret_pattern)
{
	struct compiler c = {.pool = pool, .base = pool->n_steps};
	struct th_regex p = {.first = pool->n_steps};
	const struct th_slice bound = TH_SLICE_LIT("\\b");
	if (source.n && memchr(source.p, 0, source.n)) {
		return " holds a byte of zero";
	}
	c.fold = take(&source, TH_SLICE_LIT("(?i)"), false);
	p.left = take(&source, bound, false) ? TH_REGEX_WORD : TH_REGEX_ANYWHERE;
	bool escaped = source.n > 2 && source.p[source.n - 3] == '\\';
	p.right = !escaped && take(&source, bound, true) ? TH_REGEX_WORD : TH_REGEX_ANYWHERE;
	compile_either(&c, source.p, source.p + source.n);
	emit(&c, OP_MATCH, 0, 0);
	p.n = c.n;
	if (!c.error && !find_starts(pool, &p)) {
		c.error = " matches where nothing is";
	}
	if (!c.error) {
		pool->n_steps = (uint16_t)(pool->n_steps + c.n);
		*ret_pattern = p;
	}
	return c.error;
}
