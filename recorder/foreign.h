/* Connections that a forked child uses as well as its parent: only the sum of what both have seen
 * is what the socket has moved, so neither can tell whether anything was missed. */
#ifndef RECORDER_FOREIGN_H
#define RECORDER_FOREIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "recorder/conn.h"

/* Before there is a connection that a child could inherit: most processes never have one, and
 * memory that is shared is a file to the system, which takes time to make and to end. */
void th_foreign_start(void);

/* An inherited connection has moved bytes, `heard`: what the peer said. Its other owners are told.
 */
void th_foreign_note(const struct th_conn *c, bool heard);

/* A number that changes with what others have heard on it: the answer that this process awaits has
 * been read, then. */
uint8_t th_foreign_heard(const struct th_conn *c);

/* Has another process used it, or may it have? */
bool th_foreign_used(const struct th_conn *c);

#endif
