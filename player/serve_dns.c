/* A name server over TCP (RFC 7766): answers from the world, as the shim gives them over UDP
 * (shim/replay_resolver.c). What was not recorded does not exist, and is told. A question that
 * nobody answered is not answered now; the agent closes when it has waited long enough. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include "base/cleanup.h"
#include "capture/frame.h"
#include "player/serve.h"
#include "player/world_dns.h"

#define LENGTH_BYTES 2
#define PIECE 4096

static bool is_over(int fd)
{
	struct pollfd pfd = {.fd = fd, .events = POLLRDHUP};
	return poll(&pfd, 1, 0) > 0 && (pfd.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

bool th_serve_is_dns(struct th_caller *c)
{
	uint8_t first[TH_DNS_STREAM_FIRST];
	for (;;) {
		ssize_t n = recv(c->stream.fd, first, sizeof(first), MSG_PEEK);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		int r = n > 0 ? th_dns_stream_begins((struct th_slice){first, (size_t)n}) : 0;
		if (r >= 0 || is_over(c->stream.fd)) {
			return r > 0;
		}
		struct timespec pause = {.tv_nsec = 1000000}; /* its length was sent by itself */
		nanosleep(&pause, NULL);
	}
}

/* Made of what look-ups gave; what they did not ask for is told as stopped. */
static int make(struct th_caller *c, struct th_slice query, const struct th_dns_question *q,
	struct th_out *out)
{
	const struct th_world *w = &c->serving->world;
	const struct th_world_name *n = th_world_find_name(w, q->name);
	bool address = q->type == TH_DNS_A || q->type == TH_DNS_AAAA;
	if (n && n->result == TH_NAME_UNANSWERED) {
		return -ETIMEDOUT;
	}
	if (!n || (n->result == 0 && !address)) {
		th_tally_fenced(c->serving->tally, TH_FENCED_LOOKUP, c->hello.process, q->name,
			"the recording never looked it up");
	}
	th_world_dns_make(query, q, n ? n->result : EAI_NONAME, n ? th_world_addresses(w, n) : NULL,
		n ? n->n_addresses : 0, out);
	return out->failed ? -EMSGSIZE : 0;
}

static int answer(struct th_caller *c, struct th_slice query)
{
	uint8_t *room = malloc(LENGTH_BYTES + TH_DNS_STREAM_MAX);
	struct th_out out = {
		room ? room + LENGTH_BYTES : NULL, room ? TH_DNS_STREAM_MAX : 0, 0, false};
	struct th_dns_question q;
	int r = room ? th_dns_read_query(query, &q) : -ENOMEM;
	if (r == 0) {
		r = th_world_dns_recorded(&c->serving->world, query, &q, true, &out);
		r = r == -ENOENT ? make(c, query, &q, &out) : r;
	}
	if (r == 0) {
		room[0] = (uint8_t)(out.n >> 8);
		room[1] = (uint8_t)out.n;
		r = th_stream_write(&c->stream, (struct th_slice){room, LENGTH_BYTES + out.n});
	}
	free(room);
	return r == -ETIMEDOUT ? 0 : r;
}

/* Answers the whole messages at the front, and drops them. */
static int answer_all(struct th_caller *c, struct th_buf *in)
{
	size_t at = 0;
	int r = 0;
	while (r == 0 && in->n - at >= LENGTH_BYTES) {
		size_t n = (size_t)(in->p[at] << 8 | in->p[at + 1]);
		if (in->n - at - LENGTH_BYTES < n) {
			break;
		}
		r = answer(c, (struct th_slice){in->p + at + LENGTH_BYTES, n});
		at += LENGTH_BYTES + n;
	}
	memmove(in->p, in->p + at, in->n - at);
	in->n -= at;
	return r == 0 ? th_stream_flush(&c->stream) : r;
}

void th_serve_dns(struct th_caller *c)
{
	th_cleanup(th_buf_finish) struct th_buf in = {0};
	for (;;) {
		if (!th_buf_room(&in, PIECE)) {
			break;
		}
		ssize_t n = th_stream_read(&c->stream, in.p + in.n, PIECE);
		if (n <= 0) {
			break;
		}
		in.n += (size_t)n;
		if (answer_all(c, &in) < 0) {
			break;
		}
	}
	th_stream_end(&c->stream, false);
}
