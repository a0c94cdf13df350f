/* See curl_backend.h. The name of the TLS library is libcurl's own word for it; that it is reached
 * through hooks of ours is told by what libcurl's object imports: a copy that is linked in, under
 * whatever name, is not imported. Several back ends in one libcurl stand in parentheses but for the
 * one in use. */
#include "shim/curl_backend.h"

#include <errno.h>
#include <string.h>

#include "shim/curl_api.h"
#include "shim/image.h"

enum verdict {
	UNKNOWN,
	TAPPED,
	UNTAPPED,
};

static _Atomic uint8_t verdicts[TH_LIBRARIES_MAX]; /* enum verdict */

struct functions {
	const struct th_curl_version *(*version_info)(int age);
	void *perform; /* an address in its object */
};

/* In the order of struct functions. */
static const char names[][TH_FUNCTION_NAME_MAX] = {"curl_version_info", "curl_easy_perform", ""};
TH_FUNCTIONS(per_library, struct functions, names);

/* What is hooked of a back end; NULL: nothing is. */
static const char *door_of(const char *backend)
{
	static const struct {
		char name[12], door[20];
	} doors[] = {{"OpenSSL", "SSL_read"}, {"LibreSSL", "SSL_read"}, {"BoringSSL", "SSL_read"},
		{"AWS-LC", "SSL_read"}, {"quictls", "SSL_read"}, {"GnuTLS", "gnutls_record_recv"}};
	while (*backend == '(') {
		const char *end = strchr(backend, ')');
		if (!end) {
			break;
		}
		backend = end + 1 + strspn(end + 1, " ");
	}
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		if (strncmp(backend, doors[i].name, strlen(doors[i].name)) == 0) {
			return doors[i].door;
		}
	}
	return NULL;
}

struct search {
	uintptr_t address; /* in the object */
	const char *name;
	bool imports;
};

static bool names_it(const struct th_image *image, const ElfW(Rela) * r, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		const ElfW(Sym) *s = &image->symbols[ELF64_R_SYM(r[i].r_info)];
		if (s->st_shndx == SHN_UNDEF && strcmp(image->strings + s->st_name, name) == 0) {
			return true;
		}
	}
	return false;
}

static int look_at(struct dl_phdr_info *info, size_t size, void *data)
{
	struct search *s = data;
	struct th_image image;
	if (!th_image_read(info, &image) || !th_image_holds(&image, s->address)) {
		return 0;
	}
	s->imports = names_it(&image, image.plt, image.plt_n, s->name) ||
		names_it(&image, image.rela, image.rela_n, s->name);
	return 1;
}

static enum verdict judge(const struct functions *f)
{
	const char *backend = f->version_info(0)->ssl_version;
	if (!backend || !*backend) {
		return TAPPED; /* it speaks no TLS at all */
	}
	struct search s = {.address = (uintptr_t)f->perform, .name = door_of(backend)};
	if (s.name) {
		dl_iterate_phdr(look_at, &s);
	}
	return s.imports ? TAPPED : UNTAPPED;
}

bool th_curl_untapped(const struct th_library *lib)
{
	int saved = errno;
	const struct functions *f = th_library_functions(&per_library, names, lib);
	if (!f) {
		return false;
	}
	_Atomic uint8_t *verdict = &verdicts[th_library_index(lib)];
	if (atomic_load(verdict) == UNKNOWN) {
		atomic_store(verdict, (uint8_t)judge(f));
	}
	errno = saved;
	return atomic_load(verdict) == UNTAPPED;
}
