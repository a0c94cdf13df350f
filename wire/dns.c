/* See dns.h. Names are read with their pointers only where they matter: in the question (where no
 * pointer can stand, as nothing precedes it); names of records are skipped. */
#include "wire/dns.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

#define HEADER_BYTES 12
#define LABEL_MAX 63
#define POINTER 0xc0
#define CLASS_INTERNET 1
#define TTL 60 /* of composed records, in seconds */

#define FLAG_RESPONSE 0x80 /* in the third byte */
#define FLAG_OPCODE 0x78
#define FLAG_TRUNCATED 0x02
#define FLAG_DESIRED 0x01   /* recursion */
#define FLAG_AVAILABLE 0x80 /* in the fourth byte */
#define CODE 0x0f

#define TYPE_OPT 41 /* EDNS (RFC 6891 6.1) */
#define OPTION_COOKIE 10
#define COOKIE_BYTES 8 /* the client's part */
#define STREAM_QUERY_MAX 1024

static uint16_t in_be16(struct th_in *in)
{
	uint8_t high = th_in_u8(in);
	return (uint16_t)(high << 8 | th_in_u8(in));
}

static void out_be16(struct th_out *out, uint16_t v)
{
	th_out_u8(out, (uint8_t)(v >> 8));
	th_out_u8(out, (uint8_t)v);
}

/* ---- reading ---- */

static bool is_plain(uint8_t c)
{
	return c > ' ' && c < 0x7f && c != '.';
}

/* Appends a label and a dot. False: the name is too long. */
static bool add_label(struct th_slice label, char *name, size_t *n)
{
	if (*n + label.n + 2 > TH_DNS_NAME_MAX) { /* as it came, with the root's length */
		return false;
	}
	for (size_t i = 0; i < label.n; i++) {
		name[(*n)++] = is_plain(label.p[i]) ? (char)label.p[i] : '?';
	}
	name[(*n)++] = '.';
	return true;
}

static bool read_name(struct th_in *in, char ret_name[TH_DNS_NAME_MAX + 1])
{
	size_t n = 0;
	for (uint8_t length = th_in_u8(in); length; length = th_in_u8(in)) {
		struct th_slice label = th_in_bytes(in, length);
		if (length > LABEL_MAX || in->failed || !add_label(label, ret_name, &n)) {
			return false;
		}
	}
	ret_name[n > 0 ? n - 1 : 0] = 0;
	return !in->failed;
}

static void skip_name(struct th_in *in)
{
	for (uint8_t length = th_in_u8(in); length; length = th_in_u8(in)) {
		if ((length & POINTER) == POINTER) {
			(void)th_in_u8(in); /* a pointer ends the name */
			return;
		}
		(void)th_in_bytes(in, length);
		in->failed = in->failed || length > LABEL_MAX;
	}
}

struct counts {
	uint16_t questions, answers, authorities, additional;
};

static struct counts read_counts(struct th_in *in)
{
	struct counts c = {.questions = in_be16(in)};
	c.answers = in_be16(in);
	c.authorities = in_be16(in);
	c.additional = in_be16(in);
	return c;
}

/* Reads up to the end of the question. */
static int read_question(struct th_slice message, struct th_in *in, struct counts *ret_counts,
	struct th_dns_question *ret_question)
{
	*in = (struct th_in){message.p, message.n, false};
	(void)th_in_u32(in); /* id, flags */
	*ret_counts = read_counts(in);
	if (in->failed || ret_counts->questions != 1 || (message.p[2] & FLAG_OPCODE) ||
		!read_name(in, ret_question->name)) {
		return -EBADMSG;
	}
	ret_question->type = in_be16(in);
	uint16_t class = in_be16(in);
	ret_question->end = message.n - in->n;
	return in->failed || class != CLASS_INTERNET ? -EBADMSG : 0;
}

int th_dns_read_query(struct th_slice message, struct th_dns_question *ret_question)
{
	struct th_in in;
	struct counts counts;
	struct th_dns_question q;
	int r = read_question(message, &in, &counts, &q);
	if (r < 0 || (message.p[2] & FLAG_RESPONSE)) {
		return -EBADMSG;
	}
	*ret_question = q;
	return 0;
}

