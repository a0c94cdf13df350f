/* See gnutls.h, and tls.h for what is the same with OpenSSL.
 *
 * A session is known from gnutls_init() on, which says whose side it is: GnuTLS gives no way to
 * ask. Its name is remembered from gnutls_server_name_set() (a client cannot ask for that either),
 * so it is the name as the application wrote it; GnuTLS itself turns one that is not ASCII into
 * its other form.
 *
 * What is accepted counts as sent: corked bytes when they are buffered (that they are flushed is a
 * call of the library's own), and bytes of a call that returned GNUTLS_E_AGAIN when a later call
 * says how many of them there were. That call may come without data, so they are held till then.
 *
 * Threads: one may send while another receives. `held` and what belongs to it is the sender's; the
 * connection is begun by whoever comes first, should the handshake have gone unseen. */
#include "shim/gnutls.h"

#include "base/pool.h"
#include "base/sys.h"
#include "shim/arm.h"
#include "shim/tls.h"

#define SNI_MAX 255
#define CHAIN_BYTES_MAX (64u << 10)
#define HELD_MAX 16384 /* a record's content; early data is bounded by the same, by default */
#define BEGIN_WAIT_ROUNDS 10000 /* for the other thread to finish beginning */

enum stage {
	STAGE_NEW,
	STAGE_BEGINNING,
	STAGE_BEGUN,
};

struct th_gnutls_session {
	_Atomic uint8_t stage;
	bool early;	 /* what is held was sent early: it waits for the server's consent */
	bool incomplete; /* there was more than could be held */
	size_t held_n;
	uint8_t *held; /* HELD_MAX bytes, or NULL */
	char sni[SNI_MAX + 1];
};

struct functions {
	int (*is_fatal)(int error);
	int (*get_int)(struct gnutls_session_int *s);
	int (*alpn)(struct gnutls_session_int *s, struct th_gnutls_datum *protocol);
	unsigned (*get_flags)(struct gnutls_session_int *s);
	void (*packet_get)(
		struct mbuffer_st *packet, struct th_gnutls_datum *data, unsigned char *seq);
	th_gnutls_send2_fn *send2;
	const struct th_gnutls_datum *(*get_peers)(
		const struct gnutls_session_int *s, unsigned *ret_n);
	int (*alert)(const struct gnutls_session_int *s);
	unsigned (*verify_status)(const struct gnutls_session_int *s);
};

/* In the order of struct functions. */
static const char names[][TH_FUNCTION_NAME_MAX] = {"gnutls_error_is_fatal",
	"gnutls_transport_get_int", "gnutls_alpn_get_selected_protocol", "gnutls_session_get_flags",
	"gnutls_packet_get", "gnutls_record_send2", "gnutls_certificate_get_peers",
	"gnutls_alert_get", "gnutls_session_get_verify_cert_status", ""};
TH_FUNCTIONS(per_library, struct functions, names);

static const struct functions *functions_of(const struct th_library *lib)
{
	return th_library_functions(&per_library, names, lib);
}

th_gnutls_send2_fn *th_gnutls_send2(const struct th_library *lib)
{
	const struct functions *f = functions_of(lib);
	return f ? f->send2 : NULL;
}

/* ---- sessions ---- */

void th_gnutls_made(const struct gnutls_session_int *s, unsigned flags)
{
	th_gnutls_gone(s); /* its address was another's that went unseen */
	struct th_tls_entry *e = flags & TH_GNUTLS_SERVER ? NULL : th_tls_table_add(s);
	if (!e) {
		return;
	}
	e->gnutls = th_pool_alloc(sizeof(*e->gnutls));
	if (!e->gnutls) {
		th_tls_table_remove(e);
	}
}

/* The entry of a client's session; NULL: not to be recorded. */
static struct th_tls_entry *entry_of(const struct gnutls_session_int *s)
{
	struct th_tls_entry *e = th_tls_table_find(s);
	return e && e->gnutls ? e : NULL;
}

void th_gnutls_named(const struct gnutls_session_int *s, int type, const void *name, size_t n)
{
	struct th_tls_entry *e = entry_of(s);
	if (e && type == TH_GNUTLS_NAME_DNS && n <= SNI_MAX) {
		memcpy(e->gnutls->sni, name, n);
		e->gnutls->sni[n] = '\0';
	}
}

void th_gnutls_gone(const struct gnutls_session_int *s)
{
	struct th_tls_entry *e = th_tls_table_find(s);
	if (!e) {
		return;
	}
	struct th_gnutls_session *g = e->gnutls;
	if (g && th_arm_noticed()) {
		th_pool_free(g->held, HELD_MAX);
		th_pool_free(g, sizeof(*g));
	}
	th_tls_gone(e);
}

/* ---- what is held ---- */

static void hold(struct th_gnutls_session *g, const void *data, size_t n)
{
	g->held = g->held ? g->held : th_pool_alloc(HELD_MAX);
	size_t room = g->held ? HELD_MAX - g->held_n : 0;
	if (n > room) {
		g->incomplete = true;
		n = room;
	}
	if (n > 0) {
		memcpy(g->held + g->held_n, data, n);
		g->held_n += n;
	}
}

