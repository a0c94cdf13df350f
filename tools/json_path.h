/* A place in a JSON text, and maybe the value it must have: "$.messages[*].role=user".
 *
 * What of JSONPath (RFC 9535) names one place or the members of one: "$" (may be left out),
 * ".name",
 * "['name']", "[0]", "[-1]", ".*", "[*]", and "..name" for a member at any depth. No filters, no
 * slices. */
#ifndef TOOLS_JSON_PATH_H
#define TOOLS_JSON_PATH_H

#include "base/bytes.h"

struct th_json_path;

/* NULL: it is none, and *ret_why says why (static text). Free with th_json_path_free(). */
struct th_json_path *th_json_path_parse(const char *text, const char **ret_why);

/* Takes NULL; returns NULL. */
struct th_json_path *th_json_path_free(struct th_json_path *p);

/* Does the JSON text have such a place, with that value? Text that is no JSON has none. A value is
 * compared with strings as they are, with all else as JSON prints it. */
bool th_json_path_matches(const struct th_json_path *p, struct th_slice json);

#endif
