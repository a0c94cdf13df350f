#include <criterion/criterion.h>
#include <errno.h>
#include <sys/mman.h>

#include "shim/x86.h"
#include "tests/unit/guard.h"

#define FROM 0x400000u
#define TO 0x200000u

static struct th_x86_head head;
static uint8_t out[64];

static long move(const char *code, size_t n)
{
	struct th_slice s = th_guard((struct th_slice){(const uint8_t *)code, n});
	memset(out, 0, sizeof(out));
	return th_x86_move(s.p, s.n, FROM, out, sizeof(out), TO, &head);
}

#define MOVE(code) move(code, sizeof(code) - 1)

static uintptr_t target(size_t at)
{
	int32_t distance;
	memcpy(&distance, out + at, sizeof(distance));
	return TO + at + 4 + (uintptr_t)(intptr_t)distance;
}

Test(x86_move, copies_whole_instructions_and_jumps_to_the_rest)
{
	/* push %r12; push %rbp; push %rbx; mov %rdi, %rbx; ret */
	cr_assert_eq(MOVE("\x41\x54\x55\x53\x48\x89\xfb\xc3"), 7 + 5);
	cr_assert(head.start == 0 && head.end == 7);
	cr_assert_eq(memcmp(out, "\x41\x54\x55\x53\x48\x89\xfb\xe9", 8), 0);
	cr_assert_eq(target(8), FROM + 7);
}

Test(x86_move, leaves_endbr64_where_it_is)
{
	cr_assert_eq(MOVE("\xf3\x0f\x1e\xfa\x48\x83\xec\x08\x31\xc0\xc3"), 6 + 5);
	cr_assert(head.start == 4 && head.end == 10);
	cr_assert_eq(memcmp(out, "\x48\x83\xec\x08\x31\xc0\xe9", 7), 0);
}

Test(x86_move, a_relative_operand_stays_the_same_address)
{
	/* lea 0x100(%rip), %rax; ret */
	cr_assert_eq(MOVE("\x48\x8d\x05\x00\x01\x00\x00\xc3"), 7 + 5);
	cr_assert_eq(target(3), FROM + 7 + 0x100);
}

Test(x86_move, short_jumps_become_long)
{
	/* test %edi, %edi; je .+0x12; mov …; ret */
	cr_assert_eq(MOVE("\x85\xff\x74\x10\x89\xf8\x90\xc3"), 2 + 6 + 2 + 5);
	cr_assert_eq(memcmp(out, "\x85\xff\x0f\x84", 4), 0);
	cr_assert_eq(target(4), FROM + 4 + 0x10);
	/* xor %eax, %eax; nop; jmp .+0x22: nothing follows */
	cr_assert_eq(MOVE("\x31\xc0\x90\xeb\x20"), 3 + 5);
	cr_assert_eq(target(4), FROM + 5 + 0x20);
}

Test(x86_move, a_call_returns_to_where_it_stood)
{
	/* sub $8, %rsp; call .+0x15; add $8, %rsp; ret */
	cr_assert_eq(
		MOVE("\x48\x83\xec\x08\xe8\x10\x00\x00\x00\x48\x83\xc4\x08\xc3"), 4 + 6 + 5 + 8);
	cr_assert_eq(memcmp(out + 4, "\xff\x35\x05\x00\x00\x00\xe9", 7), 0);
	cr_assert_eq(target(11), FROM + 9 + 0x10);
	uint64_t back;
	memcpy(&back, out + 15, sizeof(back));
	cr_assert_eq(back, FROM + 9);
}

Test(x86_move, refuses_what_is_too_short)
{
	cr_assert_eq(MOVE("\x31\xc0\xc3"), -ENOSPC, "nothing is known of what follows");
	cr_assert_eq(MOVE("\x31\xc0\xc3\xb0\x01\xc3"), -ENOSPC, "code follows the end");
	cr_assert_eq(MOVE("\x31\xc0\xc3\x66\x90\x0f\x1f\x40\x00"), 3, "padding follows");
	cr_assert_eq(MOVE(""), -EILSEQ);
}

Test(x86_move, refuses_a_function_that_leads_back_to_its_beginning)
{
	/* dec %edi; jne to the beginning; ret */
	cr_assert_eq(MOVE("\xff\xcf\x90\x90\x90\x75\xf9\xc3"), -EBUSY, "to its start");
	cr_assert_eq(MOVE("\xff\xcf\x90\x90\x90\x75\xfc\xc3"), -EBUSY, "into the middle");
	cr_assert_eq(MOVE("\xff\xcf\x90\x90\x90\x75\xfe\xc3"), 5 + 5, "behind it is fine");
	/* nop …; call to the very beginning: as everybody's call */
	cr_assert_eq(MOVE("\x90\x90\x90\x90\x90\xe8\xf6\xff\xff\xff\xc3"), 5 + 5);
}

Test(x86_move, refuses_what_it_cannot_move)
{
	cr_assert_eq(MOVE("\xe3\x10\x90\x90\x90\x90\xc3"), -ENOTSUP, "jrcxz");
	cr_assert_eq(MOVE("\xff\xd0\x90\x90\x90\x90\xc3"), -ENOTSUP, "call *%%rax");
	cr_assert_eq(MOVE("\x90\x90\x90\x90\x90\x06\xc3"), -EILSEQ, "not understood further on");
	uint8_t jump[TH_X86_JUMP_BYTES];
	cr_assert_eq(th_x86_jump(FROM, FROM + 0x100000000u, jump), -ERANGE);
	cr_assert_eq(th_x86_move((const uint8_t *)"\x48\x8d\x05\x00\x01\x00\x00\xc3", 8, FROM, out,
			     sizeof(out), FROM + 0x100000000u, &head),
		-ERANGE);
	cr_assert_eq(th_x86_move((const uint8_t *)"\x90\x90\x90\x90\x90\xc3", 6, FROM, out, 8, TO,
			     &head),
		-ENOSPC);
}
