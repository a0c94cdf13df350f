/* Can the loader put a preloaded library into a program at all? Told from the file, before it runs.
 * Asked by the tool before it starts an agent, and inside the agent before it executes another
 * program. Async-signal-safe; errno may change. */
#ifndef BASE_OBSTACLE_H
#define BASE_OBSTACLE_H

enum th_obstacle {
	TH_OBSTACLE_NONE,
	TH_OBSTACLE_STATIC,	  /* it never meets the loader */
	TH_OBSTACLE_SET_USER,	  /* it runs with another user's or group's rights */
	TH_OBSTACLE_CAPABILITIES, /* its file gives it some */
	TH_OBSTACLE_32BIT,
	TH_OBSTACLE_MACHINE,
};

/* `path` as of directory `dir` (AT_FDCWD). Follows "#!" to the interpreter. What cannot be read or
 * understood counts as none: starting it will tell. */
enum th_obstacle th_obstacle_of(int dir, const char *path);

#endif
