/* The compression function F of BLAKE2b (RFC 7693, section 3.2) with any number of rounds (EIP-152).
 *
 * The 16 words of working state are four rows of four. A round mixes the four columns, then the four diagonals; in the
 * vector form a row is one register, and turning rows makes diagonals of columns. Rows a, c and d are turned, b never:
 * b is what each half round waits for, so the turns cost no time. */
#include "crypto/crypto.h"
#include "crypto/hash/hash_private.h"

static const uint64_t start[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

enum { SCHEDULES = 10 };
/* Which word each mixing step takes; round i uses row i mod 10. Even places first word, odd places second word of a
 * step. */
static const uint8_t schedule[SCHEDULES][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static ALWAYS_INLINE uint64_t rotate_right(uint64_t x, unsigned n)
{
    return (x >> n) | (x << (64 - n));
}

static ALWAYS_INLINE void mix(uint64_t *a, uint64_t *b, uint64_t *c, uint64_t *d, uint64_t x, uint64_t y)
{
    *a += *b + x;
    *d = rotate_right(*d ^ *a, 32);
    *c += *d;
    *b = rotate_right(*b ^ *c, 24);
    *a += *b + y;
    *d = rotate_right(*d ^ *a, 16);
    *c += *d;
    *b = rotate_right(*b ^ *c, 63);
}

void blake2f_plain(uint64_t h[8], const uint64_t m[16], const uint64_t t[2], bool last, uint32_t rounds)
{
    uint64_t v[16];
    memcpy(v, h, 64);
    memcpy(v + 8, start, 64);
    v[12] ^= t[0];
    v[13] ^= t[1];
    if (last) v[14] = ~v[14];
    unsigned row = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        const uint8_t *s = schedule[row];
        row = row == SCHEDULES - 1 ? 0 : row + 1;
        mix(&v[0], &v[4], &v[8], &v[12], m[s[0]], m[s[1]]);
        mix(&v[1], &v[5], &v[9], &v[13], m[s[2]], m[s[3]]);
        mix(&v[2], &v[6], &v[10], &v[14], m[s[4]], m[s[5]]);
        mix(&v[3], &v[7], &v[11], &v[15], m[s[6]], m[s[7]]);
        mix(&v[0], &v[5], &v[10], &v[15], m[s[8]], m[s[9]]);
        mix(&v[1], &v[6], &v[11], &v[12], m[s[10]], m[s[11]]);
        mix(&v[2], &v[7], &v[8], &v[13], m[s[12]], m[s[13]]);
        mix(&v[3], &v[4], &v[9], &v[14], m[s[14]], m[s[15]]);
    }
    for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}

#if defined(__x86_64__)
#include <immintrin.h>

/* Half a round over the rows a, b, c, d; x and y are the message words of the four steps. The sum a + x does not wait
 * for b. */
#define HALF_ROUND(x, y)                                                                                               \
    do {                                                                                                               \
        a = _mm256_add_epi64(_mm256_add_epi64(a, (x)), b);                                                             \
        d = _mm256_ror_epi64(_mm256_xor_si256(d, a), 32);                                                              \
        c = _mm256_add_epi64(c, d);                                                                                    \
        b = _mm256_ror_epi64(_mm256_xor_si256(b, c), 24);                                                              \
        a = _mm256_add_epi64(_mm256_add_epi64(a, (y)), b);                                                             \
        d = _mm256_ror_epi64(_mm256_xor_si256(d, a), 16);                                                              \
        c = _mm256_add_epi64(c, d);                                                                                    \
        b = _mm256_ror_epi64(_mm256_xor_si256(b, c), 63);                                                              \
    } while (0)

/* The message words of one round as the vector form wants them. Columns stay at their places. For the diagonals row b
 * stays, so that b's word k meets a's word k - 1 (mod 4): the diagonal that starts at a's word j stands in column j +
 * 1. */
struct round_words {
    _Alignas(32) uint64_t column_x[4], column_y[4], diagonal_x[4], diagonal_y[4];
};

__attribute__((target("avx512f,avx512vl"))) static void blake2f_avx512(uint64_t h[8], const uint64_t m[16],
                                                                       const uint64_t t[2], bool last, uint32_t rounds)
{
    struct round_words words[SCHEDULES];
    unsigned used = rounds < SCHEDULES ? rounds : SCHEDULES;
    for (unsigned i = 0; i < used; i++) {
        const uint8_t *s = schedule[i];
#pragma GCC unroll 4
        for (unsigned k = 0; k < 4; k++) {
            words[i].column_x[k] = m[s[2 * k]];
            words[i].column_y[k] = m[s[2 * k + 1]];
            words[i].diagonal_x[(k + 1) % 4] = m[s[8 + 2 * k]];
            words[i].diagonal_y[(k + 1) % 4] = m[s[8 + 2 * k + 1]];
        }
    }

    const __m256i *state = (const __m256i *)(const void *)h, *constants = (const __m256i *)(const void *)start;
    const __m256i h_low = _mm256_loadu_si256(state), h_high = _mm256_loadu_si256(state + 1);
    __m256i a = h_low, b = h_high, c = _mm256_loadu_si256(constants);
    __m256i d = _mm256_xor_si256(_mm256_loadu_si256(constants + 1),
                                 _mm256_set_epi64x(0, last ? -1 : 0, (long long)t[1], (long long)t[0]));
    unsigned row = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        const struct round_words *w = &words[row];
        row = row == SCHEDULES - 1 ? 0 : row + 1;
        HALF_ROUND(_mm256_load_si256((const __m256i *)(const void *)w->column_x),
                   _mm256_load_si256((const __m256i *)(const void *)w->column_y));
        a = _mm256_permute4x64_epi64(a, 0x93); /* up by one, */
        d = _mm256_permute4x64_epi64(d, 0x4e); /* by two, */
        c = _mm256_permute4x64_epi64(c, 0x39); /* and by three */
        HALF_ROUND(_mm256_load_si256((const __m256i *)(const void *)w->diagonal_x),
                   _mm256_load_si256((const __m256i *)(const void *)w->diagonal_y));
        a = _mm256_permute4x64_epi64(a, 0x39);
        d = _mm256_permute4x64_epi64(d, 0x4e);
        c = _mm256_permute4x64_epi64(c, 0x93);
    }
    __m256i *result = (__m256i *)(void *)h;
    _mm256_storeu_si256(result, _mm256_ternarylogic_epi64(h_low, a, c, 0x96));
    _mm256_storeu_si256(result + 1, _mm256_ternarylogic_epi64(h_high, b, d, 0x96));
}

void blake2f(uint64_t h[8], const uint64_t m[16], const uint64_t t[2], bool last, uint32_t rounds)
{
    if (LIKELY(__builtin_cpu_supports("avx512vl")))
        blake2f_avx512(h, m, t, last, rounds);
    else
        blake2f_plain(h, m, t, last, rounds);
}

#else

void blake2f(uint64_t h[8], const uint64_t m[16], const uint64_t t[2], bool last, uint32_t rounds)
{
    blake2f_plain(h, m, t, last, rounds);
}

#endif
