/* Twins of the fast hashes, for the tests that compare them. */
#ifndef WEFT_CRYPTO_HASH_HASH_PRIVATE_H
#define WEFT_CRYPTO_HASH_HASH_PRIVATE_H

#include "base/base.h"

void sha256_openssl(struct hash *out, const void *data, size_t size);
void blake2f_plain(uint64_t h[8], const uint64_t m[16], const uint64_t t[2], bool last, uint32_t rounds);

#endif
