/* Plays what happens on a connection against the recorder, whose frames fake_writer.c collects.
 *
 * A script is a list of steps: ">bytes" sent, "<bytes" received, "!FIN" "!NOTIFY" "!RESET" the
 * peer's end, "!SENDING" a send that failed. The connection is closed behind the last step. */
#ifndef TESTS_UNIT_CONN_SCRIPT_H
#define TESTS_UNIT_CONN_SCRIPT_H

#include "recorder/recorder.h"

/* Forgets frames and numbers and opens a connection to port 80 of nowhere. */
struct th_conn_ref script_open(void);

/* Plays one step; the bytes in pieces of `piece` bytes. */
void script_step(struct th_conn_ref c, const char *step, size_t piece);

/* Plays the script (ended by NULL) and compares fake_text() with `wanted`: whole, byte by byte,
 * and with each step split at every place. */
void script_expect(const char *const *steps, const char *wanted);

#define SCRIPT(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
