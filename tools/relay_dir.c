#include "tools/relay_dir.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "player/protocol.h"
#include "tools/tools.h"

#define BASE_MAX 60 /* longer directories leave no room for a socket's name (108 bytes) */
#define PATIENCE_SECONDS 8

char *th_relay_dir_name(void)
{
	const char *base = getenv("TMPDIR");
	uint64_t id = 0;
	if (!base || *base != '/' || strlen(base) > BASE_MAX || access(base, W_OK) != 0) {
		base = "/tmp";
	}
	(void)getrandom(&id, sizeof(id), 0);
	return th_tool_format("%s/tracehook-%016" PRIx64, base, id);
}

/* Its answer is one byte, or the end of it. */
void th_relay_dir_finish(const char *directory)
{
	const struct th_hello h = {.magic = TH_HELLO_MAGIC, .kind = TH_HELLO_FINISH};
	const struct timeval tv = {.tv_sec = PATIENCE_SECONDS};
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	char answer;
	int n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", directory, TH_PLAYER_SOCKET);
	th_auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (n < 0 || (size_t)n >= sizeof(to.sun_path) || fd < 0 ||
		connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (send(fd, &h, sizeof(h), MSG_NOSIGNAL) == sizeof(h)) {
		(void)recv(fd, &answer, 1, 0);
	}
}
