/* The fence around a replay's process tree: a network namespace of its own, with nothing in it but
 * loopback.
 *
 * The library's fence stops what goes through libc. What does not (a program that is linked
 * statically, a system call made by hand, io_uring, a program that runs with other rights) the
 * kernel stops here: there is no way out of such a namespace. The player is reached through a path
 * in the file system, which namespaces of networks do not touch; servers that the tree itself
 * starts on loopback are reached by the tree as ever. */
#ifndef TOOLS_FENCE_H
#define TOOLS_FENCE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum th_fence_wish {
	TH_FENCE_AUTO,	    /* a namespace where one can be had and takes nothing away */
	TH_FENCE_LIBRARY,   /* none */
	TH_FENCE_NAMESPACE, /* a namespace, or nothing is run */
};

struct th_fence {
	enum th_fence_wish wish;
	bool closed;	     /* the tree is behind it */
	const char *why_not; /* static text, when it is not */
	int counters[2];     /* what the namespace counts: snmp, snmp6; -1: not to be had */
};

/* What a program is started with. */
struct th_fence_start {
	const char *path; /* of the program */
	char **argv;
	const sigset_t *mask, *defaults; /* its signal mask; what it finds at its default */
};

/* "auto", "library", "namespace". False: no such word. */
bool th_fence_parse(const char *word, struct th_fence *ret_fence);

/* Looks whether a namespace would take something away that the recorded run used: a local service
 * outside HTTP. `directory`: the player's. */
void th_fence_prepare(struct th_fence *f, const char *directory);

/* Should th_fence_spawn() be tried? */
static inline bool th_fence_wanted(const struct th_fence *f)
{
	return f && f->wish != TH_FENCE_LIBRARY && !f->why_not;
}

/* Starts a program behind the fence. 0; an errno of execve(2); or -1: there is no fence to be had,
 * why_not says why, and nothing was started. */
int th_fence_spawn(struct th_fence *f, const struct th_fence_start *s, pid_t *ret_pid);

/* How many times something in the namespace wanted to go somewhere: what the library did not see.
 */
uint64_t th_fence_stopped(const struct th_fence *f);

/* The same; -1: it is not counted. */
int64_t th_fence_counted(const struct th_fence *f);

/* Says what was stopped, and unless `quiet` why there is no namespace. */
void th_fence_say(const struct th_fence *f, bool quiet);

void th_fence_finish(struct th_fence *f);

#endif
