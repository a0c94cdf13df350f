/* The decoder; see x86.h. A map says for each opcode what follows it:
 *
 *     -  nothing      b  1 byte     w  2 bytes    z  2 or 4 (operand size)    v  2, 4 or 8
 *     m  ModRM        B  ModRM, 1 byte            Z  ModRM, 2 or 4
 *     r  1 byte, relative           R  4 bytes, relative
 *     p  it is a prefix             g  ModRM, and an operand for its first two forms (test)
 *     a  an address of 8 bytes      e  3 bytes (enter)
 *     x  another map                .  refused: not valid in 64-bit mode, or unknown here */
#include "shim/x86.h"

#include <errno.h>
#include <string.h>

#define INSTRUCTION_MAX 15

static const char one_byte[] =
	/* 0 1 2 3 4 5 6 7 8 9 a b c d e f */
	"mmmmbz..mmmmbz.x" /* 0x */
	"mmmmbz..mmmmbz.." /* 1x */
	"mmmmbzp.mmmmbzp." /* 2x */
	"mmmmbzp.mmmmbzp." /* 3x */
	"pppppppppppppppp" /* 4x: REX */
	"----------------" /* 5x */
	"..xmppppzZbB----" /* 6x */
	"rrrrrrrrrrrrrrrr" /* 7x */
	"BZ.Bmmmmmmmmmmmm" /* 8x */
	"----------.-----" /* 9x */
	"aaaa----bz------" /* ax */
	"bbbbbbbbvvvvvvvv" /* bx */
	"BBw-xxBZe-w--b.-" /* cx */
	"mmmm...-mmmmmmmm" /* dx */
	"rrrrbbbbRR.r----" /* ex */
	"p-pp--gg------mm" /* fx */;

static const char two_bytes[] = "mmmm.-----.-.m-B" /* 0x */
				"mmmmmmmmmmmmmmmm" /* 1x */
				"........mmmmmmmm" /* 2x */
				"------.-x.x....." /* 3x */
				"mmmmmmmmmmmmmmmm" /* 4x */
				"mmmmmmmmmmmmmmmm" /* 5x */
				"mmmmmmmmmmmmmmmm" /* 6x */
				"BBBBmmm-....mmmm" /* 7x */
				"RRRRRRRRRRRRRRRR" /* 8x */
				"mmmmmmmmmmmmmmmm" /* 9x */
				"---mBm..---mBmmm" /* ax */
				"mmmmmmmmmmBmmmmm" /* bx */
				"mmBmBBBm--------" /* cx */
				"mmmmmmmmmmmmmmmm" /* dx */
				"mmmmmmmmmmmmmmmm" /* ex */
				"mmmmmmmmmmmmmmmm" /* fx */;

_Static_assert(sizeof(one_byte) == 257 && sizeof(two_bytes) == 257, "a map has 256 places");

struct cursor {
	const uint8_t *p;
	size_t n, at;
	bool wide;    /* REX.W */
	bool narrow;  /* 66: operands of 16 bits */
	bool address; /* 67: addresses of 32 bits */
	bool cut, unknown;
	uint8_t modrm;
	struct th_x86_insn insn;
};

static uint8_t next(struct cursor *c)
{
	if (c->at >= c->n || c->at >= INSTRUCTION_MAX) {
		c->cut = true;
		return 0;
	}
	return c->p[c->at++];
}

static int32_t next_relative(struct cursor *c, size_t bytes)
{
	uint32_t v = 0;
	for (size_t i = 0; i < bytes; i++) {
		v |= (uint32_t)next(c) << (8 * i);
	}
	return bytes == 1 ? (int8_t)v : (int32_t)v;
}

static void skip(struct cursor *c, size_t bytes)
{
	while (bytes-- > 0) {
		(void)next(c);
	}
}

/* ---- the parts of an instruction ---- */

/* The opcode after the prefixes. REX counts only right before it. */
static uint8_t read_prefixes(struct cursor *c)
{
	for (;;) {
		uint8_t b = next(c);
		if (one_byte[b] != 'p' || c->cut) {
			return b;
		}
		c->wide = (b & 0xf8) == 0x48;
		c->narrow = c->narrow || b == 0x66;
		c->address = c->address || b == 0x67;
	}
}

static void read_modrm(struct cursor *c)
{
	c->modrm = next(c);
	unsigned mod = c->modrm >> 6, rm = c->modrm & 7;
	if (mod == 3) {
		return;
	}
	unsigned base = rm == 4 ? next(c) & 7 : 0;
	if (mod == 0 && rm == 5) {
		c->unknown = c->address; /* relative to half of the address */
		c->insn.kind = TH_X86_RIP;
		c->insn.disp_at = (uint8_t)c->at;
		c->insn.relative = next_relative(c, 4);
	} else if (mod == 2 || (mod == 0 && rm == 4 && base == 5)) {
		skip(c, 4);
	} else if (mod == 1) {
		skip(c, 1);
	}
}

