/* Inside trace/: a URL in parts, as far as it takes to tell whether an exchange asked for it. */
#ifndef TRACE_URL_H
#define TRACE_URL_H

#include "trace/trace.h"

/* Views into the text. */
struct th_url {
	bool https;
	struct th_slice authority; /* without userinfo; as written */
	struct th_slice target;	   /* path and query, without fragment; may be empty */
	bool any_target;	   /* not known, it may be any */
};

/* Takes a URL apart; without a scheme it is http, as libcurl guesses. */
struct th_url th_url_parse(struct th_slice text);

/* Its authority, whatever the scheme; may be empty. */
struct th_slice th_url_authority(struct th_slice text);

/* Where a Location field leads that was found at `base`. */
struct th_url th_url_follow(const struct th_url *base, struct th_slice location);

/* Did the exchange ask for it? Redacted parameters match any. A CONNECT asks for the authority. */
bool th_url_asked(const struct th_url *u, const struct th_exchange *x);

/* The same of the authority alone. */
bool th_url_same_host(const struct th_url *u, const struct th_exchange *x);

#endif
