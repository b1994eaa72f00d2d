/* ECDSA recovery of one signature with the lanes of AVX-512 registers (IFMA), two to three times as fast as in scalar
 * registers.
 *
 * The key is u2·R + u1·G, where R is the curve's point with x = r. u2 is split into two halves by the curve's
 * endomorphism (secp256k1_scalar.c), and each half of 129 bits is written with digits -1, 0 and 1. So all that is
 * needed are some of the points R, 2R, 4R, ... 2^128·R: the two halves' sums of them are S1 and S2, and u2·R is S1 +
 * lambda·S2.
 *
 *     chain   the points 2^n·R, one after the other. This takes longest, as each waits for the one before it
 *     lanes   each of eight lanes adds up an eighth of the points: lanes 0 to 3 for the first half of u2, 4 to 7 for
 *             the second. Multiples of G come from a table without doublings, four for each lane
 *     tree    the eight sums become one, in three additions
 *     end     to affine coordinates, with one inversion
 *
 * The chain. What counts is how many multiplications wait for each other. A doubling in Jacobian coordinates has three
 * such levels; on x alone it has two, the least there can be for a fraction of degree four. On y^2 = x^3 - 1/4, to
 * which secp256k1 is isomorphic, and with x = X/W:
 *
 *     level 1   a = X^2, m = X·W, c = W^2
 *     level 2   q0 = a^2, q1 = m·c, q2 = a·m, q3 = c^2;    X' = q0 + 2·q1, W' = 4·q2 - q3
 *
 * y is y(R) times a function of x, made of division polynomials (Washington, Elliptic Curves, chapter 3): y =
 * y(R)·M/W^2, with M = 1 for R itself and
 *
 *     -M' = M·(2·a·(q1 - q0) + c·(8·q2 + q3))
 *
 * which follows one doubling behind in lanes of its own, with the other sign for every second point. y(R) comes last,
 * so nothing waits for the square root, and the root's power too has a lane of its own: its 266 multiplications take
 * about as long as the 129 doublings.
 *
 * No doubling has an exception, as the order of the group is odd and prime; lane_sum.h tells what becomes of those of
 * additions.
 */
#include "crypto/secp256k1/secp256k1_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/secp256k1/secp256k1_point8.h"

#include "crypto/simd/lane_sum.h"

/* The curve of the chain is y^2 = x^3 - 1/4: (x, y) -> (mu·x, nu·y) with mu^3 = -1/28 and nu^2 = mu^3 brings
 * secp256k1's points there. */
static const int64_t mu[FIELD_LIMBS] = {0x2a2f6b43675c, 0x1b1340792af8d, 0xf1d4170c69fd8, 0x3a327b9a6431c,
                                        0x915a69e369a7};

static const uint64_t prime[4] = {0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff};
/* p less the order: r + order may be the x of R for r below this. */
static const uint64_t prime_less_order[4] = {0x402da1722fc9baee, 0x4551231950b75fc4, 1, 0};
static const int64_t nu[FIELD_LIMBS] = {0x17a9c72ac53f7, 0x1450eaaec06ef, 0x9f40ea032ca7b, 0x548ab65895e62,
                                        0x1a5576eeddbb};
static const int64_t inverse_of_mu[FIELD_LIMBS] = {0x90c36d7832f52, 0x4b20ac542c300, 0x95fde68f04bce, 0xa67fff3af395b,
                                                   0x693a3412a8e4};
static const int64_t inverse_of_nu[FIELD_LIMBS] = {0x696e07526c589, 0xc72654e2f3dd9, 0x94e667a71da89, 0xc0d40e4f9ad36,
                                                   0x1ea6fddfbf82};

/* ---- the table of G ---------------------------------------------------------------------------------------------- */

static struct comb comb; /* made once, at the first use */
static pthread_once_t comb_once = PTHREAD_ONCE_INIT;

/* Lanes 4 to 7 are multiplied by lambda at last, so what they add is divided by it here. */
static IFMA void make_comb(void)
{
    struct field8 x_factor = field_constant(mu);
    struct comb_source source = {secp256k1_base_multiple, secp256k1_random_points, prime,
                                 field_choose(0xf0, x_factor, times_beta(times_beta(x_factor))), field_constant(nu)};
    comb_make(&comb, &source);
}

/* ---- the square root --------------------------------------------------------------------------------------------- */

/* x^((p + 1) / 4), whose exponent is 223 ones, 22 ones behind one zero, and a short tail: square so many times, then
 * multiply by what was kept in a slot, and keep the product in another (or in none, slot 7). Slot 0 is x; at the end
 * there are two squarings. */
enum { ROOT_SLOTS = 8, ROOT_STEPS = 13, ROOT_LAST_SQUARINGS = 2, ROOT_LANE = 6 };
static const struct {
    uint8_t squarings, by, keep;
} root_steps[ROOT_STEPS] = {{1, 0, 1},  {1, 0, 2},  {3, 2, 7},  {3, 2, 7}, {2, 1, 3},  {11, 3, 4}, {22, 4, 5},
                            {44, 5, 6}, {88, 6, 7}, {44, 5, 7}, {3, 2, 7}, {23, 4, 7}, {6, 1, 7}};

