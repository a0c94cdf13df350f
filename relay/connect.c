/* See connect.h. "CONNECT host:port HTTP/1.x" (RFC 9110 9.3.6): of the rest nothing is looked at,
 * credentials for a proxy among it. */
#include "relay/connect.h"

#include <string.h>

static bool copy(char *ret_text, size_t cap, const uint8_t *p, size_t n)
{
	if (n == 0 || n >= cap || memchr(p, 0, n)) {
		return false;
	}
	memcpy(ret_text, p, n);
	ret_text[n] = '\0';
	return true;
}

/* "host:port" or "[address]:port". */
static bool read_target(const uint8_t *p, size_t n, struct th_connect *ret_to)
{
	const uint8_t *colon = memrchr(p, ':', n);
	if (!colon) {
		return false;
	}
	size_t host = (size_t)(colon - p), port = n - host - 1;
	for (size_t i = 0; i < port; i++) {
		if (colon[1 + i] < '0' || colon[1 + i] > '9') {
			return false;
		}
	}
	if (!copy(ret_to->port, sizeof(ret_to->port), colon + 1, port)) {
		return false;
	}
	bool brackets = host >= 2 && p[0] == '[' && p[host - 1] == ']';
	return copy(ret_to->host, sizeof(ret_to->host), p + brackets, host - 2u * brackets);
}

bool th_connect_read(struct th_slice head, struct th_connect *ret_to)
{
	static const char method[] = "CONNECT ", version[] = " HTTP/1.";
	const size_t n = sizeof(method) - 1;
	struct th_connect to = {.host = ""};
	const uint8_t *end = memmem(head.p, head.n, "\r\n", 2);
	size_t line = end ? (size_t)(end - head.p) : 0;
	if (line <= n || memcmp(head.p, method, n) != 0) {
		return false;
	}
	const uint8_t *target = head.p + n;
	const uint8_t *space = memmem(target, line - n, version, sizeof(version) - 1);
	if (!space || !read_target(target, (size_t)(space - target), &to)) {
		return false;
	}
	*ret_to = to;
	return true;
}
