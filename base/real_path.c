/* One readlink() for each part of the path, in place: what stands before `done` has no symbolic
 * link in it. The buffer's upper half is where targets are read to. */
#include "base/real_path.h"

#include <stdbool.h>
#include <string.h>

#include "base/sys.h"

#define HALF ((size_t)TH_REAL_PATH_BYTES / 2)
#define LINKS_MAX 10

struct walk {
	char *p;
	size_t n, done;
	int links;
};

/* Puts n bytes in the place of those from `begin` to `end`. */
static bool replace(struct walk *w, size_t begin, size_t end, const char *by, size_t n)
{
	size_t rest = w->n - end;
	if (begin + n + rest >= HALF) {
		return false;
	}
	memmove(w->p + begin + n, w->p + end, rest);
	memmove(w->p + begin, by, n);
	w->n = begin + n + rest;
	return true;
}

static bool is_of_proc(const char *p, size_t n)
{
	return n >= 5 && memcmp(p, "/proc", 5) == 0 && (n == 5 || p[5] == '/');
}

/* The part from done + 1 to `end`. */
static bool follow(struct walk *w, size_t end)
{
	char *target = w->p + HALF;
	char after = w->p[end];
	if (is_of_proc(w->p, end)) {
		return false;
	}
	w->p[end] = '\0';
	long n = TH_SYS(SYS_readlinkat, AT_FDCWD, w->p, target, HALF);
	w->p[end] = after;
	if (n == -EINVAL) { /* no link */
		w->done = end;
		return true;
	}
	if (n <= 0 || (size_t)n >= HALF || w->links++ == LINKS_MAX) {
		return false;
	}
	bool absolute = target[0] == '/';
	size_t begin = absolute ? 0 : w->done + 1;
	w->done = absolute ? 0 : w->done;
	return replace(w, begin, end, target, (size_t)n);
}

static size_t parent(const struct walk *w)
{
	size_t at = w->done;
	while (at && w->p[--at] != '/') {
	}
	return at;
}

static bool step(struct walk *w)
{
	size_t begin = w->done + 1, end = begin;
	while (end < w->n && w->p[end] != '/') {
		end++;
	}
	size_t n = end - begin;
	if (n == 0 && end == w->n) {
		return false; /* a directory's */
	}
	if (n == 0 || (n == 1 && w->p[begin] == '.')) {
		return replace(w, w->done, end, "", 0);
	}
	if (n == 2 && memcmp(w->p + begin, "..", 2) == 0) {
		size_t up = parent(w);
		w->done = up;
		return replace(w, up, end, "", 0);
	}
	return follow(w, end);
}

/* The working directory has no links. */
static bool begin(struct walk *w, const char *path, size_t n)
{
	if (path[0] != '/') {
		long cwd = TH_SYS(SYS_getcwd, w->p, HALF);
		if (cwd < 2 || w->p[0] != '/') {
			return false;
		}
		w->done = cwd == 2 ? 0 : (size_t)cwd - 1;
		w->p[w->done] = '/';
		w->n = w->done + 1;
	}
	return replace(w, w->n, w->n, path, n);
}

size_t th_real_path(const char *path, char *ret_path)
{
	struct walk w = {.p = ret_path};
	size_t n = strnlen(path, HALF);
	bool ok = n > 0 && n < HALF && begin(&w, path, n);
	while (ok && w.done < w.n) {
		ok = step(&w);
	}
	return ok ? w.n : 0;
}
