#include "base/lasting.h"

/* On a page of its own: what a process puts there mostly fits on one. */
#define PAGE 4096

static _Alignas(PAGE) uint8_t lasting[TH_LASTING_BYTES];
static size_t lasting_n;

struct th_out th_lasting_begin(void)
{
	return (struct th_out){.p = lasting + lasting_n, .cap = sizeof(lasting) - lasting_n};
}

void *th_lasting_end(const struct th_out *out)
{
	if (out->failed) {
		return NULL;
	}
	lasting_n += (out->n + 7) & ~(size_t)7;
	return out->p;
}

void th_lasting_forget(void)
{
	lasting_n = 0;
}
