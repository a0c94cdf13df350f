/* The loader's functions. They look at their return address: whose search path counts (P6), what
 * follows whom (RTLD_NEXT). So each is a stub that asks th_loader_ and then jumps on, leaving the
 * stack as it found it. The rest, and why these are hooked at all, is in loader.c.
 *
 * x86-64 only: elsewhere they are not hooked. */
#include <dlfcn.h>

#include "shim/jump.h"
#include "shim/loader.h"

#if defined(__x86_64__)

TH_JUMP_HOOK(void *, dlopen, (const char *file, int mode), th_loader_open);
TH_JUMP_HOOK(void *, dlmopen, (Lmid_t space, const char *file, int mode), th_loader_open_apart);
TH_JUMP_HOOK(
	void *, dlsym, (void *__restrict handle, const char *__restrict name), th_loader_symbol);
TH_JUMP_HOOK(void *, dlvsym,
	(void *__restrict handle, const char *__restrict name, const char *__restrict version),
	th_loader_symbol_of);

#endif
