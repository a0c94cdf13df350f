/* Servers to which the agent does not want to be relayed: it did not accept our certificate (it
 * pins the server's, or brings its own roots). Later connections are left alone. Thread-safe. */
#ifndef RELAY_REFUSED_H
#define RELAY_REFUSED_H

#include <stdbool.h>

#define TH_REFUSED_MAX 256 /* names; beyond, the oldest are forgotten */

struct th_refused;

struct th_refused *th_refused_create(void);
/* Takes NULL; returns NULL. */
struct th_refused *th_refused_destroy(struct th_refused *r);

void th_refused_add(struct th_refused *r, const char *name);
bool th_refused_has(struct th_refused *r, const char *name);

/* The agent has accepted a certificate of ours for that name: it does not refuse. */
void th_refused_accepted(struct th_refused *r, const char *name);
bool th_refused_was_accepted(struct th_refused *r, const char *name);

#endif
