/* libcurl as the shim sees it: the prototypes and numbers it needs, by hand, so that building needs
 * no libcurl headers, whose macros check the types of curl_easy_setopt() and get in a hook's way
 * (P38). The numbers are the library's ABI: the same in all 7.x and 8.x, where they exist. Handles
 * are void * here as there (but under CURL_STRICTER). Results are enums there, of int's size. */
#ifndef SHIM_CURL_API_H
#define SHIM_CURL_API_H

#include <stddef.h>
#include <stdint.h>

struct th_curl_message {
	int msg; /* TH_CURL_DONE */
	void *easy;
	union {
		void *whatever;
		int result;
	};
};

/* ---- hooked ---- */

int curl_easy_setopt(void *easy, int option, ...);
int curl_easy_perform(void *easy);
void curl_easy_reset(void *easy);
void *curl_easy_duphandle(void *easy);
void curl_easy_cleanup(void *easy);
int curl_multi_add_handle(void *multi, void *easy);
int curl_multi_remove_handle(void *multi, void *easy);
struct th_curl_message *curl_multi_info_read(void *multi, int *queued);

int curl_easy_send(void *easy, const void *data, size_t n, size_t *ret_n);
int curl_easy_recv(void *easy, void *data, size_t n, size_t *ret_n);

/* ---- asked ---- */

/* The beginning of curl_version_info_data, the same in all ages of it. */
struct th_curl_version {
	int age;
	const char *version;
	unsigned version_num;
	const char *host;
	int features;
	const char *ssl_version; /* NULL: no TLS */
};

/* ---- values ---- */

#define TH_CURL_OK 0
#define TH_CURL_INTERNAL 4 /* CURLE_NOT_BUILT_IN, CURLM_INTERNAL_ERROR */
#define TH_CURLE_HTTP2_STREAM 92
#define TH_CURL_DONE 1

/* Options. The type is told by the range: a long, a pointer, a function, an offset, a blob. */
#define TH_CURLOPT_SHARE 10100
#define TH_CURLOPT_VERBOSE 41
#define TH_CURLOPT_STDERR 10037
#define TH_CURLOPT_CAINFO 10065
#define TH_CURLOPT_DEBUGDATA 10095
#define TH_CURLOPT_CRLFILE 10169
#define TH_CURLOPT_ISSUERCERT 10170
#define TH_CURLOPT_PINNEDPUBLICKEY 10230
#define TH_CURLOPT_PROXY_CAINFO 10246
#define TH_CURLOPT_DOH_URL 10279
#define TH_CURLOPT_DEBUGFUNCTION 20094
#define TH_CURLOPT_CAINFO_BLOB 40309
#define TH_CURLOPT_URL 10002
#define TH_CURLOPT_PROXY 10004
#define TH_CURLOPT_CURLU 10282

/* What curl_easy_getinfo() is asked for. */
#define TH_CURLINFO_EFFECTIVE_URL 0x100001
#define TH_CURLINFO_RESPONSE_CODE 0x200002
#define TH_CURLINFO_REDIRECT_COUNT 0x200014
#define TH_CURLINFO_HTTP_CONNECTCODE 0x200016
#define TH_CURLINFO_NUM_CONNECTS 0x20001a
#define TH_CURLINFO_HTTP_VERSION 0x20002e
#define TH_CURLINFO_ACTIVESOCKET 0x50002c
#define TH_CURLINFO_TOTAL_TIME_T 0x600032
#define TH_CURLINFO_NAMELOOKUP_TIME_T 0x600033
#define TH_CURLINFO_CONNECT_TIME_T 0x600034
#define TH_CURLINFO_PRETRANSFER_TIME_T 0x600035
#define TH_CURLINFO_STARTTRANSFER_TIME_T 0x600036
#define TH_CURLINFO_REDIRECT_TIME_T 0x600037
#define TH_CURLINFO_APPCONNECT_TIME_T 0x600038

#endif
