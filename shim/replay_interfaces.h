/* The interface that stands in for the network in a replay.
 *
 * Idea: aria2, and all that ask getifaddrs() whether there is a network, ask nobody when they find
 * none, and a replay has none to show. So where the recording reached somebody, and the machine
 * has no address beyond loopback now, one interface more is listed, with an address kept for
 * documentation (RFC 5737, RFC 3849) which nothing can be bound to. Where the machine has one,
 * the list is the machine's.
 *
 * Left out: names and numbers of interfaces (if_nametoindex) and what netlink says. */
#ifndef SHIM_REPLAY_INTERFACES_H
#define SHIM_REPLAY_INTERFACES_H

struct ifaddrs;

/* Appends the stand-ins to what getifaddrs() gave, if there is to be any. Async-signal-safe. */
void th_interfaces_stand_in(struct ifaddrs **list);

/* Takes them off again: what is left is the C library's to free. Nothing for another list. */
struct ifaddrs *th_interfaces_take_out(struct ifaddrs *list);

#endif
