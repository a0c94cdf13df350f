/* An exchange in terms of HTTP: URL, status, decoded bodies, how it went. */
#ifndef TRACE_HTTP_H
#define TRACE_HTTP_H

#include "trace/trace.h"

/* Decoded bytes of one body. What a content coding makes of few bytes is less: of a few kilobytes
 * somebody may have made gigabytes, to fill a reader's memory. */
#define TH_BODY_LIMIT (1u << 30)
#define TH_BODY_DECODED_FLOOR (64u << 20) /* so much is decoded of any body, */
#define TH_BODY_DECODED_RATIO 100	  /* and so many times what came */

/* Method, or empty when the request head is missing. */
struct th_slice th_http_method(const struct th_exchange *x);

/* "https" or "http"; with "+unix" over a Unix socket. */
const char *th_http_scheme(const struct th_exchange *x);

/* Host and port as in a URL, lower case, default port left out. The caller frees. From the Host
 * field or :authority, else SNI, else the name looked up, else the address. Absolute targets
 * (proxies) count before Host. Over a Unix socket: its path, percent-encoded. */
char *th_http_authority(const struct th_exchange *x);

/* Path and query as sent ("/" when the target is empty, "*" for OPTIONS). */
struct th_slice th_http_target(const struct th_exchange *x);

/* scheme://authority target. The caller frees. */
char *th_http_url(const struct th_exchange *x);

/* Response status, 0 when there was none. */
uint16_t th_http_status(const struct th_exchange *x);

/* "1.0", "1.1", "2". */
const char *th_http_version(uint8_t version);

/* HTTP/2: as much of the content came as the head says, whose it is (`head_done`). Clients that
 * know the length do not always wait for the empty frame that says END_STREAM (curl closes at
 * once): nothing of such a message is missing (RFC 9113 8.1.1). */
bool th_http_has_promised_length(const struct th_message *m);

/* The message was cut: it began and did not end as its protocol says. */
bool th_http_truncated(const struct th_message *m);

/* "ok", "error" (status ≥ 400, cut, no answer): for the status field of a span; and why, as one
 * clause, static text ("" when ok). */
const char *th_http_outcome(const struct th_exchange *x, const char **ret_why);

/* Time from the last byte of the request to the first of the response head, ns; 0 unknown. */
uint64_t th_http_ttfb(const struct th_exchange *x);

/* Is `sent` the beginning of the recorded body, as far as that goes? *ret_known: how far, at most
 * sent.n. */
bool th_http_body_agrees(const struct th_message *m, struct th_slice sent, size_t *ret_known);

/* How many bytes a coding may make of so many that came. */
static inline size_t th_http_decoded_limit(uint64_t coded)
{
	const uint64_t most = coded < TH_BODY_LIMIT / TH_BODY_DECODED_RATIO
		? coded * TH_BODY_DECODED_RATIO
		: TH_BODY_LIMIT;
	return most > TH_BODY_DECODED_FLOOR ? most : TH_BODY_DECODED_FLOOR;
}

/* The body without chunk framing and, if `decode`, without content codings. The caller frees
 * *ret_bytes. 0, or as th_coding_decode(); what could be read is given either way. */
int th_http_body(const struct th_message *m, bool decode, uint8_t **ret_bytes, size_t *ret_n);

#endif
