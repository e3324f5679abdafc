/* exp, log, log1p, tanh and the logistic function in float32, from IEEE operations alone: the same bits everywhere.
 *
 * exp, log and tanh are within 2 ulp over all floats (tests/kernels/engine/exhaustive.py measures it), and right at
 * infinities, NaN, denormals and both zeros. Polynomials: Moshier, Cephes mathematical library, single precision.
 */
#ifndef AXIOM_MATHF_H
#define AXIOM_MATHF_H

#include "vec.h"

#define ROUND_MAGIC 12582912.0f /* 1.5 * 2^23: adding it rounds to an integer, which then stands in the low bits */
#define ROUND_MAGIC_BITS 0x4b400000

/* a 2^n, rounded once, for an integer n that is given as a float and as bits. */
INLINE vec v_scale(vec a, vec n, ivec whole)
{
#ifdef VARIANT_AVX512
    (void)whole;
    return _mm512_scalef_ps(a, n);
#else /* in two steps, for 2^128 and 2^-150 are no floats; only the second one rounds */
    const ivec half = i_right(whole, 1);
    (void)n;
    a = v_mul(a, v_floats(i_left(i_add(half, i_set(127)), 23)));
    return v_mul(a, v_floats(i_left(i_add(i_sub(whole, half), i_set(127)), 23)));
#endif
}

/* e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln 2 / 2. */
INLINE vec v_exp(vec x)
{
    /* Beyond these the result is infinite or rounds to zero. NaN passes: it stands on the right of v_max and v_min. */
    x = v_min(v_set(89.0f), v_max(v_set(-104.0f), x));
    vec rounded = v_fma(x, v_set(1.44269504088896341f), v_set(ROUND_MAGIC));
    vec n = v_sub(rounded, v_set(ROUND_MAGIC));
    vec r = v_fma(n, v_set(-0.693359375f), x); /* ln 2 in two parts; this product is exact */
    r = v_fma(n, v_set(2.12194440e-4f), r);
    vec p = v_set(1.9875691500e-4f);
    p = v_fma(p, r, v_set(1.3981999507e-3f));
    p = v_fma(p, r, v_set(8.3334519073e-3f));
    p = v_fma(p, r, v_set(4.1665795894e-2f));
    p = v_fma(p, r, v_set(1.6666665459e-1f));
    p = v_fma(p, r, v_set(5.0000001201e-1f));
    p = v_add(v_fma(p, v_mul(r, r), r), v_set(1.0f));
    return v_scale(p, n, i_sub(v_bits(rounded), i_set(ROUND_MAGIC_BITS)));
}

/* log x = e ln 2 + log m with m in [sqrt(1/2), sqrt(2)). */
INLINE vec v_log(vec x)
{
    const vec zero = v_set(0.0f), infinity = v_floats(i_set(0x7f800000));
    vmask small = v_gt(v_set(1.17549435e-38f), x); /* denormals: times 2^23, exactly */
    vec scaled = v_select(small, v_mul(x, v_set(8388608.0f)), x);
    const ivec root_half = i_set(0x3f3504f3);
    ivec e = i_right(i_sub(v_bits(scaled), root_half), 23);
    vec m = v_floats(i_sub(v_bits(scaled), i_left(e, 23)));
    vec exponent = v_sub(v_floats(i_add(e, i_set(ROUND_MAGIC_BITS))), v_set(ROUND_MAGIC));
    exponent = v_sub(exponent, v_select(small, v_set(23.0f), zero));
    vec f = v_sub(m, v_set(1.0f)), square = v_mul(f, f);
    vec p = v_set(7.0376836292e-2f);
    p = v_fma(p, f, v_set(-1.1514610310e-1f));
    p = v_fma(p, f, v_set(1.1676998740e-1f));
    p = v_fma(p, f, v_set(-1.2420140846e-1f));
    p = v_fma(p, f, v_set(1.4249322787e-1f));
    p = v_fma(p, f, v_set(-1.6668057665e-1f));
    p = v_fma(p, f, v_set(2.0000714765e-1f));
    p = v_fma(p, f, v_set(-2.4999993993e-1f));
    p = v_fma(p, f, v_set(3.3333331174e-1f));
    vec rest = v_mul(v_mul(p, f), square);
    rest = v_fma(exponent, v_set(-2.12194440e-4f), rest);
    rest = v_fma(v_set(-0.5f), square, rest);
    vec y = v_fma(exponent, v_set(0.693359375f), v_add(f, rest));
    y = v_select(v_gt(infinity, x), y, x);                                          /* infinity and NaN are their own */
    vec outside = v_select(v_gt(zero, x), v_floats(i_set(0x7fc00000)), v_sub(x, infinity)); /* x < 0, or 0 or NaN */
    return v_select(v_gt(x, zero), y, outside);
}

/* log(1 + x) for 0 <= x <= 1: the logarithm of the rounded sum, corrected for what rounding took. */
INLINE vec v_log1p(vec x)
{
    vec u = v_add(v_set(1.0f), x);
    return v_add(v_log(u), v_div(v_sub(x, v_sub(u, v_set(1.0f))), u));
}

/* tanh x: an odd polynomial near 0, 1 - 2 / (e^2x + 1) beyond; the sign is set last, so tanh -0 = -0. */
INLINE vec v_tanh(vec x)
{
    ivec sign = i_and(v_bits(x), i_set(INT32_MIN));
    vec a = v_floats(i_and(v_bits(x), i_set(0x7fffffff)));
    vec z = v_mul(a, a);
    vec p = v_set(-5.70498872745e-3f);
    p = v_fma(p, z, v_set(2.06390887954e-2f));
    p = v_fma(p, z, v_set(-5.37397155531e-2f));
    p = v_fma(p, z, v_set(1.33314422036e-1f));
    p = v_fma(p, z, v_set(-3.33332819422e-1f));
    vec near = v_fma(v_mul(p, z), a, a);
    vec far = v_sub(v_set(1.0f), v_div(v_set(2.0f), v_add(v_exp(v_add(a, a)), v_set(1.0f))));
    return v_floats(i_or(sign, v_bits(v_select(v_gt(v_set(0.625f), a), near, far))));
}

/* 1 / (1 + e^-x), as e^-|x| over its complement so that neither side overflows or cancels. */
INLINE vec v_sigmoid(vec x)
{
    vec e = v_exp(v_floats(i_or(v_bits(x), i_set(INT32_MIN)))); /* e^-|x| */
    vec numerator = v_select(v_gt(v_set(0.0f), x), e, v_set(1.0f));
    return v_div(numerator, v_add(v_set(1.0f), e));
}

#endif
