/* The capture as the user names it: made absolute, and checked before an agent is started. */
#ifndef TOOLS_CAPTURE_PATH_H
#define TOOLS_CAPTURE_PATH_H

/* `path`, else $TRACEHOOK_CAPTURE, else tracehook.thc, as an absolute path. The caller frees.
 * NULL after an error line: there is no working directory. */
char *th_capture_path(const char *path);

/* Can a run be appended to it? TH_EXIT_OK; after an error line TH_EXIT_DAMAGED (it is no capture
 * and is left as it is) or TH_EXIT_MISSING (no such directory, not writable, files
 * may not grow). Creates nothing. */
int th_capture_check_append(const char *path);

/* The exit code for what th_trace_load() (a negative errno and why) made of `path`, after an error
 * line. */
int th_capture_load_failed(const char *path, int error, const char *why);

#endif
