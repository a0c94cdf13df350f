/* The relay of a recording (relay/relay.h), as the wrapper knows it: by its directory, which the
 * library makes if it needs a relay. */
#ifndef TOOLS_RELAY_DIR_H
#define TOOLS_RELAY_DIR_H

/* A name for it, in a place where sockets can be; the caller frees. */
char *th_relay_dir_name(void);

/* The agent is gone: waits, for some seconds at most, until the relay has written all that it
 * knows. Nothing where there is none. */
void th_relay_dir_finish(const char *directory);

#endif
