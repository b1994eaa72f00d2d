/* Between bn254.c, bn254_subgroup.c and their test. */
#ifndef WEFT_BN254_PRIVATE_H
#define WEFT_BN254_PRIVATE_H

#include "base/base.h"

#include <mcl/bn.h>

/* Makes mcl ready; to be called before any of it is used. Any thread, any number of times. */
void bn254_start(void);

/* Whether a point of the twist (checked to be on it, or infinity) lies in the subgroup of prime order. */
bool bn254_in_subgroup(const mclBnG2 *p);

#endif
