/* GnuTLS: what the application sends and receives is the plaintext. As with OpenSSL (hook_ssl.c)
 * only the application's own calls are recorded: libgnutls calls itself through the same symbols
 * (gnutls_record_uncork() calls gnutls_record_send()). Contract of all: errno as the real call left
 * it, out-parameters read on success only (P43). GnuTLS has no error queue.
 *
 * gnutls_record_send() ends in a jump to gnutls_record_send2(), so that one is called from here by
 * the look of it (P3): not by the application, and of which of several libraries the return
 * address does not say, so the thread remembers.
 *
 * Not hooked: gnutls_bye (the peer may go on sending), gnutls_record_cork (nothing is sent yet) and
 * gnutls_record_recv_early_data (servers only). */
#include "shim/arm.h"
#include "shim/gnutls.h"
#include "shim/hook.h"
#include "shim/propagate.h"

/* ---- beginning and end ---- */

TH_LIB_HOOK(int, gnutls_init, (struct gnutls_session_int * *s, unsigned flags))
{
	int ret = TH_REAL(gnutls_init)(s, flags);
	TH_RECORD(ret >= 0, th_gnutls_made(*s, flags));
	return ret;
}

TH_LIB_HOOK(int, gnutls_server_name_set,
	(struct gnutls_session_int * s, int type, const void *name, size_t name_length))
{
	int ret = TH_REAL(gnutls_server_name_set)(s, type, name, name_length);
	TH_RECORD(ret >= 0, th_gnutls_named(s, type, name, name_length));
	return ret;
}

TH_LIB_HOOK(int, gnutls_handshake, (struct gnutls_session_int * s))
{
	struct th_site site = TH_SITE(gnutls_handshake);
	th_thread.outcome = 0;
	int ret = TH_REAL_AT(site, gnutls_handshake)(s);
	TH_RECORD(site.application && ret >= 0, th_gnutls_shaken(site.lib, s));
	TH_RECORD(site.application && ret < 0, th_gnutls_unshaken(site.lib, s, ret));
	return ret;
}

TH_LIB_HOOK(int, gnutls_certificate_verify_peers,
	(struct gnutls_session_int * s, struct gnutls_typed_vdata_st *data, unsigned elements,
		unsigned *status))
{
	struct th_site site = TH_SITE(gnutls_certificate_verify_peers);
	int ret = TH_REAL_AT(site, gnutls_certificate_verify_peers)(s, data, elements, status);
	TH_RECORD(site.application && ret >= 0, th_gnutls_judged(site.lib, s, *status));
	return ret;
}

TH_LIB_HOOK(
	int, gnutls_certificate_verify_peers2, (struct gnutls_session_int * s, unsigned *status))
{
	struct th_site site = TH_SITE(gnutls_certificate_verify_peers2);
	int ret = TH_REAL_AT(site, gnutls_certificate_verify_peers2)(s, status);
	TH_RECORD(site.application && ret >= 0, th_gnutls_judged(site.lib, s, *status));
	return ret;
}

TH_LIB_HOOK(int, gnutls_certificate_verify_peers3,
	(struct gnutls_session_int * s, const char *hostname, unsigned *status))
{
	struct th_site site = TH_SITE(gnutls_certificate_verify_peers3);
	int ret = TH_REAL_AT(site, gnutls_certificate_verify_peers3)(s, hostname, status);
	TH_RECORD(site.application && ret >= 0, th_gnutls_judged(site.lib, s, *status));
	return ret;
}

TH_LIB_HOOK(void, gnutls_deinit, (struct gnutls_session_int * s))
{
	TH_UPKEEP(s != NULL, th_gnutls_gone(s));
	TH_REAL(gnutls_deinit)(s);
}

/* ---- receiving ---- */

TH_LIB_HOOK(ssize_t, gnutls_record_recv, (struct gnutls_session_int * s, void *data, size_t n))
{
	struct th_site site = TH_SITE(gnutls_record_recv);
	th_thread.outcome = 0;
	ssize_t ret = TH_REAL_AT(site, gnutls_record_recv)(s, data, n);
	TH_RECORD(site.application, th_gnutls_received(site.lib, s, data, ret));
	return ret;
}

TH_LIB_HOOK(ssize_t, gnutls_record_recv_seq,
	(struct gnutls_session_int * s, void *data, size_t n, unsigned char *seq))
{
	struct th_site site = TH_SITE(gnutls_record_recv_seq);
	th_thread.outcome = 0;
	ssize_t ret = TH_REAL_AT(site, gnutls_record_recv_seq)(s, data, n, seq);
	TH_RECORD(site.application, th_gnutls_received(site.lib, s, data, ret));
	return ret;
}

TH_LIB_HOOK(ssize_t, gnutls_record_recv_packet,
	(struct gnutls_session_int * s, struct mbuffer_st **packet))
{
	struct th_site site = TH_SITE(gnutls_record_recv_packet);
	th_thread.outcome = 0;
	ssize_t ret = TH_REAL_AT(site, gnutls_record_recv_packet)(s, packet);
	TH_RECORD(site.application, th_gnutls_received_packet(site.lib, s, packet, ret));
	return ret;
}