static void read_record(struct th_in *in, struct th_dns_answer *a)
{
	skip_name(in);
	uint16_t type = in_be16(in), class = in_be16(in);
	(void)th_in_u32(in); /* time to live */
	struct th_slice data = th_in_bytes(in, in_be16(in));
	bool is_4 = type == TH_DNS_A && data.n == 4, is_6 = type == TH_DNS_AAAA && data.n == 16;
	if (class != CLASS_INTERNET || !(is_4 || is_6) || a->n == TH_DNS_ADDRESSES_MAX) {
		return;
	}
	struct th_dns_address *to = &a->addresses[a->n++];
	*to = (struct th_dns_address){.family = is_4 ? 4 : 6};
	memcpy(to->bytes, data.p, data.n);
}

int th_dns_read_answer(struct th_slice message, struct th_dns_answer *ret_answer)
{
	struct th_in in;
	struct counts counts;
	struct th_dns_question q;
	int r = read_question(message, &in, &counts, &q);
	if (r < 0 || !(message.p[2] & FLAG_RESPONSE)) {
		return -EBADMSG;
	}
	struct th_dns_answer *a = ret_answer;
	a->question = q;
	a->code = message.p[3] & CODE;
	a->truncated = message.p[2] & FLAG_TRUNCATED;
	a->records = counts.answers;
	a->n = 0;
	for (uint16_t i = 0; i < counts.answers && !in.failed; i++) {
		read_record(&in, a);
	}
	return in.failed && !a->truncated ? -EBADMSG : 0;
}

/* The first bytes of a query after its length, whatever its id: no answer, nothing but flags that
 * clients set, one question, no records but perhaps additional ones. */
int th_dns_stream_begins(struct th_slice first)
{
	static const uint8_t value[TH_DNS_STREAM_FIRST] = {[7] = 1};
	static const uint8_t mask[TH_DNS_STREAM_FIRST] = {
		0, 0, 0, 0, 0xfe, 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc};
	size_t n = first.n < sizeof(value) ? first.n : sizeof(value);
	for (size_t i = 0; i < n; i++) {
		if ((first.p[i] & mask[i]) != value[i]) {
			return 0;
		}
	}
	if (n > 0 && first.p[0] > STREAM_QUERY_MAX >> 8) {
		return 0;
	}
	if (n > 1 && (first.p[0] << 8 | first.p[1]) < HEADER_BYTES + 5) {
		return 0;
	}
	return n == sizeof(value) ? 1 : -1;
}

struct edns {
	uint16_t room;
	struct th_slice cookie;
};

static struct th_slice find_option(struct th_slice options, uint16_t wanted)
{
	struct th_in in = {options.p, options.n, false};
	while (in.n && !in.failed) {
		uint16_t code = in_be16(&in);
		struct th_slice data = th_in_bytes(&in, in_be16(&in));
		if (code == wanted && !in.failed) {
			return data;
		}
	}
	return (struct th_slice){NULL, 0};
}

/* What the EDNS record says, if there is one. */
static struct edns read_edns(struct th_slice message)
{
	struct th_in in;
	struct counts c;
	struct th_dns_question q;
	if (read_question(message, &in, &c, &q) < 0) {
		return (struct edns){0};
	}
	uint32_t records = (uint32_t)c.answers + c.authorities + c.additional;
	for (uint32_t i = 0; i < records && !in.failed; i++) {
		skip_name(&in);
		uint16_t type = in_be16(&in), class = in_be16(&in);
		(void)th_in_u32(&in);
		struct th_slice data = th_in_bytes(&in, in_be16(&in));
		if (type == TYPE_OPT && !in.failed) {
			return (struct edns){class, find_option(data, OPTION_COOKIE)};
		}
	}
	return (struct edns){0};
}

size_t th_dns_room(struct th_slice query, const struct th_dns_question *q)
{
	uint16_t room = query.n > q->end ? read_edns(query).room : 0;
	return room > TH_DNS_MESSAGE_MAX ? room : TH_DNS_MESSAGE_MAX;
}

/* ---- writing ---- */

