/* Programs that ask name servers themselves (c-ares, Node's dns.resolve, dnspython, dig), in a
 * replay: their questions are answered from the recording's names.
 *
 * A UDP socket that is connected to port 53, or that sends there, becomes a datagram socket of
 * AF_UNIX. What the agent sends is not sent: the answer is, by the socket to itself, so that it
 * lies ready in its queue, and poll, epoll and every way of receiving find it there. What is sent
 * past the hooks (libuv makes a raw system call) fails, as the socket is not connected. Its source
 * address is the server asked last (replay_socket.c).
 *
 * An answer that was recorded is given again, with the id and letter case of the question. Where
 * there is none, a question for addresses is answered as getaddrinfo() would be, and so are names
 * that the recording does not have: they do not exist, and the player is told. What else was not
 * recorded is not there, which the player is told too, but for what programs ask beside every
 * look-up (HTTPS, SVCB) and for names of addresses (hook_reverse.c). Where nobody answered nobody
 * does, for as long as the program is willing to wait.
 *
 * The resolver's functions (res_query …) are given the same answers, at once. Over TCP the player
 * answers (player/serve_dns.c). */
#include "shim/replay_resolver.h"

#include <netdb.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <sys/un.h>

#include "base/pool.h"
#include "base/sys.h"
#include "capture/frame.h"
#include "player/world_dns.h"
#include "shim/replay.h"
#include "shim/replay_guise.h"
#include "shim/replay_link.h"
#include "wire/dns.h"

static _Atomic bool any;

bool th_resolver_any(void)
{
	return atomic_load_explicit(&any, memory_order_relaxed);
}

