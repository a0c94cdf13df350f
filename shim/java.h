/* What is needed of jni.h (Java Native Interface Specification, the Invocation API). */
#ifndef SHIM_JAVA_H
#define SHIM_JAVA_H

#include <stdint.h>

struct th_java_option {
	const char *text; /* "-Dname=value" */
	void *extra;
};

struct th_java_arguments {
	int32_t version, n;
	struct th_java_option *options;
	uint8_t ignore_unknown;
};

int JNI_CreateJavaVM(void **vm, void **env, void *args);

#endif
