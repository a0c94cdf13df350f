/* See relayed.h. The shape: one step after the other, each a function that does what it can and
 * says whether it waits; once the connection is open, two pumps. */
#include "relay/relayed_parts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- making ---- */

static void free_end(struct th_relay_end *e)
{
	SSL_free(e->ssl);
	if (e->fd >= 0) {
		close(e->fd);
	}
}

static void unblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

struct th_relayed *th_relayed_create(
	const struct th_relay_ends *ends, const struct th_relay_hello *hello, int agent, int server)
{
	struct th_relayed *l = calloc(1, sizeof(*l));
	if (!l) {
		close(agent);
		close(server);
		return NULL;
	}
	l->ends = ends;
	l->hello = *hello;
	l->agent.fd = agent;
	l->server.fd = server;
	unblock(agent);
	unblock(server);
	return l;
}

struct th_relayed *th_relayed_destroy(struct th_relayed *l)
{
	if (l) {
		th_conn_close(l->conn);
		SSL_free(l->met);
		free_end(&l->agent);
		free_end(&l->server);
		free(l);
	}
	return NULL;
}

int th_relayed_agent(const struct th_relayed *l)
{
	return l->agent.fd;
}

int th_relayed_server(const struct th_relayed *l)
{
	return l->server.fd;
}

bool th_relayed_changed(struct th_relayed *l)
{
	bool changed = l->changed;
	l->changed = false;
	return changed;
}

void th_relayed_hung_up(struct th_relayed *l)
{
	l->hung_up = true;
}

/* ---- steps ---- */

static enum th_relayed_step step(struct th_relayed *l)
{
	switch (l->state) {
	case TH_RELAYED_AT_HELLO:
		return th_relayed_read_hello(l);
	case TH_RELAYED_AT_SERVER:
		return th_relayed_shake_server(l);
	case TH_RELAYED_AT_AGENT:
		return th_relayed_shake_agent(l);
	case TH_RELAYED_AT_DIAL:
		return th_relayed_check_dial(l);
	default:
		return l->state;
	}
}

enum th_relayed_state th_relayed_drive(struct th_relayed *l)
{
	enum th_relayed_step before;
	do {
		before = l->state;
		l->state = step(l);
	} while (l->state != before);
	if (l->state == TH_RELAYED_AT_OPEN) {
		return th_relayed_flow(l);
	}
	return l->state == TH_RELAYED_AT_END ? TH_RELAYED_OVER : TH_RELAYED_WAITS;
}
