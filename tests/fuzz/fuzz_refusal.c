/* What a client says is judged alike, however it is cut, and once. */
#include "relay/refusal.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_refusal whole = {0}, cut = {0};
	bool decided = th_refusal_read(&whole, p, n), again = false;
	for (size_t i = 0; i < n; i++) {
		bool now = th_refusal_read(&cut, p + i, 1);
		FUZZ_CHECK(!(again && now));
		again = again || now;
	}
	FUZZ_CHECK(again == decided && cut.said == whole.said);
	FUZZ_CHECK(decided == (whole.said != TH_REFUSAL_OPEN));
	return 0;
}
