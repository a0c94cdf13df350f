/* What every subcommand shares: exit codes, the table of commands, errors, options.
 *
 * A subcommand is one file cmd_NAME.c, with its usage, and one line in main.c's table. It parses
 * its options, coordinates, and leaves the work to the other files of this room. Facts go to
 * stdout, everything else to stderr; an error is one line: what is wrong with which file, at which
 * offset, and what to do. */
#ifndef TOOLS_TOOLS_H
#define TOOLS_TOOLS_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* DESIGN 1.2; sysexits.h where it has a name for it, env(1) for a command that cannot be run. */
enum th_exit {
	TH_EXIT_OK = 0,
	TH_EXIT_NO = 1,	      /* what was asked about does not hold; output could not be written */
	TH_EXIT_USAGE = 64,   /* wrong usage, unknown variable value */
	TH_EXIT_DAMAGED = 65, /* the capture is damaged or not a capture */
	TH_EXIT_MISSING = 66, /* a file, run or span that does not exist */
	TH_EXIT_MISSED = 96,  /* replay: a request had no recorded answer */
	TH_EXIT_STRICT = 97,  /* replay --strict: relaxed, crossed or never asked for */
	TH_EXIT_UNCOVERED = 98,	      /* --require-coverage: traffic that could not be captured */
	TH_EXIT_TOOL_FAILED = 125,    /* record, replay: the tool itself could not do its part */
	TH_EXIT_NOT_EXECUTABLE = 126, /* record, replay: the agent cannot be executed */
	TH_EXIT_NOT_FOUND = 127,      /* record, replay: there is no such agent */
};

struct th_command {
	const char *name;
	/* Arguments from the subcommand's name on. Returns the exit code. */
	int (*run)(int argc, char **argv);
	const char *help;  /* one line */
	const char *usage; /* what follows "tracehook NAME ", and lines about the options */
	bool internal;	   /* not for people: left out of the overview */
};

extern const struct th_command th_cmd_check, th_cmd_compact, th_cmd_context, th_cmd_diff,
	th_cmd_doctor, th_cmd_dump, th_cmd_export, th_cmd_feedback, th_cmd_list, th_cmd_player,
	th_cmd_proxy, th_cmd_record, th_cmd_redact, th_cmd_relay, th_cmd_replay, th_cmd_seal,
	th_cmd_show, th_cmd_spans, th_cmd_stats, th_cmd_tail, th_cmd_tree, th_cmd_verify;

/* Prints "tracehook: " and the message, one line, to stderr. */
void th_tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same, and ends the program: there is nothing left to do without memory. */
_Noreturn void th_tool_no_memory(void);

/* Opens a file that an option names, for reading; what cannot be opened or is no regular file (one
 * reads from a pipe that nobody writes to for ever) is said. The exit code; *ret_file is the
 * caller's to close. */
int th_tool_open(const char *path, FILE **ret_file);

/* malloc, realloc and asprintf that do not return without memory. */
void *th_tool_alloc(size_t n);
void *th_tool_realloc(void *p, size_t n);
char *th_tool_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* getopt_long() of a subcommand: 'h' is --help (printed already), '?' a mistake (said already), -1
 * the end. `letters` that begin with "+": options end at the first argument that is none. */
int th_tool_option(int argc, char **argv, const char *letters, const struct option *options);

/* Exit code for what th_tool_option() said: of 'h' or '?'. */
int th_tool_option_exit(int option);

/* "tracehook CMD: MESSAGE; see tracehook CMD --help". Returns TH_EXIT_USAGE. */
int th_tool_misuse(const char *command, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* For commands whose stdout is the product: SIGPIPE ends them quietly. */
void th_tool_output_begin(void);

/* Flushes stdout; `code`, or TH_EXIT_NO after an error line when it could not be written. */
int th_tool_output_end(int code);

/* Columns to print to: the terminal's, $COLUMNS, 80 on a terminal without size, else 120. */
unsigned th_tool_width(void);

/* Colours on stdout: a terminal, NO_COLOR unset or empty, TERM not "dumb". */
bool th_tool_colour(void);

/* The command that runs, for its --help; set by main(). */
extern const struct th_command *th_tool_current;

/* Prints the usage of a command to stdout. */
void th_tool_print_usage(const struct th_command *command);

#endif
