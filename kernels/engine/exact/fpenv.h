/* The floating-point environment of a call: rounding to nearest, denormals kept, no traps; the caller's put back after.
 *
 * Other code of the process (a library's start-up, torch.set_flush_denormal) may have changed it for its own speed.
 */
#ifndef AXIOM_FPENV_H
#define AXIOM_FPENV_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>

static inline uint64_t fp_begin(void)
{
    uint64_t saved = _mm_getcsr();
    _mm_setcsr(0x1f80); /* all exceptions masked, nothing else set */
    return saved;
}
static inline void fp_end(uint64_t saved) { _mm_setcsr((unsigned)saved); }

#elif defined(__aarch64__)

static inline uint64_t fp_begin(void)
{
    uint64_t saved;
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved) : : "memory");
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)0) : "memory");
    return saved;
}
static inline void fp_end(uint64_t saved) { __asm__ volatile("msr fpcr, %0" : : "r"(saved) : "memory"); }

#else
#include <fenv.h>

static inline uint64_t fp_begin(void)
{
    uint64_t saved = (uint64_t)fegetround();
    fesetround(FE_TONEAREST);
    return saved;
}
static inline void fp_end(uint64_t saved) { fesetround((int)saved); }

#endif
#endif
