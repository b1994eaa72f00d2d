/* bn254 for tests: the field's prime, the order of the groups, the generator of G2. */
#ifndef WEFT_CURVE_TEST_H
#define WEFT_CURVE_TEST_H

static const char bn_prime[] = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
static const char bn_order[] = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

/* The generator of G2, imaginary parts first. */
static const char bn_g2[] = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                            "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                            "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                            "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";

#endif
