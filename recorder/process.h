/* Inside the recorder: the process that is recorded, its writer and its counters. */
#ifndef RECORDER_PROCESS_H
#define RECORDER_PROCESS_H

#include <sys/uio.h>

#include "capture/redact.h"
#include "recorder/recorder.h"

/* The next id of an exchange or of a connection within this process's writer, from 1. */
uint32_t th_process_next_exchange(void);
uint32_t th_process_next_conn(void);

/* The next number of a span that is sent along with a request, from 1. */
uint32_t th_process_next_sent(void);

/* Which thread of the process this is, from 1, the main thread (threads.h) */
uint32_t th_process_thread(void);

/* In a forked child that is not recorded: as th_recorder_forked() does it. */
void th_process_threads_forked(void);

/* How the capture is redacted; and how heads of answers are, of which what is replaced is kept. */
const struct th_redaction *th_process_redaction(void);
const struct th_redaction *th_process_answers(void);

/* Writes a frame with that time. */
void th_process_put_at(
	uint8_t type, uint8_t flags, uint32_t id, uint64_t time, const struct iovec *parts, int n);

/* Writes a frame with the present time. */
void th_process_put(uint8_t type, uint8_t flags, uint32_t id, const struct iovec *parts, int n);

/* And behind it one of data of the same exchange. */
void th_process_put_with_data(uint8_t type, uint8_t flags, uint32_t id, const struct iovec *parts,
	int n, uint8_t data_type, uint8_t data_flags, struct th_slice data);

/* The same of what may be all that the process ever tells (curl --version looks up the machine's
 * own name): the first few go into the capture without a live file, which takes longer to make and
 * to fold than such a process runs otherwise. */
void th_process_put_aside(uint8_t type, const struct iovec *parts, int n);

#endif
