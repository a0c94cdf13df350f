/* The forms in a plug-in loaded RTLD_LOCAL by a program that knows nothing of its TLS library (P1,
 * P2). */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	int (*run)(void) = plugin ? dlsym(plugin, "tls_forms_run") : NULL;
	if (!run) {
		printf("%s\n", dlerror());
		return 1;
	}
	bool seen = dlsym(RTLD_DEFAULT, "SSL_CTX_new") || dlsym(RTLD_DEFAULT, "gnutls_bye");
	printf("global: %s\n", seen ? "seen" : "unseen");
	return run();
}
