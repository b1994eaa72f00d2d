/* The price of blob gas (EIP-4844), and the excess it follows from (EIP-7918), in exact arithmetic. */
#include "block/block.h"

/* ---- numbers of more than 256 bits ------------------------------------------------------------------------------- */

/* The series is exact up to this exponent. e^1024 has 1,478 bits; the sum is `update_fraction` (32 bits) times that, and
 * a term is multiplied by the excess (42 bits here) before it is divided. */
enum { EXPONENT_MAX = 1024, LIMBS = 26 };

struct wide {
    uint64_t w[LIMBS]; /* lowest first; zero from `size` on */
    unsigned size;     /* limbs in use: the last of them is not zero */
};

static void put(struct wide *a, unsigned limb, uint64_t value)
{
    ASSERT(limb < LIMBS);
    a->w[limb] = value;
    if (value != 0) a->size = limb + 1;
}

static void add(struct wide *sum, const struct wide *a)
{
    unsigned size = sum->size > a->size ? sum->size : a->size;
    unsigned __int128 carry = 0;
    for (unsigned i = 0; i < size; i++) {
        carry += (unsigned __int128)sum->w[i] + a->w[i];
        put(sum, i, (uint64_t)carry);
        carry >>= 64;
    }
    if (carry != 0) put(sum, size, (uint64_t)carry);
}

static void multiply(struct wide *a, uint64_t by)
{
    unsigned size = a->size;
    unsigned __int128 carry = 0;
    for (unsigned i = 0; i < size; i++) {
        carry += (unsigned __int128)a->w[i] * by;
        a->w[i] = (uint64_t)carry;
        carry >>= 64;
    }
    if (carry != 0) put(a, size, (uint64_t)carry);
}

/* Rounds down. */
static void divide(struct wide *a, uint64_t by)
{
    uint64_t rest = 0;
    for (unsigned i = a->size; i-- > 0;) {
        unsigned __int128 part = (unsigned __int128)rest << 64 | a->w[i];
        a->w[i] = (uint64_t)(part / by);
        rest = (uint64_t)(part % by);
    }
    while (a->size > 0 && a->w[a->size - 1] == 0) a->size--;
}

/* ---- the price --------------------------------------------------------------------------------------------------- */

static struct u256 compute_price(uint64_t fraction, uint64_t excess_blob_gas, bool *beyond)
{
    *beyond = false;
    if (excess_blob_gas / fraction >= EXPONENT_MAX) {
        *beyond = true;
        return U256_MAX;
    }
    /* fake_exponential(1, excess, fraction): the Taylor series of e^(excess / fraction), rounded down term by term. */
    struct wide sum = {{0}, 0}, term = {{fraction}, 1};
    for (uint64_t i = 1; term.size != 0; i++) {
        add(&sum, &term);
        multiply(&term, excess_blob_gas);
        divide(&term, fraction * i);
    }
    divide(&sum, fraction);
    *beyond = sum.size > 4;
    return (struct u256){{sum.w[0], sum.w[1], sum.w[2], sum.w[3]}};
}

struct u256 block_blob_base_fee(const struct fork *fork, uint64_t excess_blob_gas, bool *beyond)
{
    /* The thread's last answer: single messages ask for the same header again and again. */
    static _Thread_local struct {
        uint64_t fraction, excess; /* fraction 0: none yet */
        struct u256 price;
        bool beyond;
    } last;
    uint64_t fraction = fork->blob.update_fraction;
    *beyond = false;
    if (fork->blob.max == 0) return U256_ZERO;
    if (last.fraction != fraction || last.excess != excess_blob_gas) {
        last.price = compute_price(fraction, excess_blob_gas, &last.beyond);
        last.fraction = fraction;
        last.excess = excess_blob_gas;
    }
    *beyond = last.beyond;
    return last.price;
}

/* a * x < b * y, also where the products have more than 256 bits. */
static bool product_less(struct u256 a, uint64_t x, struct u256 b, uint64_t y)
{
    struct wide left = {{a.w[0], a.w[1], a.w[2], a.w[3]}, 4}, right = {{b.w[0], b.w[1], b.w[2], b.w[3]}, 4};
    multiply(&left, x);
    multiply(&right, y);
    for (unsigned i = 5; i-- > 0;)
        if (left.w[i] != right.w[i]) return left.w[i] < right.w[i];
    return false;
}

bool block_excess_needs_base_fee(const struct fork *fork, const struct header *parent)
{
    uint64_t target = (uint64_t)fork->blob.target * GAS_PER_BLOB;
    return fork->blob.base_cost != 0 && header_has(parent, HEADER_BLOB_GAS) &&
           parent->excess_blob_gas + parent->blob_gas_used >= target;
}

uint64_t block_excess_blob_gas(const struct fork *fork, const struct header *parent)
{
    if (!header_has(parent, HEADER_BLOB_GAS)) return 0;
    uint64_t excess = parent->excess_blob_gas, used = parent->blob_gas_used;
    uint64_t target = (uint64_t)fork->blob.target * GAS_PER_BLOB;
    /* Headers are untrusted, but a parent was checked: used is at most the maximum, and excess a sum of such. */
    if (excess + used < target) return 0;
    if (block_excess_needs_base_fee(fork, parent)) {
        bool beyond;
        struct u256 price = block_blob_base_fee(fork, excess, &beyond);
        if (!beyond && product_less(price, GAS_PER_BLOB, parent->base_fee, fork->blob.base_cost))
            return excess + used * ((uint64_t)fork->blob.max - fork->blob.target) / fork->blob.max;
    }
    return excess + used - target;
}