static void let_go(struct th_gnutls_session *g)
{
	th_pool_free(g->held, HELD_MAX);
	g->held = NULL;
	g->held_n = 0;
	g->early = g->incomplete = false;
}

static void sent_held(struct th_tls_entry *e, size_t n)
{
	struct th_gnutls_session *g = e->gnutls;
	if (n > g->held_n || (g->early && g->incomplete)) {
		th_conn_peer_end(e->conn, TH_END_UNPARSED, 0);
	} else {
		th_conn_sent(e->conn, g->held, n);
	}
	let_go(g);
}

void th_gnutls_sent_early(const struct gnutls_session_int *s, const void *data, size_t n)
{
	struct th_tls_entry *e = entry_of(s);
	if (e) {
		e->gnutls->early = true;
		hold(e->gnutls, data, n);
	}
}

/* ---- beginning ---- */

/* The chain as it was sent. */
static void tell_certificates(
	const struct functions *f, const struct gnutls_session_int *s, struct th_conn_ref conn)
{
	unsigned n = 0;
	const struct th_gnutls_datum *certs = f->get_peers(s, &n);
	size_t size = 0;
	for (unsigned i = 0; certs && i < n; i++) {
		size += sizeof(uint32_t) + certs[i].size;
	}
	uint8_t *p = size && size <= CHAIN_BYTES_MAX ? th_pool_alloc(size) : NULL;
	struct th_out out = {p, size, 0, false};
	for (unsigned i = 0; p && i < n; i++) {
		th_out_u32(&out, certs[i].size);
		th_out_bytes(&out, certs[i].data, certs[i].size);
	}
	if (p) {
		th_conn_certificates(conn, (struct th_slice){p, out.n});
		th_pool_free(p, size);
	}
}

static void begin(const struct functions *f, struct gnutls_session_int *s, struct th_tls_entry *e)
{
	struct th_gnutls_session *g = e->gnutls;
	struct th_gnutls_datum alpn = {NULL, 0};
	if (f->alpn(s, &alpn) < 0) {
		alpn.size = 0;
	}
	th_tls_begin(e,
		&(struct th_tls_facts){.transport = TH_TRANSPORT_GNUTLS,
			.fd = f->get_int(s),
			.sni = g->sni,
			.alpn = {alpn.data, alpn.size}});
	tell_certificates(f, s, e->conn);
	if (g->early && (f->get_flags(s) & TH_GNUTLS_SFLAGS_EARLY_DATA)) {
		sent_held(e, g->held_n);
	} else if (g->early) {
		let_go(g);
	}
}

/* The entry of a session that has just moved bytes; NULL: not to be recorded. */
static struct th_tls_entry *begun(const struct th_library *lib, struct gnutls_session_int *s)
{
	struct th_tls_entry *e = entry_of(s);
	const struct functions *f = e ? functions_of(lib) : NULL;
	if (!f) {
		return NULL;
	}
	uint8_t stage = STAGE_NEW;
	if (atomic_compare_exchange_strong(&e->gnutls->stage, &stage, STAGE_BEGINNING)) {
		begin(f, s, e);
		atomic_store_explicit(&e->gnutls->stage, STAGE_BEGUN, memory_order_release);
		return e;
	}
	for (int i = 0; stage != STAGE_BEGUN && i < BEGIN_WAIT_ROUNDS; i++) {
		(void)TH_SYS(SYS_sched_yield);
		stage = atomic_load_explicit(&e->gnutls->stage, memory_order_acquire);
	}
	return stage == STAGE_BEGUN ? e : NULL;
}

void th_gnutls_shaken(const struct th_library *lib, struct gnutls_session_int *s)
{
	(void)begun(lib, s);
}

static uint32_t why_unshaken(
	const struct functions *f, const struct gnutls_session_int *s, int error)
{
	switch (error) {
	case TH_GNUTLS_E_VERIFICATION:
		return TH_TLS_CODE(TH_TLS_GNUTLS, f->verify_status(s));
	case TH_GNUTLS_E_FATAL_ALERT:
		return TH_TLS_CODE(TH_TLS_ALERT, f->alert(s));
	case TH_GNUTLS_E_UNSUPPORTED_VERSION:
	case TH_GNUTLS_E_UNEXPECTED_LENGTH:
	case TH_GNUTLS_E_UNEXPECTED_PACKET:
		return TH_TLS_CODE(TH_TLS_NONE, 0);
	case TH_GNUTLS_E_PREMATURE_TERMINATION:
		return TH_TLS_CODE(TH_TLS_CLOSED, 0);
	default:
		return th_thread.outcome ? th_tls_why_cut(th_tls_transport_end(0))
					 : TH_TLS_CODE(TH_TLS_OTHER, -error);
	}
}

