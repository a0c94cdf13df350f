/* Who read what: a line of JSON for each capture that the tool opens, appended to the file that
 * TRACEHOOK_ACCESS_LOG names. For audit: what cannot be logged is not shown. */
#ifndef TOOLS_ACCESS_LOG_H
#define TOOLS_ACCESS_LOG_H

/* Remembers the command line, for all lines of this process; argv must stay. */
void th_access_log_command(int argc, char **argv);

/* Logs that the capture at `path` is about to be read. TH_EXIT_OK, also when no log is asked for;
 * TH_EXIT_NO after an error line. */
int th_access_log(const char *path);

#endif
