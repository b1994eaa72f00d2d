/* The Keccak permutation for one, four and eight states, chosen by processor. keccak_rounds.h holds the rounds. */
#include "crypto/hash/keccak_private.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static const uint64_t keccak_round_constants[24] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000, 0x000000000000808b,
    0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088,
    0x0000000080008009, 0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089,
    0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

#define KECCAK_NAME permute_plain
#define KECCAK_TARGET
#define KECCAK_LANE uint64_t
#define KECCAK_XOR3(a, b, c) ((a) ^ ((b) ^ (c)))
#define KECCAK_CHI(a, b, c) ((a) ^ (~(b) & (c)))
#define KECCAK_ROL(a, n) (((a) << (n)) | ((a) >> (64 - (n))))
#define KECCAK_XOR_RC(a, rc) ((a) ^ (rc))
#include "crypto/hash/keccak_rounds.h"

void keccak_permute_plain(uint64_t state[25])
{
    permute_plain(state);
}

#if defined(__x86_64__)

/* ANDN makes chi one instruction shorter; RORX rotates into another register. */
#define KECCAK_NAME permute_bmi
#define KECCAK_TARGET __attribute__((target("bmi,bmi2")))
#define KECCAK_LANE uint64_t
#define KECCAK_XOR3(a, b, c) ((a) ^ ((b) ^ (c)))
#define KECCAK_CHI(a, b, c) ((a) ^ (~(b) & (c)))
#define KECCAK_ROL(a, n) (((a) << (n)) | ((a) >> (64 - (n))))
#define KECCAK_XOR_RC(a, rc) ((a) ^ (rc))
#include "crypto/hash/keccak_rounds.h"

#define KECCAK_NAME permute_x4_avx2
#define KECCAK_TARGET __attribute__((target("avx2")))
#define KECCAK_LANE __m256i
#define KECCAK_XOR3(a, b, c) _mm256_xor_si256((a), _mm256_xor_si256((b), (c)))
#define KECCAK_CHI(a, b, c) _mm256_xor_si256((a), _mm256_andnot_si256((b), (c)))
#define KECCAK_ROL(a, n) _mm256_or_si256(_mm256_slli_epi64((a), (n)), _mm256_srli_epi64((a), 64 - (n)))
#define KECCAK_XOR_RC(a, rc) _mm256_xor_si256((a), _mm256_set1_epi64x((long long)(rc)))
#include "crypto/hash/keccak_rounds.h"

/* VPTERNLOG takes the truth table of three operands: 0x96 is a ^ b ^ c, 0xd2 is a ^ (~b & c). */
#define KECCAK_NAME permute_x4_avx512
#define KECCAK_TARGET __attribute__((target("avx512f,avx512vl")))
#define KECCAK_LANE __m256i
#define KECCAK_XOR3(a, b, c) _mm256_ternarylogic_epi64((a), (b), (c), 0x96)
#define KECCAK_CHI(a, b, c) _mm256_ternarylogic_epi64((a), (b), (c), 0xd2)
#define KECCAK_ROL(a, n) _mm256_rol_epi64((a), (n))
#define KECCAK_XOR_RC(a, rc) _mm256_xor_si256((a), _mm256_set1_epi64x((long long)(rc)))
#include "crypto/hash/keccak_rounds.h"

#define KECCAK_NAME permute_x8_avx512
#define KECCAK_TARGET __attribute__((target("avx512f")))
#define KECCAK_LANE __m512i
#define KECCAK_XOR3(a, b, c) _mm512_ternarylogic_epi64((a), (b), (c), 0x96)
#define KECCAK_CHI(a, b, c) _mm512_ternarylogic_epi64((a), (b), (c), 0xd2)
#define KECCAK_ROL(a, n) _mm512_rol_epi64((a), (n))
#define KECCAK_XOR_RC(a, rc) _mm512_xor_si512((a), _mm512_set1_epi64((long long)(rc)))
#include "crypto/hash/keccak_rounds.h"

void keccak_permute_bmi(uint64_t state[25])
{
    permute_bmi(state);
}

bool keccak_has_bmi(void)
{
    return __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

static void x4_avx2(uint64_t *state)
{
    permute_x4_avx2((__m256i *)(void *)state);
}
static void x4_avx512(uint64_t *state)
{
    permute_x4_avx512((__m256i *)(void *)state);
}
static void x8_avx512(uint64_t *state)
{
    permute_x8_avx512((__m512i *)(void *)state);
}

enum { X4_AVX2, X4_AVX512, X8_AVX512 };
static const struct keccak_lanes variants[] = {
    [X4_AVX2] = {4, x4_avx2, "x4 avx2"},
    [X4_AVX512] = {4, x4_avx512, "x4 avx512"},
    [X8_AVX512] = {8, x8_avx512, "x8 avx512"},
};

static bool has_variant(unsigned i)
{
    if (i == X4_AVX2) return __builtin_cpu_supports("avx2") != 0;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
}

const struct keccak_lanes *keccak_lanes_for(size_t wanted)
{
    if (wanted < 2) return NULL;
    if (has_variant(X8_AVX512)) return &variants[wanted > 4 ? X8_AVX512 : X4_AVX512];
    return has_variant(X4_AVX2) ? &variants[X4_AVX2] : NULL;
}

const struct keccak_lanes *keccak_lanes_variant(unsigned i)
{
    return i < COUNT_OF(variants) && has_variant(i) ? &variants[i] : NULL;
}

#else

void keccak_permute_bmi(uint64_t state[25])
{
    permute_plain(state);
}

bool keccak_has_bmi(void)
{
    return false;
}

const struct keccak_lanes *keccak_lanes_for(size_t wanted)
{
    (void)wanted;
    return NULL;
}

const struct keccak_lanes *keccak_lanes_variant(unsigned i)
{
    (void)i;
    return NULL;
}

#endif
