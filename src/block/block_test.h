/* block: the small worlds of its tests, whose accounts have numbers for names. */
#ifndef WEFT_BLOCK_TEST_H
#define WEFT_BLOCK_TEST_H

#include <string.h>

#include "block/private.h"
#include "crypto/crypto.h"
#include "harness.h"

static inline struct address numbered(uint8_t n)
{
    return (struct address){{[0] = 0x20, [19] = n}};
}

/* An account with `balance` wei and the code that `hex` spells, of at most 64 bytes. */
static inline void put_account(struct state_memory *m, uint8_t n, uint64_t balance, const char *hex)
{
    struct address a = numbered(n);
    struct memory_account *account = state_memory_account(m, &a);
    account->balance = U256(balance);
    uint8_t code[64];
    size_t size = strlen(hex) / 2;
    CHECK(hex_decode(code, hex, size * 2));
    struct hash hash;
    keccak256(&hash, code, size);
    if (size != 0) state_memory_set_code(m, account, &hash, (struct bytes){code, size});
}

#endif
