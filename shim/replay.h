/* Replaying, inside the agent: the fence, the names, and connections that lead to the player.
 *
 * Idea: no hook decides anything. It asks one th_replay_ function, which answers with the result
 * (0 or more), a negative errno, or TH_REPLAY_PASS: make the real call. All that is known of the
 * recording stands in the world (player/world.h), mapped once; the player is reached by its path
 * for every single purpose (player/protocol.h), so that no descriptor is kept (P33) and a fork
 * needs no care. When anything is wrong the fence is closed: nothing connects, nothing resolves.
 *
 * No function here allocates but getaddrinfo's (its result is the agent's to free); all others but
 * the look-ups are async-signal-safe. errno stays as it was where nothing else is said. */
#ifndef SHIM_REPLAY_H
#define SHIM_REPLAY_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/bytes.h"
#include "player/protocol.h"
#include "shim/arm.h"

#define TH_REPLAY_PASS 1 /* nothing to say: make the real call */
#define TH_REPLAY_BARE 2 /* make the real call, without the address and MSG_FASTOPEN */

/* What a hook returns for 0 or a negative errno. */
static inline int th_replay_result(int r)
{
	if (r < 0) {
		errno = -r;
	}
	return r < 0 ? -1 : 0;
}

/* ---- beginning (constructor only) ---- */

#define TH_REPLAY_WHY_BYTES 256

/* Starts the player, or finds the one that conf->player names, and maps the world. 0; or a negative
 * errno and the reason in `why`: the caller then closes the fence. -ENODATA: in `auto`, there is no
 * run yet. */
int th_replay_start(const struct th_config *conf, char why[TH_REPLAY_WHY_BYTES]);

/* Registers this process with it, under `span_id` unless that is NULL. As above. */
int th_replay_join(const uint8_t *span_id, char why[TH_REPLAY_WHY_BYTES]);

/* In a forked child, once: registers it as a process of its own, as above. */
void th_replay_forked(const uint8_t *span_id);

/* A program is about to be executed that the fence will not hold; `reason` is an enum th_left. */
void th_replay_left(uint8_t reason, const char *path);

/* The player's directory and this process's span id, for the children's environment. */
const char *th_replay_directory(void);
void th_replay_span_id(uint8_t ret_id[8]);

/* ---- connections ---- */

/* connect(). 0, a negative errno, or PASS. */
int th_replay_connect(int fd, const struct sockaddr *sa, socklen_t len);

/* bind() succeeded, listen() did: what connects to it stays within the tree. */
void th_replay_bound(int fd, const struct sockaddr *sa, socklen_t len);
void th_replay_listens(int fd);

/* Before a send with an address or with MSG_FASTOPEN (which connects). PASS, BARE, or a negative
 * errno. */
int th_replay_send_to(int fd, int flags, const struct sockaddr *sa, socklen_t len);

/* Is a send on it worth being made as one to the player? Costs no system call; false says nothing,
 * and of another socket or file that has the number now it may be true. */
bool th_replay_was_guise(int fd);

/* After a send of `flags` and MSG_NOSIGNAL that gave *n; `kept`: errno before it. False: it is not
 * the player's and nothing was sent; the call is to be made as it is, with errno as it was. True:
 * *n and errno are as the agent is to see them: it is the recorded error by which sending fails,
 * and only a broken pipe that was recorded is signalled. */
bool th_replay_sent(int fd, int flags, int kept, ssize_t *n);

/* After a receiving call asked for `wanted` bytes and gave n <= 0 (negative: errno is set): what
 * the agent is to get instead; negative with errno set, else errno is kept. */
ssize_t th_replay_received(int fd, size_t wanted, ssize_t n);

/* What a receiving call returned for a buffer of `wanted` bytes, as the agent is to see it. */
static inline ssize_t th_replay_end(int fd, size_t wanted, ssize_t n)
{
	return n <= 0 && th_arm_guised() ? th_replay_received(fd, wanted, n) : n;
}

/* Is it a connection to the player, or a socket that seems to ask name servers? */
bool th_replay_is_guise(int fd);

/* A receiving call succeeded, and had `room` bytes for the source's address: what the agent is to
 * see there. Nothing for others than th_replay_is_guise(). */
void th_replay_source(int fd, struct sockaddr *addr, socklen_t room, socklen_t *len);

/* getpeername, getsockname. 0, a negative errno, or PASS. */
int th_replay_peername(int fd, struct sockaddr *sa, socklen_t *len);
int th_replay_sockname(int fd, struct sockaddr *sa, socklen_t *len);

/* getsockopt, setsockopt. 0, a negative errno, or PASS. */
int th_replay_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int th_replay_setsockopt(int fd, int level, int name, const void *value, socklen_t len);

/* ---- names ---- */

struct addrinfo;
struct hostent;

typedef int th_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **ret_list);

/* getaddrinfo() from the world; `real` builds the list's elements. Its result. */
int th_replay_getaddrinfo(th_getaddrinfo *real, const char *node, const char *service,
	const struct addrinfo *hints, struct addrinfo **ret_list);

/* A look-up that the fence refused: tells the player. */
void th_replay_name_refused(const char *name);

/* What the world says about a name. Unknown ones are asked of the network by the player, where it
 * may; else they are refused, and the player is told. */
struct th_replay_answer {
	int result; /* EAI_ */
	const struct th_world_address *addresses;
	size_t n;
	struct th_resolved online; /* storage of what the network said */
};
void th_replay_name(const char *name, struct th_replay_answer *ret_answer);

/* The answer to a DNS query, from the world: appended to `out`, as over TCP or as over UDP. 0;
 * -EBADMSG: that is no query that can be answered; -ETIMEDOUT: nobody answered it; -EMSGSIZE. */
int th_replay_dns(struct th_slice query, bool stream, struct th_out *out);

/* res_query() and res_send() from the world: how long the answer is, of which `n` bytes are kept;
 * or -1, and *ret_h_errno says why (of res_send() errno does). */
int th_replay_res_query(
	const char *name, int class, int type, uint8_t *answer, size_t n, int *ret_h_errno);
int th_replay_res_send(struct th_slice query, uint8_t *answer, size_t n);

/* The agent sends `n` bytes on a socket. PASS; 0: they are a question to a name server, which has
 * been answered instead; or a negative errno: a datagram that the fence stops. */
int th_replay_datagram(int fd, const void *message, size_t n);

/* gethostbyname2_r() from the world: 0 and the entry, within `buffer`; PASS: a numeric name;
 * -ERANGE: the buffer is too small; another negative errno: not found, *ret_h_errno says why. */
int th_replay_hostent(const char *name, int family, struct hostent *ret_entry, char *buffer,
	size_t n, int *ret_h_errno);

/* ---- epoll ---- */

struct epoll_event;

/* After a successful epoll_ctl(): remembers what would be lost when connect() replaces the fd. */
void th_replay_epoll_noted(int epfd, int op, int fd, const struct epoll_event *event);

#endif
