/* A head is read within its bytes; what is read is text of some length. */
#include "relay/connect.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_connect to;
	if (th_connect_read((struct th_slice){p, n}, &to)) {
		FUZZ_CHECK(to.host[0] && memchr(to.host, 0, sizeof(to.host)));
		FUZZ_CHECK(to.port[0] && memchr(to.port, 0, sizeof(to.port)));
	}
	return 0;
}
