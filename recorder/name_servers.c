/* What name servers say to a program that asks them itself: the answer as it came (DNS frame), and
 * what it holds of addresses as any look-up's (NAME frame), so that connections find their names.
 * A name that exists and has no address of the kind asked for is recorded as an answer without
 * addresses: to the program it is no failure, as its other question is answered. */
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

static bool is_address(uint16_t type)
{
	return type == TH_DNS_A || type == TH_DNS_AAAA;
}

static void put_addresses(const char *name, const struct th_dns_answer *a)
{
	struct th_address addresses[TH_DNS_ADDRESSES_MAX];
	for (size_t i = 0; i < a->n; i++) {
		addresses[i] = (struct th_address){.family = a->addresses[i].family};
		memcpy(addresses[i].bytes, a->addresses[i].bytes, sizeof(addresses[i].bytes));
	}
	th_recorder_name(
		name, a->question.type == TH_DNS_A ? 4 : 6, result_of(a->code), addresses, a->n);
}

void th_recorder_name_server(
	uint8_t way, const struct th_dns_answer *a, struct th_slice message, const char *name)
{
	const char *asked = name ? name : a->question.name;
	th_recorder_dns(way, asked, a->question.type, message);
	if (is_address(a->question.type) && !a->truncated) {
		put_addresses(asked, a);
	}
}

void th_recorder_no_answer(uint8_t way, const char *name, uint16_t type)
{
	th_recorder_dns(way, name, type, (struct th_slice){NULL, 0});
	if (is_address(type)) {
		th_recorder_name(name, type == TH_DNS_A ? 4 : 6, TH_NAME_UNANSWERED, NULL, 0);
	}
}