/* ---- sending; TRACEHOOK_PROPAGATE: as propagate.c has it ---- */

static void note_put(const struct th_put *p, const void *buf, size_t n, int ret, size_t done)
{
	th_gnutls_sent(p->site.lib, p->session, buf, n, ret);
}

static int put(const struct th_put *p, const void *buf, size_t n, size_t *ret_n)
{
	ssize_t (*real)(struct gnutls_session_int *, const void *, size_t) = p->site.real;
	th_thread.outcome = 0;
	th_thread.gnutls = p->site.lib;
	int ret = (int)real(p->session, buf, n);
	*ret_n = ret > 0 ? (size_t)ret : 0;
	return ret;
}

static int put2(const struct th_put *p, const void *buf, size_t n, size_t *ret_n)
{
	th_gnutls_send2_fn *real = p->site.real;
	th_thread.outcome = 0;
	int ret = (int)real(p->session, buf, n, p->extra[0], (unsigned)p->extra[1]);
	*ret_n = ret > 0 ? (size_t)ret : 0;
	return ret;
}

static ssize_t put_all(const struct th_put *p, const void *buf, size_t n)
{
	size_t sent = 0;
	int ret = th_propagate_put(p, buf, n, &sent);
	return ret > 0 ? (ssize_t)sent : ret;
}

TH_LIB_HOOK(
	ssize_t, gnutls_record_send, (struct gnutls_session_int * s, const void *data, size_t n))
{
	struct th_site site = TH_SITE(gnutls_record_send);
	if (th_propagates() && site.application) {
		const struct th_put p = {put, note_put, NULL, site, s, false, {0}};
		return put_all(&p, data, n);
	}
	th_thread.outcome = 0;
	th_thread.gnutls = site.lib;
	ssize_t ret = TH_REAL_AT(site, gnutls_record_send)(s, data, n);
	TH_RECORD(site.application, th_gnutls_sent(site.lib, s, data, n, ret));
	return ret;
}

TH_LIB_HOOK(ssize_t, gnutls_record_send2,
	(struct gnutls_session_int * s, const void *data, size_t n, size_t pad, unsigned flags))
{
	struct th_site site = TH_SITE(gnutls_record_send2);
	if (th_propagates() && site.application) {
		const struct th_put p = {put2, note_put, NULL, site, s, false, {pad, flags}};
		return put_all(&p, data, n);
	}
	th_gnutls_send2_fn *real = site.own ? th_gnutls_send2(th_thread.gnutls) : NULL;
	th_thread.outcome = 0;
	ssize_t ret = (real ? real : TH_REAL_AT(site, gnutls_record_send2))(s, data, n, pad, flags);
	TH_RECORD(site.application, th_gnutls_sent(site.lib, s, data, n, ret));
	return ret;
}

TH_LIB_HOOK(ssize_t, gnutls_record_send_range,
	(struct gnutls_session_int * s, const void *data, size_t n,
		const struct gnutls_range_st *range))
{
	struct th_site site = TH_SITE(gnutls_record_send_range);
	th_thread.outcome = 0;
	ssize_t ret = TH_REAL_AT(site, gnutls_record_send_range)(s, data, n, range);
	TH_RECORD(site.application, th_gnutls_sent(site.lib, s, data, n, ret));
	return ret;
}

/* 0 or a failure, as long as the handshake has not begun. */
TH_LIB_HOOK(ssize_t, gnutls_record_send_early_data,
	(struct gnutls_session_int * s, const void *data, size_t n))
{
	struct th_site site = TH_SITE(gnutls_record_send_early_data);
	ssize_t ret = TH_REAL_AT(site, gnutls_record_send_early_data)(s, data, n);
	TH_RECORD(site.application && ret >= 0, th_gnutls_sent_early(s, data, n));
	return ret;
}

/* Where in the file it reads depends on whether the kernel does the TLS, so what was sent is not
 * known: the connection is not followed further. No client is known that uses it. */
TH_LIB_HOOK(ssize_t, gnutls_record_send_file,
	(struct gnutls_session_int * s, int fd, off_t *offset, size_t n))
{
	struct th_site site = TH_SITE(gnutls_record_send_file);
	th_thread.outcome = 0;
	ssize_t ret = TH_REAL_AT(site, gnutls_record_send_file)(s, fd, offset, n);
	TH_RECORD(site.application && ret > 0, th_gnutls_sent_unseen(site.lib, s));
	return ret;
}

/* What was corked has been recorded when it was buffered. */
TH_LIB_HOOK(int, gnutls_record_uncork, (struct gnutls_session_int * s, unsigned flags))
{
	struct th_site site = TH_SITE(gnutls_record_uncork);
	th_thread.outcome = 0;
	int ret = TH_REAL_AT(site, gnutls_record_uncork)(s, flags);
	TH_RECORD(site.application, th_gnutls_flushed(site.lib, s, ret));
	return ret;
}
