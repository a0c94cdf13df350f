/* Moving a function's first instructions; see x86.h.
 *
 * Left out: a jump into the beginning from outside of the function (a part of it that the compiler
 * put elsewhere), and by a table of addresses. Compilers make neither: what is moved is the few
 * instructions that set up a frame. */
#include <errno.h>
#include <string.h>

#include "shim/x86.h"

#define LONGEST 20 /* of what one instruction becomes */

static const uint8_t endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa};

struct mover {
	const uint8_t *code;
	size_t size, at;
	uintptr_t from, to;
	uint8_t *out;
	size_t cap, n;
	bool ended; /* nothing runs on behind the last one */
};

static bool is_nop(const uint8_t *p, size_t n)
{
	return p[0] == 0x90 || p[0] == 0xcc || (n > 1 && p[0] == 0x0f && p[1] == 0x1f) ||
		(p[0] == 0x66 && n > 1 && is_nop(p + 1, n - 1)) ||
		(p[0] == 0x2e && n > 1 && is_nop(p + 1, n - 1));
}

static int relative_to(uintptr_t end, uintptr_t target, uint8_t ret_bytes[4])
{
	int64_t distance = (int64_t)(target - end);
	int32_t value = (int32_t)distance;
	if (value != distance) {
		return -ERANGE;
	}
	memcpy(ret_bytes, &value, sizeof(value));
	return 0;
}

int th_x86_jump(uintptr_t from, uintptr_t to, uint8_t ret_jump[TH_X86_JUMP_BYTES])
{
	ret_jump[0] = 0xe9;
	return relative_to(from + TH_X86_JUMP_BYTES, to, ret_jump + 1);
}

/* In its long form. */
static int emit_branch(struct mover *m, const struct th_x86_insn *insn, uintptr_t target)
{
	uint8_t *out = m->out + m->n;
	size_t opcode_bytes = 1;
	if (insn->kind == TH_X86_JUMP_IF) {
		out[0] = 0x0f;
		out[1] = 0x80 | insn->condition;
		opcode_bytes = 2;
	} else {
		out[0] = 0xe9;
		m->ended = true;
	}
	m->n += opcode_bytes + 4;
	return relative_to(m->to + m->n, target, out + opcode_bytes);
}

static int emit_copy(struct mover *m, const struct th_x86_insn *insn)
{
	uint8_t *out = m->out + m->n;
	memcpy(out, m->code + m->at, insn->length);
	m->n += insn->length;
	m->ended = insn->kind == TH_X86_END;
	if (insn->kind != TH_X86_RIP) {
		return 0;
	}
	uintptr_t target = m->from + m->at + insn->length + (uintptr_t)(intptr_t)insn->relative;
	return relative_to(m->to + m->n, target, out + insn->disp_at);
}

/* push back(%rip); jmp target; back: .quad what follows the call. Always the last of the head: it
 * is no shorter than the jump that overwrites the head. */
static int emit_call(struct mover *m, const struct th_x86_insn *insn, uintptr_t target)
{
	static const uint8_t push_rip[] = {0xff, 0x35}, jump_rip[] = {0xff, 0x25};
	bool direct = insn->kind == TH_X86_CALL;
	uint8_t *out = m->out + m->n;
	uint64_t back = m->from + m->at + insn->length;
	if (!direct && insn->kind != TH_X86_RIP) {
		return -ENOTSUP;
	}
	uint32_t over = direct ? TH_X86_JUMP_BYTES : sizeof(jump_rip) + 4;
	memcpy(out, push_rip, sizeof(push_rip));
	memcpy(out + 2, &over, sizeof(over));
	out += 6;
	m->n += 6 + over;
	int r;
	if (direct) {
		r = th_x86_jump(m->to + m->n - over, target, out);
	} else {
		memcpy(out, jump_rip, sizeof(jump_rip));
		r = relative_to(m->to + m->n, target, out + 2);
	}
	memcpy(out + over, &back, sizeof(back));
	m->n += sizeof(back);
	m->ended = true;
	return r;
}

static int move_one(struct mover *m)
{
	struct th_x86_insn insn;
	int r = th_x86_decode(m->code + m->at, m->size - m->at, &insn);
	if (r < 0) {
		return r;
	}
	if (m->n + LONGEST + TH_X86_JUMP_BYTES > m->cap) {
		return -ENOSPC;
	}
	bool branch = insn.kind == TH_X86_JUMP || insn.kind == TH_X86_JUMP_IF;
	uintptr_t target = m->from + m->at + insn.length + (uintptr_t)(intptr_t)insn.relative;
	if (insn.kind == TH_X86_LOOP) {
		return -ENOTSUP;
	} else if (insn.calls) {
		r = emit_call(m, &insn, target);
	} else {
		r = branch ? emit_branch(m, &insn, target) : emit_copy(m, &insn);
	}
	m->at += insn.length;
	return r;
}

/* Enough instructions for a jump in their place. Behind the last one of a function that is
 * shorter may only be padding. */
static int move_head(struct mover *m, size_t end)
{
	while (m->at < end && !m->ended) {
		int r = move_one(m);
		if (r < 0) {
			return r;
		}
	}
	for (; m->at < end; m->at++) {
		if (m->at >= m->size || !is_nop(m->code + m->at, m->size - m->at)) {
			return -ENOSPC;
		}
	}
	return 0;
}

/* Does anything in the function lead back to where the jump will be? A call of the function itself
 * may: it goes to its very beginning, as everybody's does. */
static int check_rest(const uint8_t *code, size_t size, const struct th_x86_head *head)
{
	struct th_x86_insn insn;
	for (size_t at = 0; at < size; at += insn.length) {
		if (th_x86_decode(code + at, size - at, &insn) < 0) {
			return -EILSEQ;
		}
		bool leads = insn.kind == TH_X86_JUMP || insn.kind == TH_X86_JUMP_IF ||
			insn.kind == TH_X86_LOOP || insn.kind == TH_X86_CALL;
		long target = (long)(at + insn.length) + insn.relative;
		bool itself = insn.kind == TH_X86_CALL && target == 0;
		if (leads && !itself && target >= (long)head->start && target < (long)head->end) {
			return -EBUSY;
		}
	}
	return 0;
}

long th_x86_move(const uint8_t *code, size_t size, uintptr_t from, uint8_t *out, size_t cap,
	uintptr_t to, struct th_x86_head *ret_head)
{
	struct mover m = {
		.code = code, .size = size, .from = from, .to = to, .out = out, .cap = cap};
	bool marked = size >= sizeof(endbr64) && memcmp(code, endbr64, sizeof(endbr64)) == 0;
	struct th_x86_head head = {.start = marked ? sizeof(endbr64) : 0};
	m.at = head.start;
	int r = move_head(&m, head.start + TH_X86_JUMP_BYTES);
	head.end = m.at;
	r = r < 0 ? r : check_rest(code, size, &head);
	if (r == 0 && !m.ended) {
		r = th_x86_jump(to + m.n, from + m.at, out + m.n);
		m.n += TH_X86_JUMP_BYTES;
	}
	if (r < 0) {
		return r;
	}
	*ret_head = head;
	return (long)m.n;
}
