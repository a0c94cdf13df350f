/* What the bench's client and server share: a workload's file, a byte stream with TLS or without,
 * and where an HTTP/1.1 message ends. */
#ifndef BENCH_BENCH_NET_H
#define BENCH_BENCH_NET_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* bench/workload_make.py's file: request and response by turns. */
struct bench_workload {
	struct th_slice *messages;
	size_t n; /* calls */
};

/* Ends the program with a line on stderr. */
_Noreturn void bench_die(const char *what);

void bench_workload_open(const char *path, struct bench_workload *ret_workload);

/* In a paced answer each event has, where its id begins, the time at which it was sent: sixteen hex
 * digits, CLOCK_MONOTONIC in ns. */
#define BENCH_STAMP_AFTER "chatcmpl-"
#define BENCH_STAMP_DIGITS 16
#define BENCH_EVENTS_MAX 65536

/* How late events came. */
struct bench_late {
	uint64_t ns[BENCH_EVENTS_MAX];
	size_t n;
};

uint64_t bench_now(void);

/* TLS when `ssl` is there, else the bare descriptor. */
struct bench_stream {
	SSL *ssl;
	int fd;
	uint8_t buffer[65536];
	size_t n;		 /* of it filled, not used yet */
	struct bench_late *late; /* of what is read; NULL: nobody asks */
};

bool bench_write(struct bench_stream *s, const void *p, size_t n);

/* Reads a message and forgets it. 1: done; 0: the peer is gone. */
int bench_read_message(struct bench_stream *s);

#endif
