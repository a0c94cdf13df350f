/* The forms in plug-ins loaded RTLD_LOCAL by a program that knows nothing of their TLS library (P1,
 * P2), one after the other. LOAD_FLAGS adds to that, RTLD_DEEPBIND for example (P5). */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>

#ifndef LOAD_FLAGS
#define LOAD_FLAGS 0
#endif

static int run(const char *file)
{
	void *plugin = dlopen(file, RTLD_NOW | RTLD_LOCAL | LOAD_FLAGS);
	int (*forms)(void) = plugin ? dlsym(plugin, "tls_forms_run") : NULL;
	if (!forms) {
		printf("%s\n", dlerror());
		return 1;
	}
	bool seen = dlsym(RTLD_DEFAULT, "SSL_CTX_new") || dlsym(RTLD_DEFAULT, "gnutls_bye");
	printf("global: %s\n", seen ? "seen" : "unseen");
	return forms();
}

int main(int argc, char **argv)
{
	int status = 0;
	for (int i = 1; i < argc; i++) {
		status |= run(argv[i]);
	}
	return status;
}
