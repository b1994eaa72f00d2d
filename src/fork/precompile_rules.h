/* What a fork says about precompiled contracts: which exist, and what they cost.
 *
 * `struct fork_precompile` is the member `precompile` of `struct fork`. Each fork that changed something has a macro of
 * designators below; forks.c strings them together, later ones winning:
 *
 *     #define BYZANTIUM_IS  SPURIOUS_DRAGON_IS, ..., PRECOMPILES_BYZANTIUM */
#ifndef WEFT_FORK_PRECOMPILE_RULES_H
#define WEFT_FORK_PRECOMPILE_RULES_H

#include <stdint.h>

/* The precompiled contracts; the value is the address. */
enum precompile_id {
    PRECOMPILE_NONE = 0,
    PRECOMPILE_ECRECOVER = 0x01,
    PRECOMPILE_SHA256 = 0x02,
    PRECOMPILE_RIPEMD160 = 0x03,
    PRECOMPILE_IDENTITY = 0x04,
    PRECOMPILE_MODEXP = 0x05,           /* EIP-198 */
    PRECOMPILE_BN254_ADD = 0x06,        /* EIP-196 */
    PRECOMPILE_BN254_MUL = 0x07,        /* EIP-196 */
    PRECOMPILE_BN254_PAIRING = 0x08,    /* EIP-197 */
    PRECOMPILE_BLAKE2F = 0x09,          /* EIP-152 */
    PRECOMPILE_POINT_EVALUATION = 0x0a, /* EIP-4844 */
    PRECOMPILE_BLS_G1_ADD = 0x0b,       /* EIP-2537, seven of them */
    PRECOMPILE_BLS_G1_MSM = 0x0c,
    PRECOMPILE_BLS_G2_ADD = 0x0d,
    PRECOMPILE_BLS_G2_MSM = 0x0e,
    PRECOMPILE_BLS_PAIRING = 0x0f,
    PRECOMPILE_BLS_MAP_FP_TO_G1 = 0x10,
    PRECOMPILE_BLS_MAP_FP2_TO_G2 = 0x11,
    PRECOMPILE_P256VERIFY = 0x100, /* EIP-7951 */
};

/* The bit of a precompile in fork_precompile.active. Addresses up to 0x3e have their own; 0x100 takes the last. */
#define PRECOMPILE_BIT(id) (UINT64_C(1) << ((id) == PRECOMPILE_P256VERIFY ? 63 : (id)))

/* How MODEXP is priced. */
enum modexp_pricing {
    MODEXP_EIP198,  /* piecewise complexity / 20 */
    MODEXP_EIP2565, /* words squared / 3, at least 200 */
    MODEXP_EIP7883, /* twice words squared (16 up to 32 bytes), at least 500, long exponents double */
};

/* Gas that grows with the input: base, and for each unit (32-byte word, or pair). */
struct gas_linear {
    uint32_t base, each;
};

struct fork_precompile {
    uint64_t active; /* PRECOMPILE_BIT of each that exists */

    struct gas_linear sha256, ripemd160, identity; /* each word of input */
    uint32_t ecrecover;
    uint32_t blake2f_round;
    uint32_t point_evaluation;
    uint32_t p256verify;

    enum modexp_pricing modexp;
    uint32_t modexp_size_max; /* bytes of base, exponent or modulus; 0: no bound */

    uint32_t bn254_add, bn254_mul;
    struct gas_linear bn254_pairing; /* each pair */

    uint32_t bls_g1_add, bls_g2_add;
    uint32_t bls_g1_mul, bls_g2_mul; /* one term of an MSM before its discount */
    struct gas_linear bls_pairing;   /* each pair */
    uint32_t bls_map_fp_to_g1, bls_map_fp2_to_g2;
};

/* ecrecover, sha256, ripemd160, identity: addresses 1 to 4 */
#define PRECOMPILES_FRONTIER                                                                                           \
    .precompile.active = UINT64_C(0x1e), .precompile.ecrecover = 3000, .precompile.sha256 = {60, 12},                  \
    .precompile.ripemd160 = {600, 120}, .precompile.identity = {15, 3}

/* EIP-198 modexp, EIP-196 and EIP-197 bn254: addresses 5 to 8 */
#define PRECOMPILES_BYZANTIUM                                                                                          \
    .precompile.active = UINT64_C(0x1fe), .precompile.modexp = MODEXP_EIP198, .precompile.bn254_add = 500,             \
    .precompile.bn254_mul = 40000, .precompile.bn254_pairing = {100000, 80000}

/* EIP-152 blake2f: address 9; EIP-1108 cheaper bn254 */
#define PRECOMPILES_ISTANBUL                                                                                           \
    .precompile.active = UINT64_C(0x3fe), .precompile.blake2f_round = 1, .precompile.bn254_add = 150,                  \
    .precompile.bn254_mul = 6000, .precompile.bn254_pairing = {45000, 34000}

/* EIP-2565 cheaper modexp */
#define PRECOMPILES_BERLIN .precompile.modexp = MODEXP_EIP2565

/* EIP-4844 point evaluation: address 0xa */
#define PRECOMPILES_CANCUN .precompile.active = UINT64_C(0x7fe), .precompile.point_evaluation = 50000

/* EIP-2537 bls12-381: addresses 0xb to 0x11 */
#define PRECOMPILES_PRAGUE                                                                                             \
    .precompile.active = UINT64_C(0x3fffe), .precompile.bls_g1_add = 375, .precompile.bls_g2_add = 600,                \
    .precompile.bls_g1_mul = 12000, .precompile.bls_g2_mul = 22500, .precompile.bls_pairing = {37700, 32600},          \
    .precompile.bls_map_fp_to_g1 = 5500, .precompile.bls_map_fp2_to_g2 = 23800

/* EIP-7883 dearer modexp, EIP-7823 its bound, EIP-7951 P-256: address 0x100 */
#define PRECOMPILES_OSAKA                                                                                              \
    .precompile.active = UINT64_C(0x3fffe) | PRECOMPILE_BIT(PRECOMPILE_P256VERIFY),                                    \
    .precompile.modexp = MODEXP_EIP7883, .precompile.modexp_size_max = 1024, .precompile.p256verify = 6900

#endif
