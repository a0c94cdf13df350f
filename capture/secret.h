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

/* Is it a credential: anything of it but what is in URLs and lists? */
bool th_secret_is_field(struct th_slice name);

/* Is the value of this query parameter a secret? The name as in the URL, percent-encoded or not,
 * with or without indexes ("token[]", "user[password]"). */
bool th_secret_is_param(struct th_slice name);

#endif
