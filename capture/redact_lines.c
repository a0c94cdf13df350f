/* See redact_lines.h. A field whose name is not secret and whose value holds nothing that a secret
 * in a URL follows is what it was. Every other line, and a request's first, is looked up, or else
 * redacted as redact_head.c does. That a line became what it became depends on nothing but its
 * bytes, and on whether it is the first: the limit of tokens in a head, which does not, is for who
 * walks over it.
 *
 * In an answer, what is replaced is kept for a replay (kept.h), each time: it is not remembered. */
#include "capture/redact_lines.h"

#include "capture/redactor.h"
#include "capture/secret.h"

#define LINE_END 2		/* CR LF */
#define START_LINE TH_LINES_MAX /* behind the numbers of fields */

struct making {
	const struct th_redaction *how;
	enum th_redact_side side;
	const uint8_t *head;
	size_t kept; /* what is behind it in the head is in no part yet */
	struct th_redact_memory *memory;
	size_t used; /* of the memory, for what is not remembered */
	unsigned tokens;
	struct th_redact_parts *parts;
};

static bool add_part(struct making *m, const uint8_t *p, size_t n)
{
	struct th_redact_parts *parts = m->parts;
	if (n && parts->n > TH_REDACT_PARTS_MAX) {
		return false;
	}
	if (n) {
		parts->part[parts->n++] = (struct iovec){(void *)(uintptr_t)p, n};
	}
	return true;
}

/* The line between is to be `n` bytes at `p`. */
static bool replace(struct making *m, size_t from, size_t to, const uint8_t *p, size_t n)
{
	bool fits = add_part(m, m->head + m->kept, from - m->kept) && add_part(m, p, n);
	m->kept = to;
	m->parts->redacted = true;
	return fits;
}

/* The number of the remembered line, or -1. They come in the same order each time. */
static int remembered(struct th_redact_memory *memory, bool first, const uint8_t *p, size_t n)
{
	unsigned at = memory->next;
	for (unsigned i = 0; i < memory->n; i++, at++) {
		at = at < memory->n ? at : 0;
		if (memory->line[at].n == n && memory->line[at].first == first &&
			memcmp(memory->bytes + memory->line[at].at, p, n) == 0) {
			memory->next = (uint8_t)(at + 1);
			return (int)at;
		}
	}
	return -1;
}

static bool use_remembered(struct making *m, int i, size_t from, size_t to)
{
	const struct th_redact_memory *memory = m->memory;
	m->tokens += memory->line[i].tokens;
	return memory->line[i].same ||
		replace(m, from, to, memory->bytes + memory->line[i].at + memory->line[i].n,
			memory->line[i].out_n);
}

static void forget(struct th_redact_memory *memory)
{
	memory->used = memory->n = memory->next = 0;
	memset(memory->of_line, 0, sizeof(memory->of_line));
}

/* Redacts the line into `out`. */
static struct th_redactor redact(
	const struct making *m, bool first, const uint8_t *p, size_t n, struct th_out out)
{
	struct th_redactor r = th_redactor_begin(m->how, m->side, (struct th_slice){p, n}, NULL);
	const uint8_t *end = p + n - LINE_END;
	r.out = out;
	if (first) {
		th_redactor_request_line(&r, p, end);
	} else {
		th_redactor_field_line(&r, p, end);
	}
	th_redactor_copy(&r, end, end + LINE_END);
	return r;
}

static void remember(struct making *m, bool first, size_t n, const struct th_redactor *r)
{
	struct th_redact_memory *memory = m->memory;
	size_t i = memory->n++;
	memory->line[i].at = (uint16_t)m->used;
	memory->line[i].n = (uint16_t)n;
	memory->line[i].out_n = (uint16_t)r->out.n;
	memory->line[i].tokens = (uint8_t)r->tokens;
	memory->line[i].first = first;
	memory->line[i].same = !r->redacted;
	m->used += n + (r->redacted ? r->out.n : 0);
	memory->used = (uint16_t)m->used;
}

