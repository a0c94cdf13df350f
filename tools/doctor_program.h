/* What a program is, before it runs, or while it does: from its file and those it is made of. */
#ifndef TOOLS_DOCTOR_PROGRAM_H
#define TOOLS_DOCTOR_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

#include "tools/doctor_image.h"

#define TH_DOCTOR_CHAIN_MAX 6

struct th_doctor_file {
	char *path;
	bool late; /* an interpreter loads it when a script asks for it */
	struct th_doctor_image image;
};

struct th_doctor_program {
	pid_t pid;			  /* 0: a program that does not run yet */
	char *chain[TH_DOCTOR_CHAIN_MAX]; /* the script, its interpreter …; the last one is run */
	size_t n_chain;
	const char *runtime;  /* "Node.js", "Python", "a shell" …; NULL: none that is known */
	const char *obstacle; /* why nothing can be preloaded into it, a clause; NULL: it can */
	bool shell;	      /* it is there to start other programs */
	struct th_doctor_file *files; /* the program, then its libraries */
	size_t n_files;
	bool carries;			/* a process: our library is in it */
	char *mode, *capture, *preload; /* a process: of its environment; NULL: not there */
	char *sample; /* TRACEHOOK_SAMPLE of the process, or of the caller, whose it will be */
};

/* Looks at a program's file; `path` as th_launch_find() has it. */
void th_doctor_program_read(const char *path, struct th_doctor_program *ret_program);

/* Looks at a process. 0, or the negative errno with which it could not be looked at. */
int th_doctor_process_read(pid_t pid, struct th_doctor_program *ret_program);

void th_doctor_program_finish(struct th_doctor_program *p);

/* The file that is executed in the end. */
const char *th_doctor_program_path(const struct th_doctor_program *p);

/* The library of the program whose name begins so ("libcurl"); NULL: it has none. */
const struct th_doctor_file *th_doctor_program_has(
	const struct th_doctor_program *p, const char *beginning);

#endif
