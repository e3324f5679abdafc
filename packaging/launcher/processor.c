/* What the processor lacks of x86-64-v2, which numpy is compiled for. Without this question such a processor would end
   the program by an illegal instruction, without a word. What the exact engine needs beside it, and whether the system
   saves those registers, the engine itself asks: dispatch.c. */

#include "launcher.h"
#ifdef __x86_64__
#include <cpuid.h>
#endif

const char *processor_lacks(void) {
#ifdef __x86_64__
    static const struct { unsigned bit; const char *name; } needed[] = {
        {bit_SSE3, "SSE3"},     {bit_SSSE3, "SSSE3"},   {bit_CMPXCHG16B, "CMPXCHG16B"},
        {bit_SSE4_1, "SSE4.1"}, {bit_SSE4_2, "SSE4.2"}, {bit_POPCNT, "POPCNT"},
    };
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx)) ecx = 0;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!(ecx & needed[i].bit)) return needed[i].name;
    if (!__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) || !(ecx & bit_LAHF_LM)) return "LAHF";
#endif
    return NULL;
}
