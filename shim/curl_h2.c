/* See curl_h2.h. Frames as in RFC 9113 4.1, fields as literals that are not indexed (RFC 7541
 * 6.2.2), so that no table has any state. Fields that belong to HTTP/1's connections are left out,
 * as libcurl itself does (RFC 9113 8.2.2); the order of pseudo-fields is ours. */
#include "shim/curl_h2.h"

#include "base/pool.h"
#include "base/text.h"
#include "wire/head.h"

#define FRAME_HEADER 9
#define DATA 0
#define HEADERS 1
#define RST_STREAM 3
#define SETTINGS 4
#define END_STREAM 1
#define END_HEADERS 4
#define FIELD_EXTRA 16 /* what a field takes beside its text */
#define PSEUDO_EXTRA 256

static void put(struct th_conn_ref conn, bool sent, const struct iovec *iov, int n, size_t size)
{
	if (sent) {
		th_conn_sent_v(conn, iov, n, size);
	} else {
		th_conn_received_v(conn, iov, n, size);
	}
}

static void put_frame(struct th_conn_ref conn, bool sent, uint8_t type, uint8_t flags,
	uint32_t stream, struct th_slice payload)
{
	uint8_t header[FRAME_HEADER] = {(uint8_t)(payload.n >> 16), (uint8_t)(payload.n >> 8),
		(uint8_t)payload.n, type, flags, (uint8_t)(stream >> 24), (uint8_t)(stream >> 16),
		(uint8_t)(stream >> 8), (uint8_t)stream};
	const struct iovec iov[] = {
		{header, sizeof(header)}, {(void *)(uintptr_t)payload.p, payload.n}};
	put(conn, sent, iov, payload.n ? 2 : 1, sizeof(header) + payload.n);
}

void th_curl_h2_begin(struct th_conn_ref conn)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	th_conn_sent(conn, preface, sizeof(preface) - 1);
	put_frame(conn, true, SETTINGS, 0, 0, (struct th_slice){NULL, 0});
	put_frame(conn, false, SETTINGS, 0, 0, (struct th_slice){NULL, 0});
}

/* ---- heads ---- */

/* A string's length (RFC 7541 5.1, 5.2): seven bits and more, no Huffman code. */
static void put_length(struct th_out *out, size_t n)
{
	if (n < 127) {
		th_out_u8(out, (uint8_t)n);
		return;
	}
	th_out_u8(out, 127);
	for (n -= 127; n >= 128; n /= 128) {
		th_out_u8(out, (uint8_t)(n % 128 + 128));
	}
	th_out_u8(out, (uint8_t)n);
}

static void put_field(struct th_out *out, struct th_slice name, struct th_slice value)
{
	th_out_u8(out, 0);
	put_length(out, name.n);
	for (size_t i = 0; i < name.n; i++) {
		th_out_u8(out, th_lower(name.p[i]));
	}
	put_length(out, value.n);
	th_out_bytes(out, value.p, value.n);
}

static bool is_of_http1(struct th_slice name)
{
	static const char names[][20] = {"host", "connection", "keep-alive", "proxy-connection",
		"transfer-encoding", "upgrade", "http2-settings"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (th_slice_ieq(name, th_slice_str(names[i]))) {
			return true;
		}
	}
	return false;
}

static struct th_slice take_word(struct th_slice *s)
{
	const uint8_t *space = s->n ? memchr(s->p, ' ', s->n) : NULL;
	struct th_slice word = {s->p, space ? (size_t)(space - s->p) : s->n};
	size_t taken = word.n + (space != NULL);
	*s = (struct th_slice){s->p + taken, s->n - taken};
	return word;
}

/* "GET /x HTTP/2" */
static void put_request_line(struct th_out *out, const struct th_head *h)
{
	struct th_slice line = h->bytes;
	struct th_slice method = take_word(&line), target = take_word(&line);
	put_field(out, TH_SLICE_LIT(":method"), method);
	put_field(out, TH_SLICE_LIT(":scheme"), TH_SLICE_LIT("https"));
	put_field(out, TH_SLICE_LIT(":authority"), th_head_authority(h));
	put_field(out, TH_SLICE_LIT(":path"), target);
}

/* None in a trailer. */
static void put_status(struct th_out *out, struct th_slice lines)
{
	if (lines.n >= 10 && memcmp(lines.p, "HTTP/2 ", 7) == 0) {
		put_field(out, TH_SLICE_LIT(":status"), (struct th_slice){lines.p + 7, 3});
	}
}

static void put_fields(struct th_out *out, const struct th_head *h)
{
	struct th_field f;
	size_t pos = 0;
	while (th_head_next(h, &pos, &f)) {
		if (!is_of_http1(f.name)) {
			put_field(out, f.name, f.value);
		}
	}
}

static size_t count_lines(struct th_slice s)
{
	size_t n = 1;
	for (size_t i = 0; i < s.n; i++) {
		n += s.p[i] == '\n';
	}
	return n;
}

void th_curl_h2_head(
	struct th_conn_ref conn, uint32_t stream, bool request, struct th_slice lines, bool last)
{
	const struct th_head h = {.bytes = lines};
	size_t size = lines.n + PSEUDO_EXTRA + FIELD_EXTRA * count_lines(lines);
	uint8_t *p = th_pool_alloc(size);
	struct th_out out = {p, p ? size : 0, 0, false};
	if (request) {
		put_request_line(&out, &h);
	} else {
		put_status(&out, lines);
	}
	put_fields(&out, &h);
	if (!out.failed) {
		put_frame(conn, request, HEADERS, END_HEADERS | (last ? END_STREAM : 0), stream,
			(struct th_slice){out.p, out.n});
	} else {
		th_conn_peer_end(conn, TH_END_UNPARSED, 0); /* no memory: it cannot be followed */
	}
	th_pool_free(p, size);
}

/* ---- content ---- */

void th_curl_h2_data(
	struct th_conn_ref conn, uint32_t stream, bool request, struct th_slice bytes, bool last)
{
	const size_t most = 16384; /* RFC 9113 6.5.2 */
	do {
		size_t n = bytes.n < most ? bytes.n : most;
		bool end = last && n == bytes.n;
		put_frame(conn, request, DATA, end ? END_STREAM : 0, stream,
			(struct th_slice){bytes.p, n});
		bytes.p += n;
		bytes.n -= n;
	} while (bytes.n > 0);
}

void th_curl_h2_reset(struct th_conn_ref conn, uint32_t stream, bool by_agent, uint32_t code)
{
	const uint8_t payload[4] = {
		(uint8_t)(code >> 24), (uint8_t)(code >> 16), (uint8_t)(code >> 8), (uint8_t)code};
	put_frame(
		conn, by_agent, RST_STREAM, 0, stream, (struct th_slice){payload, sizeof(payload)});
}
