/* See same_message.h. Left out: compressed messages (permessage-deflate) are compared as they are,
 * so another zlib makes another message. */
#include "player/same_message.h"

#include "base/cleanup.h"
#include "player/canon_body.h"

static bool same_json(struct th_slice a, struct th_slice b)
{
	th_cleanup(th_buf_finish) struct th_buf x = {0};
	th_cleanup(th_buf_finish) struct th_buf y = {0};
	const struct th_slice json = TH_SLICE_LIT("application/json");
	return th_canon_body(json, a, &x) == TH_CANON_JSON &&
		th_canon_body(json, b, &y) == TH_CANON_JSON && !x.failed && !y.failed &&
		th_slice_eq(th_buf_view(&x), th_buf_view(&y));
}

bool th_same_message(
	const struct th_said *then, const struct th_ws_frame *f, struct th_slice payload)
{
	const struct th_ws_frame *t = &then->frame;
	if (t->opcode != f->opcode || t->fin != f->fin || t->reserved != f->reserved) {
		return false;
	}
	return th_slice_eq(then->payload, payload) ||
		(f->opcode == TH_WS_TEXT && f->fin && !f->reserved &&
			same_json(then->payload, payload));
}
