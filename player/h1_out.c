/* See h1_out.h. */
#include "player/h1_out.h"

#include <errno.h>

#include "capture/frame.h"

bool th_h1_out_goes_on(const struct th_h1_out *o, uint64_t time)
{
	return o->held.n && time >= o->time && time - o->time < TH_FRAME_ONE_READ_NS;
}

static int join(struct th_h1_out *o, struct th_slice bytes)
{
	if (o->joined.n == 0) {
		th_buf_slice(&o->joined, o->held);
	}
	th_buf_slice(&o->joined, bytes);
	o->held = th_buf_view(&o->joined);
	return o->joined.failed ? -ENOMEM : 0;
}

int th_h1_out_put(struct th_h1_out *o, uint64_t time, struct th_slice bytes)
{
	int r = 0;
	if (bytes.n == 0) {
		return 0;
	}
	if (th_h1_out_goes_on(o, time)) {
		r = join(o, bytes);
	} else {
		r = th_h1_out_end_read(o);
		o->held = bytes;
	}
	o->time = time;
	return r;
}

int th_h1_out_end_read(struct th_h1_out *o)
{
	if (o->held.n == 0) {
		return 0;
	}
	int r = th_stream_write(o->stream, o->held);
	o->held.n = o->joined.n = 0;
	return r < 0 || o->stream->ssl ? r : th_stream_flush(o->stream);
}

int th_h1_out_last(struct th_h1_out *o)
{
	int r = o->held.n ? th_stream_write(o->stream, o->held) : 0;
	o->held.n = o->joined.n = 0;
	return r;
}

int th_h1_out_flush(struct th_h1_out *o)
{
	int r = th_stream_send(o->stream, o->held);
	o->held.n = o->joined.n = 0;
	return r;
}

void th_h1_out_finish(struct th_h1_out *o)
{
	th_buf_finish(&o->joined);
	o->held.n = 0;
}
