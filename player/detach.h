/* How a process of ours that serves an agent lets go of it: it holds none of the agent's
 * descriptors, ends by signals in good order, and says on one descriptor when it is ready. */
#ifndef PLAYER_DETACH_H
#define PLAYER_DETACH_H

/* Nobody's pipe or terminal is to be kept open by us: only `kept` stays, and 0 to 2 go nowhere. */
void th_detach_let_go(int kept);

/* SIGTERM and SIGINT are read from the descriptor that this gives; SIGPIPE and SIGHUP are ignored.
 */
int th_detach_signals(void);

/* To whoever started us: "ready", or "error: " and why; closes the descriptor (-1: nobody asks). */
void th_detach_say(int fd, const char *word, const char *why);

#endif
