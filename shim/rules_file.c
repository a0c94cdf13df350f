#include "shim/rules_file.h"

#include <errno.h>
#include <fcntl.h>

#include "base/pool.h"
#include "base/sys.h"

static bool fail(char why[TH_SCRUB_RULES_WHY_MAX], const char *reason)
{
	strncpy(why, reason, TH_SCRUB_RULES_WHY_MAX - 1);
	why[TH_SCRUB_RULES_WHY_MAX - 1] = '\0';
	return false;
}

/* A pipe nobody writes to would hold up the program for ever. */
static int open_regular(const char *path)
{
	struct stat st;
	int fd = th_sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 || (th_sys_fstat(fd, &st) == 0 && S_ISREG(st.st_mode))) {
		return fd;
	}
	th_sys_close(fd);
	return -EINVAL;
}

/* Reads at most `cap` bytes; how many, or a negative errno. */
static long read_file(const char *path, uint8_t *p, size_t cap)
{
	int fd = open_regular(path);
	long n = 0, r = fd;
	while (fd >= 0 && (size_t)n < cap && (r = th_sys_read(fd, p + n, cap - (size_t)n)) > 0) {
		n += r;
	}
	if (fd >= 0) {
		th_sys_close(fd);
	}
	return r < 0 ? r : n;
}

bool th_rules_file_load(const char *path, const struct th_scrub_rules **ret_rules,
	struct th_slice *ret_text, char why[TH_SCRUB_RULES_WHY_MAX])
{
	const size_t cap = TH_SCRUB_RULES_FILE_MAX + 1;
	uint8_t *text = th_pool_alloc(cap);
	struct th_scrub_rules *rules = th_pool_alloc(sizeof(*rules));
	if (!text || !rules) {
		return fail(why, "no memory");
	}
	long n = read_file(path, text, cap);
	if (n == -EINVAL) {
		return fail(why, "it is not a regular file");
	}
	if (n < 0) {
		return fail(why, strerrordesc_np((int)-n));
	}
	*ret_text = (struct th_slice){text, (size_t)n};
	*ret_rules = rules;
	return th_scrub_rules_parse(*ret_text, rules, why);
}
