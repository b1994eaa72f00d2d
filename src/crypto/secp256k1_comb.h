/* The table of G's multiples that recovery of one signature adds from, and the curve on which it works.
 *
 * That curve is y^2 = x^3 - 1/4: (x, y) -> (mu·x, nu·y) with mu^3 = -1/28 and nu^2 = mu^3 brings secp256k1's points
 * there. */
#ifndef WEFT_SECP256K1_COMB_H
#define WEFT_SECP256K1_COMB_H

#include "crypto/secp256k1_point8.h"
#include "crypto/secp256k1_private.h"

static const int64_t mu[FIELD_LIMBS] = {0x2a2f6b43675c, 0x1b1340792af8d, 0xf1d4170c69fd8, 0x3a327b9a6431c,
                                        0x915a69e369a7};

/* x | y in limbs, of a point on that curve. */
struct secp256k1_comb_point {
    int64_t limb[2 * FIELD_LIMBS];
};

/* Made once, by secp256k1_comb_start.
 *
 * point[w][d - 1] is d·2^(8w)·G, for w < 16, and d·2^(8w)/lambda·G for others: their sums, in lanes 4 to 7, are
 * multiplied by lambda at last. start[k] is the point from which lane k begins to add: nobody can foresee it, and so
 * nobody can choose signatures whose points meet in a lane; all lanes' points, with lambda, have the sum 0. */
struct secp256k1_comb {
    struct secp256k1_comb_point point[SECP256K1_COMB_WINDOWS][SECP256K1_COMB_MULTIPLES], start[SECP256K1_LANES];
};

const struct secp256k1_comb *secp256k1_comb_start(void);

#endif
