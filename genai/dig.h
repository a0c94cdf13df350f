/* Getting at members of parsed JSON without asking at every step whether they are there. */
#ifndef GENAI_DIG_H
#define GENAI_DIG_H

#include <cjson/cJSON.h>

#include "base/bytes.h"

/* "usage.details.cached": a member's member's member; NULL when a step is missing, is null, or
 * root is NULL. */
const cJSON *th_dig(const cJSON *root, const char *path);

/* Its text; NULL when it is none. */
const char *th_dig_text(const cJSON *root, const char *path);

/* It is there and true. */
bool th_dig_true(const cJSON *root, const char *path);

/* It as a number; `otherwise` when it is none. */
double th_dig_number(const cJSON *root, const char *path, double otherwise);

/* First element or member; NULL for everything that has none. The next one is ->next. */
const cJSON *th_dig_first(const cJSON *root, const char *path);

/* The text parsed; what is cut off at its end is left out and the open parts closed
 * (*ret_cut). NULL: it is no JSON. The caller frees. */
cJSON *th_dig_parse(struct th_slice text, bool *ret_cut);

#endif
