/* The ledger of a run: what was seen and could not be captured (DESIGN 2.7). Nothing of it is
 * guessed away; what is uncertain counts as not covered. */
#ifndef TOOLS_COVERAGE_H
#define TOOLS_COVERAGE_H

#include "trace/trace.h"

struct th_coverage {
	size_t opaque;	  /* connections seen and not decoded */
	size_t unparsed;  /* exchanges whose recording stopped: bytes not as HTTP has them */
	size_t left;	  /* programs executed that do not carry the library */
	size_t cut_short; /* processes that did not end in good order (killed; exec is none) */
	uint64_t lost_events, lost_bytes;
};

struct th_coverage th_coverage_of(const struct th_run *run);

/* Is everything that was seen in the capture? A killed process is no gap: what it had received is
 * there. */
bool th_coverage_whole(const struct th_coverage *c);

/* Connections whose bytes were seen and not decoded: another protocol than HTTP, or TLS that no
 * tap had the plaintext of. The caller frees *ret_list. */
void th_coverage_opaque(
	const struct th_run *run, const struct th_connection ***ret_list, size_t *ret_n);

/* Connections to Unix sockets that spoke something else than HTTP: talk within the machine (a
 * session bus, an agent of keys, a pool of workers), which nobody expects in a capture. Told, but
 * no gap. */
size_t th_coverage_local(const struct th_run *run);

/* The process became another program, which went on with it. */
bool th_coverage_handed_on(const struct th_connection *c);

/* Bytes were, or may have been, moved on it that the library did not see; the others were. */
bool th_coverage_in_part(const struct th_connection *c);

/* Why a connection of that list was not decoded: one clause, static text. */
const char *th_coverage_why(const struct th_connection *c);

#endif
