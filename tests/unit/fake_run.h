/* Writes the frames of made-up runs, for tests of what reads them. Needs scratch.h first. */
#ifndef TESTS_UNIT_FAKE_RUN_H
#define TESTS_UNIT_FAKE_RUN_H

#include "base/bytes.h"
#include "capture/frame.h"
#include "capture/writer.h"

/* One writer, one process. */
struct fake {
	struct th_writer w;
	uint64_t time; /* of the next frame; each takes 1000 ns */
	uint8_t buffer[4096];
	struct th_out out;
};

static inline struct th_out *fake_begin(struct fake *f)
{
	f->out = (struct th_out){f->buffer, sizeof(f->buffer), 0, false};
	return &f->out;
}

static inline void fake_put(struct fake *f, uint8_t type, uint8_t flags, uint32_t id)
{
	struct iovec part = {f->buffer, f->out.n};
	cr_assert_not(f->out.failed);
	cr_assert_eq(th_writer_put(&f->w, type, flags, id, f->time, &part, 1), 0);
	f->time += 1000;
}

static inline void fake_open(struct fake *f, uint64_t time)
{
	memset(&f->w, 0, sizeof(f->w));
	cr_assert_eq(th_writer_init(&f->w, scratch_path), 0);
	f->time = time;
}

static inline void fake_close(struct fake *f)
{
	cr_assert_eq(th_writer_finish(&f->w, UINT64_MAX), 0);
}

/* Ids are one byte, repeated; 0: none. */
static inline void fake_id(struct th_out *out, uint8_t id, size_t n)
{
	while (n--) {
		th_out_u8(out, id);
	}
}

static inline void fake_run(struct fake *f, uint8_t trace, const char *meta)
{
	struct th_out *out = fake_begin(f);
	fake_id(out, trace, 16);
	fake_id(out, 0, 8);
	th_out_u8(out, 1);
	fake_id(out, 0, 7);
	th_out_str16(out, th_slice_str(meta));
	th_out_str16(out, TH_SLICE_LIT("ts=1"));
	th_out_str16(out, TH_SLICE_LIT(""));
	th_out_str16(out, TH_SLICE_LIT("0.1.0"));
	fake_put(f, TH_FRAME_RUN, 0, 0);
}

static inline void fake_process_as(
	struct fake *f, uint8_t trace, uint8_t span, uint8_t parent, uint8_t how, uint32_t pid)
{
	struct th_out *out = fake_begin(f);
	fake_id(out, trace, 16);
	fake_id(out, span, 8);
	fake_id(out, parent, 8);
	th_out_u32(out, pid);
	th_out_u32(out, 100u + parent);
	th_out_u8(out, how);
	fake_id(out, 0, 7);
	th_out_str16(out, TH_SLICE_LIT("/usr/bin/agent"));
	th_out_str16(out, TH_SLICE_LIT("agent"));
	th_out_str16(out, TH_SLICE_LIT("/home/agent"));
	fake_put(f, TH_FRAME_PROCESS, 0, 0);
}

static inline void fake_process(
	struct fake *f, uint8_t trace, uint8_t span, uint8_t parent, uint8_t how)
{
	fake_process_as(f, trace, span, parent, how, 100u + span);
}

static inline void fake_process_end(struct fake *f)
{
	th_out_u64(fake_begin(f), f->w.next_seq);
	fake_put(f, TH_FRAME_PROCESS_END, 0, 0);
}

/* To 192.0.2.7. */
static inline void fake_conn(struct fake *f, uint32_t id, uint8_t transport, uint16_t port,
	const char *name, const char *sni)
{
	struct th_out *out = fake_begin(f);
	th_out_u8(out, transport);
	th_out_u8(out, 4);
	th_out_u16(out, port);
	th_out_u32(out, 3);
	th_out_bytes(out, "\xc0\0\x02\x07\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	th_out_u32(out, 0);
	th_out_u32(out, 0);
	th_out_u64(out, f->time - 20);
	th_out_u64(out, f->time - 10);
	th_out_str16(out, th_slice_str(name));
	th_out_str16(out, th_slice_str(sni));
	th_out_str16(out, TH_SLICE_LIT("http/1.1"));
	fake_put(f, TH_FRAME_CONN, 0, id);
}

static inline void fake_req_head(
	struct fake *f, uint32_t id, uint32_t conn, uint8_t flags, const char *head)
{
	struct th_out *out = fake_begin(f);
	th_out_u32(out, conn);
	th_out_u32(out, 0);
	th_out_u32(out, 3);
	th_out_u8(out, 11);
	th_out_u8(out, TH_HEAD_H1);
	th_out_u16(out, 0);
	th_out_bytes(out, head, strlen(head));
	fake_put(f, TH_FRAME_REQ_HEAD, flags, id);
}

/* Also for RES_INFO and the trailers. */
static inline void fake_head(
	struct fake *f, uint8_t type, uint32_t id, uint8_t flags, const char *head)
{
	struct th_out *out = fake_begin(f);
	th_out_u8(out, 11);
	th_out_u8(out, TH_HEAD_H1);
	th_out_u16(out, 0);
	th_out_bytes(out, head, strlen(head));
	fake_put(f, type, flags, id);
}

/* A response head of HTTP/2: names and values in turn, ended by NULL. */
static inline void fake_head_list(
	struct fake *f, uint32_t id, uint8_t flags, const char *const *fields)
{
	struct th_out *out = fake_begin(f);
	th_out_u8(out, 20);
	th_out_u8(out, TH_HEAD_LIST);
	th_out_u16(out, 0);
	for (; fields[0]; fields += 2) {
		th_out_u16(out, (uint16_t)strlen(fields[0]));
		th_out_u32(out, (uint32_t)strlen(fields[1]));
		th_out_bytes(out, fields[0], strlen(fields[0]));
		th_out_bytes(out, fields[1], strlen(fields[1]));
	}
	fake_put(f, TH_FRAME_RES_HEAD, flags, id);
}

static inline void fake_data(
	struct fake *f, uint8_t type, uint32_t id, uint8_t flags, const char *data)
{
	th_out_bytes(fake_begin(f), data, strlen(data));
	fake_put(f, type, flags, id);
}

static inline void fake_end(struct fake *f, uint8_t type, uint32_t id, uint8_t end, uint32_t code)
{
	struct th_out *out = fake_begin(f);
	th_out_u8(out, end);
	fake_id(out, 0, 3);
	th_out_u32(out, code);
	fake_put(f, type, 0, id);
}

#endif
