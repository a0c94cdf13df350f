/* What the kernel knows of a TCP connection's bytes: the measure of whether our hooks saw all. */
#ifndef SHIM_TCP_BYTES_H
#define SHIM_TCP_BYTES_H

#include <stdbool.h>
#include <stdint.h>

/* How many bytes the program has given to the socket and taken from it, by whatever calls; never
 * more than that. False: not a TCP socket, or one where the count means something else. */
bool th_tcp_bytes(int fd, uint64_t *ret_sent, uint64_t *ret_taken);

#endif
