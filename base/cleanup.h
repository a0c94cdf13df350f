/* Scope-bound cleanup: the attribute of gcc and clang, named for what it releases.
 *
 * A destroyer takes NULL, so a half-built object can leave its scope at any line. th_steal()
 * hands ownership out and disarms the cleanup. */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define th_cleanup(fn) __attribute__((cleanup(fn)))

/* Hands the value out of a cleanup variable and leaves `empty` behind. */
#define th_steal(ptr) \
	({ \
		__auto_type th_stolen_ = *(ptr); \
		*(ptr) = NULL; \
		th_stolen_; \
	})

static inline void th_free_ptr(void *pp)
{
	free(*(void **)pp);
}

static inline void th_close_fd(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
}

static inline void th_close_file(FILE **f)
{
	if (*f) {
		fclose(*f);
	}
}

#define th_auto_free th_cleanup(th_free_ptr)
#define th_auto_close th_cleanup(th_close_fd)
#define th_auto_fclose th_cleanup(th_close_file)

#endif