/* The kernel picks the name (unix(7), autobind). */
int th_resolver_socket(void)
{
	const sa_family_t self = AF_UNIX;
	int fd = (int)TH_SYS(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long r = fd < 0 ? fd : TH_SYS(SYS_bind, fd, &self, sizeof(self));
	if (r < 0) {
		if (fd >= 0) {
			th_sys_close(fd);
		}
		return (int)r;
	}
	atomic_store(&any, true);
	return fd;
}

/* Into its own queue, which has no limit but memory then. */
static void send_to_itself(int fd, const struct th_out *out)
{
	struct sockaddr_un self;
	socklen_t n = sizeof(self);
	if (TH_SYS(SYS_getsockname, fd, &self, &n) == 0) {
		TH_SYS(SYS_sendto, fd, out->p, out->n, MSG_NOSIGNAL | MSG_DONTWAIT, &self, n);
	}
}

/* ---- answering ---- */

/* What the world says; an answer of another kind than an address never has a record. */
static void find(const struct th_dns_question *q, struct th_replay_answer *ret_answer)
{
	struct th_replay_answer *a = ret_answer;
	if (q->type == TH_DNS_PTR) {
		a->result = EAI_NONAME;
		a->n = 0;
		return;
	}
	th_replay_name(q->name, a);
	bool beside = q->type == TH_DNS_SVCB || q->type == TH_DNS_HTTPS;
	if (q->type != TH_DNS_A && q->type != TH_DNS_AAAA) {
		if (a->result == 0 && !beside) {
			th_replay_name_refused(q->name);
		}
		a->n = 0;
	}
}

/* Made of what look-ups gave, where the answer itself was not recorded. */
static int make(struct th_slice query, const struct th_dns_question *q, struct th_out *out)
{
	struct th_replay_answer a;
	find(q, &a);
	if (a.result == TH_NAME_UNANSWERED) {
		return -ETIMEDOUT;
	}
	th_world_dns_make(query, q, a.result, a.addresses, a.n, out);
	return out->failed ? -EMSGSIZE : 0;
}

int th_replay_dns(struct th_slice query, bool stream, struct th_out *out)
{
	struct th_dns_question q;
	if (th_dns_read_query(query, &q) < 0) {
		th_replay_name_refused("?");
		return -EBADMSG;
	}
	int r = -ENOENT;
	if (th_arm_is(TH_ARM_REPLAY)) {
		r = th_world_dns_recorded(th_link_world(), query, &q, stream, out);
	}
	return r == -ENOENT ? make(query, &q, out) : r;
}

void th_resolver_asked(int fd, struct th_slice question)
{
	uint8_t *room = th_pool_alloc(TH_DNS_STREAM_MAX);
	struct th_out out = {room, room ? TH_DNS_STREAM_MAX : 0, 0, false};
	if (th_replay_dns(question, false, &out) == 0) {
		send_to_itself(fd, &out);
	}
	th_pool_free(room, TH_DNS_STREAM_MAX);
}

/* ---- the resolver's functions ---- */

static int keep(const struct th_out *from, uint8_t *to, size_t n)
{
	memcpy(to, from->p, from->n < n ? from->n : n);
	return (int)from->n;
}

/* A server that cannot answer is to the real function as good as none. */
static bool is_answer(const struct th_out *out)
{
	uint8_t code = out->p[3] & 0x0f;
	return code == TH_DNS_NO_ERROR || code == TH_DNS_NO_SUCH_NAME;
}

int th_replay_res_send(struct th_slice query, uint8_t *answer, size_t n)
{
	uint8_t *room = th_pool_alloc(TH_DNS_STREAM_MAX);
	struct th_out out = {room, room ? TH_DNS_STREAM_MAX : 0, 0, false};
	int r = th_replay_dns(query, true, &out), ret = -1;
	if (r < 0 || !is_answer(&out)) {
		errno = r == 0 || r == -ETIMEDOUT ? ETIMEDOUT : ECONNREFUSED;
	} else {
		ret = keep(&out, answer, n);
	}
	th_pool_free(room, TH_DNS_STREAM_MAX);
	return ret;
}

static int host_error_of(uint8_t code)
{
	switch (code) {
	case TH_DNS_NO_ERROR:
		return NO_DATA;
	case TH_DNS_NO_SUCH_NAME:
		return HOST_NOT_FOUND;
	case TH_DNS_SERVER_FAILURE:
		return TRY_AGAIN;
	default:
		return NO_RECOVERY;
	}
}

/* What the function itself gave for this name, which may be the answer to a longer one (search
 * domains); or what anybody was answered. */
static int answer_name(const char *name, int type, struct th_out *out)
{
	uint8_t asked[TH_DNS_MESSAGE_MAX];
	struct th_out query = {asked, sizeof(asked), 0, false};
	const struct th_world_dns *d = th_arm_is(TH_ARM_REPLAY)
		? th_world_find_dns(th_link_world(), name, (uint16_t)type, true)
		: NULL;
	if (d && d->resolver) {
		struct th_slice message = th_world_dns_message(th_link_world(), d);
		th_out_bytes(out, message.p, message.n);
		return out->failed ? -EMSGSIZE : 0;
	}
	if (th_dns_put_query(&query, name, (uint16_t)type) < 0) {
		th_replay_name_refused(name);
		return -EINVAL;
	}
	return th_replay_dns((struct th_slice){asked, query.n}, true, out);
}

static int query_name(
	const char *name, int type, uint8_t *answer, size_t n, struct th_out *out, int *ret_h_errno)
{
	struct th_dns_answer a;
	int r = answer_name(name, type, out);
	if (r < 0 || th_dns_read_answer((struct th_slice){out->p, out->n}, &a) < 0) {
		*ret_h_errno = r == -ETIMEDOUT ? TRY_AGAIN : NO_RECOVERY;
		return -1;
	}
	if (a.code != TH_DNS_NO_ERROR || a.records == 0) {
		*ret_h_errno = host_error_of(a.code);
		return -1;
	}
	*ret_h_errno = NETDB_SUCCESS;
	return keep(out, answer, n);
}

int th_replay_res_query(
	const char *name, int class, int type, uint8_t *answer, size_t n, int *ret_h_errno)
{
	*ret_h_errno = NO_RECOVERY;
	if (class != 1 /* of the internet */) {
		th_replay_name_refused(name);
		return -1;
	}
	uint8_t *room = th_pool_alloc(TH_DNS_STREAM_MAX);
	struct th_out out = {room, room ? TH_DNS_STREAM_MAX : 0, 0, false};
	int ret = query_name(name, type, answer, n, &out, ret_h_errno);
	th_pool_free(room, TH_DNS_STREAM_MAX);
	return ret;
}
