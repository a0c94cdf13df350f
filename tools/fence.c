/* Sources: network_namespaces(7), user_namespaces(7), netdevice(7); proc(5) on net/snmp: the kernel
 * counts in OutNoRoutes each connect and each datagram that has nowhere to go.
 *
 * With the right to do so the namespace is all there is. Without it a user namespace comes along,
 * in which the caller keeps its own user and group id and no others: files of others then seem to
 * belong to nobody, and set-user-id programs run without their rights. Nothing else is changed, so
 * a namespace that cannot be made whole is not entered at all: the child that failed ends, and the
 * program is started without.
 *
 * fork() and not posix_spawn(), which cannot do this; between fork and exec there are system calls
 * only, since this process has threads.
 *
 * Left out: seccomp. A filter sees no address behind a pointer, so it could only take whole
 * families of sockets away, and the library needs those: the agent's socket is one of the internet
 * until it connects. */
#include "tools/fence.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "player/protocol.h"
#include "player/world.h"
#include "tools/tools.h"

extern char **environ;

bool th_fence_parse(const char *word, struct th_fence *ret_fence)
{
	static const char *const words[] = {[TH_FENCE_AUTO] = "auto",
		[TH_FENCE_LIBRARY] = "library",
		[TH_FENCE_NAMESPACE] = "namespace"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			ret_fence->wish = (enum th_fence_wish)i;
			return true;
		}
	}
	return false;
}

/* ---- what it would take away ---- */

static bool lets_through(const struct th_world *w)
{
	const uint8_t *base = (const uint8_t *)w->header;
	const struct th_world_peer *peers = (const void *)(base + w->header->peers_offset);
	for (uint32_t i = 0; i < w->header->n_peers; i++) {
		bool internet = peers[i].address.family != TH_WORLD_UNIX;
		if (peers[i].verdict == TH_PEER_PASSED && internet) {
			return true;
		}
	}
	return false;
}

void th_fence_prepare(struct th_fence *f, const char *directory)
{
	struct th_world w = {0};
	th_auto_free char *path = th_tool_format("%s/%s", directory, TH_PLAYER_WORLD);
	if (f->wish == TH_FENCE_AUTO && th_world_open(&w, path) == 0) {
		f->why_not = lets_through(&w) ? "the recorded run talked to a service on loopback"
					      : NULL;
		th_world_close(&w);
	}
}

/* ---- the child ---- */

/* What the child has to say before it waits, and when execve() fails. */
struct news {
	enum {
		NEWS_CLOSED,   /* the fence is */
		NEWS_NO_FENCE, /* and nothing was run */
		NEWS_NO_EXEC,
	} what;
	int error;
};

struct child {
	const struct th_fence_start *start;
	int say, hear; /* pipes */
	char uid_map[64], gid_map[64];
};

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0) {
		return -errno;
	}
	size_t n = strlen(text);
	int r = write(fd, text, n) == (ssize_t)n ? 0 : -EIO;
	close(fd);
	return r;
}

static int keep_ids(const struct child *c)
{
	int r = write_file("/proc/self/setgroups", "deny");
	r = r < 0 ? r : write_file("/proc/self/uid_map", c->uid_map);
	return r < 0 ? r : write_file("/proc/self/gid_map", c->gid_map);
}

static int raise_loopback(void)
{
	struct ifreq lo = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return -errno;
	}
	lo.ifr_flags = IFF_UP;
	int r = ioctl(fd, SIOCSIFFLAGS, &lo) < 0 ? -errno : 0;
	close(fd);
	return r;
}

static int enter_namespace(const struct child *c)
{
	if (unshare(CLONE_NEWNET) == 0) {
		return raise_loopback();
	}
	if (errno != EPERM) {
		return -errno;
	}
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		return -errno;
	}
	int r = keep_ids(c);
	return r < 0 ? r : raise_loopback();
}

static void say(const struct child *c, int what, int error)
{
	const struct news news = {what, error};
	(void)!write(c->say, &news, sizeof(news));
}

static _Noreturn void be_child(const struct child *c)
{
	char go;
	int r = enter_namespace(c);
	if (r < 0) {
		say(c, NEWS_NO_FENCE, -r);
		_exit(127);
	}
	say(c, NEWS_CLOSED, 0);
	while (read(c->hear, &go, 1) < 0 && errno == EINTR) {
	}
	for (int sig = 1; sig < NSIG; sig++) {
		if (sigismember(c->start->defaults, sig) == 1) {
			signal(sig, SIG_DFL);
		}
	}
	sigprocmask(SIG_SETMASK, c->start->mask, NULL);
	execve(c->start->path, c->start->argv, environ);
	say(c, NEWS_NO_EXEC, errno);
	_exit(127);
}

/* ---- the parent ---- */

static bool hear(int fd, struct news *ret_news)
{
	ssize_t n;
	while ((n = read(fd, ret_news, sizeof(*ret_news))) < 0 && errno == EINTR) {
	}
	return n == sizeof(*ret_news);
}

