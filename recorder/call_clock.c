/* See call_clock.h. Of the thread, since a frame does not know which call it comes from (P17). */
#include "recorder/call_clock.h"

#include <stdbool.h>

#include "base/clock.h"
#include "capture/frame.h"

static __thread __attribute__((tls_model("initial-exec"))) struct {
	uint64_t next; /* no frame of the thread's bears an earlier time from here on */
	bool held;
} self;

static uint64_t not_before(uint64_t least)
{
	uint64_t now = th_clock_now();
	return now > least ? now : least;
}

void th_call_clock_hold(void)
{
	self.next = not_before(self.next + TH_FRAME_ONE_READ_NS);
	self.held = true;
}

void th_call_clock_go(void)
{
	self.held = false;
}

uint64_t th_call_clock_now(void)
{
	return self.held ? self.next++ : not_before(self.next);
}