static bool redact_anew(struct making *m, bool first, size_t from, size_t to)
{
	struct th_redact_memory *memory = m->memory;
	size_t n = to - from, room = sizeof(memory->bytes) - m->used;
	uint8_t *in = memory->bytes + m->used;
	struct th_out out = {.p = in + n, .cap = room > n ? room - n : 0};
	struct th_redactor r = {.out = {.failed = true}};
	if (out.cap && memory->n < TH_REDACT_REMEMBERED) {
		r = redact(m, first, m->head + from, n, out);
	}
	if (r.out.failed) {
		forget(memory);
		return false;
	}
	m->tokens += r.tokens;
	if (r.redacted && m->side == TH_REDACT_RESPONSE) {
		m->used += n + r.out.n;
	} else {
		memcpy(in, m->head + from, n);
		remember(m, first, n, &r);
	}
	return !r.redacted || replace(m, from, to, out.p, r.out.n);
}

/* `same`: the model has it there. What became of that is known then. */
static bool redact_line(struct making *m, uint8_t line, bool same, size_t from, size_t to)
{
	const bool first = line == START_LINE;
	struct th_redact_memory *memory = m->memory;
	if (!memory) {
		return false;
	}
	int i = same ? memory->of_line[line] - 1 : -1;
	if (i >= 0) {
		return use_remembered(m, i, from, to);
	}
	i = remembered(memory, first, m->head + from, to - from);
	if (i < 0) {
		return redact_anew(m, first, from, to);
	}
	if (same) {
		memory->of_line[line] = (uint8_t)(i + 1);
	}
	return use_remembered(m, i, from, to);
}

/* The name has three bytes before its colon, or a line's end: there is a start line. */
static bool is_name_secret(
	const struct making *m, const struct th_secret_ends *ends, const struct th_line *line)
{
	const uint8_t *colon = m->head + line->colon, *name = m->head + line->at;
	return th_secret_may_be(ends, colon) &&
		th_secret_field((struct th_slice){name, (size_t)(colon - name)}) != TH_SECRET_NOT;
}

/* The fields whose name says that they hide something. Of those that are named as in the head
 * before it is known. */
static uint64_t by_name(const struct making *m, const struct th_lines *lines)
{
	const struct th_secret_ends *ends = th_secret_ends();
	uint64_t bits = m->memory ? m->memory->names & lines->known : 0;
	uint64_t others = th_lines_first(lines->n) & ~lines->known;
	for (; others; others &= others - 1) {
		const size_t i = (size_t)__builtin_ctzll(others);
		const struct th_line line = th_lines_line(lines, i);
		bits |= (uint64_t)is_name_secret(m, ends, &line) << i;
	}
	if (m->memory) {
		m->memory->names = bits;
	}
	return bits;
}

/* A request's holds a URL; a status line nothing. */
static bool redact_start(struct making *m, const struct th_lines *lines)
{
	if (m->side == TH_REDACT_REQUEST) {
		return redact_line(m, START_LINE, lines->start_same, 0, lines->start);
	}
	return lines->start > 7 && memcmp(m->head, "HTTP/1.", 7) == 0;
}

static bool redact_each(struct making *m, const struct th_lines *lines)
{
	if (m->memory && lines->fresh) {
		memset(m->memory->of_line, 0, sizeof(m->memory->of_line));
	}
	uint64_t bits = by_name(m, lines) | lines->marked;
	if (!redact_start(m, lines)) {
		return false;
	}
	for (; bits; bits &= bits - 1) {
		const unsigned i = (unsigned)__builtin_ctzll(bits);
		const struct th_line line = th_lines_line(lines, i);
		if (!redact_line(m, (uint8_t)i, lines->same >> i & 1, line.at, line.end)) {
			return false;
		}
	}
	return m->tokens < TH_REDACT_HEAD_TOKENS;
}

bool th_redact_lines(const struct th_redaction *how, enum th_redact_side side, struct th_slice head,
	const struct th_lines *lines, struct th_redact_memory *memory,
	struct th_redact_parts *ret_parts)
{
	struct making m = {how, side, head.p, 0, memory, memory ? memory->used : 0, 0, ret_parts};
	ret_parts->n = 1;
	ret_parts->redacted = false;
	if (how->rules || (lines->known && !memory) || (!how->off && !redact_each(&m, lines))) {
		return false;
	}
	return add_part(&m, head.p + m.kept, head.n - m.kept);
}
