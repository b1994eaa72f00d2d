/* Where jumps may land, against a byte by byte walk. */
#include "harness.h"

#include "vm/private.h"

enum { CODE_MAX = 700 };

static bool slow_is_jumpdest(const uint8_t *code, uint32_t size, uint32_t target)
{
    for (uint32_t i = 0; i < size && i <= target; i++) {
        if (i == target) return code[i] == OP_JUMPDEST;
        if (code[i] >= OP_PUSH1 && code[i] <= OP_PUSH32) i += code[i] - OP_PUSH1 + 1u;
    }
    return false;
}

/* Bytes of a few kinds, so that PUSHes meet and run over the ends of words and of the code. */
static uint8_t random_byte(void)
{
    switch (harness_random_below(4)) {
    case 0: return OP_JUMPDEST;
    case 1: return (uint8_t)(OP_PUSH1 + harness_random_below(32));
    case 2: return (uint8_t)(OP_PUSH1 - 1 + 33 * harness_random_below(2)); /* their neighbours */
    default: return (uint8_t)harness_random_below(256);
    }
}

TEST(jumpdests_are_those_of_a_walk)
{
    for (unsigned round = 0; round < 300; round++) {
        uint8_t code[CODE_MAX];
        uint64_t bitmap[(CODE_MAX + 63) / 64];
        uint32_t size = (uint32_t)harness_random_below(CODE_MAX + 1);
        for (uint32_t i = 0; i < size; i++) code[i] = random_byte();
        vm_find_jumpdests(bitmap, code, size);
        for (uint32_t i = 0; i < size; i++)
            CHECK_EQ_U64(bitmap[i / 64] >> (i % 64) & 1, slow_is_jumpdest(code, size, i));
        for (uint32_t i = size; i % 64 != 0; i++) CHECK_EQ_U64(bitmap[i / 64] >> (i % 64) & 1, 0);
    }
}
