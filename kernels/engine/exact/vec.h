/* The lane layer: what exact.c needs of a processor's vector unit, once per instruction set.
 *
 * A `vec` is one register of LANES floats. Lanes never meet: there is no horizontal sum anywhere, so how many lanes a
 * register has decides no rounding. What the layer promises on every processor:
 *   - every operation is the IEEE-754 one, rounded once to nearest; v_fma rounds a product and a sum together;
 *   - v_gt is false where either side is NaN; v_max(a, b) is a > b ? a : b, so b where either is NaN or both are zeros,
 *     of whatever signs; v_min likewise;
 *   - integers wrap modulo 2^32.
 * UNSEEN: an empty instruction hides from the compiler that a mask is a comparison's. Some versions of clang would make
 * ARM's maximum of comparison and choice, which ranks +0 over -0 (LLVM's bug 93414); x86's maximum ranks as above.
 *
 * Memory need not be aligned. GRAIN floats are the unit to which rows are padded: a multiple of LANES everywhere.
 *
 * VARIANT_AVX512, VARIANT_AVX2, VARIANT_NEON or VARIANT_SCALAR chooses. ROWS x VECS is the register block of products:
 * as many accumulators as the register file holds beside the operands.
 */
#ifndef AXIOM_VEC_H
#define AXIOM_VEC_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline, unused))
#define NOINLINE static __attribute__((noinline))

#define GRAIN 16

#if defined(VARIANT_AVX512) || defined(VARIANT_AVX2)
#include <immintrin.h>
#define v_prefetch(p) _mm_prefetch((const char *)(p), _MM_HINT_T0)
#endif

#if defined(VARIANT_AVX512) /* ------------------------------------------------------------- 32 registers of 16 lanes */

#define VARIANT avx512
#define LANES 16
#define ROWS 12
#define VECS 2

typedef __m512 vec;
typedef __m512i ivec;
typedef __mmask16 vmask;

INLINE vec v_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void v_store(float *p, vec a) { _mm512_storeu_ps(p, a); }
INLINE vec v_set(float a) { return _mm512_set1_ps(a); }
INLINE vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
INLINE vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
INLINE vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
INLINE vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
INLINE vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
INLINE vec v_sqrt(vec a) { return _mm512_sqrt_ps(a); }
INLINE vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
INLINE vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); }
INLINE vmask v_gt(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ); }
INLINE vec v_select(vmask m, vec yes, vec no) { return _mm512_mask_blend_ps(m, no, yes); }
INLINE ivec v_bits(vec a) { return _mm512_castps_si512(a); }
INLINE vec v_floats(ivec a) { return _mm512_castsi512_ps(a); }
INLINE ivec i_set(int32_t a) { return _mm512_set1_epi32(a); }
INLINE ivec i_add(ivec a, ivec b) { return _mm512_add_epi32(a, b); }
INLINE ivec i_sub(ivec a, ivec b) { return _mm512_sub_epi32(a, b); }
INLINE ivec i_and(ivec a, ivec b) { return _mm512_and_si512(a, b); }
INLINE ivec i_or(ivec a, ivec b) { return _mm512_or_si512(a, b); }
#define i_left(a, n) _mm512_slli_epi32(a, n)
#define i_right(a, n) _mm512_srai_epi32(a, n)

/* 8 floats in the lower half and 8 in the upper. */
INLINE __m512 two_halves(const float *low, const float *high)
{
    const __m512i lower = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)low));
    return _mm512_castsi512_ps(_mm512_inserti64x4(lower, _mm256_loadu_si256((const __m256i *)high), 1));
}

