/* Inside the recorder: which name an address was last looked up as. */
#ifndef RECORDER_NAMES_H
#define RECORDER_NAMES_H

#include "recorder/recorder.h"

#define TH_NAME_MAX 255 /* RFC 1035 2.3.4 */

/* Writes the name, with NUL; an empty one when the address was not looked up (or forgotten). */
void th_names_of(const struct th_address *address, char ret_name[TH_NAME_MAX + 1]);

/* In a forked child: the names stay, the lock does not (P28). */
void th_names_forked(void);

#endif