/* Label by label; a dot at the end says no more than its absence. */
int th_dns_put_query(struct th_out *out, const char *name, uint16_t type)
{
	size_t all = strlen(name);
	size_t most = TH_DNS_NAME_MAX - 2 + (all > 0 && name[all - 1] == '.');
	if (all > most) {
		return -EINVAL;
	}
	th_out_bytes(out, (const uint8_t[]){0, 0, FLAG_DESIRED, 0, 0, 1, 0, 0, 0, 0, 0, 0},
		HEADER_BYTES);
	while (*name && strcmp(name, ".") != 0) {
		size_t n = strcspn(name, ".");
		if (n == 0 || n > LABEL_MAX) {
			return -EINVAL;
		}
		th_out_u8(out, (uint8_t)n);
		th_out_bytes(out, name, n);
		name += n + (name[n] == '.');
	}
	th_out_u8(out, 0);
	out_be16(out, type);
	out_be16(out, CLASS_INTERNET);
	return 0;
}

void th_dns_put_answer(
	struct th_out *out, struct th_slice query, const struct th_dns_question *q, uint8_t code)
{
	th_out_bytes(out, query.p, 2);
	th_out_u8(out, FLAG_RESPONSE | (query.p[2] & FLAG_DESIRED));
	th_out_u8(out, FLAG_AVAILABLE | code);
	out_be16(out, 1);
	th_out_bytes(out, (const uint8_t[6]){0}, 6);
	/* As it was asked, letter case too: some clients check that (0x20). */
	th_out_bytes(out, query.p + HEADER_BYTES, q->end - HEADER_BYTES);
}

bool th_dns_put_address(struct th_out *out, uint8_t family, const uint8_t *bytes)
{
	uint16_t length = family == 4 ? 4 : 16;
	if (out->failed || out->cap - out->n < (size_t)HEADER_BYTES + length) {
		return false;
	}
	out_be16(out, POINTER << 8 | HEADER_BYTES); /* the question's name */
	out_be16(out, family == 4 ? TH_DNS_A : TH_DNS_AAAA);
	out_be16(out, CLASS_INTERNET);
	out_be16(out, 0);
	out_be16(out, TTL);
	out_be16(out, length);
	th_out_bytes(out, bytes, length);
	uint16_t n = (uint16_t)((out->p[6] << 8 | out->p[7]) + 1);
	out->p[6] = (uint8_t)(n >> 8);
	out->p[7] = (uint8_t)n;
	return true;
}

/* Letter case does not count in names, and no length of a label is a letter; type and class do. */
static bool is_same_question(struct th_slice query, struct th_slice message, size_t end)
{
	const size_t types = 4;
	if (message.n < end || query.n < end || end < HEADER_BYTES + types) {
		return false;
	}
	for (size_t i = HEADER_BYTES; i < end - types; i++) {
		if (th_lower(query.p[i]) != th_lower(message.p[i])) {
			return false;
		}
	}
	return memcmp(query.p + end - types, message.p + end - types, types) == 0;
}

int th_dns_put_recorded(struct th_out *out, struct th_slice query, const struct th_dns_question *q,
	struct th_slice message)
{
	if (!is_same_question(query, message, q->end)) {
		return -EBADMSG;
	}
	if (out->failed || out->cap - out->n < message.n) {
		return -EMSGSIZE;
	}
	uint8_t *to = out->p + out->n;
	th_out_bytes(out, message.p, message.n);
	memcpy(to, query.p, 2);
	to[2] = (uint8_t)((to[2] & ~FLAG_DESIRED) | (query.p[2] & FLAG_DESIRED));
	memcpy(to + HEADER_BYTES, query.p + HEADER_BYTES, q->end - HEADER_BYTES);
	struct th_slice was = read_edns(message).cookie, is = read_edns(query).cookie;
	if (was.n >= COOKIE_BYTES && is.n >= COOKIE_BYTES) {
		memcpy(to + (was.p - message.p), is.p, COOKIE_BYTES);
	}
	return 0;
}

void th_dns_put_truncated(
	struct th_out *out, struct th_slice query, const struct th_dns_question *q)
{
	size_t at = out->n;
	th_dns_put_answer(out, query, q, TH_DNS_NO_ERROR);
	if (!out->failed) {
		out->p[at + 2] |= FLAG_TRUNCATED;
	}
}
