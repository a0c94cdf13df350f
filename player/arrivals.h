/* Connections keep their recorded order, too (see order.h for why): a handshake is finished only
 * when those connections are there that the process had begun to open by then. Decides whether a
 * client that could multiplex opens another connection or waits for this one. Thread-safe. */
#ifndef PLAYER_ARRIVALS_H
#define PLAYER_ARRIVALS_H

#include "player/sockets.h"

struct th_arrivals;

/* NULL without memory. */
struct th_arrivals *th_arrivals_create(const struct th_run *run, const struct th_sockets *sockets);
/* Takes NULL; returns NULL. */
struct th_arrivals *th_arrivals_destroy(struct th_arrivals *a);

/* A connection of the process (its index in run->processes; others are ignored) was opened. */
void th_arrivals_note(struct th_arrivals *a, uint32_t process);

/* Waits before the handshake of the process's connection `ordinal` (from 1) is finished. */
void th_arrivals_wait(struct th_arrivals *a, uint32_t process, uint32_t ordinal);

#endif
