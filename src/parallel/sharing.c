/* Whether a block is worth sharing among the workers.
 *
 * Calling the others costs microseconds until they are awake, and each transaction that they hand over about one more.
 * So a block whose gas does not promise much work begins on the caller alone, in place, and the others are called as
 * soon as what was measured so far says that the rest is worth it. */
#include "parallel/plan.h"

enum {
    SHARE_AT_ONCE_GAS = 2000000, /* beyond what plain transfers use */
    SHARE_AT_ONCE_TX_GAS = 4000, /* the same, of the mean transaction */
    SHARE_REST_GAS = 500000,     /* beyond what transfers use, of the rest of a block that was begun alone */
    SHARE_REST_TX_GAS = 2000,    /* the same, of its mean transaction: the first ones seldom tell what the others are */
    SHARE_REST_NS = 150000,      /* predicted work that is left */
    SHARE_TX_NS = 2000,          /* mean work of a transaction */
    SHARE_TX_NS_MANY = 300,      /* the same, where there are SHARE_MANY workers or more: plain transfers, too */
    SHARE_MANY = 4,
    LOOK_EVERY = 8, /* transactions between two looks at the clock ... */
    LOOK_FIRST = 8, /* ... from this one on: the first ones pay for cold caches */
};

/* Gas beyond what as many plain transfers would use. */
static uint64_t gas_beyond_transfers(uint64_t gas, uint32_t count)
{
    uint64_t transfers = (uint64_t)count * 21000;
    return gas > transfers ? gas - transfers : 0;
}

bool plan_look(uint32_t done)
{
    return done >= LOOK_FIRST && done % LOOK_EVERY == 0;
}

bool plan_share_rest(uint64_t ns, uint64_t gas_done, uint32_t done, uint64_t gas_left, uint32_t left, unsigned workers)
{
    bool many = workers >= SHARE_MANY;
    if (gas_done == 0 || ns < (uint64_t)(many ? SHARE_TX_NS_MANY : SHARE_TX_NS) * done) return false;
    uint64_t beyond = gas_beyond_transfers(gas_left, left);
    if (!many && (beyond < SHARE_REST_GAS || beyond < (uint64_t)left * SHARE_REST_TX_GAS)) return false;
    return (double)ns * (double)gas_left / (double)gas_done > (double)SHARE_REST_NS;
}

bool plan_promises_work(uint64_t gas, uint32_t count)
{
    uint64_t beyond = gas_beyond_transfers(gas, count);
    return beyond >= SHARE_AT_ONCE_GAS && beyond >= (uint64_t)count * SHARE_AT_ONCE_TX_GAS;
}
