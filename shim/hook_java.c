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

/* ---- JAVA_TOOL_OPTIONS: the VM puts what it holds before the options (and prints it) ---- */

extern char **environ;

static const char *tool_options(void)
{
	static const char name[] = "JAVA_TOOL_OPTIONS=";
	for (char **e = environ; e && *e; e++) {
		if (strncmp(*e, name, sizeof(name) - 1) == 0) {
			return *e + sizeof(name) - 1;
		}
	}
	return "";
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One option without its quotes, as the VM reads them; cut off if it is too long. */
static const char *next_option(const char *at, char ret_option[PATH_BYTES])
{
	char quote = 0;
	size_t n = 0;
	while (is_space(*at)) {
		at++;
	}
	for (; *at && (quote || !is_space(*at)); at++) {
		if (quote ? *at == quote : *at == '"' || *at == '\'') {
			quote = quote ? 0 : *at;
		} else if (n < PATH_BYTES - 1) {
			ret_option[n++] = *at;
		}
	}
	ret_option[n] = '\0';
	return at;
}

static const char *tool_property(const char *start, char ret_value[PATH_BYTES])
{
	char option[PATH_BYTES];
	size_t n = strlen(start);
	bool found = false;
	for (const char *at = tool_options(); *at;) {
		at = next_option(at, option);
		if (strncmp(option, start, n) == 0) {
			strcpy(ret_value, option + n);
			found = true;
		}
	}
	return found ? ret_value : NULL;
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
	static char store[PATH_BYTES + sizeof(STORE)], home[PATH_BYTES];
	static char set[PATH_BYTES], password[PATH_BYTES];
	struct th_site site = TH_SITE(JNI_CreateJavaVM);
	__typeof__(&th_hook_JNI_CreateJavaVM) real = TH_REAL_AT(site, JNI_CreateJavaVM);
	struct th_java_arguments a = {0};
	if (!args || ((struct th_java_arguments *)args)->n > OPTIONS_MAX) {
		return real(vm, env, args);
	}
	a = *(struct th_java_arguments *)args;
	struct th_relay_java java = {
		home_of((void *)real, home), property(&a, STORE), property(&a, PASSWORD)};
	java.store = java.store ? java.store : tool_property(STORE, set);
	java.password = java.password ? java.password : tool_property(PASSWORD, password);
	if (!th_relay_java(&java, store + sizeof(STORE) - 1, PATH_BYTES)) {
		return real(vm, env, args);
	}
	memcpy(store, STORE, sizeof(STORE) - 1);
	memcpy(options, a.options, (size_t)a.n * sizeof(*options));
	options[a.n++] = (struct th_java_option){store, NULL};
	options[a.n++] = (struct th_java_option){TYPE "JKS", NULL};
	a.options = options;
	return real(vm, env, &a);
}
