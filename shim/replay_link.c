/* See replay_link.h.
 *
 * A connection per message: the agent may close any descriptor at any time (P33), and a forked
 * child must not share one with its parent (P29). What a process is called is drawn at random
 * when it registers; a forked child does so when arm.c notices it, at its first use of the
 * network (P26, P27). */
#include "shim/replay_link.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/random.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/sys.h"
#include "base/text.h"
#include "recorder/process.h"

#define PATIENCE_SECONDS 10 /* for a player that is alive but busy */
#define INTERRUPTIONS 1000  /* by signals, before we give up */
#define GOLDEN 0x9e3779b97f4a7c15u

static struct {
	bool registered; /* this process did, or the one it was forked from */
	uint8_t process[8], parent[8];
	_Atomic uint32_t connections;
	struct sockaddr_un address;
	struct sockaddr_un worker; /* of a relay: where all but registering goes */
	bool relay;
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct th_world world;
} link_;

static int join_path(char *ret_path, size_t cap, const char *directory, const char *name)
{
	struct th_out out = {.p = (uint8_t *)ret_path, .cap = cap};
	th_out_bytes(&out, directory, strlen(directory));
	th_out_u8(&out, '/');
	th_out_bytes(&out, name, strlen(name) + 1);
	return out.failed ? -ENAMETOOLONG : 0;
}

static int take_directory(const char *directory, const uint8_t parent[8])
{
	int r = join_path(link_.address.sun_path, sizeof(link_.address.sun_path), directory,
		TH_PLAYER_SOCKET);
	if (r < 0) {
		return r;
	}
	link_.address.sun_family = AF_UNIX;
	memcpy(link_.directory, directory, strlen(directory) + 1);
	memcpy(link_.parent, parent, sizeof(link_.parent));
	return 0;
}

int th_link_init_relay(const char *directory, const uint8_t parent[8])
{
	link_.relay = true;
	return take_directory(directory, parent);
}

int th_link_init(const char *directory, const uint8_t parent[8])
{
	char world[sizeof(link_.directory) + sizeof(TH_PLAYER_WORLD)];
	int r = take_directory(directory, parent);
	if (r < 0) {
		return r;
	}
	join_path(world, sizeof(world), directory, TH_PLAYER_WORLD);
	return th_world_open(&link_.world, world);
}

void th_link_hand_over(uint32_t user)
{
	static const char *const names[] = {TH_PLAYER_SOCKET, TH_PLAYER_WORLD, TH_PLAYER_CA};
	char path[sizeof(link_.directory) + 16];
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (join_path(path, sizeof(path), link_.directory, names[i]) == 0) {
			TH_SYS(SYS_fchownat, AT_FDCWD, path, user, -1, 0);
		}
	}
	TH_SYS(SYS_fchownat, AT_FDCWD, link_.directory, user, -1, 0);
}

const char *th_link_directory(void)
{
	return link_.directory;
}

const struct th_world *th_link_world(void)
{
	return &link_.world;
}

void th_link_process(uint8_t ret_id[8])
{
	memcpy(ret_id, link_.process, sizeof(link_.process));
}

struct th_hello th_link_hello(uint8_t kind, const struct th_world_address *peer, uint16_t port)
{
	struct th_hello h = {.magic = TH_HELLO_MAGIC, .kind = kind, .port = port};
	if (peer) {
		h.family = peer->family;
		memcpy(h.address, peer->bytes, sizeof(h.address));
	}
	memcpy(h.process, link_.process, sizeof(h.process));
	memcpy(h.parent, link_.parent, sizeof(h.parent));
	h.pid = (uint32_t)TH_SYS(SYS_getpid);
	h.thread = th_process_thread();
	return h;
}

void th_link_number(struct th_hello *h)
{
	h->connection = atomic_fetch_add(&link_.connections, 1) + 1;
	/* Odd multiples of a 64-bit constant never meet below 2^64, and the start is random. */
	h->stream_id = th_le64(h->process) + h->connection * GOLDEN;
}

void th_link_count(void)
{
	atomic_fetch_add(&link_.connections, 1);
}

/* ---- messages ---- */

static void set_patience(int fd, int seconds)
{
	const struct timeval tv = {.tv_sec = seconds};
	th_sys_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	th_sys_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
}

static int reach(int fd, const struct th_hello *h)
{
	bool worker = link_.relay && h->kind != TH_HELLO_PROCESS;
	const struct sockaddr_un *to = worker ? &link_.worker : &link_.address;
	int r = -EINTR;
	for (int i = 0; r == -EINTR && i < INTERRUPTIONS; i++) {
		r = th_sys_connect(fd, to, sizeof(*to));
	}
	return r == -EISCONN ? 0 : r;
}

static int say(int fd, const struct th_hello *h)
{
	int r = reach(fd, h);
	if (r < 0) {
		return r;
	}
	long n = -EINTR;
	for (int i = 0; n == -EINTR && i < INTERRUPTIONS; i++) {
		n = th_sys_send(fd, h, sizeof(*h), MSG_NOSIGNAL);
	}
	/* The hello is far smaller than any socket buffer: it goes whole or not at all. */
	return n == sizeof(*h) ? 0 : n < 0 ? (int)n : -EPIPE;
}