static const char *why_no_fence(int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "this system does not allow it";
	case ENOSPC:
	case EUSERS:
		return "no more namespaces are allowed here";
	case EINVAL:
	case ENOSYS:
		return "the kernel has none";
	default:
		return strerrordesc_np(error);
	}
}

static int open_counters(pid_t pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/net/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void reap(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
	}
}

/* The child waits behind the fence until its counters are open; the end of `go` lets it go on. */
static int follow(struct th_fence *f, pid_t pid, int news_fd, int go)
{
	struct news news = {.what = NEWS_NO_FENCE, .error = EPERM};
	bool heard = hear(news_fd, &news);
	if (heard && news.what == NEWS_CLOSED) {
		f->closed = true;
		f->counters[0] = open_counters(pid, "snmp");
		f->counters[1] = open_counters(pid, "snmp6");
	}
	close(go);
	if (!f->closed) {
		f->why_not = why_no_fence(news.error);
		reap(pid);
		return -1;
	}
	if (hear(news_fd, &news)) { /* nothing is heard of an exec that succeeds */
		reap(pid);
		th_fence_finish(f);
		return news.error;
	}
	return 0;
}

int th_fence_spawn(struct th_fence *f, const struct th_fence_start *s, pid_t *ret_pid)
{
	int news[2], go[2];
	struct child c = {.start = s};
	f->counters[0] = f->counters[1] = -1;
	if (pipe2(news, O_CLOEXEC) < 0) {
		return errno;
	}
	if (pipe2(go, O_CLOEXEC) < 0) {
		int error = errno;
		close(news[0]);
		close(news[1]);
		return error;
	}
	snprintf(c.uid_map, sizeof(c.uid_map), "%u %u 1", geteuid(), geteuid());
	snprintf(c.gid_map, sizeof(c.gid_map), "%u %u 1", getegid(), getegid());
	c.say = news[1];
	c.hear = go[0];
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]); /* else its end would not be seen */
		be_child(&c);
	}
	int error = pid < 0 ? errno : 0;
	close(news[1]);
	close(go[0]);
	int r = error;
	if (pid > 0) {
		r = follow(f, pid, news[0], go[1]);
	} else {
		close(go[1]);
	}
	close(news[0]);
	if (r == 0) {
		*ret_pid = pid;
	}
	return r;
}

/* ---- what it stopped ---- */

/* Two lines: "Ip: Name Name …" and "Ip: 1 2 …". */
static uint64_t column(const char *names, const char *values, const char *name)
{
	uint64_t value = 0;
	while (*names && *values) {
		size_t n = strcspn(names, " \n"), m = strcspn(values, " \n");
		if (n == strlen(name) && memcmp(names, name, n) == 0) {
			(void)th_parse_u64((struct th_slice){(const uint8_t *)values, m}, &value);
			return value;
		}
		if (names[n] != ' ' || values[m] != ' ') {
			return 0;
		}
		names += n + 1;
		values += m + 1;
	}
	return value;
}

static uint64_t read_counter(int fd, const char *name)
{
	char text[16384];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0) {
		return 0;
	}
	text[n] = '\0';
	const char *names = strstr(text, "Ip: ");
	const char *values = names ? strstr(names + 1, "\nIp: ") : NULL;
	if (values) {
		return column(names, values + 1, name);
	}
	uint64_t value = 0;
	const char *line = strstr(text, name); /* snmp6: "Ip6OutNoRoutes   3" */
	if (line) {
		line += strlen(name);
		line += strspn(line, " \t");
		(void)th_parse_u64(
			(struct th_slice){(const uint8_t *)line, strcspn(line, "\n")}, &value);
	}
	return value;
}

uint64_t th_fence_stopped(const struct th_fence *f)
{
	if (!f->closed) {
		return 0;
	}
	return read_counter(f->counters[0], "OutNoRoutes") +
		read_counter(f->counters[1], "Ip6OutNoRoutes");
}

int64_t th_fence_counted(const struct th_fence *f)
{
	bool counts = f->closed && f->counters[0] >= 0 && f->counters[1] >= 0;
	return counts ? (int64_t)th_fence_stopped(f) : -1;
}

void th_fence_say(const struct th_fence *f, bool quiet)
{
	uint64_t stopped = th_fence_stopped(f);
	if (stopped) {
		th_tool_error("%" PRIu64 " connection%s or datagram%s that the library did not see "
			      "went nowhere: the network namespace stopped them",
			stopped, stopped == 1 ? "" : "s", stopped == 1 ? "" : "s");
	}
	if (f->why_not && !quiet) {
		th_tool_error("not in a network namespace: %s; what does not go through libc (see "
			      "docs/coverage.md) could have got out",
			f->why_not);
	}
}

void th_fence_finish(struct th_fence *f)
{
	for (size_t i = 0; f->closed && i < 2; i++) {
		if (f->counters[i] >= 0) {
			close(f->counters[i]);
		}
	}
	f->closed = false;
}
