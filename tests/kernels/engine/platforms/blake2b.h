/* BLAKE2b with a digest of 16 bytes and no key, after RFC 7693: hashlib.blake2b(digest_size=16) on any host.
 *
 * Bytes and 64-bit integers alone, so that a compiler that breaks floating point cannot break the proof with it.
 */
#ifndef BLAKE2B_H
#define BLAKE2B_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define DIGEST_BYTES 16
#define BLAKE_BLOCK 128

struct blake2b {
    uint64_t h[8];
    uint64_t count; /* bytes compressed: fewer than 2^64 here, so the second counter word stays 0 */
    size_t held;    /* bytes waiting in `block` */
    uint8_t block[BLAKE_BLOCK];
};

static const uint64_t BLAKE_START[8] = {
    0x6a09e667f3bcc908u, 0xbb67ae8584caa73bu, 0x3c6ef372fe94f82bu, 0xa54ff53a5f1d36f1u,
    0x510e527fade682d1u, 0x9b05688c2b3e6c1fu, 0x1f83d9abfb41bd6bu, 0x5be0cd19137e2179u,
};

static const uint8_t BLAKE_ORDER[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint64_t blake_right(uint64_t x, int n) { return x >> n | x << (64 - n); }

static void blake_mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y)
{
    v[a] += v[b] + x;
    v[d] = blake_right(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = blake_right(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = blake_right(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = blake_right(v[b] ^ v[c], 63);
}

static void blake_compress(struct blake2b *b, int last)
{
    uint64_t v[16], m[16] = {0};
    for (int i = 0; i < BLAKE_BLOCK; i++) m[i / 8] |= (uint64_t)b->block[i] << 8 * (i % 8);
    memcpy(v, b->h, sizeof b->h);
    memcpy(v + 8, BLAKE_START, sizeof BLAKE_START);
    v[12] ^= b->count;
    if (last) v[14] = ~v[14];
    for (int round = 0; round < 12; round++) {
        const uint8_t *at = BLAKE_ORDER[round % 10];
        for (int i = 0; i < 4; i++) blake_mix(v, i, i + 4, i + 8, i + 12, m[at[2 * i]], m[at[2 * i + 1]]);
        for (int i = 0; i < 4; i++)
            blake_mix(v, i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12, m[at[2 * i + 8]], m[at[2 * i + 9]]);
    }
    for (int i = 0; i < 8; i++) b->h[i] ^= v[i] ^ v[i + 8];
}

static void blake_begin(struct blake2b *b)
{
    memset(b, 0, sizeof *b);
    memcpy(b->h, BLAKE_START, sizeof b->h);
    b->h[0] ^= 0x01010000u ^ DIGEST_BYTES;
}

static void blake_add(struct blake2b *b, const void *bytes, size_t count)
{
    for (const uint8_t *from = bytes; count > 0;) {
        if (b->held == BLAKE_BLOCK) { /* only now is it known not to be the last block */
            b->count += BLAKE_BLOCK;
            blake_compress(b, 0);
            b->held = 0;
        }
        const size_t take = BLAKE_BLOCK - b->held < count ? BLAKE_BLOCK - b->held : count;
        memcpy(b->block + b->held, from, take);
        b->held += take;
        from += take;
        count -= take;
    }
}

/* The digest in hexadecimal. */
static void blake_end(struct blake2b *b, char hex[2 * DIGEST_BYTES + 1])
{
    b->count += b->held;
    memset(b->block + b->held, 0, BLAKE_BLOCK - b->held);
    blake_compress(b, 1);
    for (int i = 0; i < DIGEST_BYTES; i++) {
        const unsigned byte = (unsigned)(b->h[i / 8] >> 8 * (i % 8)) & 0xff;
        hex[2 * i] = "0123456789abcdef"[byte >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[byte & 15];
    }
    hex[2 * DIGEST_BYTES] = 0;
}

#endif
