#include "shim/x86.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <link.h>

#include "tests/unit/guard.h"

static int decode(const char *bytes, size_t n, struct th_x86_insn *ret_insn)
{
	struct th_slice s = th_guard((struct th_slice){(const uint8_t *)bytes, n});
	return th_x86_decode(s.p, s.n, ret_insn);
}

#define DECODE(text, insn) decode(text, sizeof(text) - 1, insn)

static const struct {
	const char *name, *bytes;
	size_t n;
	enum th_x86_kind kind;
	int32_t relative;
} cases[] = {
#define CASE(name, bytes, kind, relative) \
	{ \
		name, bytes, sizeof(bytes) - 1, kind, relative \
	}
	CASE("endbr64", "\xf3\x0f\x1e\xfa", TH_X86_PLAIN, 0),
	CASE("push %r15", "\x41\x57", TH_X86_PLAIN, 0),
	CASE("sub $0x108, %rsp", "\x48\x81\xec\x08\x01\x00\x00", TH_X86_PLAIN, 0),
	CASE("mov 8(%rsp,%rax,4), %rdx", "\x48\x8b\x54\x84\x08", TH_X86_PLAIN, 0),
	CASE("mov 0x10(,%rax,8), %rdx", "\x48\x8b\x14\xc5\x10\x00\x00\x00", TH_X86_PLAIN, 0),
	CASE("movabs $1, %rax", "\x48\xb8\x01\x00\x00\x00\x00\x00\x00\x00", TH_X86_PLAIN, 0),
	CASE("mov $1, %ax", "\x66\xb8\x01\x00", TH_X86_PLAIN, 0),
	CASE("testb $1, (%rdi)", "\xf6\x07\x01", TH_X86_PLAIN, 0),
	CASE("not (%rdi)", "\xf6\x17", TH_X86_PLAIN, 0),
	CASE("testl $1, (%rdi)", "\xf7\x07\x01\x00\x00\x00", TH_X86_PLAIN, 0),
	CASE("pshufd $1, %xmm0, %xmm1", "\x66\x0f\x70\xc8\x01", TH_X86_PLAIN, 0),
	CASE("palignr $1, %xmm0, %xmm1", "\x66\x0f\x3a\x0f\xc8\x01", TH_X86_PLAIN, 0),
	CASE("vzeroupper", "\xc5\xf8\x77", TH_X86_PLAIN, 0),
	CASE("vpermq $1, %ymm0, %ymm1", "\xc4\xe3\xfd\x00\xc8\x01", TH_X86_PLAIN, 0),
	CASE("vmovdqu64 (%rdi), %zmm0", "\x62\xf1\xfe\x48\x6f\x07", TH_X86_PLAIN, 0),
	CASE("lea 0x10(%rip), %rax", "\x48\x8d\x05\x10\x00\x00\x00", TH_X86_RIP, 16),
	CASE("cmpl $1, -1(%rip)", "\x83\x3d\xff\xff\xff\xff\x01", TH_X86_RIP, -1),
	CASE("call *8(%rip)", "\xff\x15\x08\x00\x00\x00", TH_X86_RIP, 8),
	CASE("jmp .-3", "\xeb\xfb", TH_X86_JUMP, -5),
	CASE("jmp .+0x105", "\xe9\x00\x01\x00\x00", TH_X86_JUMP, 256),
	CASE("je .+7", "\x74\x05", TH_X86_JUMP_IF, 5),
	CASE("jne .+0x106", "\x0f\x85\x00\x01\x00\x00", TH_X86_JUMP_IF, 256),
	CASE("call .+5", "\xe8\x00\x00\x00\x00", TH_X86_CALL, 0),
	CASE("data16 data16 rex.W call", "\x66\x66\x48\xe8\x00\x00\x00\x00", TH_X86_CALL, 0),
	CASE("jrcxz .+2", "\xe3\x00", TH_X86_LOOP, 0),
	CASE("ret", "\xc3", TH_X86_END, 0),
	CASE("jmp *%rax", "\xff\xe0", TH_X86_END, 0),
	CASE("ud2", "\x0f\x0b", TH_X86_END, 0),
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

Test(x86, knows_where_an_instruction_ends_and_what_it_is_relative_to)
{
	for (size_t i = 0; i < CASES; i++) {
		struct th_x86_insn insn;
		cr_assert_eq(decode(cases[i].bytes, cases[i].n, &insn), 0, "%s", cases[i].name);
		cr_expect_eq(insn.length, cases[i].n, "%s: %u", cases[i].name, insn.length);
		cr_expect_eq(insn.kind, cases[i].kind, "%s: %d", cases[i].name, insn.kind);
		cr_expect_eq(insn.relative, cases[i].relative, "%s", cases[i].name);
	}
}

Test(x86, refuses_what_is_cut)
{
	for (size_t i = 0; i < CASES; i++) {
		for (size_t n = 0; n < cases[i].n; n++) {
			struct th_x86_insn insn = {.length = 99};
			int r = decode(cases[i].bytes, n, &insn);
			cr_expect(r == -EILSEQ || insn.length <= n, "%s at %zu", cases[i].name, n);
		}
	}
}

Test(x86, refuses_what_is_no_instruction_or_not_understood)
{
	struct th_x86_insn insn;
	cr_expect_eq(DECODE("\x06", &insn), -EILSEQ, "push %%es");
	cr_expect_eq(DECODE("\x9a\x00\x00\x00\x00\x00\x00", &insn), -EILSEQ, "far call");
	cr_expect_eq(DECODE("\xc7\xf8\x00\x00\x00\x00", &insn), -EILSEQ, "xbegin");
	cr_expect_eq(DECODE("\x8f\xe8\x78\xc2\xec\x0e", &insn), -EILSEQ, "XOP");
	cr_expect_eq(DECODE("\x66\xe9\x00\x00\x00\x00", &insn), -EILSEQ, "16-bit jump");
	cr_expect_eq(DECODE("\x67\x8b\x05\x00\x00\x00\x00", &insn), -EILSEQ, "relative to eip");
	cr_expect_eq(
		DECODE("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90", &insn),
		-EILSEQ, "longer than an instruction may be");
}

Test(x86, tells_calls)
{
	struct th_x86_insn insn;
	cr_assert(DECODE("\xff\xd0", &insn) == 0 && insn.calls, "call *%%rax");
	cr_assert(DECODE("\xff\x15\x08\x00\x00\x00", &insn) == 0 && insn.calls, "call *8(%%rip)");
	cr_assert(DECODE("\xff\xe0", &insn) == 0 && !insn.calls, "jmp *%%rax");
}

#ifdef TH_TEST_ZYDIS

#include <Zydis/Zydis.h>

#define INSTRUCTIONS 20000 /* of the C library; valgrind runs this too */

static bool is_relative(const ZydisDecodedInstruction *in, const ZydisDecodedOperand *operands,
	int64_t *ret_relative)
{
	for (int i = 0; i < in->operand_count; i++) {
		const ZydisDecodedOperand *o = &operands[i];
		if (o->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && o->imm.is_relative) {
			*ret_relative = o->imm.value.s;
			return true;
		}
		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY && o->mem.base == ZYDIS_REGISTER_RIP) {
			*ret_relative = o->mem.disp.value;
			return true;
		}
	}
	return false;
}

