/* RIPEMD-160 (Dobbertin, Bosselaers, Preneel, 1996): two independent lines of 80 steps over each block, joined at its
 * end.
 *
 * Own code, as OpenSSL's costs as much in set-up as a block does. The tables are constants and the loop is unrolled, so
 * each step comes down to its four additions, one rotation and its function, and the two lines run side by side in the
 * processor. */
#include "crypto/crypto.h"

/* Word of the block used by each step, for the left and right line. */
static const uint8_t word_left[80] = {
    0,  1, 2,  3,  4, 5,  6,  7,  8, 9, 10, 11, 12, 13, 14, 15, 7, 4,  13, 1, 10, 6, 15, 3,  12, 0,  9,
    5,  2, 14, 11, 8, 3,  10, 14, 4, 9, 15, 8,  1,  2,  7,  0,  6, 13, 11, 5, 12, 1, 9,  11, 10, 0,  8,
    12, 4, 13, 3,  7, 15, 14, 5,  6, 2, 4,  0,  5,  9,  7,  12, 2, 10, 14, 1, 3,  8, 11, 6,  15, 13,
};
static const uint8_t word_right[80] = {
    5,  14, 7, 0,  9, 2,  11, 4, 13, 6,  15, 8,  1,  10, 3, 12, 6, 11, 3, 7, 0,  13, 5, 10, 14, 15, 8,
    12, 4,  9, 1,  2, 15, 5,  1, 3,  7,  14, 6,  9,  11, 8, 12, 2, 10, 0, 4, 13, 8,  6, 4,  1,  3,  11,
    15, 0,  5, 12, 2, 13, 9,  7, 10, 14, 12, 15, 10, 4,  1, 5,  8, 7,  6, 2, 13, 14, 0, 3,  9,  11,
};
/* Rotation of each step. */
static const uint8_t turn_left[80] = {
    11, 14, 15, 12, 5,  8,  7,  9, 11, 13, 14, 15, 6,  7,  9, 8,  7,  6,  8,  13, 11, 9,  7,  15, 7,  12, 15,
    9,  11, 7,  13, 12, 11, 13, 6, 7,  14, 9,  13, 15, 14, 8, 13, 6,  5,  12, 7,  5,  11, 12, 14, 15, 14, 15,
    9,  8,  9,  14, 5,  6,  8,  6, 5,  12, 9,  15, 5,  11, 6, 8,  13, 12, 5,  12, 13, 14, 11, 8,  5,  6,
};
static const uint8_t turn_right[80] = {
    8, 9,  9,  11, 13, 15, 15, 5,  7,  7, 8, 11, 14, 14, 12, 6, 9,  13, 15, 7,  12, 8,  9,  11, 7,  7,  12,
    7, 6,  15, 13, 11, 9,  7,  15, 11, 8, 6, 6,  14, 12, 13, 5, 14, 13, 13, 7,  5,  15, 5,  8,  11, 14, 14,
    6, 14, 6,  9,  12, 9,  12, 5,  15, 8, 8, 5,  12, 9,  12, 5, 14, 6,  8,  13, 6,  5,  15, 13, 11, 11,
};
/* Added in each round of 16 steps. */
static const uint32_t add_left[5] = {0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e};
static const uint32_t add_right[5] = {0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0};

static ALWAYS_INLINE uint32_t rotate(uint32_t x, unsigned n)
{
    return (x << n) | (x >> (32 - n));
}

/* The round's function; the right line takes them in the opposite order. */
static ALWAYS_INLINE uint32_t mix(unsigned function, uint32_t x, uint32_t y, uint32_t z)
{
    switch (function) {
    case 0: return x ^ y ^ z;
    case 1: return ((y ^ z) & x) ^ z; /* x ? y : z */
    case 2: return (x | ~y) ^ z;
    case 3: return ((x ^ y) & z) ^ y; /* z ? x : y */
    default: return x ^ (y | ~z);
    }
}

/* One step over a line of five words; instead of moving the words, their roles move with the step. */
static ALWAYS_INLINE void step(uint32_t v[5], unsigned i, unsigned function, uint32_t word_plus, unsigned turn)
{
    uint32_t *a = &v[(80 - i) % 5], b = v[(81 - i) % 5], *c = &v[(82 - i) % 5], d = v[(83 - i) % 5],
             e = v[(84 - i) % 5];
    *a = rotate(*a + mix(function, b, *c, d) + word_plus, turn) + e;
    *c = rotate(*c, 10);
}

static void compress(uint32_t h[5], const uint8_t *p, size_t blocks)
{
    for (; blocks > 0; blocks--, p += 64) {
        uint32_t w[16], left[5], right[5];
        memcpy(w, p, 64);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        for (int i = 0; i < 16; i++) w[i] = __builtin_bswap32(w[i]);
#endif
        memcpy(left, h, sizeof left);
        memcpy(right, h, sizeof right);
#pragma GCC unroll 80
        for (unsigned i = 0; i < 80; i++) {
            step(left, i, i / 16, w[word_left[i]] + add_left[i / 16], turn_left[i]);
            step(right, i, 4 - i / 16, w[word_right[i]] + add_right[i / 16], turn_right[i]);
        }
        uint32_t first = h[1] + left[2] + right[3];
        h[1] = h[2] + left[3] + right[4];
        h[2] = h[3] + left[4] + right[0];
        h[3] = h[4] + left[0] + right[1];
        h[4] = h[0] + left[1] + right[2];
        h[0] = first;
    }
}

void ripemd160(uint8_t out[20], const void *data, size_t size)
{
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    compress(h, data, size / 64);

    uint8_t tail[128] = {0}; /* the rest, 0x80, zeros, and the size in bits in the last 8 bytes, lowest first */
    size_t rest = size % 64, blocks = rest < 56 ? 1 : 2;
    if (rest > 0) memcpy(tail, (const uint8_t *)data + (size - rest), rest);
    tail[rest] = 0x80;
    store_be64(tail + 64 * blocks - 8, __builtin_bswap64((uint64_t)size * 8));
    compress(h, tail, blocks);
    for (size_t i = 0; i < 20; i++) out[i] = (uint8_t)(h[i / 4] >> (8 * (i % 4)));
}
