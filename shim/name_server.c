/* See name_server.h. Answers of UDP only: what a server cuts short, and is asked again for over
 * TCP, is not known. A name that exists and has no address of the kind asked for is recorded as an
 * answer without addresses: to the program it is no failure, as its other question is answered. */
#include "shim/name_server.h"

#include <netdb.h>

#include "recorder/recorder.h"
#include "wire/dns.h"

static int result_of(uint8_t code)
{
	switch (code) {
	case TH_DNS_NO_ERROR:
		return 0;
	case TH_DNS_NO_SUCH_NAME:
		return EAI_NONAME;
	case TH_DNS_SERVER_FAILURE:
		return EAI_AGAIN;
	default:
		return EAI_FAIL;
	}
}

void th_name_server_answered(const void *message, size_t n, const char *name)
{
	struct th_dns_answer a;
	struct th_address addresses[TH_DNS_ADDRESSES_MAX];
	if (th_dns_read_answer((struct th_slice){message, n}, &a) < 0 || a.truncated ||
		(a.question.type != TH_DNS_A && a.question.type != TH_DNS_AAAA)) {
		return;
	}
	for (size_t i = 0; i < a.n; i++) {
		addresses[i] = (struct th_address){.family = a.addresses[i].family};
		memcpy(addresses[i].bytes, a.addresses[i].bytes, sizeof(addresses[i].bytes));
	}
	th_recorder_name(name ? name : a.question.name, a.question.type == TH_DNS_A ? 4 : 6,
		result_of(a.code), addresses, a.n);
}
