/* GnuTLS as the shim sees it: opaque structures and the prototypes it needs, by hand, so that
 * building needs no GnuTLS headers and the object no GnuTLS library (P45). Same in all 3.x since
 * 3.4 (record_send2 since 3.6.3, send_early_data 3.6.5, send_file 3.7.4), checked against the
 * manual. Types that GnuTLS names by typedef are given as what they stand for. */
#ifndef SHIM_GNUTLS_API_H
#define SHIM_GNUTLS_API_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct gnutls_session_int;
struct gnutls_x509_crt_int;
struct gnutls_x509_trust_list_st;
struct mbuffer_st; /* a packet */
struct gnutls_range_st;
struct gnutls_typed_vdata_st;

struct th_gnutls_datum {
	unsigned char *data;
	unsigned size;
};

/* ---- hooked: moving data ---- */

ssize_t gnutls_record_send(struct gnutls_session_int *s, const void *data, size_t n);
ssize_t gnutls_record_send2(
	struct gnutls_session_int *s, const void *data, size_t n, size_t pad, unsigned flags);
ssize_t gnutls_record_send_range(struct gnutls_session_int *s, const void *data, size_t n,
	const struct gnutls_range_st *range);
ssize_t gnutls_record_send_file(struct gnutls_session_int *s, int fd, off_t *offset, size_t n);
ssize_t gnutls_record_send_early_data(struct gnutls_session_int *s, const void *data, size_t n);
int gnutls_record_uncork(struct gnutls_session_int *s, unsigned flags);
ssize_t gnutls_record_recv(struct gnutls_session_int *s, void *data, size_t n);
ssize_t gnutls_record_recv_seq(
	struct gnutls_session_int *s, void *data, size_t n, unsigned char *seq);
ssize_t gnutls_record_recv_packet(struct gnutls_session_int *s, struct mbuffer_st **packet);

/* ---- hooked: beginning and end ---- */

int gnutls_init(struct gnutls_session_int **s, unsigned flags);
int gnutls_server_name_set(
	struct gnutls_session_int *s, int type, const void *name, size_t name_length);
int gnutls_handshake(struct gnutls_session_int *s);
void gnutls_deinit(struct gnutls_session_int *s);

/* ---- hooked: verification ---- */

int gnutls_certificate_verify_peers(struct gnutls_session_int *s,
	struct gnutls_typed_vdata_st *data, unsigned elements, unsigned *status);
int gnutls_certificate_verify_peers2(struct gnutls_session_int *s, unsigned *status);
int gnutls_certificate_verify_peers3(
	struct gnutls_session_int *s, const char *hostname, unsigned *status);

typedef int th_gnutls_verify_output(struct gnutls_x509_crt_int *cert,
	struct gnutls_x509_crt_int *issuer, void *crl, unsigned verification_output);

int gnutls_x509_trust_list_verify_crt2(struct gnutls_x509_trust_list_st *list,
	struct gnutls_x509_crt_int **certs, unsigned n, struct gnutls_typed_vdata_st *data,
	unsigned elements, unsigned flags, unsigned *voutput, th_gnutls_verify_output *func);

/* ---- hooked: who the peer is ---- */

const struct th_gnutls_datum *gnutls_certificate_get_peers(
	const struct gnutls_session_int *s, unsigned *n);
time_t gnutls_certificate_expiration_time_peers(const struct gnutls_session_int *s);
time_t gnutls_certificate_activation_time_peers(const struct gnutls_session_int *s);
time_t gnutls_x509_crt_get_expiration_time(struct gnutls_x509_crt_int *cert);

/* ---- values ---- */

#define TH_GNUTLS_SERVER 1u
#define TH_GNUTLS_NAME_DNS 1
#define TH_GNUTLS_X509_FMT_DER 0
#define TH_GNUTLS_SFLAGS_EARLY_DATA (1u << 10)

#define TH_GNUTLS_E_UNSUPPORTED_VERSION (-8)
#define TH_GNUTLS_E_UNEXPECTED_LENGTH (-9)
#define TH_GNUTLS_E_INVALID_SESSION (-10)
#define TH_GNUTLS_E_FATAL_ALERT (-12)
#define TH_GNUTLS_E_UNEXPECTED_PACKET (-15)
#define TH_GNUTLS_E_AGAIN (-28)
#define TH_GNUTLS_E_INVALID_REQUEST (-50)
#define TH_GNUTLS_E_INTERRUPTED (-52)
#define TH_GNUTLS_E_PUSH_ERROR (-53)
#define TH_GNUTLS_E_PULL_ERROR (-54)
#define TH_GNUTLS_E_PREMATURE_TERMINATION (-110)
#define TH_GNUTLS_E_NOT_THERE (-56) /* GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE */
#define TH_GNUTLS_E_TIMEDOUT (-319)
#define TH_GNUTLS_E_VERIFICATION (-348) /* by gnutls_session_set_verify_cert() */

#define TH_GNUTLS_CERT_INVALID (1u << 1)

#endif
