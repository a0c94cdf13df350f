/* BIO_f_ssl: programs that chain a TLS filter (BIO_new_ssl_connect and its like) read and write
 * through the filter's method table, inside libssl, where no SSL_read of theirs can be seen.
 *
 * So BIO_f_ssl() hands out a copy of the method whose read and write also record. libssl's own
 * BIO_new_ssl* call BIO_f_ssl() through their PLT and get the copy too (tried with Debian's 3.0; a
 * libssl linked with -Bsymbolic would keep its own: then those programs are not recorded). The
 * alternative, a callback on each BIO, would be visible to the program and lost when it sets its
 * own. Which libssl a call belongs to is told by which function is called: there is a pair for each
 * of the first few libraries of a process; a further one keeps its own method. */
#include <string.h>

#include "base/lock.h"
#include "shim/hook.h"
#include "shim/openssl_api.h"
#include "shim/ssl.h"

typedef int bio_write_fn(struct bio_st *, const char *, size_t, size_t *);
typedef int bio_read_fn(struct bio_st *, char *, size_t, size_t *);

#define FILTERS 4

struct filter {
	const struct th_library *lib;
	const struct bio_method_st *method; /* the copy; NULL: none yet */
	bool failed;
	bio_write_fn *write;
	bio_read_fn *read;
	long (*ctrl)(struct bio_st *, int, long, void *);
};

static struct filter filters[FILTERS];
static struct th_lock lock;

static struct ssl_st *ssl_of(const struct filter *f, struct bio_st *b)
{
	struct ssl_st *ssl = NULL;
	(void)f->ctrl(b, TH_BIO_C_GET_SSL, 0, &ssl);
	return ssl;
}

static void was_moved(
	const struct filter *f, struct bio_st *b, bool sent, int ret, const void *p, size_t n)
{
	struct ssl_st *ssl = ssl_of(f, b);
	if (!ssl) {
		return;
	}
	if (ret <= 0) {
		th_ssl_failed(f->lib, ssl, ret, sent);
	} else if (n > 0 && sent) {
		th_ssl_sent(f->lib, ssl, p, n);
	} else if (n > 0) {
		th_ssl_received(f->lib, ssl, p, n);
	}
}

static int write_through(
	const struct filter *f, struct bio_st *b, const char *p, size_t n, size_t *written)
{
	th_thread.outcome = 0;
	int ret = f->write(b, p, n, written);
	TH_RECORD(true, was_moved(f, b, true, ret, p, ret > 0 ? *written : 0));
	return ret;
}

static int read_through(const struct filter *f, struct bio_st *b, char *p, size_t n, size_t *got)
{
	th_thread.outcome = 0;
	int ret = f->read(b, p, n, got);
	TH_RECORD(true, was_moved(f, b, false, ret, p, ret > 0 ? *got : 0));
	return ret;
}

#define RECORDING(i) \
	static int write_##i(struct bio_st *b, const char *p, size_t n, size_t *written) \
	{ \
		return write_through(&filters[i], b, p, n, written); \
	} \
	static int read_##i(struct bio_st *b, char *p, size_t n, size_t *got) \
	{ \
		return read_through(&filters[i], b, p, n, got); \
	}
RECORDING(0)
RECORDING(1)
RECORDING(2)
RECORDING(3)

static const struct {
	bio_write_fn *write;
	bio_read_fn *read;
} recording[FILTERS] = {{write_0, read_0}, {write_1, read_1}, {write_2, read_2}, {write_3, read_3}};

/* ---- making the copy ---- */

typedef void *getter_fn(const struct bio_method_st *);
typedef int setter_fn(struct bio_method_st *, void *);

/* Copies what BIO_meth_get_<part> gives with BIO_meth_set_<part>. */
static bool copy_part(const struct th_library *lib, const struct bio_method_st *from,
	struct bio_method_st *to, const char *get_name, const char *set_name)
{
	getter_fn *get = th_library_symbol(lib, get_name);
	setter_fn *set = th_library_symbol(lib, set_name);
	void *value = get ? get(from) : NULL;
	return get && set && (!value || set(to, value));
}

