/* What a program may count: its threads (P22) and its descriptors (P33, P35). The library adds to
 * neither, does not mind when all descriptors are closed, and never writes into what then has their
 * numbers. */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "peer.h"

static int count(const char *directory)
{
	int n = 0;
	DIR *d = opendir(directory);
	while (d && readdir(d)) {
		n++;
	}
	closedir(d);
	return n;
}

/* Descriptors that are sockets, or are none. */
static int count_kind(bool sockets)
{
	int n = 0;
	DIR *d = opendir("/proc/self/fd");
	for (struct dirent *e; d && (e = readdir(d));) {
		char target[8] = "";
		ssize_t got = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		n += got > 0 && (strncmp(target, "socket:", 7) == 0) == sockets;
	}
	closedir(d);
	return n;
}

static void talk(int fd, const char *what)
{
	char buf[32];
	send(fd, what, strlen(what), 0);
	ssize_t n = recv(fd, buf, sizeof(buf), 0);
	printf("%.*s\n", (int)n, buf);
}

/* The highest number that the limits allow, within reason. */
static int highest(void)
{
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur < 65536 ? (int)limit.rlim_cur - 1 : 65535;
}

static void check_file(int file)
{
	char buf[64] = "";
	ssize_t n = pread(file, buf, sizeof(buf), 0);
	printf("file %zd %.*s\n", n, (int)n, buf);
}

int main(void)
{
	printf("threads %d\n", count("/proc/self/task") - 2);
	int before = count_kind(false), sockets = count_kind(true);
	printf("descriptors %d\n", count("/proc/self/fd"));
	int fd = peer_dial();
	talk(fd, "E-low");
	int high = dup2(fd, highest());
	close(fd);
	talk(high, "E-high");
	close(high);
	printf("other descriptors %d more\n", count_kind(false) - before);
	while (count_kind(true) > sockets + 1) { /* the peer's own end, until it gets to it */
		usleep(1000);
	}

	closefrom(3);
	int file = memfd_create("the host's own", 0);
	(void)!write(file, "host", 4);
	peer_listener = -1;
	fd = peer_dial();
	talk(fd, "E-again");
	close(fd);
	check_file(file);
	return 0;
}
