/* Philox4x32-10 in C: the words of kernels/philox.py. Salmon, Moraes, Dror & Shaw, "Parallel random numbers" (2011). */
#ifndef AXIOM_PHILOX_H
#define AXIOM_PHILOX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PHILOX_LANES 32 /* so many that compilers make vectors of the loops instead of unrolling them */

/* A stream: its key (seed and purpose) and three coordinates. Word i of it is a pure function of the stream and i. */
struct stream {
    uint32_t key[2];
    uint32_t at[3];
};

/* PHILOX_LANES blocks in step, counters {first + lane, at}; block after block into out. The loops are the compiler's to
 * vectorise: integers have no order to keep. */
static inline void philox_blocks(const struct stream *s, uint32_t first, uint32_t out[4 * PHILOX_LANES])
{
    uint32_t c0[PHILOX_LANES], c1[PHILOX_LANES], c2[PHILOX_LANES], c3[PHILOX_LANES];
    uint32_t k0 = s->key[0], k1 = s->key[1];
    for (int i = 0; i < PHILOX_LANES; i++) {
        c0[i] = first + (uint32_t)i;
        c1[i] = s->at[0];
        c2[i] = s->at[1];
        c3[i] = s->at[2];
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < PHILOX_LANES; i++) {
            uint64_t p0 = (uint64_t)c0[i] * 0xD2511F53u, p1 = (uint64_t)c2[i] * 0xCD9E8D57u;
            uint32_t low0 = (uint32_t)p0, low1 = (uint32_t)p1;
            c0[i] = (uint32_t)(p1 >> 32) ^ c1[i] ^ k0;
            c2[i] = (uint32_t)(p0 >> 32) ^ c3[i] ^ k1;
            c1[i] = low1;
            c3[i] = low0;
        }
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    for (int i = 0; i < PHILOX_LANES; i++) {
        out[4 * i] = c0[i];
        out[4 * i + 1] = c1[i];
        out[4 * i + 2] = c2[i];
        out[4 * i + 3] = c3[i];
    }
}

/* Words first .. first + count - 1 of a stream, to memory of any type. */
static inline void philox_words(const struct stream *s, uint64_t first, size_t count, void *out)
{
    uint32_t words[4 * PHILOX_LANES];
    size_t skip = (size_t)(first % 4);
    uint32_t block = (uint32_t)(first / 4);
    unsigned char *to = out;
    while (count > 0) {
        size_t take = 4 * PHILOX_LANES - skip < count ? 4 * PHILOX_LANES - skip : count;
        philox_blocks(s, block, words);
        memcpy(to, words + skip, take * sizeof *words);
        to += take * sizeof *words;
        count -= take;
        block += PHILOX_LANES;
        skip = 0;
    }
}

#endif
