/* See replay_epoll.h. A ring under a lock: registrations are few and short-lived here, since only
 * sockets count that are not connected yet. An entry whose descriptor has been closed stays until
 * it is overwritten; its inode keeps it from being taken for another. */
#include "shim/replay_epoll.h"

#include <sys/epoll.h>

#include "base/lock.h"
#include "base/sys.h"
#include "shim/replay.h"
#include "shim/replay_guise.h"
#include "shim/replay_link.h"

struct registration {
	int epfd, fd;
	uint64_t inode; /* 0: free */
	struct epoll_event event;
};

static struct registration ring[TH_EPOLL_REMEMBERED];
static size_t next;
static struct th_lock lock;

/* May connect() still replace it? */
static bool replaceable(int fd)
{
	struct th_guise *g = th_guise_of(fd);
	if (g) {
		return !g->connected;
	}
	int family = 0;
	socklen_t n = sizeof(family);
	return th_sys_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &n) == 0 &&
		(family == AF_INET || family == AF_INET6);
}

static struct registration *find(int epfd, int fd)
{
	for (size_t i = 0; i < TH_EPOLL_REMEMBERED; i++) {
		if (ring[i].inode && ring[i].epfd == epfd && ring[i].fd == fd) {
			return &ring[i];
		}
	}
	return NULL;
}

static void remember(int epfd, int fd, uint64_t inode, const struct epoll_event *event)
{
	struct registration *r = find(epfd, fd);
	if (!r) {
		r = &ring[next++ % TH_EPOLL_REMEMBERED];
	}
	*r = (struct registration){.epfd = epfd, .fd = fd, .inode = inode, .event = *event};
}

void th_replay_epoll_noted(int epfd, int op, int fd, const struct epoll_event *event)
{
	TH_KEEP_ERRNO;
	bool adds = op != EPOLL_CTL_DEL && event && replaceable(fd);
	uint64_t inode = adds ? th_guise_inode(fd) : 0;
	if ((op != EPOLL_CTL_DEL && !inode) || !th_lock(&lock)) {
		return;
	}
	if (inode) {
		remember(epfd, fd, inode, event);
	} else {
		struct registration *r = find(epfd, fd);
		if (r) {
			r->inode = 0;
		}
	}
	th_unlock(&lock);
}

void th_epoll_moved(int fd, uint64_t before, uint64_t after)
{
	if (!th_lock(&lock)) {
		return;
	}
	for (size_t i = 0; i < TH_EPOLL_REMEMBERED; i++) {
		if (ring[i].inode == before && ring[i].fd == fd) {
			TH_SYS(SYS_epoll_ctl, ring[i].epfd, EPOLL_CTL_ADD, fd, &ring[i].event);
			ring[i].inode = after;
		}
	}
	th_unlock(&lock);
}