/* dst[j][i] = src[i][j] for 16 x 16 floats; rows are `from` and `to` floats apart. */
INLINE void transpose16(const float *src, size_t from, float *dst, size_t to)
{
    const __m512i even = _mm512_set_epi64(13, 12, 5, 4, 9, 8, 1, 0), odd = _mm512_set_epi64(15, 14, 7, 6, 11, 10, 3, 2);
    __m512 a[16], b[16];
    for (int i = 0; i < 8; i++) { /* rows i and i + 8: their left halves in a[i], their right halves in a[i + 8] */
        const float *row = src + (size_t)i * from;
        a[i] = two_halves(row, row + 8 * from);
        a[i + 8] = two_halves(row + 8, row + 8 * from + 8);
    }
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 16; i += 4) { /* a[i + j]: columns j and j + 4 of four rows, then of those 8 below */
        a[i] = _mm512_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm512_shuffle_ps(b[i], b[i + 2], 0xee);
        a[i + 2] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm512_shuffle_ps(b[i + 1], b[i + 3], 0xee);
    }
    for (int half = 0; half < 16; half += 8)
        for (int j = 0; j < 4; j++) {
            const __m512i upper = _mm512_castps_si512(a[half + j]), lower = _mm512_castps_si512(a[half + 4 + j]);
            float *out = dst + (size_t)(half + j) * to;
            _mm512_storeu_ps(out, _mm512_castsi512_ps(_mm512_permutex2var_epi64(upper, even, lower)));
            _mm512_storeu_ps(out + 4 * to, _mm512_castsi512_ps(_mm512_permutex2var_epi64(upper, odd, lower)));
        }
}

#elif defined(VARIANT_AVX2) /* -------------------------------------------------------------- 16 registers of 8 lanes */

#define VARIANT avx2
#define LANES 8
#define ROWS 6
#define VECS 2

typedef __m256 vec;
typedef __m256i ivec;
typedef __m256 vmask;

INLINE vec v_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void v_store(float *p, vec a) { _mm256_storeu_ps(p, a); }
INLINE vec v_set(float a) { return _mm256_set1_ps(a); }
INLINE vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
INLINE vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
INLINE vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
INLINE vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
INLINE vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE vec v_sqrt(vec a) { return _mm256_sqrt_ps(a); }
INLINE vec v_max(vec a, vec b) { return _mm256_max_ps(a, b); }
INLINE vec v_min(vec a, vec b) { return _mm256_min_ps(a, b); }
INLINE vmask v_gt(vec a, vec b) { return _mm256_cmp_ps(a, b, _CMP_GT_OQ); }
INLINE vec v_select(vmask m, vec yes, vec no) { return _mm256_blendv_ps(no, yes, m); }
INLINE ivec v_bits(vec a) { return _mm256_castps_si256(a); }
INLINE vec v_floats(ivec a) { return _mm256_castsi256_ps(a); }
INLINE ivec i_set(int32_t a) { return _mm256_set1_epi32(a); }
INLINE ivec i_add(ivec a, ivec b) { return _mm256_add_epi32(a, b); }
INLINE ivec i_sub(ivec a, ivec b) { return _mm256_sub_epi32(a, b); }
INLINE ivec i_and(ivec a, ivec b) { return _mm256_and_si256(a, b); }
INLINE ivec i_or(ivec a, ivec b) { return _mm256_or_si256(a, b); }
#define i_left(a, n) _mm256_slli_epi32(a, n)
#define i_right(a, n) _mm256_srai_epi32(a, n)

INLINE void transpose8(const float *src, size_t from, float *dst, size_t to)
{
    __m256 a[8], b[8];
    for (int i = 0; i < 4; i++) { /* rows i and i + 4: left halves in a[i], right halves in a[i + 4] */
        __m256 upper = _mm256_loadu_ps(src + (size_t)i * from), lower = _mm256_loadu_ps(src + (size_t)(i + 4) * from);
        a[i] = _mm256_permute2f128_ps(upper, lower, 0x20);
        a[i + 4] = _mm256_permute2f128_ps(upper, lower, 0x31);
    }
    for (int i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        float *out = dst + (size_t)i * to;
        _mm256_storeu_ps(out, _mm256_shuffle_ps(b[i], b[i + 2], 0x44));
        _mm256_storeu_ps(out + to, _mm256_shuffle_ps(b[i], b[i + 2], 0xee));
        _mm256_storeu_ps(out + 2 * to, _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44));
        _mm256_storeu_ps(out + 3 * to, _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xee));
    }
}

