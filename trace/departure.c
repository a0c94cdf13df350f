#include "trace/departure.h"

#include "capture/frame.h"

const char *th_departure_why(uint8_t reason)
{
	switch (reason) {
	case TH_LEFT_ENVIRONMENT:
		return "executed without LD_PRELOAD in its environment";
	case TH_LEFT_STATIC:
		return "linked statically: the library cannot be loaded into it";
	case TH_LEFT_RIGHTS:
		return "set-user-ID or with file capabilities: the loader refuses the library";
	case TH_LEFT_MACHINE:
		return "of another architecture: the library cannot be loaded into it";
	case TH_LEFT_CONTEXT:
		return "executed without TRACEHOOK_CONTEXT: recorded as a run of its own";
	case TH_LEFT_USER:
		return "executed as a user who may not write the capture";
	default:
		return "executed without the library";
	}
}
