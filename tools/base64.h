/* Base64 with the standard alphabet and padding (RFC 4648, 4), written to a stream. */
#ifndef TOOLS_BASE64_H
#define TOOLS_BASE64_H

#include <stdio.h>

#include "base/bytes.h"

void th_base64_print(FILE *out, struct th_slice s);

#endif
