/* The HTTP/2 tap (converse.h). The connection's beginning goes without saying. */
#include "converse.h"
#include "wire/http2.h"

#define EMPTY_SETTINGS "\0\0\0\4\0\0\0\0\0"

static bool begin(void *state)
{
	return speak(&th_tap_h2, state, true, TH_SLICE_LIT(TH_H2_PREFACE EMPTY_SETTINGS), 99) &&
		speak(&th_tap_h2, state, false, TH_SLICE_LIT(EMPTY_SETTINGS), 99);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	hold_twice(&th_tap_h2, begin, (struct th_in){.p = p, .n = n});
	return 0;
}
