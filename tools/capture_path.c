#include "tools/capture_path.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "capture/append.h"
#include "capture/key.h"
#include "tools/tools.h"

#define LEAST_GROWTH (64u << 10) /* a live file takes that at once (capture/FORMAT.md) */

char *th_capture_path(const char *path)
{
	const char *variable = getenv("TRACEHOOK_CAPTURE");
	if (!path) {
		path = variable && *variable ? variable : "tracehook.thc";
	}
	if (*path == '/') {
		return th_tool_format("%s", path);
	}
	th_auto_free char *here = getcwd(NULL, 0);
	if (!here) {
		th_tool_error("%s: the working directory: %s", path, strerror(errno));
		return NULL;
	}
	return th_tool_format("%s/%s", here, path);
}

static int not_writable(const char *path, int error)
{
	th_tool_error("%s: cannot be written: %s", path, strerror(error));
	return TH_EXIT_MISSING;
}

static int check_directory(const char *path)
{
	th_auto_free char *copy = th_tool_format("%s", path);
	const char *directory = dirname(copy);
	if (access(directory, W_OK | X_OK) == 0) {
		return TH_EXIT_OK;
	}
	th_tool_error("%s: cannot be made in %s: %s", path, directory, strerror(errno));
	return TH_EXIT_MISSING;
}

static int not_a_capture(const char *path, const char *what)
{
	th_tool_error("%s: %s; left as it is, choose another file with -o", path, what);
	return TH_EXIT_DAMAGED;
}

/* With a limit below that the library could not write one frame. */
static int check_limit(const char *path, off_t size)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
		limit.rlim_cur >= (rlim_t)size + LEAST_GROWTH) {
		return TH_EXIT_OK;
	}
	th_tool_error("%s: cannot be written: files may have %llu bytes (ulimit -f)", path,
		(unsigned long long)limit.rlim_cur);
	return TH_EXIT_MISSING;
}

/* Encrypted with this key, or not at all and no key. */
static int check_key(const char *path)
{
	struct th_file_header h;
	int r = th_capture_header(path, &h);
	if (r == 0 && th_key_present() && !(h.flags & TH_FILE_ENCRYPTED)) {
		r = -EMEDIUMTYPE;
	}
	r = r < 0 ? r : th_key_admit(&h);
	if (r == -EMEDIUMTYPE || r == -ENOKEY || r == -EKEYREJECTED) {
		th_tool_error("%s: %s", path, th_key_why(r));
		return TH_EXIT_USAGE;
	}
	return TH_EXIT_OK;
}

/* The header's checksum is the writer's to check; this keeps it from meeting somebody's document.
 */
static int check_header(const char *path, int fd)
{
	uint8_t header[TH_MAGIC_BYTES + 2];
	ssize_t n = pread(fd, header, sizeof(header), 0);
	if (n < 0) {
		return not_writable(path, errno);
	}
	if (n == 0) {
		return TH_EXIT_OK;
	}
	if (n < (ssize_t)sizeof(header) || memcmp(header, TH_FILE_MAGIC, TH_MAGIC_BYTES) != 0) {
		return not_a_capture(path, "not a capture (no signature at offset 0)");
	}
	if (th_le16(header + TH_MAGIC_BYTES) != TH_FORMAT_VERSION) {
		return not_a_capture(path, "a capture of another version (offset 8)");
	}
	return check_key(path);
}

int th_capture_check_append(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		int code = errno == ENOENT ? check_directory(path) : not_writable(path, errno);
		return code == TH_EXIT_OK ? check_limit(path, 0) : code;
	}
	if (!S_ISREG(st.st_mode)) {
		return not_a_capture(path, "not a regular file");
	}
	th_auto_close int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		return not_writable(path, errno);
	}
	int code = check_header(path, fd);
	code = code == TH_EXIT_OK ? check_directory(path) : code;
	return code == TH_EXIT_OK ? check_limit(path, st.st_size) : code;
}

int th_capture_load_failed(const char *path, int error, const char *why)
{
	if (error == -ENOKEY || error == -EKEYREJECTED) {
		th_tool_error("%s: %s", path, th_key_why(error));
		return TH_EXIT_USAGE;
	}
	if (error == -EINVAL) {
		th_tool_error("%s: %s", path, why ? why : "not a capture");
		return TH_EXIT_DAMAGED;
	}
	th_tool_error("%s: cannot be read: %s", path, why ? why : strerror(-error));
	return TH_EXIT_MISSING;
}
