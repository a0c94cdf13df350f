/* https_get HOST PORT [PATH|!COMMAND]…: asks for each path on a connection of its own, checks the
 * certificate by SSL_CERT_FILE (HTTPS_GET_CA: by that alone) and for HOST (HTTPS_GET_NAME: for that
 * name), by way of HTTPS_PROXY, and prints the answers and the issuer's name. For programs that
 * have OpenSSL linked into them. */
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(const char *host, const char *port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list, *a;
	int fd = -1;
	if (getaddrinfo(host, port, &hints, &list) != 0) {
		return -1;
	}
	for (a = list; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype, 0);
		if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

/* HTTPS_PROXY=http://ADDRESS:PORT */
static int dial_by_proxy(const char *proxy, const char *host, const char *port)
{
	char text[512], address[64] = "", number[8] = "";
	size_t n = 0;
	if (sscanf(proxy, "http://%63[^:]:%7[0-9]", address, number) != 2) {
		return -1;
	}
	int fd = dial(address, number);
	int length = snprintf(text, sizeof(text), "CONNECT %s:%s HTTP/1.1\r\nHost: %s:%s\r\n\r\n",
		host, port, host, port);
	if (fd >= 0 && write(fd, text, (size_t)length) != length) {
		close(fd);
		return -1;
	}
	while (fd >= 0 && n < sizeof(text) && read(fd, text + n, 1) == 1) {
		n++;
		if (n >= 4 && memcmp(text + n - 4, "\r\n\r\n", 4) == 0 &&
			memcmp(text, "HTTP/1.1 200", 12) == 0) {
			return fd;
		}
	}
	close(fd);
	return -1;
}

static void talk(SSL *ssl, const char *host, const char *path)
{
	char text[4096], name[256] = "";
	X509 *peer = SSL_get1_peer_certificate(ssl);
	int n = snprintf(text, sizeof(text), "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, host);
	X509_NAME_oneline(X509_get_issuer_name(peer), name, sizeof(name));
	X509_free(peer);
	printf("issued by %s\n", name);
	SSL_write(ssl, text, n);
	while ((n = SSL_read(ssl, text, sizeof(text))) > 0) {
		fwrite(text, 1, (size_t)n, stdout);
	}
	printf("\nend %d\n", SSL_get_error(ssl, n));
}

static int ask(SSL_CTX *ctx, const char *host, const char *port, const char *path)
{
	const char *proxy = getenv("HTTPS_PROXY");
	int fd = proxy ? dial_by_proxy(proxy, host, port) : dial(host, port);
	if (fd < 0) {
		printf("no connection\n");
		return 1;
	}
	SSL *ssl = SSL_new(ctx);
	const char *name = getenv("HTTPS_GET_NAME") ? getenv("HTTPS_GET_NAME") : host;
	SSL_set_tlsext_host_name(ssl, name);
	SSL_set1_host(ssl, name);
	SSL_set_fd(ssl, fd);
	int connected = SSL_connect(ssl) == 1;
	if (connected) {
		talk(ssl, host, path);
	} else {
		printf("no handshake: %s\n",
			X509_verify_cert_error_string(SSL_get_verify_result(ssl)));
	}
	SSL_free(ssl);
	close(fd);
	return !connected;
}

int main(int argc, char **argv)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int status = 0;
	if (getenv("HTTPS_GET_CA")) { /* its own roots, whatever the system's are */
		SSL_CTX_load_verify_file(ctx, getenv("HTTPS_GET_CA"));
	} else {
		SSL_CTX_set_default_verify_paths(ctx);
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	for (int i = 3; i < argc; i++) {
		fflush(stdout);
		status |= argv[i][0] == '!' ? system(argv[i] + 1) != 0
					    : ask(ctx, argv[1], argv[2], argv[i]);
	}
	SSL_CTX_free(ctx);
	return status;
}
