/* See relay.h. The relay itself has one thread and no connection of the agent's: it forks, and it
 * waits. A worker that dies takes its process's connections along, and nothing else. */
#include "relay/relay.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "player/ca.h"
#include "player/detach.h"
#include "player/protocol.h"
#include "player/tree.h"

#define HELLO_SECONDS 5
#define LOOK_MS 200
#define GRACE_NS 3000000000ull	/* without any process: the next may be about to register */
#define FINISH_NS 5000000000ull /* for workers whose process is gone */
#define EXIT_OS 71

struct relay {
	const struct th_relay_conf *conf;
	struct th_ca *ca;
	struct th_tree *tree;
	int listener, signals;
	int finisher; /* who waits for the end; -1: nobody */
	size_t workers;
	uint64_t empty_since, finish_by; /* 0: not */
};

/* ---- processes ---- */

static bool read_hello(int fd, struct th_hello *h)
{
	const struct timeval tv = {.tv_sec = HELLO_SECONDS};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	return recv(fd, h, sizeof(*h), MSG_WAITALL) == sizeof(*h) && h->magic == TH_HELLO_MAGIC;
}

static pid_t peer_pid(int fd)
{
	struct ucred cred = {0};
	socklen_t n = sizeof(cred);
	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0 ? cred.pid : 0;
}

/* The worker answers when it is ready; should it fail, the end of the connection is the answer. */
static void take_process(struct relay *r, const struct th_hello *h, int fd)
{
	pid_t agent = peer_pid(fd);
	th_tree_add(r->tree, agent);
	pid_t pid = fork();
	if (pid == 0) {
		const struct th_relay_worker w = {r->conf, r->ca, h, agent, fd};
		close(r->listener);
		close(r->signals);
		th_close_fd(&r->finisher);
		_exit(th_relay_worker_run(&w));
	}
	r->workers += pid > 0;
}

static void take_guest(struct relay *r)
{
	struct th_hello h;
	th_auto_close int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
	if (fd < 0 || !read_hello(fd, &h)) {
		return;
	}
	if (h.kind == TH_HELLO_PROCESS) {
		take_process(r, &h, fd);
	} else if (h.kind == TH_HELLO_FINISH && r->finisher < 0) {
		r->finisher = fd;
		fd = -1;
		r->finish_by = th_clock_mono() + FINISH_NS;
	}
}

static void bury_workers(struct relay *r)
{
	while (r->workers && waitpid(-1, NULL, WNOHANG) > 0) {
		r->workers--;
	}
}

/* ---- the life of it ---- */

static bool is_over(struct relay *r)
{
	uint64_t now = th_clock_mono();
	bool empty = r->workers == 0 && !th_tree_wait(r->tree, 0);
	if (r->finish_by) {
		return empty || now > r->finish_by;
	}
	if (!empty) {
		r->empty_since = 0;
	} else if (!r->empty_since) {
		r->empty_since = now;
	}
	return r->empty_since && now - r->empty_since > GRACE_NS;
}

static bool is_told_to_end(const struct relay *r)
{
	struct signalfd_siginfo info;
	return read(r->signals, &info, sizeof(info)) == sizeof(info);
}

static void live(struct relay *r)
{
	while (!is_over(r) && !is_told_to_end(r)) {
		struct pollfd p[] = {{r->listener, POLLIN, 0}, {r->signals, POLLIN, 0}};
		int n = poll(p, 2, r->finish_by ? LOOK_MS / 10 : LOOK_MS);
		if (n > 0 && p[0].revents) {
			take_guest(r);
		}
		bury_workers(r);
	}
}

static int listen_at(const char *directory)
{
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", directory, TH_PLAYER_SOCKET);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (n < 0 || (size_t)n >= sizeof(sa.sun_path) || fd < 0 ||
		bind(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0 || listen(fd, SOMAXCONN) < 0) {
		th_close_fd(&fd);
		return -1;
	}
	return fd;
}

static void remove_directory(const char *path)
{
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));) {
		(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d) {
		closedir(d);
	}
	rmdir(path);
}

static bool begin(struct relay *r)
{
	r->ca = th_ca_create();
	r->tree = th_tree_create();
	r->signals = th_detach_signals();
	r->listener = listen_at(r->conf->directory);
	return r->ca && r->tree && r->listener >= 0;
}

int th_relay_run(const struct th_relay_conf *conf)
{
	struct relay r = {.conf = conf, .finisher = -1};
	th_detach_let_go(conf->ready_fd);
	if (!begin(&r)) {
		th_detach_say(conf->ready_fd, "error: ", "the relay cannot be set up");
		return EXIT_OS;
	}
	th_tree_add(r.tree, conf->tree);
	th_detach_say(conf->ready_fd, "ready", "");
	live(&r);
	remove_directory(conf->directory);
	th_close_fd(&r.finisher); /* the end of it is the answer */
	th_tree_destroy(r.tree);
	th_ca_destroy(r.ca);
	return EXIT_SUCCESS;
}
