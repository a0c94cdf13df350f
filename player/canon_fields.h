/* Which request fields take no part in matching, and why (DESIGN 2.4).
 *
 * A block list and not an allow list: a volatile field that was overlooked gives a miss, which is
 * loud; a meaningful field that was overlooked would give a wrong answer in silence. */
#ifndef PLAYER_CANON_FIELDS_H
#define PLAYER_CANON_FIELDS_H

#include "base/bytes.h"

/* Why the field takes no part, as one clause; NULL: it does. Case is ignored. */
const char *th_canon_field_ignored(struct th_slice name);

/* The same for a parameter of the query: is it a credential? Tokens that say where in a list, or in
 * which conversation, are secret too, but are compared, as their keyed hashes. */
bool th_canon_param_ignored(struct th_slice name);

#endif
