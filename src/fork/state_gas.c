/* The price of state growth (EIP-8037). */
#include "fork/fork.h"

enum { BLOCKS_PER_YEAR = 2628000 };

/* Drafts of the EIP: half of a block's gas, spent on state growth in every block of a year, buys the year's target; then the price is
 * rounded down to a few significant bits, so that it seldom changes. */
uint64_t fork_state_byte_gas(const struct fork *fork, uint64_t gas_limit)
{
    if (fork->state_growth.byte_year_target == 0) return fork->state_growth.byte_gas;
    uint64_t offset = fork->state_growth.price_offset, divisor = 2 * fork->state_growth.byte_year_target;
    unsigned __int128 gas_per_year = (unsigned __int128)gas_limit * BLOCKS_PER_YEAR;
    uint64_t shifted = (uint64_t)((gas_per_year + divisor - 1) / divisor) + offset;
    unsigned bits = 64 - (unsigned)__builtin_clzll(shifted);
    unsigned dropped = bits > fork->state_growth.price_bits ? bits - fork->state_growth.price_bits : 0;
    uint64_t rounded = shifted >> dropped << dropped;
    return rounded > offset + 1 ? rounded - offset : 1;
}
