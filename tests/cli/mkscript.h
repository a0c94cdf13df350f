/* A capture from lines on stdin, so that a case shows what it is about:
 *
 *     run TRACE MS META              the root process begins with it
 *     process TRACE SPAN PARENT PID MS NAME
 *     host CONNECTION MS NAME        a connection
 *     ask ID CONNECTION MS METHOD TARGET BODY
 *     answer ID MS STATUS BODY
 *     stream ID MS, event ID MS DATA, done ID MS
 *     reset ID MS
 *     exit MS                        the process has ended in good order
 *     next                           what follows is another process's
 *
 * TRACE, SPAN and PARENT are the byte, in hex, of which the id consists. */
#ifndef TESTS_CLI_MKSCRIPT_H
#define TESTS_CLI_MKSCRIPT_H

void mk_script(const char *path);

#endif
