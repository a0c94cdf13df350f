#include "tools/access_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tools/json_out.h"
#include "tools/tools.h"
#include "tools/units.h"

static int command_n;
static char **command;

void th_access_log_command(int argc, char **argv)
{
	command_n = argc;
	command = argv;
}

static void put_time(struct th_jout *j)
{
	char text[TH_UNITS_TEXT + 8];
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	uint64_t ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	th_jout_put_text(j, "time", th_units_iso(text, ns));
}

/* Who: the real user, and the effective one when they differ. */
static void put_user(struct th_jout *j)
{
	const struct passwd *user = getpwuid(getuid());
	th_jout_put_text(j, "user", user ? user->pw_name : NULL);
	th_jout_put_u64(j, "uid", getuid());
	if (geteuid() != getuid()) {
		th_jout_put_u64(j, "effective_uid", geteuid());
	}
	th_jout_put_u64(j, "pid", (uint64_t)getpid());
}

static char *line_of(const char *path, size_t *ret_n)
{
	char *text = NULL;
	struct th_jout j = {.out = open_memstream(&text, ret_n)};
	if (!j.out) {
		th_tool_no_memory();
	}
	th_auto_free char *whole = realpath(path, NULL);
	th_jout_open(&j, '{');
	put_time(&j);
	put_user(&j);
	th_jout_put_text(&j, "capture", whole ? whole : path);
	th_jout_key(&j, "command");
	th_jout_open(&j, '[');
	for (int i = 0; i < command_n; i++) {
		th_jout_text(&j, command[i]);
	}
	th_jout_close(&j, ']');
	th_jout_close(&j, '}');
	fputc('\n', j.out);
	if (fclose(j.out) != 0) {
		th_tool_no_memory();
	}
	return text;
}

/* One write with O_APPEND: lines of several readers stay whole. */
static int append(const char *log, const char *line, size_t n)
{
	int fd = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (fd < 0) {
		return -errno;
	}
	ssize_t wrote = write(fd, line, n);
	int r = wrote == (ssize_t)n ? 0 : wrote < 0 ? -errno : -ENOSPC;
	return close(fd) < 0 && r == 0 ? -errno : r;
}

int th_access_log(const char *path)
{
	static char *last; /* tail opens it again and again: that is one reading */
	const char *log = getenv("TRACEHOOK_ACCESS_LOG");
	size_t n;
	if (!log || !*log || (last && strcmp(last, path) == 0)) {
		return TH_EXIT_OK;
	}
	free(last);
	last = th_tool_format("%s", path);
	th_auto_free char *line = line_of(path, &n);
	int r = append(log, line, n);
	if (r < 0) {
		th_tool_error("TRACEHOOK_ACCESS_LOG: %s: %s; nothing is shown", log, strerror(-r));
		return TH_EXIT_NO;
	}
	return TH_EXIT_OK;
}
