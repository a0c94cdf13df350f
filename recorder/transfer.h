/* What a client library tells of a transfer when it is over: the facts that no byte on the wire
 * shows. One transfer is what the agent asked for once; redirects and the library's own repetitions
 * make several exchanges of it. Which ones, readers find out (trace/transfers.h). */
#ifndef RECORDER_TRANSFER_H
#define RECORDER_TRANSFER_H

#include "recorder/recorder.h"

struct th_transfer_facts {
	uint8_t api;		 /* enum th_transfer_api */
	uint8_t version;	 /* 10, 11, 20, 30; 0 unknown */
	uint16_t status;	 /* of the last response, 0: none */
	uint16_t proxy_status;	 /* of the last CONNECT, 0: none */
	uint32_t handle;	 /* the library's object, numbered within the process from 1 */
	struct th_conn_ref conn; /* the last one used; may be none */
	int32_t result;		 /* the library's; TH_TRANSFER_LEFT: taken away before its end */
	uint32_t redirects, connects;
	uint64_t began;
	uint64_t times[TH_TRANSFER_TIMES]; /* by enum th_transfer_time, ns; 0: not reached */
	/* `asked`, `effective` and `proxy` are URLs: redacted when they are written. */
	struct th_slice asked, effective, proxy, error, library;
};

/* Writes a TRANSFER frame. */
void th_recorder_transfer(const struct th_transfer_facts *facts);

#endif