/* dst[j][i] = src[i][j] for 16 x 16 floats; rows are `from` and `to` floats apart. */
INLINE void transpose16(const float *src, size_t from, float *dst, size_t to)
{
    transpose8(src, from, dst, to);
    transpose8(src + 8, from, dst + 8 * to, to);
    transpose8(src + 8 * from, from, dst + 8, to);
    transpose8(src + 8 * from + 8, from, dst + 8 * to + 8, to);
}

#elif defined(VARIANT_NEON) /* -------------------------------------------------------------- 32 registers of 4 lanes */

#include <arm_neon.h>
#define VARIANT neon
#define LANES 4
#define ROWS 6
#define VECS 4

#define v_prefetch(p) __builtin_prefetch(p)

typedef float32x4_t vec;
typedef int32x4_t ivec;
typedef uint32x4_t vmask;

INLINE vec v_load(const float *p) { return vld1q_f32(p); }
INLINE void v_store(float *p, vec a) { vst1q_f32(p, a); }
INLINE vec v_set(float a) { return vdupq_n_f32(a); }
INLINE vec v_add(vec a, vec b) { return vaddq_f32(a, b); }
INLINE vec v_sub(vec a, vec b) { return vsubq_f32(a, b); }
INLINE vec v_mul(vec a, vec b) { return vmulq_f32(a, b); }
INLINE vec v_div(vec a, vec b) { return vdivq_f32(a, b); }
INLINE vec v_fma(vec a, vec b, vec c) { return vfmaq_f32(c, a, b); }
INLINE vec v_sqrt(vec a) { return vsqrtq_f32(a); }
INLINE vmask v_gt(vec a, vec b)
{
    vmask m = vcgtq_f32(a, b);
    __asm__("" : "+w"(m)); /* UNSEEN */
    return m;
}
INLINE vec v_select(vmask m, vec yes, vec no) { return vbslq_f32(m, yes, no); }
INLINE vec v_max(vec a, vec b) { return v_select(v_gt(a, b), a, b); }
INLINE vec v_min(vec a, vec b) { return v_select(v_gt(b, a), a, b); }
INLINE ivec v_bits(vec a) { return vreinterpretq_s32_f32(a); }
INLINE vec v_floats(ivec a) { return vreinterpretq_f32_s32(a); }
INLINE ivec i_set(int32_t a) { return vdupq_n_s32(a); }
INLINE ivec i_add(ivec a, ivec b) { return vaddq_s32(a, b); }
INLINE ivec i_sub(ivec a, ivec b) { return vsubq_s32(a, b); }
INLINE ivec i_and(ivec a, ivec b) { return vandq_s32(a, b); }
INLINE ivec i_or(ivec a, ivec b) { return vorrq_s32(a, b); }
#define i_left(a, n) vshlq_n_s32(a, n)
#define i_right(a, n) vshrq_n_s32(a, n)

/* dst[j][i] = src[i][j] for 16 x 16 floats; rows are `from` and `to` floats apart. */
INLINE void transpose16(const float *src, size_t from, float *dst, size_t to)
{
    for (size_t i = 0; i < 16; i += 4)
        for (size_t j = 0; j < 16; j += 4) {
            const float *in = src + i * from + j;
            float *out = dst + j * to + i;
            float32x4x2_t even = vtrnq_f32(vld1q_f32(in), vld1q_f32(in + from));
            float32x4x2_t odd = vtrnq_f32(vld1q_f32(in + 2 * from), vld1q_f32(in + 3 * from));
            vst1q_f32(out, vcombine_f32(vget_low_f32(even.val[0]), vget_low_f32(odd.val[0])));
            vst1q_f32(out + to, vcombine_f32(vget_low_f32(even.val[1]), vget_low_f32(odd.val[1])));
            vst1q_f32(out + 2 * to, vcombine_f32(vget_high_f32(even.val[0]), vget_high_f32(odd.val[0])));
            vst1q_f32(out + 3 * to, vcombine_f32(vget_high_f32(even.val[1]), vget_high_f32(odd.val[1])));
        }
}

