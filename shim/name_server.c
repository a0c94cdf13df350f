/* See name_server.h. What is asked over TCP is the recorder's to see (recorder/tap_dns.c), as any
 * stream is.
 *
 * Questions that wait for their answer stand in a small ring. Who asks again, or asks another
 * server, has one place in it; an answer from anywhere ends the wait. A question that is pushed
 * out counts as unanswered: its answer, should it still come, outweighs that (world_build.h). */
#include "shim/name_server.h"

#include <netdb.h>
#include <strings.h>

#include "base/lock.h"
#include "recorder/recorder.h"
#include "wire/dns.h"

#define WAITING_MAX 32 /* questions of a process at a time; further ones push out the oldest */

int th_name_server_result(int host_error)
{
	switch (host_error) {
	case TRY_AGAIN:
		return EAI_AGAIN;
	case NO_DATA:
		return EAI_NODATA;
	case NO_RECOVERY:
		return EAI_FAIL;
	default:
		return EAI_NONAME;
	}
}

/* ---- questions without an answer yet ---- */

struct waiting {
	int place; /* 1 + the descriptor; 0: free */
	struct th_dns_question question;
};

static struct waiting ring[WAITING_MAX];
static _Atomic size_t next;
static struct th_lock lock;

/* Clients write the same name in different cases (0x20). */
static bool is_same(const struct th_dns_question *a, const struct th_dns_question *b)
{
	return a->type == b->type && strcasecmp(a->name, b->name) == 0;
}

static void unanswered(struct waiting *w)
{
	w->place = 0;
	th_recorder_no_answer(TH_DNS_BY_DATAGRAM, w->question.name, w->question.type);
}

static struct waiting *place_for(const struct th_dns_question *q)
{
	for (size_t i = 0; i < WAITING_MAX; i++) {
		if (ring[i].place && is_same(&ring[i].question, q)) {
			return &ring[i];
		}
	}
	struct waiting *w =
		&ring[atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % WAITING_MAX];
	if (w->place) {
		unanswered(w);
	}
	return w;
}

void th_name_server_asked(int fd, const void *message, size_t n)
{
	struct th_dns_question q;
	if (th_dns_read_query((struct th_slice){message, n}, &q) < 0 || !th_lock(&lock)) {
		return;
	}
	*place_for(&q) = (struct waiting){fd + 1, q};
	th_unlock(&lock);
}

static void stop_waiting(const struct th_dns_question *q)
{
	if (!th_lock(&lock)) {
		return;
	}
	for (size_t i = 0; i < WAITING_MAX; i++) {
		if (ring[i].place && is_same(&ring[i].question, q)) {
			ring[i].place = 0;
		}
	}
	th_unlock(&lock);
}

void th_name_server_gave_up(int fd)
{
	if (atomic_load_explicit(&next, memory_order_relaxed) == 0 ||
		!th_lock(&lock)) { /* nobody was asked */
		return;
	}
	for (size_t i = 0; i < WAITING_MAX; i++) {
		if (ring[i].place && (fd < 0 || ring[i].place == fd + 1)) {
			unanswered(&ring[i]);
		}
	}
	th_unlock(&lock);
}

void th_name_server_forked(void)
{
	th_lock_reset(&lock);
	for (size_t i = 0; i < WAITING_MAX; i++) {
		ring[i].place = 0;
	}
}

/* ---- answers ---- */

void th_name_server_answered(uint8_t way, const void *message, size_t n, const char *name)
{
	struct th_dns_answer a;
	struct th_slice bytes = {message, n};
	if (th_dns_read_answer(bytes, &a) == 0) {
		stop_waiting(&a.question);
		th_recorder_name_server(way, &a, bytes, name);
	}
}
