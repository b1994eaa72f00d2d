/* u256: the EVM's 256-bit word.
 *
 * Four 64-bit limbs, lowest first; unsigned unless a name says otherwise (sdiv, smod, slt, sar: two's complement).
 * Wire order is big-endian; u256_load_be and u256_store_be convert. */
#ifndef WEFT_U256_H
#define WEFT_U256_H

#include "base/base.h"

struct u256 {
    uint64_t w[4]; /* w[0] is the lowest limb */
};

#endif
