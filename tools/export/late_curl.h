/* libcurl, loaded when it is needed: linked, it and the thirty libraries it brings would be loaded
 * at each start of the program, the player's too. */
#ifndef TOOLS_EXPORT_LATE_CURL_H
#define TOOLS_EXPORT_LATE_CURL_H

#include <curl/curl.h>

struct th_late_curl {
	CURL *(*init)(void);
	void (*cleanup)(CURL *curl);
	CURLcode (*setopt)(CURL *curl, CURLoption option, ...);
	CURLcode (*getinfo)(CURL *curl, CURLINFO info, ...);
	CURLcode (*perform)(CURL *curl);
	struct curl_slist *(*append)(struct curl_slist *list, const char *text);
	void (*free_list)(struct curl_slist *list);
};

/* NULL: there is no libcurl on this machine, or not all of it. */
const struct th_late_curl *th_late_curl(void);

#endif
