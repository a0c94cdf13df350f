/* Memory for what is made while a process starts and lasts as long as it does: static, side by
 * side. An array for each text, with room for the longest one, would be a page fault for each in
 * every program that starts. Before there are threads only: nothing here is locked. */
#ifndef BASE_LASTING_H
#define BASE_LASTING_H

#include "base/bytes.h"

#define TH_LASTING_BYTES (128u << 10)

/* All the room there is, aligned to 8 bytes. It is the caller's until th_lasting_end(), or until
 * somebody else begins: whoever keeps nothing need not end. */
struct th_out th_lasting_begin(void);

/* Keeps what was put there. NULL: something did not fit, and nothing is kept. */
void *th_lasting_end(const struct th_out *out);

/* All the room is free again: for tests, which start more than once. */
void th_lasting_forget(void);

#endif
