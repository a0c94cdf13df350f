/* See transfer.h; the payload is FORMAT.md's. A URL is cut before it is redacted, so what is kept
 * of a very long one may lack its end, but never shows a secret. */
#include "recorder/transfer.h"

#include "base/pool.h"
#include "capture/redact.h"
#include "recorder/emit.h"
#include "recorder/process.h"

#define URL_MAX 16384
#define TEXT_MAX 256
#define FIXED 96
#define PAYLOAD_MAX (FIXED + 3 * (2 + th_redact_bound(URL_MAX)) + 2 * (2 + TEXT_MAX))

static void put_text(struct th_out *out, struct th_slice s)
{
	s.n = s.n < TEXT_MAX ? s.n : TEXT_MAX;
	th_out_str16(out, s);
}

/* The URL is redacted in its place, behind the length that is not known before. */
static void put_url(struct th_out *out, struct th_slice url, bool *ret_redacted)
{
	url.n = url.n < URL_MAX ? url.n : URL_MAX;
	if (out->failed || out->cap - out->n < 2 + th_redact_bound(url.n)) {
		out->failed = true;
		return;
	}
	uint8_t *at = out->p + out->n + 2;
	size_t n = th_redact_url(th_process_redaction(), url, at, ret_redacted);
	th_out_u16(out, (uint16_t)n);
	out->n += n;
}

static void put_facts(struct th_out *out, const struct th_transfer_facts *facts, bool *ret_redacted)
{
	th_out_u32(out, facts->handle);
	th_out_u32(out, th_process_thread());
	th_out_u32(out, th_conn_number(facts->conn));
	th_out_u32(out, (uint32_t)facts->result);
	th_out_u16(out, facts->status);
	th_out_u8(out, facts->api);
	th_out_u8(out, facts->version);
	th_out_u32(out, facts->redirects);
	th_out_u32(out, facts->connects);
	th_out_u16(out, facts->proxy_status);
	th_out_u16(out, 0);
	th_out_u64(out, facts->began);
	for (size_t i = 0; i < TH_TRANSFER_TIMES; i++) {
		th_out_u64(out, facts->times[i]);
	}
	put_url(out, facts->asked, ret_redacted);
	put_url(out, facts->effective, ret_redacted);
	put_url(out, facts->proxy, ret_redacted);
	put_text(out, facts->error);
	put_text(out, facts->library);
}

void th_recorder_transfer(const struct th_transfer_facts *facts)
{
	uint8_t *p = th_pool_alloc(PAYLOAD_MAX);
	struct th_out out = {p, p ? PAYLOAD_MAX : 0, 0, false};
	bool redacted = false;
	put_facts(&out, facts, &redacted);
	if (out.failed) {
		th_emit_lost(1, 0, "no memory for the facts of a transfer");
	} else {
		const struct iovec part = {out.p, out.n};
		th_process_put(TH_FRAME_TRANSFER, redacted ? TH_FRAME_REDACTED : 0, 0, &part, 1);
	}
	th_pool_free(p, PAYLOAD_MAX);
}
