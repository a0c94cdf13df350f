/* A recorder that only says what it was told: one line per call, to the capture's path.
 *
 * Linked with the shim's objects instead of the real recorder, so that tests see exactly what the
 * shim makes of a program's calls. Raw system calls and no state but counters, as the real one
 * runs inside the agent. Data is given as length and the first bytes. */
#include <netinet/in.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/sys.h"
#include "base/text.h"
#include "recorder/emit.h"
#include "recorder/foreign.h"
#include "recorder/process.h"
#include "recorder/recorder.h"
#include "recorder/rewrite.h"
#include "recorder/transfer.h"

#define CONNS_MAX 256
#define SHOWN 24

static struct th_conn conns[CONNS_MAX];
static _Atomic int used;
static char path[4096];
static uint8_t span[TH_SPAN_ID_BYTES];

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	int fd = th_sys_open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	(void)th_sys_write(fd, line, (size_t)n);
	(void)th_sys_close(fd);
}

static const char *shown(char *out, const void *p, size_t n)
{
	const char *in = p;
	size_t i = 0;
	for (; i < n && i < SHOWN; i++) {
		out[i] = in[i] >= ' ' && in[i] <= '~' ? in[i] : '.';
	}
	out[i] = '\0';
	return out;
}

static void new_span(void)
{
	uint64_t pid = (uint64_t)TH_SYS(SYS_getpid);
	memcpy(span, &pid, sizeof(span));
}

int th_recorder_load_key(const char *key_path)
{
	return key_path ? 0 : -EINVAL;
}

const char *th_recorder_why(int error)
{
	return error ? "why" : NULL;
}

int th_recorder_start(const struct th_process_conf *conf)
{
	snprintf(path, sizeof(path), "%s", conf->capture);
	int fd = th_sys_open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (fd < 0) {
		return fd;
	}
	(void)th_sys_close(fd);
	th_foreign_start();
	new_span();
	char parent[2 * TH_SPAN_ID_BYTES + 1] = {0}, own[2 * TH_SPAN_ID_BYTES + 1] = {0};
	th_hex_encode(parent, conf->parent_span_id, TH_SPAN_ID_BYTES);
	th_hex_encode(own, span, TH_SPAN_ID_BYTES);
	say("start root=%d span=%s parent=%s\n", conf->root, own, parent);
	return 0;
}

void th_recorder_span_id(uint8_t ret_id[TH_SPAN_ID_BYTES])
{
	memcpy(ret_id, span, sizeof(span));
}

/* Takes its time, as on a slow disk. */
void th_recorder_forked(void)
{
	th_sys_sleep(20 * 1000 * 1000);
	new_span();
	for (int i = 0; i < CONNS_MAX; i++) {
		conns[i].inherited = true;
	}
	say("forked\n");
}

void th_recorder_left(uint8_t reason, bool replaced, const char *program)
{
	say("left reason=%d replaced=%d %s\n", reason, replaced, program);
}

int th_recorder_finish(void)
{
	say("finish\n");
	return 0;
}

const char *th_recorder_capture(void)
{
	return "";
}

bool th_recorder_mend(void)
{
	return !th_recorder_broken();
}

bool th_recorder_broken(void)
{
	return secure_getenv("SPY_BROKEN") != NULL;
}

struct th_address th_address_of(const struct sockaddr *sa, socklen_t len)
{
	struct th_address a = {0};
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;
		a.family = 4;
		a.port = ntohs(in->sin_port);
		memcpy(a.bytes, &in->sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;
		a.family = 6;
		a.port = ntohs(in6->sin6_port);
		memcpy(a.bytes, &in6->sin6_addr, 16);
	}
	return a;
}

void th_recorder_unix(const struct sockaddr *sa, socklen_t len)
{
}

void th_recorder_name(
	const char *name, uint8_t family, int result, const struct th_address *addresses, size_t n)
{
	say("name %s family=%d result=%d n=%zu first=%d.%d.%d.%d\n", name, family, result, n,
		n ? addresses[0].bytes[0] : 0, n ? addresses[0].bytes[1] : 0,
		n ? addresses[0].bytes[2] : 0, n ? addresses[0].bytes[3] : 0);
}

void th_recorder_dns(uint8_t way, const char *name, uint16_t type, struct th_slice message)
{
	say("dns way=%d %s type=%d n=%zu\n", way, name, type, message.n);
}

struct th_conn_ref th_conn_open(const struct th_conn_conf *conf)
{
	int i = atomic_fetch_add(&used, 1);
	if (i >= CONNS_MAX) {
		return (struct th_conn_ref){NULL, 0};
	}
	conns[i].id = (uint32_t)i + 1;
	conns[i].inherited = false;
	say("open %d transport=%d family=%d connected=%d\n", i + 1, conf->transport,
		conf->peer.family, conf->connected > 0);
	return (struct th_conn_ref){&conns[i], 1};
}

void th_conn_failed(const struct th_conn_conf *conf, int error)
{
	say("failed family=%d errno=%d\n", conf->peer.family, error);
}

