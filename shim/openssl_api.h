/* OpenSSL as the shim sees it: opaque structures and the prototypes it needs, by hand, so that
 * building needs no OpenSSL headers and the object no OpenSSL library (P45). Same in 1.1.1 and all
 * 3.x, checked against their manual pages. */
#ifndef SHIM_OPENSSL_API_H
#define SHIM_OPENSSL_API_H

#include <stddef.h>
#include <sys/types.h>

struct ssl_st;
struct bio_st;
struct bio_method_st;

/* ---- hooked ---- */

int SSL_connect(struct ssl_st *ssl);
int SSL_do_handshake(struct ssl_st *ssl);
int SSL_read(struct ssl_st *ssl, void *buf, int num);
int SSL_read_ex(struct ssl_st *ssl, void *buf, size_t num, size_t *readbytes);
int SSL_peek(struct ssl_st *ssl, void *buf, int num);
int SSL_peek_ex(struct ssl_st *ssl, void *buf, size_t num, size_t *readbytes);
int SSL_write(struct ssl_st *ssl, const void *buf, int num);
int SSL_write_ex(struct ssl_st *ssl, const void *buf, size_t num, size_t *written);
int SSL_write_early_data(struct ssl_st *ssl, const void *buf, size_t num, size_t *written);
ssize_t SSL_sendfile(struct ssl_st *ssl, int fd, off_t offset, size_t size, int flags);
int SSL_clear(struct ssl_st *ssl);
int SSL_up_ref(struct ssl_st *ssl);
void SSL_free(struct ssl_st *ssl);
const struct bio_method_st *BIO_f_ssl(void);

/* ---- results of SSL_get_error() ---- */

#define TH_SSL_ERROR_SSL 1
#define TH_SSL_ERROR_SYSCALL 5
#define TH_SSL_ERROR_ZERO_RETURN 6

#define TH_SSL_R_UNEXPECTED_EOF 294 /* SSL_R_UNEXPECTED_EOF_WHILE_READING, since 3.0 */
#define TH_SSL_R_VERIFY_FAILED 134  /* SSL_R_CERTIFICATE_VERIFY_FAILED */
#define TH_SSL_R_WRONG_VERSION 267  /* SSL_R_WRONG_VERSION_NUMBER: what came is no TLS record */
#define TH_SSL_R_ALERTS 1000	    /* SSL_AD_REASON_OFFSET: an alert of the peer's */
#define TH_ERR_REASON_MASK 0xfff    /* the part of an error code that is the same in 1.1.1 and 3 */

#define TH_SSL_SENT_SHUTDOWN 1 /* of SSL_get_shutdown() */

#define TH_BIO_C_GET_SSL 110

#endif
