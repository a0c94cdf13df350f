/* See world_dns.h. */
#include "player/world_dns.h"

#include <errno.h>
#include <netdb.h>

static uint8_t code_of(int result)
{
	switch (result) {
	case 0:
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return TH_DNS_NO_ERROR;
	case EAI_NONAME:
		return TH_DNS_NO_SUCH_NAME;
	case EAI_FAIL:
		return TH_DNS_REFUSED;
	default:
		return TH_DNS_SERVER_FAILURE;
	}
}

void th_world_dns_make(struct th_slice query, const struct th_dns_question *q, int result,
	const struct th_world_address *addresses, size_t n, struct th_out *out)
{
	uint8_t family = q->type == TH_DNS_A ? 4 : q->type == TH_DNS_AAAA ? 6 : 0;
	th_dns_put_answer(out, query, q, code_of(result));
	for (size_t i = 0; result == 0 && i < n; i++) {
		if (addresses[i].family == family &&
			!th_dns_put_address(out, family, addresses[i].bytes)) {
			return;
		}
	}
}

int th_world_dns_recorded(const struct th_world *w, struct th_slice query,
	const struct th_dns_question *q, bool stream, struct th_out *out)
{
	const struct th_world_dns *d = th_world_find_dns(w, q->name, q->type, stream);
	if (!d) {
		return -ENOENT;
	}
	struct th_slice message = th_world_dns_message(w, d);
	if (message.n == 0) {
		return -ETIMEDOUT;
	}
	if (!stream && d->stream && message.n > th_dns_room(query, q)) {
		th_dns_put_truncated(out, query, q);
		return out->failed ? -EMSGSIZE : 0;
	}
	int r = th_dns_put_recorded(out, query, q, message);
	return r == -EBADMSG ? -ENOENT : r;
}
