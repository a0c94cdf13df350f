/* Inside the recorder: the certificates that peers gave, each chain written once per process. */
#ifndef RECORDER_CERTIFICATES_H
#define RECORDER_CERTIFICATES_H

#include "base/bytes.h"

#define TH_CERTIFICATES_MAX (64u << 10) /* bytes of one chain; a longer one is not kept */

/* The number of a chain (as th_conn_certificates()), written if it is new; 0: not kept. */
uint32_t th_certificates_number(struct th_slice chain);

/* In a forked child: nothing is written yet. */
void th_certificates_forked(void);

#endif
