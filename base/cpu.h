/* What the processor can do besides what each of its kind can. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* Bits of CPUID's leaf 1 in ecx (Intel SDM, table 3-10). */
enum th_cpu {
	TH_CPU_PCLMUL = 1u << 1,
	TH_CPU_SSE4_1 = 1u << 19,
	TH_CPU_SSE4_2 = 1u << 20,
	TH_CPU_AES = 1u << 25,
};

/* All of them? False on other machines than x86-64. Signal-safe. */
bool th_cpu_has(uint32_t features);

/* What CPUID's leaf 1 has in ecx, for who need not ask the processor for it: on a virtual machine
 * the host answers, which takes longer than most of what a process does at its start. */
void th_cpu_known(uint32_t features);

/* The same of leaf 7's ebx: what is there, and what of it the system lets programs use. Behind the
 * other. */
void th_cpu_known_too(uint32_t there, uint32_t usable);

/* AVX2, and the system keeps its registers. Signal-safe. */
bool th_cpu_has_avx2(void);

/* The instructions for SHA-256, and what is used beside them. */
bool th_cpu_has_sha256(void);

#endif
