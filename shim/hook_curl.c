/* libcurl: when a transfer begins and when it is over, and what it was asked for. As with TLS
 * libraries only the application's own calls count (P41): libcurl drives a multi handle inside
 * curl_easy_perform(), and sets options of handles of its own. A handle belongs to one library, but
 * a process may hold several: each call goes to the one that its caller is bound to (P2).
 *
 * Contract of all: errno as the real call left it; nothing is asked of a handle while libcurl works
 * on it; curl_easy_setopt's argument is handed on as wide as a pointer, which long, pointer,
 * function and curl_off_t all are (P37). */
#include <stdarg.h>

#include "shim/curl.h"
#include "shim/curl_handles.h"
#include "shim/curl_tap.h"
#include "shim/hook.h"
#include "shim/replay_trust_curl.h"

TH_LIB_HOOK(int, curl_easy_setopt, (void *easy, int option, ...))
{
	va_list args;
	va_start(args, option);
	void *value = va_arg(args, void *);
	va_end(args);
	struct th_site site = TH_SITE(curl_easy_setopt);
	bool held = site.application && th_curl_tap_holds(easy, option);
	int ret = held ? TH_CURL_OK : TH_REAL_AT(site, curl_easy_setopt)(easy, option, value);
	TH_RECORD(site.application && ret == TH_CURL_OK && th_curl_wants(option),
		th_curl_set(easy, option, value));
	return ret;
}

TH_LIB_HOOK(int, curl_easy_perform, (void *easy))
{
	struct th_site site = TH_SITE(curl_easy_perform);
	th_replay_curl_trust(site, easy);
	TH_RECORD(site.application && easy, th_curl_began(site.lib, easy, TH_TRANSFER_EASY));
	int ret = TH_REAL_AT(site, curl_easy_perform)(easy);
	TH_RECORD(site.application && easy, th_curl_ended(site.lib, easy, ret));
	return ret;
}

TH_LIB_HOOK(int, curl_multi_add_handle, (void *multi, void *easy))
{
	struct th_site site = TH_SITE(curl_multi_add_handle);
	th_replay_curl_trust(site, easy);
	int ret = TH_REAL_AT(site, curl_multi_add_handle)(multi, easy);
	TH_RECORD(site.application && ret == TH_CURL_OK,
		th_curl_began(site.lib, easy, TH_TRANSFER_MULTI));
	return ret;
}

/* Whoever takes a handle out before its end was read leaves the transfer. */
TH_LIB_HOOK(int, curl_multi_remove_handle, (void *multi, void *easy))
{
	struct th_site site = TH_SITE(curl_multi_remove_handle);
	TH_RECORD(site.application && easy, th_curl_ended(site.lib, easy, TH_TRANSFER_LEFT));
	return TH_REAL_AT(site, curl_multi_remove_handle)(multi, easy);
}

TH_LIB_HOOK(struct th_curl_message *, curl_multi_info_read, (void *multi, int *queued))
{
	struct th_site site = TH_SITE(curl_multi_info_read);
	struct th_curl_message *m = TH_REAL_AT(site, curl_multi_info_read)(multi, queued);
	TH_RECORD(site.application && m && m->msg == TH_CURL_DONE,
		th_curl_ended(site.lib, m->easy, m->result));
	return m;
}

TH_LIB_HOOK(void, curl_easy_reset, (void *easy))
{
	struct th_site site = TH_SITE(curl_easy_reset);
	TH_RECORD(site.application && easy, th_curl_reset(site.lib, easy));
	TH_REAL_AT(site, curl_easy_reset)(easy);
}

TH_LIB_HOOK(void *, curl_easy_duphandle, (void *easy))
{
	struct th_site site = TH_SITE(curl_easy_duphandle);
	void *copy = TH_REAL_AT(site, curl_easy_duphandle)(easy);
	TH_RECORD(site.application && copy, th_curl_copied(site.lib, easy, copy));
	return copy;
}

TH_LIB_HOOK(void, curl_easy_cleanup, (void *easy))
{
	struct th_site site = TH_SITE(curl_easy_cleanup);
	TH_RECORD(easy && th_curl_handle_find(easy), th_curl_gone(site.lib, easy));
	TH_REAL_AT(site, curl_easy_cleanup)(easy);
}

/* ---- after CURLOPT_CONNECT_ONLY: plaintext, where the TLS beneath is not tapped ---- */

TH_LIB_HOOK(int, curl_easy_send, (void *easy, const void *data, size_t n, size_t *ret_n))
{
	struct th_site site = TH_SITE(curl_easy_send);
	int ret = TH_REAL_AT(site, curl_easy_send)(easy, data, n, ret_n);
	TH_RECORD(site.application && ret == TH_CURL_OK && *ret_n > 0,
		th_curl_tap_moved(site.lib, easy, true, data, *ret_n));
	return ret;
}

TH_LIB_HOOK(int, curl_easy_recv, (void *easy, void *data, size_t n, size_t *ret_n))
{
	struct th_site site = TH_SITE(curl_easy_recv);
	int ret = TH_REAL_AT(site, curl_easy_recv)(easy, data, n, ret_n);
	TH_RECORD(site.application && ret == TH_CURL_OK && *ret_n > 0,
		th_curl_tap_moved(site.lib, easy, false, data, *ret_n));
	return ret;
}
