#include "capture/alive.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "capture/append.h"
#include "capture/live.h"

static bool owner_may_live(const char *live_path, const struct th_owner *self)
{
	uint8_t bytes[TH_LIVE_HEADER_BYTES];
	struct th_live_header h;
	int fd = open(live_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		return false; /* folded this moment */
	}
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	return n != (ssize_t)sizeof(bytes) || th_live_header_decode(bytes, &h) < 0 ||
		th_owner_may_live(&h.owner, self);
}

static void close_dir(DIR **d)
{
	if (*d) {
		closedir(*d);
	}
}

bool th_capture_may_grow(const char *path)
{
	char real[PATH_MAX], dir[PATH_MAX], live_path[PATH_MAX + NAME_MAX];
	struct th_owner self;
	th_capture_real_path(path, real);
	path = real;
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	if (strlen(path) >= sizeof(dir)) {
		return false;
	}
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(name - path) : 2, slash ? path : "./");
	th_cleanup(close_dir) DIR *d = opendir(dir);
	th_owner_self(&self);
	for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
		snprintf(live_path, sizeof(live_path), "%s%s", dir, e->d_name);
		if (th_live_is_name(e->d_name, th_slice_str(name)) &&
			owner_may_live(live_path, &self)) {
			return true;
		}
	}
	return false;
}
