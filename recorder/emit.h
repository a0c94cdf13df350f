/* Inside the recorder: the frames of an exchange, one function per frame type.
 *
 * An exchange is a number; the taps keep it beside their own state. Heads and trailers are redacted
 * here, so no tap can forget it. All functions split long data and stamp the present time. */
#ifndef RECORDER_EMIT_H
#define RECORDER_EMIT_H

#include "base/sha256.h"
#include "capture/redact_lines.h"
#include "recorder/conn.h"
#include "wire/head.h"

/* A header list under construction, in the form of TH_HEAD_LIST. Memory is the caller's. */
struct th_field_list {
	struct th_out out;
	bool redacted;
};

/* Appends a field, redacted as one of a request or of a response. */
void th_field_list_add(
	struct th_field_list *l, bool request, struct th_slice name, struct th_slice value);

/* Appends a field as it is: one that th_field_list_add() was asked of, and changed nothing. */
static inline void th_field_list_copy(
	struct th_field_list *l, struct th_slice name, struct th_slice value)
{
	struct th_out *out = &l->out;
	const uint16_t name_n = (uint16_t)name.n;
	const uint32_t value_n = (uint32_t)value.n;
	uint8_t *p = out->p + out->n;
	if (out->failed || out->cap - out->n < 6 + name.n + value.n || name.n > UINT16_MAX) {
		out->failed = true;
		return;
	}
	memcpy(p, &name_n, sizeof(name_n));
	memcpy(p + 2, &value_n, sizeof(value_n));
	if (name.n) {
		memcpy(p + 6, name.p, name.n);
	}
	if (value.n) {
		memcpy(p + 6 + name.n, value.p, value.n);
	}
	out->n += 6 + name.n + value.n;
}

/* What a CONN frame says. Texts may be NULL. */
struct th_conn_about {
	const struct th_conn_conf *conf;
	int error; /* errno of connect, 0: connected */
	const char *name, *sni, *alpn;
	uint32_t certificates; /* 0: none */
	uint32_t verdict;      /* 0: none */
};

/* A CONN frame; returns the connection's id. */
uint32_t th_emit_conn(const struct th_conn_about *about);

/* A CERTIFICATES frame. */
void th_emit_certificates(uint32_t number, struct th_slice chain);

/* The connection's CONN frame, unless it is written already. */
void th_emit_announce(struct th_conn *c);
void th_emit_conn_end(const struct th_conn *c);

/* A new exchange on `c`; writes the connection's CONN frame if that is still due. */
uint32_t th_emit_begin(struct th_conn *c);

/* What is known of an HTTP/1 head that is written. */
struct th_emit_h1 {
	uint8_t version, flags;
	struct th_head head;
	struct th_redact_memory *memory; /* of the connection's side; NULL: it has none */
	/* What of its body is written with it, at most what one frame holds; and that one's flags.
	 */
	struct th_slice body;
	uint8_t body_flags;
};

/* flags: TH_FRAME_LAST, TH_FRAME_BODILESS. A request head is given whole; one that is too long for
 * a frame is written as several, as response heads are. */
void th_emit_req_head_h1(struct th_conn *c, uint32_t exchange, const struct th_emit_h1 *h);
void th_emit_req_head_list(struct th_conn *c, uint32_t exchange, uint32_t stream, uint8_t flags,
	const struct th_field_list *l);

/* type: TH_FRAME_RES_INFO or TH_FRAME_RES_HEAD; h1 heads may come in pieces, but of whole fields
 * (with the lines that continue them), or what is redacted could be missed. */
void th_emit_res_head_h1(uint32_t exchange, uint8_t type, const struct th_emit_h1 *h);
void th_emit_res_head_list(
	uint32_t exchange, uint8_t type, uint8_t flags, const struct th_field_list *l);

/* type: TH_FRAME_REQ_DATA or TH_FRAME_RES_DATA; flags LAST. Empty data only with LAST. A tap writes
 * bodies through recorder/hold.h. */
void th_emit_data(uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes);

/* The hash of a body of `bytes` bytes that is not written; `whole`: it came to its end. `type` as
 * of data. */
void th_emit_body_hash(uint32_t exchange, uint8_t type, bool whole, uint64_t bytes,
	const uint8_t sha256[TH_SHA256_BYTES]);

/* Data that came at `time` (ns), and was held. */
void th_emit_data_at(
	uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice bytes, uint64_t time);

/* The trailer section of a chunked HTTP/1 body, which is part of its data. Given whole. */
void th_emit_h1_trailer(uint32_t exchange, uint8_t type, uint8_t flags, struct th_slice section);

/* type: TH_FRAME_REQ_TRAILER or TH_FRAME_RES_TRAILER; flags LAST. */
void th_emit_trailer(uint32_t exchange, uint8_t type, uint8_t flags, const struct th_field_list *l);

/* type: TH_FRAME_REQ_END or TH_FRAME_RES_END: for what LAST could not say. */
void th_emit_end(uint32_t exchange, uint8_t type, enum th_end how, uint32_t code);

/* Events or bytes that were seen and not recorded. `reason` is static text. */
void th_emit_lost(uint64_t events, uint64_t bytes, const char *reason);

#endif
