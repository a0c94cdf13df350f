/* See unix_name.h. The name is taken as it was given: a relative path stays relative, since a
 * program that changes its directory before it connects (sun_path is short) does so again in a
 * replay, perhaps somewhere else. unix(7) says how the length delimits an abstract name. */
#include "base/unix_name.h"

#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "base/siphash.h"

bool th_unix_name(const struct sockaddr *sa, socklen_t len, char ret_name[TH_UNIX_NAME_BYTES])
{
	const size_t head = offsetof(struct sockaddr_un, sun_path);
	if (!sa || len <= head || sa->sa_family != AF_UNIX) {
		return false;
	}
	size_t n = len - head < sizeof(((struct sockaddr_un *)0)->sun_path)
		? len - head
		: sizeof(((struct sockaddr_un *)0)->sun_path);
	const char *path = (const char *)sa + head;
	bool abstract = path[0] == '\0';
	n = abstract ? n : strnlen(path, n);
	for (size_t i = 0; i < n; i++) {
		ret_name[i] = path[i];
		if (path[i] == '\0') {
			ret_name[i] = '@';
		}
	}
	ret_name[n] = '\0';
	return true;
}

void th_unix_key(const char *name, uint8_t ret_key[TH_UNIX_KEY_BYTES])
{
	static const uint8_t keys[2][TH_SIPHASH_KEY_BYTES] = {{1}, {2}};
	size_t n = strlen(name);
	for (size_t i = 0; i < 2; i++) {
		uint64_t half = th_siphash(keys[i], name, n);
		memcpy(ret_key + i * sizeof(half), &half, sizeof(half));
	}
}
