/* The HTTP/1 tap (converse.h). */
#include "converse.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	hold_twice(&th_tap_h1, NULL, (struct th_in){.p = p, .n = n});
	return 0;
}