void th_gnutls_unshaken(const struct th_library *lib, struct gnutls_session_int *s, int ret)
{
	struct th_tls_entry *e = entry_of(s);
	const struct functions *f = e ? functions_of(lib) : NULL;
	bool fresh = f && atomic_load(&e->gnutls->stage) == STAGE_NEW;
	uint32_t why = fresh && f->is_fatal(ret) ? why_unshaken(f, s, ret) : 0;
	if (why && begun(lib, s)) {
		th_conn_peer_end(e->conn, TH_END_TLS, why);
		e->ended = true;
	}
}

void th_gnutls_judged(const struct th_library *lib, struct gnutls_session_int *s, unsigned status)
{
	struct th_tls_entry *e = status ? begun(lib, s) : NULL;
	if (e) {
		th_conn_verdict(e->conn, TH_TLS_CODE(TH_TLS_GNUTLS, status));
	}
}

/* ---- ends ---- */

static struct th_tls_end end_of(
	const struct functions *f, const struct gnutls_session_int *s, ssize_t ret)
{
	const struct th_tls_end none = {TH_END_COMPLETE, 0};
	switch (ret) {
	case 0:
		return (struct th_tls_end){
			th_thread.outcome == TH_END_FIN ? TH_END_FIN : TH_END_NOTIFY, 0};
	case TH_GNUTLS_E_INVALID_REQUEST: /* of the application's making */
	case TH_GNUTLS_E_TIMEDOUT:	  /* of its patience */
		return none;
	case TH_GNUTLS_E_PREMATURE_TERMINATION:
		return (struct th_tls_end){TH_END_FIN, 0};
	case TH_GNUTLS_E_FATAL_ALERT:
		return (struct th_tls_end){TH_END_ALERT, f->alert(s)};
	case TH_GNUTLS_E_INVALID_SESSION: /* it met its end in a call that is not hooked */
		if (f->alert(s) > 0) {
			return (struct th_tls_end){TH_END_ALERT, f->alert(s)};
		}
		break;
	default:
		break;
	}
	if (!f->is_fatal((int)ret)) {
		return none; /* GNUTLS_E_AGAIN, GNUTLS_E_INTERRUPTED, a warning … */
	}
	/* Whatever the error is called: a cut record has several names. */
	if (th_thread.outcome) {
		return th_tls_transport_end(0);
	}
	/* Without a failed socket call inside, functions of the application's own refused to move
	 * records: libcurl's do so while it closes. */
	bool refused = ret == TH_GNUTLS_E_PUSH_ERROR || ret == TH_GNUTLS_E_PULL_ERROR;
	return refused ? none : (struct th_tls_end){TH_END_ERROR, 0};
}

static void failed(
	const struct th_library *lib, const struct gnutls_session_int *s, ssize_t ret, bool sending)
{
	struct th_tls_entry *e = entry_of(s);
	const struct functions *f = e ? functions_of(lib) : NULL;
	if (f) {
		th_tls_ended(e, end_of(f, s, ret), sending);
	}
}

/* ---- bytes ---- */

void th_gnutls_received(
	const struct th_library *lib, struct gnutls_session_int *s, const void *data, ssize_t ret)
{
	if (ret <= 0) {
		failed(lib, s, ret, false);
		return;
	}
	struct th_tls_entry *e = begun(lib, s);
	if (e && !th_tls_is_bound(e)) {
		th_tls_bind(e, functions_of(lib)->get_int(s));
	}
	if (e) {
		th_conn_received(e->conn, data, (size_t)ret);
	}
}

void th_gnutls_received_packet(const struct th_library *lib, struct gnutls_session_int *s,
	struct mbuffer_st *const *packet, ssize_t ret)
{
	const struct functions *f = functions_of(lib);
	struct th_gnutls_datum data = {NULL, 0};
	if (f && ret > 0) {
		f->packet_get(*packet, &data, NULL);
		ret = data.size;
	}
	th_gnutls_received(lib, s, data.data, ret);
}

void th_gnutls_sent(const struct th_library *lib, struct gnutls_session_int *s, const void *data,
	size_t n, ssize_t ret)
{
	bool more = ret == TH_GNUTLS_E_AGAIN || ret == TH_GNUTLS_E_INTERRUPTED;
	struct th_tls_entry *e = more || ret > 0 ? begun(lib, s) : NULL;
	if (e && ret > 0 && data) {
		th_conn_sent(e->conn, data, (size_t)ret);
		let_go(e->gnutls);
	} else if (e && ret > 0) {
		sent_held(e, (size_t)ret);
	} else if (e && data) {
		e->gnutls->held_n = 0;
		e->gnutls->incomplete = false;
		hold(e->gnutls, data, n);
	} else if (ret < 0) {
		failed(lib, s, ret, true);
	}
}

void th_gnutls_flushed(
	const struct th_library *lib, const struct gnutls_session_int *s, ssize_t ret)
{
	if (ret < 0) {
		failed(lib, s, ret, true);
	}
}

void th_gnutls_sent_unseen(const struct th_library *lib, struct gnutls_session_int *s)
{
	struct th_tls_entry *e = begun(lib, s);
	if (e) {
		th_conn_peer_end(e->conn, TH_END_UNPARSED, 0);
	}
}
