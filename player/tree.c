#include "player/tree.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

#define PROCESSES_MAX 65536 /* more are not watched; connections and the world still hold us */

struct process {
	pid_t pid;
	int fd; /* -1: the kernel has no pidfds */
};

struct th_tree {
	pthread_mutex_t lock;
	struct process *all;
	size_t n, cap;
	int wake;
};

struct th_tree *th_tree_create(void)
{
	struct th_tree *t = calloc(1, sizeof(*t));
	if (!t) {
		return NULL;
	}
	pthread_mutex_init(&t->lock, NULL);
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return t->wake >= 0 ? t : th_tree_destroy(t);
}

struct th_tree *th_tree_destroy(struct th_tree *t)
{
	if (!t) {
		return NULL;
	}
	for (size_t i = 0; i < t->n; i++) {
		th_close_fd(&t->all[i].fd);
	}
	free(t->all);
	th_close_fd(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

static bool is_watched(const struct th_tree *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++) {
		if (t->all[i].pid == pid) {
			return true; /* an exec keeps its pid */
		}
	}
	return false;
}

static void watch(struct th_tree *t, pid_t pid)
{
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 16;
		struct process *all = cap > PROCESSES_MAX ? NULL
							  : realloc(t->all, cap * sizeof(*all));
		if (!all) {
			return;
		}
		t->all = all;
		t->cap = cap;
	}
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0 || errno != ESRCH) {
		t->all[t->n++] = (struct process){.pid = pid, .fd = fd};
	}
}

void th_tree_add(struct th_tree *t, pid_t pid)
{
	if (pid <= 0) {
		return;
	}
	pthread_mutex_lock(&t->lock);
	if (!is_watched(t, pid)) {
		watch(t, pid);
	}
	pthread_mutex_unlock(&t->lock);
	(void)!write(t->wake, &(uint64_t){1}, 8);
}

static bool is_dead(const struct process *p)
{
	if (p->fd < 0) {
		return kill(p->pid, 0) < 0 && errno == ESRCH;
	}
	struct pollfd pfd = {.fd = p->fd, .events = POLLIN};
	return poll(&pfd, 1, 0) == 1;
}

/* Drops the dead; under the lock. */
static void bury(struct th_tree *t)
{
	for (size_t i = 0; i < t->n;) {
		if (is_dead(&t->all[i])) {
			th_close_fd(&t->all[i].fd);
			t->all[i] = t->all[--t->n];
		} else {
			i++;
		}
	}
}

bool th_tree_wait(struct th_tree *t, int ms)
{
	pthread_mutex_lock(&t->lock);
	size_t n = t->n;
	th_auto_free struct pollfd *pfds = calloc(n + 1, sizeof(*pfds));
	for (size_t i = 0; pfds && i < n; i++) {
		pfds[i] = (struct pollfd){.fd = t->all[i].fd, .events = POLLIN};
	}
	pthread_mutex_unlock(&t->lock);
	if (pfds) {
		/* Only this thread closes descriptors, so the copies stay good. */
		pfds[n] = (struct pollfd){.fd = t->wake, .events = POLLIN};
		poll(pfds, n + 1, ms);
	}
	uint64_t drop;
	(void)!read(t->wake, &drop, sizeof(drop));
	pthread_mutex_lock(&t->lock);
	bury(t);
	bool alive = t->n > 0;
	pthread_mutex_unlock(&t->lock);
	return alive;
}

static bool process_maps(const char *pid, const char *path)
{
	char name[64];
	th_auto_free char *line = NULL;
	size_t cap = 0;
	snprintf(name, sizeof(name), "/proc/%.20s/maps", pid);
	th_auto_fclose FILE *f = fopen(name, "re");
	while (f && getline(&line, &cap, f) > 0) {
		if (strstr(line, path)) {
			return true;
		}
	}
	return false;
}

bool th_tree_holds(const char *path)
{
	DIR *proc = opendir("/proc");
	bool held = false;
	for (struct dirent *e; proc && !held && (e = readdir(proc));) {
		held = e->d_name[0] >= '1' && e->d_name[0] <= '9' && process_maps(e->d_name, path);
	}
	if (proc) {
		closedir(proc);
	}
	return held;
}
