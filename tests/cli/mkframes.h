/* Frames of a capture with times and ids of one's own: what mkcapture puts captures together from.
 *
 * One process at a time: mk_begin_process(), its frames, mk_finish_process(). Times are in ms after
 * MK_BEGAN; what fails is said on stderr. */
#ifndef TESTS_CLI_MKFRAMES_H
#define TESTS_CLI_MKFRAMES_H

#include "base/bytes.h"
#include "capture/frame.h"

#define MK_BEGAN 1763762459123456789u /* 2025-11-21 22:00:59.123456789 UTC */

struct mk_conn {
	uint32_t id;
	uint8_t transport;
	const char *address;
	uint16_t port;
	const char *name, *sni, *alpn;
	int error;
};

extern struct th_out mk_out; /* the frame that is put together since mk_begin() */

void mk_begin(void);
void mk_put_text(const char *text);
void mk_put_str16(const char *text);
void mk_frame(uint8_t type, uint8_t flags, uint32_t id, uint64_t ms);
void mk_frame_at(uint8_t type, uint8_t flags, uint32_t id, uint64_t ns);
void mk_run(uint8_t digit, uint64_t ms, const char *meta);
void mk_process(uint8_t trace, uint8_t span, uint8_t parent, uint32_t pid, uint8_t how, uint64_t ms,
	const char *argv0);
void mk_process_end(uint64_t ms);
void mk_conn(const struct mk_conn *c, uint64_t ms);
void mk_conn_end(uint32_t id, uint8_t speaks, uint64_t ms);
void mk_lookup(const char *name, int result, uint64_t ms);
void mk_transfer(uint32_t handle, const char *url, const char *error, uint64_t ms);
void mk_lost(uint64_t events, uint64_t n, uint64_t ms);
void mk_begin_request(uint32_t connection, uint32_t stream, bool h2);
void mk_request(uint32_t id, uint32_t connection, uint8_t flags, uint64_t ms, const char *head);
void mk_response(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, const char *head);
void mk_data(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, struct th_slice s);
void mk_text(uint8_t type, uint32_t id, uint8_t flags, uint64_t ms, const char *s);
void mk_end(uint8_t type, uint32_t id, enum th_end how, uint32_t code, uint64_t ms);
void mk_field(const char *name, const char *value);
void mk_begin_process(const char *path);
void mk_finish_process(void);

#endif
