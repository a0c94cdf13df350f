/* Java: a VM trusts the certificates of a store that a property names, which is read long after it
 * was made. The launcher, and whoever else makes a VM in a process, gets this function by dlsym()
 * from libjvm, with all properties that were set beside. JAVA_TOOL_OPTIONS would do too, but the VM
 * prints it. Contract: called once in a process, on any thread, without the VM's locks. */
#include <dlfcn.h>
#include <string.h>

#include "shim/hook.h"
#include "shim/java.h"
#include "shim/relaying.h"

#define OPTIONS_MAX 4096
#define PATH_BYTES 4096
#define STORE "-Djavax.net.ssl.trustStore="
#define TYPE "-Djavax.net.ssl.trustStoreType="
#define PASSWORD "-Djavax.net.ssl.trustStorePassword="

/* The last one counts. */
static const char *property(const struct th_java_arguments *a, const char *start)
{
	const char *value = NULL;
	size_t n = strlen(start);
	for (int i = 0; i < a->n; i++) {
		const char *text = a->options[i].text;
		value = text && strncmp(text, start, n) == 0 ? text + n : value;
	}
	return value;
}

/* <home>/lib/server/libjvm.so; NULL: it lies elsewhere. */
static const char *home_of(const void *function, char buf[PATH_BYTES])
{
	Dl_info info;
	if (!dladdr(function, &info) || !info.dli_fname || info.dli_fname[0] != '/' ||
		strlen(info.dli_fname) >= PATH_BYTES) {
		return NULL;
	}
	strcpy(buf, info.dli_fname);
	for (int i = 0; i < 3; i++) {
		char *slash = strrchr(buf, '/');
		if (!slash) {
			return NULL;
		}
		*slash = '\0';
	}
	return buf;
}

TH_LIB_HOOK(int, JNI_CreateJavaVM, (void **vm, void **env, void *args))
{
	static struct th_java_option options[OPTIONS_MAX + 2];
	static char store[PATH_BYTES + sizeof(STORE)] = STORE, home[PATH_BYTES];
	struct th_site site = TH_SITE(JNI_CreateJavaVM);
	__typeof__(&th_hook_JNI_CreateJavaVM) real = TH_REAL_AT(site, JNI_CreateJavaVM);
	struct th_java_arguments a = {0};
	if (!args || ((struct th_java_arguments *)args)->n > OPTIONS_MAX) {
		return real(vm, env, args);
	}
	a = *(struct th_java_arguments *)args;
	const struct th_relay_java java = {
		home_of((void *)real, home), property(&a, STORE), property(&a, PASSWORD)};
	if (!th_relay_java(&java, store + sizeof(STORE) - 1, PATH_BYTES)) {
		return real(vm, env, args);
	}
	memcpy(options, a.options, (size_t)a.n * sizeof(*options));
	options[a.n++] = (struct th_java_option){store, NULL};
	options[a.n++] = (struct th_java_option){TYPE "JKS", NULL};
	a.options = options;
	return real(vm, env, &a);
}
