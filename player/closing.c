#include "player/closing.h"

#include "base/scan.h"
#include "base/text.h"
#include "trace/tunnel.h"
#include "wire/http1.h"

/* Sooner than to find the field, which is mostly there and says something else. */
static bool has_word_close(struct th_slice head)
{
	const uint8_t *p = head.p, *end = p + head.n;
	while ((p = th_scan_letters(p, end, 'c', 'l')) < end) {
		if (end - p >= 5 && th_slice_ieq((struct th_slice){p, 5}, TH_SLICE_LIT("close"))) {
			return true;
		}
		p++;
	}
	return false;
}

static bool request_says_close(const struct th_message *m)
{
	if (m->version == 10) {
		return !th_head_has_token(&m->head, "connection", "keep-alive");
	}
	return has_word_close(m->head.bytes) && th_head_has_token(&m->head, "connection", "close");
}

static bool ends_with_connection(const struct th_exchange *x, const struct th_head *answer)
{
	struct th_slice method = {NULL, 0}, target;
	uint64_t length;
	/* It takes no look at the request to know that the answer says how long it is. */
	if (answer->list || !x->response.head_done ||
		th_h1_response_framing(answer, method, &length) != TH_H1_BODY_UNTIL_CLOSE) {
		return false;
	}
	th_head_request(&x->request.head, &method, &target);
	return th_h1_response_framing(answer, method, &length) == TH_H1_BODY_UNTIL_CLOSE;
}

/* The fields of an answer that decide, by one walk. */
struct deciding {
	bool length, coding, close, keep_alive;
};

static void read_connection(struct th_slice value, struct deciding *d)
{
	struct th_slice element;
	while (th_list_next(&value, &element)) {
		d->close |= th_slice_ieq(element, TH_SLICE_LIT("close"));
		d->keep_alive |= th_slice_ieq(element, TH_SLICE_LIT("keep-alive"));
	}
}

static struct deciding deciding_fields(const struct th_head *head)
{
	struct deciding d = {false};
	struct th_field f;
	size_t pos = 0;
	while (th_head_next_of(head, "ct", &pos, &f)) {
		d.length |= th_slice_ieq(f.name, TH_SLICE_LIT("content-length"));
		d.coding |= th_slice_ieq(f.name, TH_SLICE_LIT("transfer-encoding"));
		if (th_slice_ieq(f.name, TH_SLICE_LIT("connection"))) {
			read_connection(f.value, &d);
		}
	}
	return d;
}

struct th_closing th_closing_of(const struct th_exchange *x)
{
	const struct th_message *m = &x->response;
	const struct deciding d = deciding_fields(&m->head);
	bool has_length = d.length && !d.coding;
	bool said = m->version == 10 ? !d.keep_alive : d.close;
	return (struct th_closing){.until = !has_length && ends_with_connection(x, &m->head),
		.said = said || request_says_close(&x->request),
		.tunnel = th_tunnel_is(x)};
}
