/* A capture that somebody cuts while a command reads it: it is mapped, and what is gone of a
 * mapping is a SIGBUS (mmap(2)). */
#ifndef TOOLS_CUT_H
#define TOOLS_CUT_H

/* From now on the process then says which file that was, in one line, and ends with
 * TH_EXIT_DAMAGED. Programs that it executes are not concerned. */
void th_cut_watch(void);

#endif