static bool copy_parts(
	const struct th_library *lib, const struct bio_method_st *from, struct bio_method_st *to)
{
	static const char parts[][2][32] = {
		{"BIO_meth_get_puts", "BIO_meth_set_puts"},
		{"BIO_meth_get_gets", "BIO_meth_set_gets"},
		{"BIO_meth_get_ctrl", "BIO_meth_set_ctrl"},
		{"BIO_meth_get_create", "BIO_meth_set_create"},
		{"BIO_meth_get_destroy", "BIO_meth_set_destroy"},
		{"BIO_meth_get_callback_ctrl", "BIO_meth_set_callback_ctrl"},
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!copy_part(lib, from, to, parts[i][0], parts[i][1])) {
			return false;
		}
	}
	return true;
}

/* Replaces read and write; false: this libssl's filter has no _ex forms (before 1.1.1). */
static bool replace_calls(
	struct filter *f, const struct bio_method_st *from, struct bio_method_st *to)
{
	const struct th_library *lib = f->lib;
	size_t i = (size_t)(f - filters);
	getter_fn *get_write = th_library_symbol(lib, "BIO_meth_get_write_ex");
	getter_fn *get_read = th_library_symbol(lib, "BIO_meth_get_read_ex");
	setter_fn *set_write = th_library_symbol(lib, "BIO_meth_set_write_ex");
	setter_fn *set_read = th_library_symbol(lib, "BIO_meth_set_read_ex");
	f->ctrl = th_library_symbol(lib, "BIO_ctrl");
	if (!get_write || !get_read || !set_write || !set_read || !f->ctrl) {
		return false;
	}
	f->write = (bio_write_fn *)get_write(from);
	f->read = (bio_read_fn *)get_read(from);
	return f->write && f->read && set_write(to, (void *)recording[i].write) &&
		set_read(to, (void *)recording[i].read);
}

#define BIO_TYPE_SSL (7 | 0x0200) /* OpenSSL's bio.h */

static const struct bio_method_st *make_copy(struct filter *f, const struct bio_method_st *from)
{
	struct bio_method_st *(*make)(int, const char *) = th_library_symbol(
		f->lib, "BIO_meth_new");
	struct bio_method_st *to = make ? make(BIO_TYPE_SSL, "ssl") : NULL;
	bool done = to && copy_parts(f->lib, from, to) && replace_calls(f, from, to);
	return done ? to : NULL; /* half a copy is a few bytes lost, once */
}

/* The library's filter, a new one when it is met for the first time; NULL: there are too many. */
static struct filter *filter_of(const struct th_library *lib)
{
	size_t i = 0;
	while (i < FILTERS && filters[i].lib && filters[i].lib != lib) {
		i++;
	}
	if (i == FILTERS) {
		return NULL;
	}
	filters[i].lib = lib;
	return &filters[i];
}

static const struct bio_method_st *recording_method(
	const struct th_library *lib, const struct bio_method_st *from)
{
	if (!lib || !from || !th_lock(&lock)) {
		return from;
	}
	struct filter *f = filter_of(lib);
	if (f && !f->method && !f->failed) {
		const struct bio_method_st *copy = make_copy(f, from);
		f->failed = !copy;
		f->method = copy;
	}
	const struct bio_method_st *method = f && f->method ? f->method : from;
	th_unlock(&lock);
	return method;
}

TH_LIB_HOOK(const struct bio_method_st *, BIO_f_ssl, (void))
{
	struct th_site site = TH_SITE(BIO_f_ssl);
	const struct bio_method_st *method = TH_REAL_AT(site, BIO_f_ssl)();
	TH_RECORD(true, method = recording_method(site.lib, method));
	return method;
}
