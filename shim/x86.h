/* Just enough of x86-64 machine code to move the first instructions of a function elsewhere: how
 * long an instruction is, and whether it says where it stands.
 *
 * Written from the opcode maps of Intel's manual (volume 2, appendix A), and compared in
 * tests/unit/test_x86.c with Zydis on the code of whole libraries. (Debian's Zydis is a shared
 * library only, and the agent is not to get a library more, P45.) What is not understood is
 * refused. Pure: no memory but the caller's. */
#ifndef SHIM_X86_H
#define SHIM_X86_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum th_x86_kind {
	TH_X86_PLAIN,	/* may stand anywhere */
	TH_X86_RIP,	/* has an operand in memory relative to the next instruction */
	TH_X86_JUMP,	/* to a place relative to the next instruction */
	TH_X86_JUMP_IF, /* the same, conditionally: jcc */
	TH_X86_LOOP,	/* the same: loop, jrcxz, which have no long form */
	TH_X86_CALL,	/* the same */
	TH_X86_END,	/* nothing runs on behind it: ret, jmp to an address in a register … */
};

struct th_x86_insn {
	enum th_x86_kind kind;
	bool calls; /* pushes its own address: a CALL, or one through a pointer */
	uint8_t length;
	uint8_t disp_at;   /* RIP: where in it the four bytes stand */
	uint8_t condition; /* JUMP_IF: the low four bits of the opcode */
	int32_t relative;  /* all but PLAIN and END: the distance from its end */
};

/* The instruction in the first n bytes. 0, or -EILSEQ: not understood, or cut off. */
int th_x86_decode(const uint8_t *p, size_t n, struct th_x86_insn *ret_insn);

#define TH_X86_JUMP_BYTES 5 /* jmp rel32 */

/* A function's first instructions, as they are moved. */
struct th_x86_head {
	size_t start; /* where the jump goes: behind endbr64, which stays (CET) */
	size_t end;   /* of the last instruction that the jump overwrites */
};

/* Writes to `out`, where it will run at `to`, what `code`, of `size` bytes and running at `from`,
 * does in its first instructions, and then a jump to what follows them.
 *
 * Returns its length, or -EILSEQ: not understood; -ENOSPC: the function is too short, or the code
 * would be longer than `cap`; -ERANGE: `to` is too far away; -EBUSY: the function jumps back to
 * its beginning; -ENOTSUP: an instruction that cannot be moved (loop, jrcxz, some calls).
 *
 * A call returns to where it stood: an unwinder would not know the moved code. It becomes a push of
 * that address and a jump, which a shadow stack would not allow: not where there is one (CET). */
long th_x86_move(const uint8_t *code, size_t size, uintptr_t from, uint8_t *out, size_t cap,
	uintptr_t to, struct th_x86_head *ret_head);

/* A jump that stands at `from` and leads to `to`; -ERANGE. */
int th_x86_jump(uintptr_t from, uintptr_t to, uint8_t ret_jump[TH_X86_JUMP_BYTES]);

#endif
