/* See call_clock.h. Of the thread, since a frame does not know which call it comes from (P17). */
#include "recorder/call_clock.h"

#include <stdbool.h>

#include "base/clock.h"
#include "capture/frame.h"

static __thread __attribute__((tls_model("initial-exec"))) struct {
	uint64_t next;	/* no frame of the thread's bears an earlier time from here on */
	bool held, due; /* due: and not looked at since; most calls are not written */
} self;

static uint64_t not_before(uint64_t least)
{
	uint64_t now = th_clock_now();
	return now > least ? now : least;
}

void th_call_clock_hold(void)
{
	self.held = self.due = true;
}

void th_call_clock_go(void)
{
	self.held = false;
}

uint64_t th_call_clock_now(void)
{
	if (!self.held) {
		return not_before(self.next);
	}
	if (self.due) {
		self.next = not_before(self.next + TH_FRAME_ONE_READ_NS);
		self.due = false;
	}
	return self.next++;
}
