#include "tools/preload_check.h"

#include <fcntl.h>
#include <stddef.h>

#include "base/obstacle.h"

const char *th_preload_obstacle(const char *path)
{
	switch (th_obstacle_of(AT_FDCWD, path)) {
	case TH_OBSTACLE_NONE:
		return NULL;
	case TH_OBSTACLE_STATIC:
		return "it is linked statically";
	case TH_OBSTACLE_SET_USER:
		return "it runs as another user (set-user-ID)";
	case TH_OBSTACLE_CAPABILITIES:
		return "it has file capabilities";
	case TH_OBSTACLE_32BIT:
		return "it is a 32-bit program";
	case TH_OBSTACLE_MACHINE:
		return "it is for another processor";
	}
	return NULL;
}
