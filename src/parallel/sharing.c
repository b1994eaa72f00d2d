/* Whether a block is worth sharing among the workers.
 *
 * Calling the others costs microseconds until they are awake, and each transaction that they hand over about one more.
 * So a block whose gas does not promise much work begins on the caller alone, in place, and the others are called as
 * soon as what was measured so far says that the rest is worth it. */
#include "parallel/plan.h"

enum {
    SHARE_AT_ONCE_GAS = 2000000,  /* beyond what plain transfers use */
    SHARE_AT_ONCE_TX_GAS = 12000, /* the same, of the mean transaction */
    SHARE_REST_GAS = 500000,      /* beyond what transfers use, of the rest of a block that was begun alone */
    SHARE_REST_TX_GAS = 2000, /* the same, of its mean transaction: the first ones seldom tell what the others are */
    SHARE_WAKES = 3,          /* predicted work that is left, in wake-ups of a worker */
    SHARE_LINES = 20,         /* cache lines that a transaction moves between cores when it is shared */
    SHARE_MANY = 4,           /* so many workers share plain transfers, too */
    LOOK_EVERY = 8,           /* transactions between two looks at the clock ... */
    LOOK_FIRST = 8,           /* ... from this one on: the first ones pay for cold caches */
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

/* Whether so many workers gain a tenth with transactions of `ns` each, if sharing adds `more_ns` to each. */
static bool gains(uint64_t ns, uint64_t more_ns, unsigned workers)
{
    return (ns + more_ns) * 10 < ns * 9 * workers;
}

bool plan_share_rest(const struct plan_costs *c, uint64_t ns, uint64_t gas_done, uint32_t done, uint64_t gas_left,
                     uint32_t left, unsigned workers)
{
    bool many = workers >= SHARE_MANY;
    if (gas_done == 0 || !gains(ns / done, SHARE_LINES * c->handover_ns, workers)) return false;
    uint64_t beyond = gas_beyond_transfers(gas_left, left);
    if (!many && (beyond < SHARE_REST_GAS || beyond < (uint64_t)left * SHARE_REST_TX_GAS)) return false;
    return (double)ns * (double)gas_left / (double)gas_done > (double)(SHARE_WAKES * c->wake_ns);
}

bool plan_promises_work(uint64_t gas, uint32_t count)
{
    uint64_t beyond = gas_beyond_transfers(gas, count);
    return beyond >= SHARE_AT_ONCE_GAS && beyond >= (uint64_t)count * SHARE_AT_ONCE_TX_GAS;
}
