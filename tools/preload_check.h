/* Can the loader put our library into a program at all? Found out from the file, before it runs. */
#ifndef TOOLS_PRELOAD_CHECK_H
#define TOOLS_PRELOAD_CHECK_H

/* NULL when nothing stands against it, else why it cannot be preloaded: one clause ("it is linked
 * statically"), static text. Follows "#!" to the interpreter. What cannot be read counts as fine:
 * starting it will tell. */
const char *th_preload_obstacle(const char *path);

#endif
