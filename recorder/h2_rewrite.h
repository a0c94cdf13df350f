/* Trace context in HTTP/2 HEADERS: see rewrite.h. */
#ifndef RECORDER_H2_REWRITE_H
#define RECORDER_H2_REWRITE_H

#include "recorder/rewrite.h"
#include "wire/hpack.h"

/* Where the connection stands before the bytes. */
struct th_h2_place {
	size_t skip;		      /* bytes before the next frame's header */
	const struct th_hpack *hpack; /* of the sent side; NULL: nothing was sent yet */
	uint32_t last_request;	      /* stream */
};

/* `in` is followed frame by frame; a copy of the table tells what fields a request has. False:
 * there is nothing to change. */
bool th_h2_rewrite(const struct th_h2_place *place, struct th_slice in, struct th_rewrite *w);

#endif
