/* The distributions of kernels/philox.py in C, bit for bit; the same on every processor, so built once.
 *
 * Double precision, every product and sum rounded by itself: compiled without contraction, and no fma is written here.
 */
#include "exact.h"
#include "fpenv.h"
#include "philox.h"

#include <math.h>
#include <stdlib.h>

#define BATCH 64 /* words drawn at a time */

API void axiom_words(const struct stream *s, int64_t count, uint32_t *out) { philox_words(s, 0, (size_t)count, out); }

/* One block for a whole counter: what the published test vectors check. */
API void axiom_block(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    const struct stream s = {{key[0], key[1]}, {counter[1], counter[2], counter[3]}};
    uint32_t words[4 * PHILOX_LANES];
    philox_blocks(&s, counter[0], words);
    memcpy(out, words, 4 * sizeof *out);
}

/* Uniform in [0, 1): the upper 24 bits of a word. */
API void axiom_uniform(const struct stream *s, int64_t count, float *out)
{
    uint32_t words[BATCH];
    for (int64_t at = 0; at < count; at += BATCH) {
        const int64_t n = count - at < BATCH ? count - at : BATCH;
        philox_words(s, (uint64_t)at, (size_t)n, words);
        for (int64_t i = 0; i < n; i++) out[at + i] = (float)(words[i] >> 8) * 0x1p-24f;
    }
}

/* 1 with probability p, else 0: whether a word is below floor(p 2^32), for p in [0, 1). */
API void axiom_bernoulli(const struct stream *s, double p, int64_t count, uint8_t *out)
{
    const uint32_t threshold = (uint32_t)(p * 4294967296.0);
    uint32_t words[BATCH];
    for (int64_t at = 0; at < count; at += BATCH) {
        const int64_t n = count - at < BATCH ? count - at : BATCH;
        philox_words(s, (uint64_t)at, (size_t)n, words);
        for (int64_t i = 0; i < n; i++) out[at + i] = words[i] < threshold;
    }
}

static int ascending(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

/* 0 .. count - 1 in the order of the stream's words, equal words by index. */
API int axiom_permutation(const struct stream *s, int64_t count, int32_t *out)
{
    uint64_t *keys = malloc((size_t)count * sizeof *keys + 1);
    uint32_t words[BATCH];
    if (!keys) return AXIOM_NO_MEMORY;
    for (int64_t at = 0; at < count; at += BATCH) {
        const int64_t n = count - at < BATCH ? count - at : BATCH;
        philox_words(s, (uint64_t)at, (size_t)n, words);
        for (int64_t i = 0; i < n; i++) keys[at + i] = (uint64_t)words[i] << 32 | (uint64_t)(at + i);
    }
    qsort(keys, (size_t)count, sizeof *keys, ascending);
    for (int64_t i = 0; i < count; i++) out[i] = (int32_t)(uint32_t)keys[i];
    free(keys);
    return 0;
}

static double horner(const double *c, int count, double x)
{
    double total = c[count - 1];
    for (int i = count - 2; i >= 0; i--) total = total * x + c[i];
    return total;
}

/* kernels.philox.log: x = 2^e m with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1) / (m + 1)); x is normal. */
static double natural_log(double x)
{
    const double ARTANH[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13,
                             2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23};
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1022;
    bits = (bits & 0x000fffffffffffffu) | 0x3fe0000000000000u;
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m < 0.7071067811865476) {
        m = m * 2.0;
        exponent -= 1;
    }
    const double e = (double)exponent, s = (m - 1.0) / (m + 1.0), t = s * s;
    const double series = s * t * horner(ARTANH, 11, t);
    return e * 6.93147180369123816490e-01 + (2.0 * s + (series + e * 1.90821492927058770002e-10));
}

/* kernels.philox.normal_quantile: Wichura's AS 241 for what 32-bit uniforms can reach. */
static double normal_quantile(double u)
{
    static const double A[] = {3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                               1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
                               3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double B[] = {1.0,                     4.2313330701600911252e1, 6.8718700749205790830e2,
                               5.3941960214247511077e3, 2.1213794301586595867e4, 3.9307895800092710610e4,
                               2.8729085735721942674e4, 5.2264952788528545610e3};
    static const double C[] = {1.42343711074968357734e0,  4.63033784615654529590e0,  5.76949722146069140550e0,
                               3.64784832476320460504e0,  1.27045825245236838258e0,  2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double D[] = {1.0,                       2.05319162663775882187e0,  1.67638483018380384940e0,
                               6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2,
                               5.47593808499534494600e-4, 1.05075007164441684324e-9};
    const double q = u - 0.5;
    if (fabs(q) <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * (horner(A, 8, r) / horner(B, 8, r));
    }
    const double s = sqrt(-natural_log(u < 1.0 - u ? u : 1.0 - u)) - 1.6;
    const double tail = horner(C, 8, s) / horner(D, 8, s);
    return q < 0.0 ? -tail : tail;
}

/* Standard normal: the inverse distribution function at (word + 1/2) / 2^32. */
API void axiom_normal(const struct stream *s, int64_t count, double *out)
{
    const uint64_t saved = fp_begin();
    uint32_t words[BATCH];
    for (int64_t at = 0; at < count; at += BATCH) {
        const int64_t n = count - at < BATCH ? count - at : BATCH;
        philox_words(s, (uint64_t)at, (size_t)n, words);
        for (int64_t i = 0; i < n; i++) out[at + i] = normal_quantile(((double)words[i] + 0.5) * 0x1p-32);
    }
    fp_end(saved);
}
