/* The way back from an address to a name, for replays only. It is not recorded; in a replay it
 * finds nothing, since it would ask the network, and programs take that as "has no name". */
#include <netdb.h>
#include <stdbool.h>

#include "shim/hook.h"

TH_HOOK(struct hostent *, gethostbyaddr, (const void *addr, socklen_t len, int family))
{
	if (th_arm_closed()) {
		h_errno = HOST_NOT_FOUND;
		return NULL;
	}
	return TH_REAL(gethostbyaddr)(addr, len, family);
}

TH_HOOK(int, gethostbyaddr_r,
	(const void *addr, socklen_t len, int family, struct hostent *entry, char *buffer, size_t n,
		struct hostent **result, int *herrno))
{
	if (th_arm_closed()) {
		*herrno = HOST_NOT_FOUND;
		*result = NULL;
		return 0;
	}
	return TH_REAL(gethostbyaddr_r)(addr, len, family, entry, buffer, n, result, herrno);
}

TH_HOOK(int, getnameinfo,
	(const struct sockaddr *sa, socklen_t salen, char *host, socklen_t host_bytes,
		char *service, socklen_t service_bytes, int flags))
{
	if (th_arm_closed() && host && host_bytes) {
		if (flags & NI_NAMEREQD) {
			return EAI_NONAME;
		}
		flags |= NI_NUMERICHOST;
	}
	return TH_REAL(getnameinfo)(sa, salen, host, host_bytes, service, service_bytes, flags);
}
