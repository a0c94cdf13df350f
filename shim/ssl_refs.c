/* See ssl_refs.h. Without a lock, so that a forked child inherits it in order (P28): an entry is
 * taken and given back by one exchange of its session, and its count is only of interest to those
 * who hold references. */
#include "shim/ssl_refs.h"

#include <stdatomic.h>
#include <stddef.h>

static struct {
	_Atomic(const void *) session;
	_Atomic unsigned taken;
} refs[TH_SSL_REFS_MAX];

static _Atomic unsigned used; /* none: nothing needs to be looked for */

static int find(const void *session)
{
	for (int i = 0; i < TH_SSL_REFS_MAX; i++) {
		if (atomic_load(&refs[i].session) == session) {
			return i;
		}
	}
	return -1;
}

void th_ssl_refs_taken(const void *session)
{
	int i = atomic_load(&used) ? find(session) : -1;
	if (i >= 0) {
		atomic_fetch_add(&refs[i].taken, 1);
		return;
	}
	for (i = 0; i < TH_SSL_REFS_MAX; i++) {
		const void *nobody = NULL;
		if (atomic_compare_exchange_strong(&refs[i].session, &nobody, session)) {
			atomic_store(&refs[i].taken, 1);
			atomic_fetch_add(&used, 1);
			return;
		}
	}
}

bool th_ssl_refs_left(const void *session)
{
	int i = atomic_load(&used) ? find(session) : -1;
	if (i < 0) {
		return false;
	}
	if (atomic_fetch_sub(&refs[i].taken, 1) == 1) {
		atomic_fetch_sub(&used, 1);
		atomic_store(&refs[i].session, NULL);
	}
	return true;
}
