/* Preloaded behind the library: ten years later. */
#include <time.h>

#define YEARS ((time_t)10 * 366 * 24 * 3600)

time_t time(time_t *ret_time)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += YEARS;
	if (ret_time) {
		*ret_time = now.tv_sec;
	}
	return now.tv_sec;
}
