/* DNS messages (RFC 1035 4), as far as programs that do their own look-ups need: questions, what
 * addresses the answers hold, and a recorded answer given once more. Nothing allocates; usable in
 * signal handlers.
 *
 * Only messages with one question are read, since nobody sends others. What an answer says of other
 * names than the one asked for is taken for it (CNAME chains), as resolvers are asked to chase them
 * (RFC 1034 5.3.3). Records of other types are not looked into. */
#ifndef WIRE_DNS_H
#define WIRE_DNS_H

#include "base/bytes.h"

#define TH_DNS_NAME_MAX 255	/* RFC 1035 2.3.4 */
#define TH_DNS_MESSAGE_MAX 512	/* over UDP without EDNS (RFC 1035 4.2.1) */
#define TH_DNS_ADDRESSES_MAX 64 /* of an answer; further ones are not read */
#define TH_DNS_STREAM_MAX 65535 /* over TCP, where two bytes of length precede each message */
#define TH_DNS_STREAM_FIRST 14	/* bytes that tell whether a stream begins with a question */

enum th_dns_type {
	TH_DNS_A = 1,
	TH_DNS_PTR = 12,
	TH_DNS_AAAA = 28,
	TH_DNS_SVCB = 64,
	TH_DNS_HTTPS = 65,
};

enum th_dns_code {
	TH_DNS_NO_ERROR = 0,
	TH_DNS_SERVER_FAILURE = 2,
	TH_DNS_NO_SUCH_NAME = 3,
	TH_DNS_REFUSED = 5,
};

struct th_dns_question {
	char name[TH_DNS_NAME_MAX + 1]; /* without the last dot; bytes that no host name has: '?' */
	uint16_t type;
	size_t end; /* of the question, in bytes of the message */
};

struct th_dns_address {
	uint8_t family; /* 4, 6 */
	uint8_t bytes[16];
};

struct th_dns_answer {
	struct th_dns_question question;
	uint8_t code;	/* enum th_dns_code */
	bool truncated; /* to be asked again over TCP */
	uint16_t records;
	size_t n;
	struct th_dns_address addresses[TH_DNS_ADDRESSES_MAX];
};

/* A standard query. 0, or -EBADMSG. */
int th_dns_read_query(struct th_slice message, struct th_dns_question *ret_question);

/* The answer to a standard query. 0, or -EBADMSG. */
int th_dns_read_answer(struct th_slice message, struct th_dns_answer *ret_answer);

/* Can these first bytes sent be a question over TCP (RFC 7766)? 1 yes, 0 no, -1 more are needed. */
int th_dns_stream_begins(struct th_slice first);

/* Appends a standard query for `name`, as getaddrinfo() would send it. 0, or -EINVAL: that is no
 * name.
 */
int th_dns_put_query(struct th_out *out, const char *name, uint16_t type);

/* Begins the answer to `query`, of which `q` was read, at the beginning of `out`. */
void th_dns_put_answer(
	struct th_out *out, struct th_slice query, const struct th_dns_question *q, uint8_t code);

/* Adds an address of the name asked for. False: no room, and nothing was added. */
bool th_dns_put_address(struct th_out *out, uint8_t family, const uint8_t *bytes);

/* Appends the recorded answer `message` as one to `query`, of which `q` was read: with its id, its
 * letter case, and its cookie (RFC 7873), which some clients check. 0; -EBADMSG: it answers another
 * question; -EMSGSIZE. */
int th_dns_put_recorded(struct th_out *out, struct th_slice query, const struct th_dns_question *q,
	struct th_slice message);

/* The same, as what says that the answer is longer than UDP may carry. */
void th_dns_put_truncated(
	struct th_out *out, struct th_slice query, const struct th_dns_question *q);

/* How long an answer over UDP may be: what the query says (EDNS, RFC 6891), or 512. */
size_t th_dns_room(struct th_slice query, const struct th_dns_question *q);

#endif
