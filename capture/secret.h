/* Which header fields and query parameters carry secrets: what redaction replaces, and what
 * matching leaves out. Names are compared without case. Pure; usable inside the agent. */
#ifndef CAPTURE_SECRET_H
#define CAPTURE_SECRET_H

#include "base/bytes.h"

/* What of a header field's value is secret. */
enum th_secret_field {
	TH_SECRET_NOT,	      /* nothing, but for secrets in URLs that it may hold */
	TH_SECRET_WHOLE,      /* all of it, but for the name of an authentication scheme */
	TH_SECRET_COOKIE,     /* the values of cookies */
	TH_SECRET_SET_COOKIE, /* the value of the cookie; its attributes are none */
	TH_SECRET_ELEMENTS,   /* each element of the list */
	TH_SECRET_URL,	      /* it is a URL or an authority: userinfo and parameters */
	TH_SECRET_LIST,	      /* it is a list of k=v: the values of secret names */
};

enum th_secret_field th_secret_field(struct th_slice name);

/* Names by their last three letters, as bits: a glance that most names fail at. */
struct th_secret_ends {
	uint64_t bits[1024 / 64];
};

const struct th_secret_ends *th_secret_ends(void);

/* The bit of the name that ends before `end`; the four bytes there are readable, the first of them
 * is passed over. Case goes with the upper bits, and some letters share a place with others. */
static inline unsigned th_secret_ending(const uint8_t *end)
{
	return (th_le32(end - 4) >> 8 & 0x1f1f1f) * 0x9e3779b1u >> 22;
}

/* False: th_secret_field() of the name, which has three letters or more, is TH_SECRET_NOT; and so
 * it is of shorter ones. */
static inline bool th_secret_may_be(const struct th_secret_ends *ends, const uint8_t *end)
{
	unsigned at = th_secret_ending(end);
	return ends->bits[at / 64] >> at % 64 & 1;
}

/* Is it a credential: anything of it but what is in URLs and lists? */
bool th_secret_is_field(struct th_slice name);

/* Is the value of this query parameter a secret? The name as in the URL, percent-encoded or not,
 * with or without indexes ("token[]", "user[password]"). */
bool th_secret_is_param(struct th_slice name);

/* The name of a parameter as programs know it, without its encoding (WHATWG URL, 5.1), at most
 * `cap` bytes of it; the length. */
size_t th_secret_param_name(struct th_slice name, uint8_t *out, size_t cap);

#endif
