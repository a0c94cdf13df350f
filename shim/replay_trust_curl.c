/* See replay_trust_curl.h. The agent's own CA is replaced, not added to: in a replay every TLS
 * connection leads to the player. Nothing is put back, since libcurl gives no way to see what is
 * set, and each transfer sets it anew. A pin and a list of revoked certificates cannot hold for
 * the player's: they are taken away, so an agent is replayed whose pin would fail today. Host
 * name, dates and whether to verify at all stay the agent's. */
#include "shim/replay_trust_curl.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "player/protocol.h"
#include "shim/curl_api.h"
#include "shim/curl_backend.h"
#include "shim/replay.h"

struct functions {
	int (*setopt)(void *easy, int option, ...);
};

/* In the order of struct functions. */
static const char names[][TH_FUNCTION_NAME_MAX] = {"curl_easy_setopt", ""};
TH_FUNCTIONS(per_library, struct functions, names);

static bool ca_path(char ret_path[PATH_MAX])
{
	const char *directory = th_replay_directory();
	size_t n = strlen(directory);
	if (n + 1 + sizeof(TH_PLAYER_CA) > PATH_MAX) {
		return false;
	}
	memcpy(ret_path, directory, n);
	ret_path[n] = '/';
	memcpy(ret_path + n + 1, TH_PLAYER_CA, sizeof(TH_PLAYER_CA));
	return true;
}

static void trust(const struct functions *f, void *easy, const char *ca)
{
	static const int gone[] = {TH_CURLOPT_CAINFO_BLOB, TH_CURLOPT_CRLFILE,
		TH_CURLOPT_ISSUERCERT, TH_CURLOPT_PINNEDPUBLICKEY};
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++) {
		(void)f->setopt(easy, gone[i], (void *)NULL);
	}
	(void)f->setopt(easy, TH_CURLOPT_CAINFO, ca);
	(void)f->setopt(easy, TH_CURLOPT_PROXY_CAINFO, ca);
}

void th_replay_curl_trust(struct th_site site, void *easy)
{
	char ca[PATH_MAX];
	if (!th_arm_is(TH_ARM_REPLAY) || !site.application || !easy ||
		!th_curl_untapped(site.lib)) {
		return;
	}
	int saved = errno;
	const struct functions *f = th_library_functions(&per_library, names, site.lib);
	if (f && ca_path(ca)) {
		trust(f, easy, ca);
	}
	errno = saved;
}
