/* apart HOST-LIBRARY: loads a library into a namespace of its own and says how that went. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *base = dlmopen(LM_ID_BASE, argv[1], RTLD_NOW);
	void *apart = dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW);
	printf("base %s, apart %s\n", base ? "loaded" : "refused", apart ? "loaded" : "refused");
	const char *why = apart ? NULL : dlerror();
	printf("dlerror %s\n", apart || why ? "fits" : "says nothing");
	return 0;
}
