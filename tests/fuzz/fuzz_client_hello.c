/* What is read of a hello lies within it, and no piece of one is taken for the whole. */
#include "relay/client_hello.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct th_client_hello h;
	if (th_client_hello_read((struct th_slice){p, n}, &h) == 0) {
		FUZZ_CHECK(h.alpn_n <= sizeof(h.alpn));
		FUZZ_CHECK(memchr(h.sni, 0, sizeof(h.sni)));
	}
	return 0;
}
