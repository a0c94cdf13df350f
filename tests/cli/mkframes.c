#include "tests/cli/mkframes.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "capture/writer.h"

#define MS 1000000u

static struct th_writer writer;
static uint8_t bytes[TH_FRAME_PAYLOAD_MAX];
struct th_out mk_out;

void mk_begin(void)
{
	mk_out = (struct th_out){.p = bytes, .cap = sizeof(bytes)};
}

void mk_put_text(const char *text)
{
	th_out_bytes(&mk_out, text, strlen(text));
}

static void mk_put_zeros(size_t n)
{
	while (n--) {
		th_out_u8(&mk_out, 0);
	}
}

void mk_put_str16(const char *text)
{
	th_out_str16(&mk_out, th_slice_str(text));
}

/* Writes the frame that was put together since mk_begin(), `ns` after the run's beginning. */
void mk_frame_at(uint8_t type, uint8_t flags, uint32_t id, uint64_t ns)
{
	struct iovec part = {bytes, mk_out.n};
	if (mk_out.failed ||
		th_writer_put(&writer, type, flags, id, MK_BEGAN + ns, &part, 1) != 0) {
		fprintf(stderr, "mkcapture: a frame was not written\n");
	}
}

void mk_frame(uint8_t type, uint8_t flags, uint32_t id, uint64_t ms)
{
	mk_frame_at(type, flags, id, ms * MS);
}

static void mk_put_id(uint8_t digit, size_t n)
{
	while (n--) {
		th_out_u8(&mk_out, digit);
	}
}

void mk_run(uint8_t digit, uint64_t ms, const char *meta)
{
	mk_begin();
	mk_put_id(digit, TH_TRACE_ID_BYTES);
	mk_put_zeros(TH_SPAN_ID_BYTES);
	th_out_u8(&mk_out, 1);
	mk_put_zeros(7);
	mk_put_str16(meta);
	mk_put_str16("");
	mk_put_str16("");
	mk_put_str16("0.1.0");
	mk_frame(TH_FRAME_RUN, 0, 0, ms);
}

void mk_process(uint8_t trace, uint8_t span, uint8_t parent, uint32_t pid, uint8_t how, uint64_t ms,
	const char *argv0)
{
	mk_begin();
	mk_put_id(trace, TH_TRACE_ID_BYTES);
	mk_put_id(span, TH_SPAN_ID_BYTES);
	mk_put_id(parent, TH_SPAN_ID_BYTES);
	th_out_u32(&mk_out, pid);
	th_out_u32(&mk_out, parent ? 100 : 1);
	th_out_u8(&mk_out, how);
	mk_put_zeros(7);
	mk_put_str16("/usr/bin/agent");
	mk_put_str16(argv0);
	mk_put_str16("/home/somebody");
	mk_frame(TH_FRAME_PROCESS, 0, 0, ms);
}

void mk_process_end(uint64_t ms)
{
	mk_begin();
	th_out_u64(&mk_out, writer.next_seq);
	mk_frame(TH_FRAME_PROCESS_END, 0, 0, ms);
}

void mk_conn(const struct mk_conn *c, uint64_t ms)
{
	uint8_t address[16] = {0};
	bool v6 = strchr(c->address, ':');
	inet_pton(v6 ? AF_INET6 : AF_INET, c->address, address);
	mk_begin();
	th_out_u8(&mk_out, c->transport);
	th_out_u8(&mk_out, v6 ? 6 : 4);
	th_out_u16(&mk_out, c->port);
	th_out_u32(&mk_out, 1);
	th_out_bytes(&mk_out, address, sizeof(address));
	th_out_u32(&mk_out, (uint32_t)c->error);
	th_out_u32(&mk_out, 0);
	th_out_u64(&mk_out, MK_BEGAN + ms * MS);
	th_out_u64(&mk_out, c->error ? 0 : MK_BEGAN + (ms + 1) * MS);
	mk_put_str16(c->name ? c->name : "");
	mk_put_str16(c->sni ? c->sni : "");
	mk_put_str16(c->alpn ? c->alpn : "");
	mk_frame(TH_FRAME_CONN, 0, c->id, ms + 1);
}

void mk_conn_end(uint32_t id, uint8_t speaks, uint64_t ms)
{
	mk_begin();
	th_out_u8(&mk_out, TH_END_LOCAL);
	th_out_u8(&mk_out, speaks);
	th_out_u16(&mk_out, 0);
	th_out_u32(&mk_out, 0);
	th_out_u64(&mk_out, 1234);
	th_out_u64(&mk_out, 56789);
	mk_frame(TH_FRAME_CONN_END, 0, id, ms);
}