#elif defined(VARIANT_SCALAR) /* ------------------------------------------ plain C: the reference, and any processor */

#include <math.h>
#define VARIANT scalar
#define LANES 1
#define ROWS 3
#define VECS 4
#define v_prefetch(p) ((void)(p))

typedef float vec;
typedef uint32_t ivec;
typedef int vmask;

INLINE vec v_load(const float *p) { return *p; }
INLINE void v_store(float *p, vec a) { *p = a; }
INLINE vec v_set(float a) { return a; }
INLINE vec v_add(vec a, vec b) { return a + b; }
INLINE vec v_sub(vec a, vec b) { return a - b; }
INLINE vec v_mul(vec a, vec b) { return a * b; }
INLINE vec v_div(vec a, vec b) { return a / b; }
INLINE vec v_select(vmask m, vec yes, vec no) { return m ? yes : no; }
#if defined(__x86_64__) /* the instructions themselves: some C libraries' fmaf rounds twice */
#include <immintrin.h>
INLINE vec v_fma(vec a, vec b, vec c)
{
    return _mm_cvtss_f32(_mm_fmadd_ss(_mm_set_ss(a), _mm_set_ss(b), _mm_set_ss(c)));
}
INLINE vec v_sqrt(vec a) { return _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a))); }
INLINE vec v_max(vec a, vec b) { return _mm_cvtss_f32(_mm_max_ss(_mm_set_ss(a), _mm_set_ss(b))); }
INLINE vec v_min(vec a, vec b) { return _mm_cvtss_f32(_mm_min_ss(_mm_set_ss(a), _mm_set_ss(b))); }
INLINE vmask v_gt(vec a, vec b) { return a > b; }
#else
INLINE vec v_fma(vec a, vec b, vec c) { return fmaf(a, b, c); }
INLINE vec v_sqrt(vec a) { return sqrtf(a); }
INLINE vmask v_gt(vec a, vec b)
{
    vmask m = a > b;
    __asm__("" : "+r"(m)); /* UNSEEN */
    return m;
}
INLINE vec v_max(vec a, vec b) { return v_select(v_gt(a, b), a, b); }
INLINE vec v_min(vec a, vec b) { return v_select(v_gt(b, a), a, b); }
#endif
INLINE ivec v_bits(vec a)
{
    ivec i;
    memcpy(&i, &a, sizeof i);
    return i;
}
INLINE vec v_floats(ivec i)
{
    vec a;
    memcpy(&a, &i, sizeof a);
    return a;
}
INLINE ivec i_set(int32_t a) { return (uint32_t)a; }
INLINE ivec i_add(ivec a, ivec b) { return a + b; }
INLINE ivec i_sub(ivec a, ivec b) { return a - b; }
INLINE ivec i_and(ivec a, ivec b) { return a & b; }
INLINE ivec i_or(ivec a, ivec b) { return a | b; }
INLINE ivec i_left(ivec a, int n) { return a << n; }
INLINE ivec i_right(ivec a, int n) { return a >> n | (a >> 31 ? ~(~0u >> n) : 0u); } /* arithmetic: copies the sign */

/* dst[j][i] = src[i][j] for 16 x 16 floats; rows are `from` and `to` floats apart. */
INLINE void transpose16(const float *src, size_t from, float *dst, size_t to)
{
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 0; j < 16; j++) dst[j * to + i] = src[i * from + j];
}

#else
#error "define one of VARIANT_AVX512, VARIANT_AVX2, VARIANT_NEON, VARIANT_SCALAR"
#endif
#endif
