/* The library's door: which instruction sets this host has, and each call under its own floating-point environment. */
#include "exact.h"
#include "fpenv.h"

#if defined(__x86_64__)

#include <cpuid.h>
static void cpuid(int leaf, uint32_t r[4])
{
    if (!__get_cpuid_count((unsigned)leaf, 0, &r[0], &r[1], &r[2], &r[3])) r[0] = r[1] = r[2] = r[3] = 0;
}
static uint64_t enabled_registers(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Bit i: instruction set i can run here, by the processor and by the operating system that saves its registers. */
API int axiom_isas(void)
{
    uint32_t one[4], seven[4];
    cpuid(1, one);
    cpuid(7, seven);
    const int fma = one[2] >> 12 & 1, saves = one[2] >> 27 & 1, avx = one[2] >> 28 & 1;
    const uint64_t enabled = saves ? enabled_registers() : 0;
    if (!fma || !avx || (enabled & 0x6) != 0x6) return 0;
    const int avx2 = seven[1] >> 5 & 1, avx512 = (seven[1] >> 16 & 1) && (enabled & 0xe6) == 0xe6;
    return 1 << SCALAR_ISA | avx2 << AVX2_ISA | (avx2 && avx512) << AVX512_ISA;
}

static const struct axiom_variant *variant(int isa)
{
    return isa == AVX512_ISA ? &axiom_avx512 : isa == AVX2_ISA ? &axiom_avx2 : &axiom_scalar;
}

#elif defined(__aarch64__)

API int axiom_isas(void) { return 1 << SCALAR_ISA | 1 << NEON_ISA; }

static const struct axiom_variant *variant(int isa) { return isa == NEON_ISA ? &axiom_neon : &axiom_scalar; }

#else

API int axiom_isas(void) { return 1 << SCALAR_ISA; }

static const struct axiom_variant *variant(int isa)
{
    (void)isa;
    return &axiom_scalar;
}

#endif

API int axiom_train(int isa, const struct axiom_block *b, const struct axiom_data *d, const struct axiom_schedule *s)
{
    const uint64_t saved = fp_begin();
    const int failed = variant(isa)->train(b, d, s);
    fp_end(saved);
    return failed;
}

API int axiom_evaluate(int isa, const struct axiom_block *b, const struct axiom_data *d, double *loss, int64_t *correct)
{
    const uint64_t saved = fp_begin();
    const int failed = variant(isa)->evaluate(b, d, loss, correct);
    fp_end(saved);
    return failed;
}

API int axiom_activations(int isa, const struct axiom_block *b, const struct axiom_data *d, int32_t layer, float *out)
{
    const uint64_t saved = fp_begin();
    const int failed = variant(isa)->activations(b, d, layer, out);
    fp_end(saved);
    return failed;
}

API int axiom_gradient(int isa, const struct axiom_block *b, const struct axiom_data *d, float *out)
{
    const uint64_t saved = fp_begin();
    const int failed = variant(isa)->gradient(b, d, out);
    fp_end(saved);
    return failed;
}

API void axiom_math(int isa, int32_t function, int64_t count, const float *in, float *out)
{
    const uint64_t saved = fp_begin();
    variant(isa)->math(function, count, in, out);
    fp_end(saved);
}

/* Integers alone: no floating-point environment. */
API int axiom_automata(int isa, const struct axiom_automata *a) { return variant(isa)->automata(a); }