/* Leaves the patience in place: the caller sets what it wants. */
static int dial(const struct th_hello *h)
{
	int fd = th_sys_socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0) {
		return fd;
	}
	set_patience(fd, PATIENCE_SECONDS);
	int r = say(fd, h);
	if (r < 0) {
		th_sys_close(fd);
		return r;
	}
	return fd;
}

int th_link_dial(const struct th_hello *h)
{
	int fd = dial(h);
	if (fd >= 0) {
		set_patience(fd, 0);
	}
	return fd;
}

int th_link_dial_passing(const struct th_relay_hello *h, int passed)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {.room = {0}};
	struct iovec v = {(void *)(uintptr_t)h, sizeof(*h)};
	struct msghdr m = {.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(c), &passed, sizeof(int));
	int fd = th_sys_socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0) {
		return fd;
	}
	set_patience(fd, PATIENCE_SECONDS);
	long n = reach(fd, &h->hello);
	if (n == 0) {
		n = TH_SYS(SYS_sendmsg, fd, &m, MSG_NOSIGNAL);
	}
	if (n != sizeof(*h)) {
		th_sys_close(fd);
		return n < 0 ? (int)n : -EPIPE;
	}
	set_patience(fd, 0);
	return fd;
}

static long receive_all(int fd, void *p, size_t n)
{
	long r = -EINTR;
	for (int i = 0; r == -EINTR && i < INTERRUPTIONS; i++) {
		r = th_sys_recv(fd, p, n, MSG_WAITALL);
	}
	return r;
}

long th_link_trust(const void *ask, size_t n, void *ret_answer, size_t cap)
{
	struct th_hello h = th_link_hello(TH_HELLO_TRUST, NULL, 0);
	h.reason = (uint32_t)n;
	int fd = dial(&h);
	if (fd < 0) {
		return fd;
	}
	uint32_t length = 0;
	long r = th_sys_send(fd, ask, n, MSG_NOSIGNAL);
	if (r == (long)n) {
		r = receive_all(fd, &length, sizeof(length));
	}
	if (r == sizeof(length) && length <= cap) {
		r = length ? receive_all(fd, ret_answer, length) : 0;
	}
	th_sys_close(fd);
	return r == (long)length ? r : r < 0 ? r : -EPIPE;
}

void th_link_tell(const struct th_hello *h)
{
	int fd = dial(h);
	if (fd >= 0) {
		th_sys_close(fd);
	}
}

/* 0: the answer is whole; or a negative errno. */
static int ask(const struct th_hello *h, void *ret_answer, size_t n)
{
	int fd = dial(h);
	if (fd < 0) {
		return fd;
	}
	long r = -EINTR;
	for (int i = 0; r == -EINTR && i < INTERRUPTIONS; i++) {
		r = th_sys_recv(fd, ret_answer, n, MSG_WAITALL);
	}
	th_sys_close(fd);
	return r == (long)n ? 0 : r < 0 ? (int)r : -EPIPE;
}

int th_link_ask(const struct th_hello *h)
{
	uint8_t answer = 0;
	int r = ask(h, &answer, sizeof(answer));
	return r < 0 ? r : answer;
}

int th_link_resolve(const struct th_hello *h, struct th_resolved *ret_resolved)
{
	struct th_resolved answer;
	int r = ask(h, &answer, sizeof(answer));
	if (r == 0 && answer.n > TH_RESOLVED_MAX) {
		r = -EBADMSG;
	}
	if (r == 0) {
		*ret_resolved = answer;
	}
	return r;
}

/* ---- registration ---- */

/* A process id that nobody else of the tree has. */
static void draw_process_id(void)
{
	uint64_t id = 0;
	if (TH_SYS(SYS_getrandom, &id, sizeof(id), GRND_NONBLOCK) != sizeof(id)) {
		id = (th_clock_now() ^ (uint64_t)TH_SYS(SYS_gettid)) * GOLDEN;
	}
	memcpy(link_.process, &id, sizeof(id));
}

int th_link_register(const uint8_t *id)
{
	if (link_.registered) {
		memcpy(link_.parent, link_.process, sizeof(link_.parent));
		atomic_store(&link_.connections, 0);
	}
	if (id) {
		memcpy(link_.process, id, sizeof(link_.process));
	} else {
		draw_process_id();
	}
	link_.registered = true;
	if (link_.relay) {
		char hex[2 * sizeof(link_.process) + 1] = "";
		th_hex_encode(hex, link_.process, sizeof(link_.process));
		link_.worker.sun_family = AF_UNIX;
		join_path(
			link_.worker.sun_path, sizeof(link_.worker.sun_path), link_.directory, hex);
	}
	struct th_hello h = th_link_hello(TH_HELLO_PROCESS, NULL, 0);
	int r = th_link_ask(&h);
	return r < 0 ? r : 0;
}
