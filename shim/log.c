/* The file is opened anew for each line, so no descriptor of ours is ever open while the agent
 * runs (P33), and lines of several processes never mix (O_APPEND, one write each). */
#include "shim/log.h"

#include <string.h>

#include "base/bytes.h"
#include "base/sys.h"

#define LINE_MAX_BYTES 512

static void put(struct th_out *out, const char *s)
{
	size_t room = out->cap - out->n, n = strlen(s);
	th_out_bytes(out, s, n < room ? n : room);
}

static void put_number(struct th_out *out, long number)
{
	char digits[24];
	size_t at = sizeof(digits) - 1;
	unsigned long left = number < 0 ? 0ul - (unsigned long)number : (unsigned long)number;
	digits[at] = '\0';
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	put(out, number < 0 ? "-" : "");
	put(out, digits + at);
}

void th_log_line(const char *what, const char *detail, long number)
{
	uint8_t line[LINE_MAX_BYTES];
	struct th_out out = {.p = line, .cap = sizeof(line) - 1};
	put(&out, "[");
	put_number(&out, TH_SYS(SYS_getpid));
	put(&out, "] ");
	put(&out, what);
	put(&out, " ");
	put(&out, detail ? detail : "");
	put(&out, " ");
	put_number(&out, number);
	line[out.n++] = '\n';
	int fd = th_sys_open(th_arm_config.log, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (fd >= 0) {
		(void)th_sys_write(fd, line, out.n);
		(void)th_sys_close(fd);
	}
}
