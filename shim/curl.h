/* From calls of a libcurl to the recorder: the logic behind hook_curl.c. All of it runs under the
 * guard (hook.h). */
#ifndef SHIM_CURL_H
#define SHIM_CURL_H

#include "capture/frame.h"
#include "shim/curl_api.h"
#include "shim/slot.h"

/* An option worth knowing was set to `value`. */
bool th_curl_wants(int option);
void th_curl_set(const void *easy, int option, void *value);

/* A transfer of `easy` begins. */
void th_curl_began(const struct th_library *lib, const void *easy, enum th_transfer_api api);
/* It is over, with libcurl's result or TH_TRANSFER_LEFT; before the handle is changed. */
void th_curl_ended(const struct th_library *lib, void *easy, int result);

/* curl_easy_reset(), curl_easy_duphandle(), curl_easy_cleanup(). */
void th_curl_reset(const struct th_library *lib, const void *easy);
void th_curl_copied(const struct th_library *lib, const void *easy, void *copy);
void th_curl_gone(const struct th_library *lib, void *easy);

#endif
