/* Inside replaying: epoll forgets a descriptor whose socket is replaced under it. Programs that
 * register a socket before they connect it (asio) would wait for ever; so registrations of sockets
 * that may yet be replaced are remembered, and made anew. */
#ifndef SHIM_REPLAY_EPOLL_H
#define SHIM_REPLAY_EPOLL_H

#include <stdint.h>

#define TH_EPOLL_REMEMBERED 1024 /* beyond, the oldest registration is forgotten */

/* The descriptor's socket was `before` (inode) and is `after` now. */
void th_epoll_moved(int fd, uint64_t before, uint64_t after);

#endif
