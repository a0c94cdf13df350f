/* Runs an agent with libtracehook.so preloaded, standing between it and its caller unseen.
 *
 * The agent keeps stdin, stdout, stderr, process group, terminal, signal mask and ignored signals.
 * Signals sent to the tool are handed on; those that the terminal sends reach the agent anyway. */
#ifndef TOOLS_LAUNCH_H
#define TOOLS_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "tools/fence.h"

struct th_launch {
	const char *mode;	/* TRACEHOOK_MODE */
	const char *capture;	/* absolute */
	const char *player;	/* replay: the player's directory, absolute; else "" */
	const char *relay;	/* record: the relay's directory, which is made when needed */
	const char *record;	/* replay: the capture it is recorded into, absolute; NULL: none */
	struct th_fence *fence; /* around it; NULL: none. May come to say why it is not */
	bool pipe_default;	/* SIGPIPE, ignored here by now, was at its default */
	char **argv;		/* of the agent, NULL at its end */
};

struct th_launched {
	pid_t pid;
	int status; /* as waitpid() has it */
};

/* The library that belongs to this tool: beside it in a build tree, else where it was installed.
 * The caller frees; NULL after an error line. */
char *th_launch_library(void);

/* Where execvp(3) would find the program, without running it. TH_EXIT_OK and the path (the caller
 * frees), or TH_EXIT_NOT_FOUND, TH_EXIT_NOT_EXECUTABLE after an error line. */
int th_launch_find(const char *program, char **ret_path);

/* Starts the agent, with the library (NULL: without, and the environment is as it is), and waits
 * for its end. TH_EXIT_OK and *ret_launched, else the exit code after an
 * error line. */
int th_launch_run(const struct th_launch *l, const char *library, struct th_launched *ret_launched);

/* The shell's number for a wait status: the exit code, or 128 and the signal. */
int th_launch_exit_code(int status);

/* Ends the tool as the agent ended: exits with its code, or dies of its signal. */
_Noreturn void th_launch_end_like(int status);

#endif
