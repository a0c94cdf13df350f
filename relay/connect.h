/* The head of a CONNECT request: where to. */
#ifndef RELAY_CONNECT_H
#define RELAY_CONNECT_H

#include <stdbool.h>

#include "base/bytes.h"

#define TH_CONNECT_HEAD_MAX 8192

struct th_connect {
	char host[256]; /* an IPv6 address without its brackets */
	char port[6];
};

/* A head, whole. False: it is none, or asks for something else. */
bool th_connect_read(struct th_slice head, struct th_connect *ret_to);

#endif