void th_conn_tls(struct th_conn_ref c, struct th_slice sni, struct th_slice alpn)
{
	say("tls %u sni=%.*s alpn=%.*s\n", c.conn->id, (int)sni.n, (const char *)sni.p, (int)alpn.n,
		(const char *)alpn.p);
}

void th_conn_certificates(struct th_conn_ref c, struct th_slice chain)
{
}

void th_conn_verdict(struct th_conn_ref c, uint32_t verdict)
{
	say("verdict %u why=%u detail=%u\n", c.conn->id, TH_TLS_WHY(verdict),
		TH_TLS_DETAIL(verdict));
}

void th_conn_connected(struct th_conn_ref c)
{
}

static void moved(const char *what, struct th_conn_ref c, const void *p, size_t n)
{
	char text[SHOWN + 1];
	if (c.conn) {
		say("%s %u n=%zu %s\n", what, c.conn->id, n, shown(text, p, n));
		if (c.conn->inherited) {
			th_foreign_note(c.conn, what[0] != 's');
		}
		*(what[0] == 's' ? &c.conn->bytes_sent : &c.conn->bytes_received) += n;
	}
}

void th_conn_sent(struct th_conn_ref c, const void *p, size_t n)
{
	moved("sent", c, p, n);
}

void th_conn_received(struct th_conn_ref c, const void *p, size_t n)
{
	moved("received", c, p, n);
}

static void moved_v(
	const char *what, struct th_conn_ref c, const struct iovec *iov, int count, size_t n)
{
	for (int i = 0; i < count && n > 0; i++) {
		size_t here = iov[i].iov_len < n ? iov[i].iov_len : n;
		moved(what, c, iov[i].iov_base, here);
		n -= here;
	}
}

/* It wants to see the bytes: all calls take the long way. */
bool th_conn_count(struct th_conn_ref c, size_t n, bool received)
{
	return false;
}

void th_conn_sent_v(struct th_conn_ref c, const struct iovec *iov, int count, size_t n)
{
	moved_v("sent", c, iov, count, n);
}

void th_conn_received_v(struct th_conn_ref c, const struct iovec *iov, int count, size_t n)
{
	moved_v("received", c, iov, count, n);
}

bool th_conn_is_http(struct th_conn_ref c)
{
	return true;
}

void th_conn_peer_end(struct th_conn_ref c, enum th_end how, uint32_t code)
{
	if (c.conn) {
		say("end %u how=%d code=%u\n", c.conn->id, how, code);
	}
}

void th_conn_send_failed(struct th_conn_ref c, enum th_end how, uint32_t code)
{
	if (c.conn) {
		say("send failed %u how=%d code=%u\n", c.conn->id, how, code);
	}
}

void th_conn_met(struct th_conn_ref c, uint16_t met)
{
}

void th_conn_account(struct th_conn_ref c, uint64_t sent, uint64_t taken)
{
	bool told = sent <= c.conn->bytes_sent && taken <= c.conn->bytes_received;
	if (!told && !c.conn->inherited && !th_foreign_used(c.conn)) {
		say("unseen %u sent=%llu received=%llu\n", c.conn->id,
			(unsigned long long)(sent - c.conn->bytes_sent),
			(unsigned long long)(taken - c.conn->bytes_received));
	}
}

void th_conn_hand_on(struct th_conn_ref c, bool kept)
{
	if (c.conn && kept) {
		say("handed on %u\n", c.conn->id);
	}
}

void th_conn_close(struct th_conn_ref c)
{
	if (c.conn) {
		say("close %u\n", c.conn->id);
	}
}

bool th_conn_carries_tls(struct th_conn_ref c)
{
	return false;
}

uint32_t th_conn_number(struct th_conn_ref c)
{
	return c.conn ? c.conn->id : 0;
}

void th_recorder_transfer(const struct th_transfer_facts *facts)
{
	say("transfer handle=%u api=%u result=%d status=%u redirects=%u times=%d asked=%.*s\n",
		facts->handle, facts->api, facts->result, facts->status, facts->redirects,
		facts->times[TH_TRANSFER_TOTAL] > 0, (int)facts->asked.n, facts->asked.p);
}

void th_emit_lost(uint64_t events, uint64_t bytes, const char *reason)
{
	say("lost events=%llu %s\n", (unsigned long long)events, reason);
}

uint32_t th_process_thread(void)
{
	return 1;
}

void th_process_threads_forked(void)
{
}

/* Trace context is not put in here. */
void th_rewrite_start(const char *tracestate, const char *baggage)
{
}

struct th_rewrite *th_rewrite_of(struct th_conn_ref c, const struct iovec *iov, int count)
{
	return NULL;
}

void th_rewrite_free(struct th_rewrite *w)
{
}

size_t th_rewrite_given(const struct th_rewrite *w, size_t sent)
{
	return sent;
}

bool th_rewrite_bound(const struct th_rewrite *w, size_t sent)
{
	return false;
}
