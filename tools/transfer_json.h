/* What a client library (libcurl) said of the transfer that an exchange belongs to, as JSON. */
#ifndef TOOLS_TRANSFER_JSON_H
#define TOOLS_TRANSFER_JSON_H

#include "tools/json_out.h"
#include "trace/trace.h"

/* "redirect", "challenge", "tunnel", "retry"; NULL: nothing. */
const char *th_transfer_why(uint8_t why_follows);

/* The members "transfer" and "follows"; none when the exchange belongs to no transfer. */
void th_transfer_json(struct th_jout *j, const struct th_exchange *x);

/* The member "transfer" of one that came to no exchange; none when `t` is NULL. */
void th_transfer_json_failed(struct th_jout *j, const struct th_transfer *t);

#endif
