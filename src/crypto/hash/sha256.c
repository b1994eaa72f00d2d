/* SHA-256 (FIPS 180-4). With the processor's SHA instructions a hash of 32 bytes takes less time than OpenSSL's call
 * overhead; without them OpenSSL's assembly does the work. */
#define OPENSSL_SUPPRESS_DEPRECATED /* the functions without EVP, whose set-up costs more than a short hash */
#include "crypto/crypto.h"
#include "crypto/hash/hash_private.h"

#include <openssl/sha.h>

void sha256_openssl(struct hash *out, const void *data, size_t size)
{
    SHA256_CTX context;
    SHA256_Init(&context);
    SHA256_Update(&context, data, size);
    SHA256_Final(out->b, &context);
}

#if defined(__x86_64__)
#include <immintrin.h>

#define SHA_TARGET __attribute__((target("sha,sse4.1")))

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The instructions keep the state as two registers: a, b, e, f and c, d, g, h. */
struct sha_state {
    __m128i abef, cdgh;
};

SHA_TARGET static ALWAYS_INLINE void compress(struct sha_state *s, const uint8_t *p, size_t blocks)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    for (; blocks > 0; blocks--, p += 64) {
        __m128i abef = s->abef, cdgh = s->cdgh, w[4];
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) { /* four rounds each */
            if (i < 4) {
                w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
            } else {
                __m128i part = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
                part = _mm_add_epi32(part, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
                w[i % 4] = _mm_sha256msg2_epu32(part, w[(i + 3) % 4]);
            }
            __m128i wk = _mm_add_epi32(w[i % 4],
                                       _mm_load_si128((const __m128i *)(const void *)(round_constants + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
        }
        s->abef = _mm_add_epi32(s->abef, abef);
        s->cdgh = _mm_add_epi32(s->cdgh, cdgh);
    }
}

SHA_TARGET static void sha256_instructions(struct hash *out, const uint8_t *data, size_t size)
{
    /* a..h start as 6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19 */
    struct sha_state s = {_mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
                          _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19)};
    compress(&s, data, size / 64);

    uint8_t tail[128] = {0}; /* the rest, 0x80, zeros, and the size in bits in the last 8 bytes */
    size_t rest = size % 64, blocks = rest < 56 ? 1 : 2;
    if (rest > 0) memcpy(tail, data + (size - rest), rest);
    tail[rest] = 0x80;
    store_be64(tail + 64 * blocks - 8, (uint64_t)size * 8);
    compress(&s, tail, blocks);

    __m128i feba = _mm_shuffle_epi32(s.abef, 0x1b), dchg = _mm_shuffle_epi32(s.cdgh, 0xb1);
    __m128i abcd = _mm_blend_epi16(feba, dchg, 0xf0), efgh = _mm_alignr_epi8(dchg, feba, 8);
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    _mm_storeu_si128((__m128i *)(void *)out->b, _mm_shuffle_epi8(abcd, swap));
    _mm_storeu_si128((__m128i *)(void *)(out->b + 16), _mm_shuffle_epi8(efgh, swap));
}

void sha256(struct hash *out, const void *data, size_t size)
{
    if (LIKELY(__builtin_cpu_supports("sha")))
        sha256_instructions(out, data, size);
    else
        sha256_openssl(out, data, size);
}

#else

void sha256(struct hash *out, const void *data, size_t size)
{
    sha256_openssl(out, data, size);
}

#endif
