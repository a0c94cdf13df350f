/* See cut.h. Only what a signal handler may call. What stands in the output's buffer is not
 * written: it may be that just this is where the file was read. */
#include "tools/cut.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "tools/tools.h"

#define LINE_MAX_BYTES 8192 /* of /proc/self/maps, which has a path of PATH_MAX at most */

static void say(struct th_slice text)
{
	(void)!write(STDERR_FILENO, text.p, text.n);
}

/* "7f0000000000-7f0000200000 …": is the address within? */
static bool holds(const char *line, uintptr_t address)
{
	uintptr_t bound[2] = {0, 0};
	for (int i = 0; i < 2; i++, line++) {
		for (; *line != '-' && *line != ' ' && *line; line++) {
			bound[i] = bound[i] << 4 |
				(uintptr_t)(*line <= '9' ? *line - '0' : *line - 'a' + 10);
		}
	}
	return address >= bound[0] && address < bound[1];
}

/* A line of the file without its end; false: there is none any more. */
static bool next_line(int fd, char line[LINE_MAX_BYTES])
{
	size_t n = 0;
	while (n < LINE_MAX_BYTES - 1 && read(fd, line + n, 1) == 1 && line[n] != '\n') {
		n++;
	}
	line[n] = '\0';
	return n > 0;
}

static void say_file(uintptr_t address)
{
	static char line[LINE_MAX_BYTES];
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && next_line(fd, line)) {
		const char *path = strchr(line, '/');
		if (path && holds(line, address)) {
			say(th_slice_str(path));
			return;
		}
	}
	say(TH_SLICE_LIT("a file"));
}

static void on_bus(int number, siginfo_t *info, void *context)
{
	if (info->si_code != BUS_ADRERR) {
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	say(TH_SLICE_LIT("tracehook: "));
	say_file((uintptr_t)info->si_addr);
	say(TH_SLICE_LIT(": was cut while it was read, or its disk failed; what is printed is not "
			 "all: read it again\n"));
	_exit(TH_EXIT_DAMAGED);
}

void th_cut_watch(void)
{
	const struct sigaction action = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
	sigaction(SIGBUS, &action, NULL);
}
