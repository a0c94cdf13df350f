/* Inside tools/: which failures are told of by another line already, so that each has one. A run
 * may have as many as somebody likes to write into a file: they are sorted, and searched. */
#ifndef TOOLS_TOLD_H
#define TOOLS_TOLD_H

#include "trace/trace.h"

/* Of transfers that failed: by process, and in order of their start. */
struct th_told_failures {
	const struct th_transfer **at;
	uint64_t *latest; /* end among those of the same process up to here */
	size_t n;
};

struct th_told_failures th_told_failures(const struct th_run *run);
void th_told_failures_finish(struct th_told_failures *f);

/* Did one of that process fail while time was between the two? */
bool th_told_failed(
	const struct th_told_failures *f, const struct th_process *p, uint64_t from, uint64_t to);

/* Sorts connections, so that they can be searched. */
void th_told_sort(const struct th_connection **list, size_t n);

/* Is the process's connection of that id among them? */
bool th_told_connection(
	const struct th_connection *const *list, size_t n, const struct th_process *p, uint32_t id);

#endif
