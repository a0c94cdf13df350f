/* See dns.h. Names are read with their pointers only where they matter: in the question (where no
 * pointer can stand, as nothing precedes it); names of records are skipped. */
#include "wire/dns.h"

#include <errno.h>
#include <string.h>

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
	uint16_t questions, answers;
};

static struct counts read_counts(struct th_in *in)
{
	struct counts c = {.questions = in_be16(in)};
	c.answers = in_be16(in);
	(void)th_in_u32(in); /* authorities, additional records */
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
	a->n = 0;
	for (uint16_t i = 0; i < counts.answers && !in.failed; i++) {
		read_record(&in, a);
	}
	return in.failed && !a->truncated ? -EBADMSG : 0;
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