static size_t operand_bytes(const struct cursor *c)
{
	return c->narrow && !c->wide ? 2 : 4;
}

static void read_branch(struct cursor *c, uint8_t opcode, bool escaped, size_t bytes)
{
	c->insn.relative = next_relative(c, bytes);
	c->insn.condition = opcode & 0xf;
	if (escaped || (opcode & 0xf0) == 0x70) {
		c->insn.kind = TH_X86_JUMP_IF;
	} else if (opcode == 0xe8) {
		c->insn.kind = TH_X86_CALL;
	} else {
		c->insn.kind = opcode >= 0xe9 ? TH_X86_JUMP : TH_X86_LOOP;
	}
}

/* What follows the opcode; false: refused. */
static bool read_operands(struct cursor *c, char what, uint8_t opcode, bool escaped)
{
	if (strchr("mBZg", what)) {
		read_modrm(c);
	}
	switch (what) {
	case '-':
	case 'm':
		return true;
	case 'b':
	case 'B':
		skip(c, 1);
		return true;
	case 'w':
		skip(c, 2);
		return true;
	case 'z':
	case 'Z':
		skip(c, operand_bytes(c));
		return true;
	case 'v':
		skip(c, c->wide ? 8 : operand_bytes(c));
		return true;
	case 'g':
		skip(c, c->modrm & 0x30 ? 0 : opcode & 1 ? operand_bytes(c) : 1);
		return true;
	case 'r':
		read_branch(c, opcode, escaped, 1);
		return !c->address;
	case 'R':
		read_branch(c, opcode, escaped, 4);
		return operand_bytes(c) == 4; /* processors disagree on the other */
	case 'a':
		skip(c, c->address ? 4 : 8);
		return true;
	case 'e':
		skip(c, 3);
		return true;
	default:
		return false;
	}
}

/* Opcodes behind 0f, 0f 38 and 0f 3a, by the number of their map. */
static bool read_mapped(struct cursor *c, unsigned map, uint8_t opcode)
{
	switch (map) {
	case 1:
		return read_operands(c, two_bytes[opcode], opcode, true);
	case 2:
		return read_operands(c, 'm', opcode, true);
	case 3:
		return read_operands(c, 'B', opcode, true);
	default:
		return false;
	}
}

/* VEX (c4, c5) and EVEX (62); false: refused. */
static bool read_vector(struct cursor *c, uint8_t opcode)
{
	unsigned map = 1;
	if (opcode != 0xc5) {
		map = next(c) & (opcode == 0x62 ? 7 : 31);
	}
	skip(c, opcode == 0x62 ? 2 : 1);
	opcode = next(c);
	bool fp16 = map == 5 || map == 6;
	bool branch = map == 1 &&
		two_bytes[opcode] == 'R'; /* of mask registers there, with ModRM */
	return !branch && read_mapped(c, fp16 ? 2 : map, opcode);
}

static bool read_escaped(struct cursor *c)
{
	uint8_t opcode = next(c);
	if (two_bytes[opcode] == 'x') {
		return read_mapped(c, opcode == 0x38 ? 2 : 3, next(c));
	}
	if (opcode == 0x0b) {
		c->insn.kind = TH_X86_END; /* ud2 */
	}
	return read_mapped(c, 1, opcode);
}

static bool ends(uint8_t opcode, unsigned form)
{
	bool returns = opcode == 0xc2 || opcode == 0xc3 || opcode == 0xca || opcode == 0xcb ||
		opcode == 0xcf;
	bool jumps = opcode == 0xff && form == 4;
	return returns || jumps || opcode == 0xcc || opcode == 0xf4;
}

static bool read_instruction(struct cursor *c)
{
	uint8_t opcode = read_prefixes(c);
	if (opcode == 0x0f) {
		return read_escaped(c);
	}
	if (one_byte[opcode] == 'x') {
		return read_vector(c, opcode);
	}
	if (!read_operands(c, one_byte[opcode], opcode, false)) {
		return false;
	}
	/* XOP, and xbegin, whose operand is a distance. */
	if ((opcode == 0x8f && (c->modrm & 0x38)) || (opcode == 0xc7 && c->modrm == 0xf8)) {
		return false;
	}
	unsigned form = (c->modrm >> 3) & 7;
	c->insn.calls = opcode == 0xe8 || (opcode == 0xff && form == 2);
	if (opcode == 0xff && (form == 3 || form == 5)) {
		return false; /* far */
	}
	if (ends(opcode, form) && c->insn.kind == TH_X86_PLAIN) {
		c->insn.kind = TH_X86_END;
	}
	return true;
}

int th_x86_decode(const uint8_t *p, size_t n, struct th_x86_insn *ret_insn)
{
	struct cursor c = {.p = p, .n = n};
	if (!read_instruction(&c) || c.cut || c.unknown) {
		return -EILSEQ;
	}
	c.insn.length = (uint8_t)c.at;
	*ret_insn = c.insn;
	return 0;
}
