/* See tls_made.h. OpenSSL tells the secrets to whoever wants to log them, in the lines of a key
 * log.
 */
#include "player/tls_made.h"

#include <string.h>

#include "base/text.h"

static int place_of_made(void)
{
	static int place = -1;
	if (place < 0) {
		place = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	}
	return place;
}

static struct th_tls_made *made_of(const SSL *ssl)
{
	return SSL_get_ex_data(ssl, place_of_made());
}

/* "CLIENT_TRAFFIC_SECRET_0", the client's random number, and the secret. */
static void note_secret(const SSL *ssl, const char *line)
{
	static const char *const names[] = {"CLIENT_TRAFFIC_SECRET_0 ", "SERVER_TRAFFIC_SECRET_0 "};
	struct th_tls_made *made = made_of(ssl);
	for (int i = 0; made && i < 2; i++) {
		const char *secret = strrchr(line, ' ');
		size_t n = secret ? strlen(secret + 1) / 2 : 0;
		if (strncmp(line, names[i], strlen(names[i])) == 0 && n <= EVP_MAX_MD_SIZE &&
			th_hex_decode(made->secrets[i], secret + 1, n)) {
			made->n[i] = n;
			made->written = 0;
		}
	}
}

static void note_record(
	int writes, int version, int type, const void *p, size_t n, SSL *ssl, void *arg)
{
	struct th_tls_made *made = made_of(ssl);
	if (made && writes && type == SSL3_RT_HEADER) {
		made->written++;
	}
}

void th_tls_made_watch(SSL_CTX *ctx)
{
	(void)place_of_made();
	SSL_CTX_set_keylog_callback(ctx, note_secret);
	SSL_CTX_set_msg_callback(ctx, note_record);
}

void th_tls_made_begin(SSL *ssl, struct th_tls_made *made)
{
	SSL_set_ex_data(ssl, place_of_made(), made);
}
