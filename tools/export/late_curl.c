#include "tools/export/late_curl.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

const struct th_late_curl *th_late_curl(void)
{
	static struct th_late_curl curl;
	static const char *const names[] = {"curl_easy_init", "curl_easy_cleanup",
		"curl_easy_setopt", "curl_easy_getinfo", "curl_easy_perform", "curl_slist_append",
		"curl_slist_free_all"};
	void *found[sizeof(names) / sizeof(names[0])];
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		found[i] = library ? dlsym(library, names[i]) : NULL;
		if (!found[i]) {
			return NULL;
		}
	}
	_Static_assert(sizeof(found) == sizeof(curl), "one name for each member, in their order");
	memcpy(&curl, found, sizeof(curl));
	return &curl;
}