struct root {
    size_t step;
    unsigned squarings; /* still to do in this step */
    struct field8 kept[ROOT_SLOTS];
};

/* What lane 6 is multiplied by next: itself, as `b` has it already, or a kept power. */
static ALWAYS_INLINE IFMA struct field8 root_factor(const struct root *r, struct field8 b)
{
    if (LIKELY(r->squarings != 0)) return b;
    return field_choose(1 << ROOT_LANE, b, r->kept[root_steps[r->step].by]);
}

static ALWAYS_INLINE IFMA void root_advance(struct root *r, struct field8 product)
{
    if (LIKELY(r->squarings != 0)) {
        r->squarings--;
        return;
    }
    field_store(&r->kept[root_steps[r->step].keep], product);
    r->step++;
    r->squarings = r->step < ROOT_STEPS ? root_steps[r->step].squarings : ROOT_LAST_SQUARINGS;
}

static bool root_finished(const struct root *r)
{
    return r->step == ROOT_STEPS && r->squarings == 0;
}

/* ---- the chain --------------------------------------------------------------------------------------------------- */

/* The lanes of a state, between doublings, n being the number of doublings behind it; `a` and `c` are of level 1. */
enum { CHAIN = SECP256K1_CHAIN };

enum {
    LANE_X = 0,        /* of 2^n·R */
    LANE_H = 1,        /* q1 - q0 of the last doubling */
    LANE_W = 2,        /* of 2^n·R */
    LANE_V = 3,        /* 8·q2 + q3 of the last doubling */
    LANE_BEFORE_M = 4, /* M of 2^(n - 1)·R, or -M for odd n - 1 */
    LANE_C = 7,        /* not used by the chain: c of 2^n·R is put here in memory */
};

/* The linear part of level 2: the products q0, q1, q2, q3, M·a·h, M·c·v in lanes 0 to 5 become a state. */
static ALWAYS_INLINE IFMA struct field8 combine(struct field8 t, __m512i own_shift, __m512i other_shift)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        __m512i own = _mm512_sllv_epi64(t.limb[i], own_shift);
        __m512i other = _mm512_maskz_shuffle_epi32(0x03ff, t.limb[i], (_MM_PERM_ENUM)0x4e); /* in lanes 0 to 4 */
        other = _mm512_sllv_epi64(other, other_shift);
        other = _mm512_mask_sub_epi64(other, 1 << LANE_H | 1 << LANE_W, all8(FIELD_MINUS[i]), other);
        t.limb[i] = _mm512_add_epi64(own, other);
    }
    return field_settle(t);
}

/* Writes the states of R, 2R, 4R, ... and one more, whose M is that of the last. Lane 6 of the result is x^3 + 7 to the
 * power of (p + 1)/4. */
static NOINLINE IFMA struct field8 make_chain(struct field8 state[CHAIN + 1], struct field8 x, struct field8 right,
                                              struct root *root)
{
    /* Lanes of the first operand, of the second from 8 on. */
    const __m512i first_a = kept8(_mm512_set_epi64(7, 6, 5, 3, 1, 2, 0, 0)),
                  first_b = kept8(_mm512_set_epi64(7, 6, 5, 8 + 2, 8 + 0, 2, 2, 0)),
                  second_a = kept8(_mm512_set_epi64(7, 6, 4, 3, 2, 0, 1, 0)),
                  second_b = kept8(_mm512_set_epi64(7, 6, 8 + 4, 8 + 4, 2, 1, 2, 0)),
                  own_shift = kept8(_mm512_set_epi64(0, 0, 0, 1, 0, 2, 0, 0)),
                  other_shift = kept8(_mm512_set_epi64(0, 0, 0, 0, 3, 0, 0, 1));
    /* Level 1 makes a, m, c, a·h, c·v in lanes 0 to 4, the last two with a and c of the doubling before. Ones before
     * the first, but for h, make M = 1·(2·1·0 + 1·1). */
    struct field8 level = field_small(1), now = field_small(1);
    now = field_choose(1 << LANE_H, now, field_small(0));
    now = field_choose(1 << LANE_X, now, x);
    now = field_choose(1 << ROOT_LANE, now, right);
    root->step = 0;
    root->squarings = root_steps[0].squarings;
    field_store(&root->kept[0], now);
    for (size_t n = 0; n < CHAIN; n++) {
        field_store(&state[n], now);
        struct field8 a = field_permute(now, first_a, now), b = field_permute(now, first_b, level);
        b = root_factor(root, b);
        __m512i t[2 * FIELD_LIMBS];
        field_columns_soon(t, &a, &b);
        level = field_reduce(t);
        root_advance(root, level);
        for (size_t i = 0; i < FIELD_LIMBS; i++) /* lane 2, c, as lane 7 */
            _mm512_mask_storeu_epi64((int64_t *)(void *)&state[n].limb[i] + LANE_C - 2, 1 << 2, level.limb[i]);
        a = field_permute(level, second_a, level);
        b = root_factor(root, field_permute(level, second_b, now));
        field_columns_soon(t, &a, &b);
        now = combine(field_fold(t), own_shift, other_shift);
        root_advance(root, now);
    }
    field_store(&state[CHAIN], now);
    while (!root_finished(root)) {
        now = field_multiply(now, root_factor(root, now));
        root_advance(root, now);
    }
    return now;
}

