/* HTTP/2 as the recorder expects it, made of what libcurl shows: it tells heads as lines of
 * HTTP/1 and content without frames. */
#ifndef SHIM_CURL_H2_H
#define SHIM_CURL_H2_H

#include "recorder/recorder.h"

/* The preface and the first SETTINGS of both sides, once per connection. */
void th_curl_h2_begin(struct th_conn_ref conn);

/* A head or trailer in lines, as a HEADERS frame of the stream; `request`: sent, else received. */
void th_curl_h2_head(
	struct th_conn_ref conn, uint32_t stream, bool request, struct th_slice lines, bool last);

/* Content, as DATA frames; empty only when `last`. */
void th_curl_h2_data(
	struct th_conn_ref conn, uint32_t stream, bool request, struct th_slice bytes, bool last);

/* RST_STREAM, by the agent or the peer. */
void th_curl_h2_reset(struct th_conn_ref conn, uint32_t stream, bool by_agent, uint32_t code);

#endif
