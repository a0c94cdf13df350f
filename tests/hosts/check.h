/* For host programs: small victims that are run under the library and check what they see. */
#ifndef TESTS_HOSTS_CHECK_H
#define TESTS_HOSTS_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int failures;

/* Reports a line when `what` does not hold; goes on. */
#define CHECK(what) \
	do { \
		if (!(what)) { \
			fprintf(stdout, "%s:%d: %s (errno: %s)\n", __FILE__, __LINE__, #what, \
				strerror(errno)); \
			failures++; \
		} \
	} while (0)

#endif