/* ---- recovery ---------------------------------------------------------------------------------------------------- */

/* x of R: r, or r + the order. False if that is not below p. */
static bool find_x(uint64_t x[4], const struct secp256k1_signature *signature)
{
    static const uint64_t order[4] = {0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff};
    for (size_t i = 0; i < 4; i++) x[i] = load_be64(signature->r + 24 - 8 * i);
    if ((signature->recovery_id & 2) == 0) return true;
    bool below = false;
    for (size_t i = 0; i < 4; i++) below = x[i] < prime_less_order[i] || (x[i] == prime_less_order[i] && below);
    unsigned __int128 carry = 0;
    for (size_t i = 0; i < 4; i++) {
        carry += (unsigned __int128)x[i] + order[i];
        x[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return below;
}

static void write_number(uint8_t out[32], const uint64_t in[4])
{
    for (size_t i = 0; i < 4; i++) store_be64(out + 24 - 8 * i, in[i]);
}

/* From lane 0 of the sum to x | y on secp256k1. */
static NOINLINE IFMA void write_key(uint8_t key[64], const struct point8 *sum)
{
    uint64_t word[4];
    field_get(word, sum->z, 0);
    inverse_256(word, word, prime);
    struct field8 inverse = field_all(word), square = field_square(inverse);
    struct field8 x = field_multiply(sum->x, field_constant(inverse_of_mu));
    struct field8 y = field_multiply(field_multiply(sum->y, field_constant(inverse_of_nu)), inverse);
    field_get(word, field_multiply(x, square), 0);
    write_number(key, word);
    field_get(word, field_multiply(y, square), 0);
    write_number(key + 32, word);
}

/* M has the wrong sign for odd n. */
static void change_odd_signs(struct signed_bits *bits)
{
    const uint64_t even = 0x5555555555555555;
    for (size_t i = 0; i < COUNT_OF(bits->plus); i++) {
        uint64_t plus = bits->plus[i], minus = bits->minus[i];
        bits->plus[i] = (plus & even) | (minus & ~even);
        bits->minus[i] = (minus & even) | (plus & ~even);
    }
}

IFMA enum secp256k1_answer secp256k1_recover_key(uint8_t key[64], const struct hash *digest,
                                                 const struct secp256k1_signature *signature)
{
    pthread_once(&comb_once, make_comb);
    uint64_t number[4];
    if (!find_x(number, signature)) return SECP256K1_NO_KEY;
    struct secp256k1_plan plan;
    struct sum_schedule schedule;
    secp256k1_prepare_one(&plan, digest, signature);
    comb_prefetch(&comb, plan.base);
    for (size_t h = 0; h < 2; h++) change_odd_signs(&plan.point[h]);
    sum_plan(&schedule, plan.point, 2);

    struct field8 state[CHAIN + 1], x = field_all(number);
    struct field8 right = field_settle(field_plus(field_multiply(field_square(x), x), field_small(7)));
    struct root root;
    struct field8 y = make_chain(state, field_multiply(x, field_constant(mu)), right, &root);
    if ((field_is_zero(field_subtract(field_square(y), right)) >> ROOT_LANE & 1) == 0) return SECP256K1_NO_KEY;
    bool odd = field_is_odd(y) >> ROOT_LANE & 1;
    y = field_permute(y, all8(ROOT_LANE), y);
    y = negate_in(odd != ((signature->recovery_id & 1) != 0) ? 0xff : 0, y);

    struct point8 sum = sum_start(&comb);
    sum_add_comb(&sum, &comb, plan.base);
    sum_add_chain(&sum, state, (struct sum_lanes){LANE_X, LANE_W, LANE_C, LANE_BEFORE_M}, &schedule,
                  field_multiply(y, field_constant(nu)));
    sum.x = field_choose(0xf0, sum.x, times_beta(sum.x)); /* lambda */
    switch (sum_finish(&sum)) {
    case LANE_SUM_INFINITY: return SECP256K1_NO_KEY;
    case LANE_SUM_UNDECIDED: return SECP256K1_UNDECIDED;
    case LANE_SUM_POINT: break;
    }
    write_key(key, &sum);
    return SECP256K1_FOUND;
}

#else

enum secp256k1_answer secp256k1_recover_key(uint8_t key[64], const struct hash *digest,
                                            const struct secp256k1_signature *signature)
{
    (void)key, (void)digest, (void)signature;
    ASSERT(ifma_available());
    return SECP256K1_UNDECIDED;
}

#endif
