/* TH_JUMP_HOOK: a hook of a function that looks at its own return address. Its symbol is a stub in
 * assembler that asks `look`, a C function with the same arguments and the return address as the
 * fourth, and then gives the answer to the caller or jumps on to the real function, with the
 * arguments, the stack and the return address as it found them. x86-64 only. */
#ifndef SHIM_JUMP_H
#define SHIM_JUMP_H

#include "shim/hook.h"

_Static_assert(offsetof(struct th_slot, real) == 0, "the stub reads it");

/* Up to three arguments are kept; the answer comes in rax (value) and dl (done). The stack is at
 * 8 modulo 16 when the stub begins, so three words align it for the call. The slot's real function
 * is found when it is first called. */
/* clang-format off */
#define TH_JUMP_HOOK(ret, name, params, look) \
	__attribute__((visibility("default"))) ret th_hook_##name params __asm__(#name); \
	_Static_assert(__builtin_types_compatible_p(__typeof__(th_hook_##name), __typeof__(name)), \
		"hook of " #name " differs from its declaration"); \
	TH_SLOT(TH_SLOT_LIBC, ret, name); \
	__asm__(".pushsection .text\n" \
		".globl " #name "\n" \
		".type " #name ", @function\n" \
		".p2align 4\n" \
		#name ":\n" \
		".cfi_startproc\n" \
		"	endbr64\n" \
		"	pushq %rdi\n" \
		".cfi_adjust_cfa_offset 8\n" \
		"	pushq %rsi\n" \
		".cfi_adjust_cfa_offset 8\n" \
		"	pushq %rdx\n" \
		".cfi_adjust_cfa_offset 8\n" \
		"	movq 24(%rsp), %rcx\n" \
		"	call " #look "\n" \
		"	movq %rax, %rcx\n" \
		"	movq %rdx, %r8\n" \
		"	popq %rdx\n" \
		".cfi_adjust_cfa_offset -8\n" \
		"	popq %rsi\n" \
		".cfi_adjust_cfa_offset -8\n" \
		"	popq %rdi\n" \
		".cfi_adjust_cfa_offset -8\n" \
		"	testb %r8b, %r8b\n" \
		"	jnz 2f\n" \
		"1:	movq th_slot_" #name "(%rip), %rax\n" \
		"	testq %rax, %rax\n" \
		"	jz 3f\n" \
		"	jmpq *%rax\n" \
		"2:	movq %rcx, %rax\n" \
		"	ret\n" \
		"3:	pushq %rdi\n" \
		".cfi_adjust_cfa_offset 8\n" \
		"	pushq %rsi\n" \
		".cfi_adjust_cfa_offset 8\n" \
		"	pushq %rdx\n" \
		".cfi_adjust_cfa_offset 8\n" \
		"	leaq th_slot_" #name "(%rip), %rdi\n" \
		"	call th_slot_find\n" \
		"	popq %rdx\n" \
		".cfi_adjust_cfa_offset -8\n" \
		"	popq %rsi\n" \
		".cfi_adjust_cfa_offset -8\n" \
		"	popq %rdi\n" \
		".cfi_adjust_cfa_offset -8\n" \
		"	jmpq *%rax\n" \
		".cfi_endproc\n" \
		".size " #name ", . - " #name "\n" \
		".popsection\n")
/* clang-format on */

#endif
