/* Requests of HTTP/1 that were answered, or that ended, before their body was over: a refusal while
 * the body is still being sent, a peer that went then, an agent that waits for the answer's
 * beginning before it goes on. Such a request cannot be answered when it is whole: it may never be,
 * and an agent that is let send on does not see the error that it saw. */
#ifndef PLAYER_H1_EARLY_H
#define PLAYER_H1_EARLY_H

#include "trace/trace.h"

/* Was it such a request? */
bool th_h1_early_is(const struct th_exchange *x);

/* How many bytes of its body had been sent at that time. */
size_t th_h1_early_sent_by(const struct th_exchange *x, uint64_t time);

/* How many had been sent when the answer began, or when it had become clear that none comes. */
size_t th_h1_early_need(const struct th_exchange *x);

/* Is `sent`, what there is of a body, the beginning of this one's? */
bool th_h1_early_agrees(const struct th_exchange *x, struct th_slice sent);

/* When the agent was given the first of the answer; UINT64_MAX: never. */
uint64_t th_h1_early_answer_began(const struct th_exchange *x);

#endif