void mk_lookup(const char *name, int result, uint64_t ms)
{
	mk_begin();
	th_out_u32(&mk_out, (uint32_t)result);
	th_out_u16(&mk_out, 0);
	th_out_u16(&mk_out, 0);
	mk_put_str16(name);
	mk_frame(TH_FRAME_NAME, 0, 0, ms);
}

/* libcurl's easy interface failed before it connected (CURLE_UNSUPPORTED_PROTOCOL). */
void mk_transfer(uint32_t handle, const char *url, const char *error, uint64_t ms)
{
	mk_begin();
	th_out_u32(&mk_out, handle);
	th_out_u32(&mk_out, 1);
	th_out_u32(&mk_out, 0);
	th_out_u32(&mk_out, 1);
	th_out_u16(&mk_out, 0);
	th_out_u8(&mk_out, TH_TRANSFER_EASY);
	th_out_u8(&mk_out, 0);
	th_out_u32(&mk_out, 0);
	th_out_u32(&mk_out, 0);
	th_out_u32(&mk_out, 0); /* the proxy's status, and reserved */
	th_out_u64(&mk_out, MK_BEGAN + (ms - 1) * 1000000);
	for (size_t i = 0; i < TH_TRANSFER_TIMES; i++) {
		th_out_u64(&mk_out, i == TH_TRANSFER_TOTAL ? 1000000 : 0);
	}
	mk_put_str16(url);
	mk_put_str16(url);
	mk_put_str16("");
	mk_put_str16(error);
	mk_put_str16("libcurl/7.88.1");
	mk_frame(TH_FRAME_TRANSFER, 0, 0, ms);
}

void mk_lost(uint64_t events, uint64_t n, uint64_t ms)
{
	mk_begin();
	th_out_u64(&mk_out, events);
	th_out_u64(&mk_out, n);
	mk_put_str16("no room");
	mk_frame(TH_FRAME_LOST, 0, 0, ms);
}

void mk_begin_request(uint32_t connection, uint32_t stream, bool h2)
{
	mk_begin();
	th_out_u32(&mk_out, connection);
	th_out_u32(&mk_out, stream);
	th_out_u32(&mk_out, 1);
	th_out_u8(&mk_out, h2 ? 20 : 11);
	th_out_u8(&mk_out, h2 ? TH_HEAD_LIST : TH_HEAD_H1);
	th_out_u16(&mk_out, 0);
}

void mk_request(uint32_t id, uint32_t connection, uint8_t flags, uint64_t ms, const char *head)
{
	mk_begin_request(connection, 0, false);
	mk_put_text(head);
	mk_frame(TH_FRAME_REQ_HEAD, TH_FRAME_LAST | flags, id, ms);
}

void mk_response(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, const char *head)
{
	mk_begin();
	th_out_u8(&mk_out, 11);
	th_out_u8(&mk_out, TH_HEAD_H1);
	th_out_u16(&mk_out, 0);
	mk_put_text(head);
	mk_frame(type, TH_FRAME_LAST | flags, id, ms);
}

void mk_data(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, struct th_slice s)
{
	mk_begin();
	th_out_bytes(&mk_out, s.p, s.n);
	mk_frame(type, flags, id, ms);
}

void mk_text(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, const char *s)
{
	mk_data(type, id, flags, ms, th_slice_str(s));
}

void mk_end(uint8_t type, uint32_t id, enum th_end how, uint32_t code, uint64_t ms)
{
	mk_begin();
	th_out_u8(&mk_out, (uint8_t)how);
	mk_put_zeros(3);
	th_out_u32(&mk_out, code);
	mk_frame(type, 0, id, ms);
}

void mk_field(const char *name, const char *value)
{
	th_out_u16(&mk_out, (uint16_t)strlen(name));
	th_out_u32(&mk_out, (uint32_t)strlen(value));
	mk_put_text(name);
	mk_put_text(value);
}

void mk_begin_process(const char *path)
{
	memset(&writer, 0, sizeof(writer));
	if (th_writer_init(&writer, path) != 0) {
		fprintf(stderr, "mkcapture: %s could not be begun\n", path);
	}
}

void mk_finish_process(void)
{
	th_writer_finish(&writer, UINT64_MAX);
}
