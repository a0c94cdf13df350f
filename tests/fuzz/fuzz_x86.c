/* Moving a function stays within what it was given, and takes whole instructions. */
#include "shim/x86.h"

#include <string.h>

#include "fuzz.h"

static void check_decode(const uint8_t *p, size_t n)
{
	struct th_x86_insn insn;
	for (size_t at = 0; at < n; at++) {
		if (th_x86_decode(p + at, n - at, &insn) == 0) {
			FUZZ_CHECK(insn.length > 0 && insn.length <= 15 && insn.length <= n - at);
			FUZZ_CHECK(insn.kind != TH_X86_RIP || insn.disp_at + 4 <= insn.length);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t out[128];
	struct th_x86_head head;
	check_decode(p, n);
	for (size_t cap = 0; cap <= sizeof(out); cap += 16) {
		memset(out, 0xa5, sizeof(out));
		long r = th_x86_move(p, n, 0x400000, out, cap, 0x200000, &head);
		if (r >= 0) {
			FUZZ_CHECK((size_t)r <= cap && head.end <= n);
			FUZZ_CHECK(head.end >= head.start + TH_X86_JUMP_BYTES);
		}
		for (size_t i = cap; i < sizeof(out); i++) {
			FUZZ_CHECK(out[i] == 0xa5);
		}
	}
	return 0;
}