static void compare(
	const uint8_t *p, const ZydisDecodedInstruction *in, const ZydisDecodedOperand *operands)
{
	struct th_x86_insn insn;
	int64_t relative = 0;
	const char *name = ZydisMnemonicGetString(in->mnemonic);
	if (th_x86_decode(p, in->length, &insn) < 0) {
		cr_expect_eq(in->mnemonic, ZYDIS_MNEMONIC_XBEGIN, "%s is not understood", name);
		return;
	}
	bool is = is_relative(in, operands, &relative);
	bool ours = insn.kind != TH_X86_PLAIN && insn.kind != TH_X86_END;
	cr_expect_eq(insn.length, in->length, "%s: %u, not %u", name, insn.length, in->length);
	cr_expect_eq(ours, is, "%s: relative or not", name);
	cr_expect_eq(insn.relative, relative, "%s: relative to what", name);
}

static int compare_object(struct dl_phdr_info *info, size_t size, void *data)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction in;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	size_t *left = data;
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		const uint8_t *p = (const uint8_t *)(info->dlpi_addr + ph->p_vaddr);
		bool code = strstr(info->dlpi_name, "libc.so") && ph->p_type == PT_LOAD &&
			(ph->p_flags & PF_X);
		for (size_t at = 0; code && at<ph->p_memsz && * left> 0; at += in.length) {
			if (ZYAN_FAILED(ZydisDecoderDecodeFull(
				    &decoder, p + at, ph->p_memsz - at, &in, operands))) {
				in.length = 1;
				continue;
			}
			compare(p + at, &in, operands);
			--*left;
		}
	}
	return 0;
}

Test(x86, agrees_with_zydis_about_the_c_library)
{
	size_t left = INSTRUCTIONS;
	dl_iterate_phdr(compare_object, &left);
	cr_assert_eq(left, 0, "%zu instructions were not found", left);
}

#endif
