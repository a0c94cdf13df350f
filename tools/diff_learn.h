/* diff --learn: what differs by its nature between two recordings of the same agent, as rules for
 * the relaxation `volatile` (docs/matching.md). Proposed, never applied: a person accepts them. */
#ifndef TOOLS_DIFF_LEARN_H
#define TOOLS_DIFF_LEARN_H

#include "tools/diff_verdict.h"

/* Prints a rules file, and what it leaves unexplained as comments in it. False: something is, or a
 * request has no partner. */
bool th_diff_learn(FILE *out, const struct th_diff *d);

#endif
