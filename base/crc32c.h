/* CRC-32C (Castagnoli; RFC 3720 appendix B.4), the checksum of frames and blocks. Uses the
 * processor's instruction where there is one. */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues `crc` (0 to begin with) over n bytes; th_crc32c(th_crc32c(0, a), b) covers a then b. */
uint32_t th_crc32c(uint32_t crc, const void *p, size_t n);

#endif
