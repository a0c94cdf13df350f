/* Bytes that are no text, sixteen to a line: offset, hex, printable ASCII. */
#ifndef TOOLS_HEXDUMP_H
#define TOOLS_HEXDUMP_H

#include <stdio.h>

#include "base/bytes.h"

/* Each line is preceded by `indent`. */
void th_hexdump_print(FILE *out, struct th_slice s, const char *indent);

#endif
