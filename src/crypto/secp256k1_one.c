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
 * such levels; on x alone it has two, the least there can be for a fraction of degree four. On y^2 = x^3 - 1/4, to which
 * secp256k1 is isomorphic, and with x = X/W:
 *
 *     level 1   a = X^2, m = X·W, c = W^2
 *     level 2   q0 = a^2, q1 = m·c, q2 = a·m, q3 = c^2;    X' = q0 + 2·q1, W' = 4·q2 - q3
 *
 * y is y(R) times a function of x (the fourth division polynomial over the second's powers, Washington, Elliptic Curves,
 * chapter 3): y = y(R)·M/W^2, with M = 1 for R itself and
 *
 *     -M' = M·(2·a·(q1 - q0) + c·(8·q2 + q3))
 *
 * which follows one doubling behind in lanes of its own, with the other sign for every second point. y(R) comes last, so nothing waits for the square root, and the
 * root's power too has a lane of its own: its 266 multiplications take about as long as the 129 doublings.
 *
 * Exceptions. The order of the group is odd and prime, so no doubling has any. An addition of equal or opposite points
 * leaves z = 0 for good. Lanes begin with points that nobody can foresee, so until they are added up this happens to
 * nobody, whatever is signed; if it happened the library would have to decide. The very last addition meets opposite
 * points where the key is infinity: if neither point had z = 0 before, and x is not 0 after, then they were opposite,
 * and there is no key. */
#include "crypto/inverse.h"
#include "crypto/secp256k1_private.h"

#if defined(__x86_64__)

#include "crypto/secp256k1_comb.h"

enum { LANES = SECP256K1_LANES, HALF_LANES = LANES / 2, CHAIN = SECP256K1_CHAIN };

static const uint64_t prime[4] = {0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff};
/* p less the order: r + order may be the x of R for r below this. */
static const uint64_t prime_less_order[4] = {0x402da1722fc9baee, 0x4551231950b75fc4, 1, 0};
static const int64_t nu[FIELD_LIMBS] = {0x17a9c72ac53f7, 0x1450eaaec06ef, 0x9f40ea032ca7b, 0x548ab65895e62,
                                        0x1a5576eeddbb};
static const int64_t inverse_of_mu[FIELD_LIMBS] = {0x90c36d7832f52, 0x4b20ac542c300, 0x95fde68f04bce, 0xa67fff3af395b,
                                                   0x693a3412a8e4};
static const int64_t inverse_of_nu[FIELD_LIMBS] = {0x696e07526c589, 0xc72654e2f3dd9, 0x94e667a71da89, 0xc0d40e4f9ad36,
                                                   0x1ea6fddfbf82};

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
    r->kept[root_steps[r->step].keep] = product;
    r->step++;
    r->squarings = r->step < ROOT_STEPS ? root_steps[r->step].squarings : ROOT_LAST_SQUARINGS;
}

static bool root_finished(const struct root *r)
{
    return r->step == ROOT_STEPS && r->squarings == 0;
}

/* ---- the chain --------------------------------------------------------------------------------------------------- */

/* The lanes of a state, between doublings, n being the number of doublings behind it; `a` and `c` are of level 1. */
enum {
    LANE_X = 0,        /* of 2^n·R */
    LANE_H = 1,        /* q1 - q0 of the last doubling */
    LANE_W = 2,        /* of 2^n·R */
    LANE_V = 3,        /* 8·q2 + q3 of the last doubling */
    LANE_BEFORE_M = 4, /* M of 2^(n - 1)·R, or -M for odd n - 1 */
    LANE_C = 7,        /* not used by the chain: c of 2^n·R is put here in memory */
};

/* The linear part of level 2: the products q0, q1, q2, q3, M·a·h, M·c·v in lanes 0 to 5 become a state. */
static ALWAYS_INLINE IFMA struct field8 combine(struct field8 t)
{
    __m512i own_shift = _mm512_set_epi64(0, 0, 0, 1, 0, 2, 0, 0),
            other_shift = _mm512_set_epi64(0, 0, 0, 0, 3, 0, 0, 1);
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

static ALWAYS_INLINE IFMA struct field8 choose_lanes(struct field8 a, __m512i from, struct field8 b)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) a.limb[i] = _mm512_permutex2var_epi64(a.limb[i], from, b.limb[i]);
    return a;
}

/* Writes the states of R, 2R, 4R, ... and one more, whose M is that of the last. Lane 6 of the result is x^3 + 7 to the
 * power of (p + 1)/4. */
static NOINLINE IFMA struct field8 make_chain(struct field8 state[CHAIN + 1], struct field8 x, struct field8 right,
                                              struct root *root)
{
    /* Lanes of the first operand, of the second from 8 on. */
    const __m512i first_a = _mm512_set_epi64(7, 6, 5, 3, 1, 2, 0, 0),
                  first_b = _mm512_set_epi64(7, 6, 5, 8 + 2, 8 + 0, 2, 2, 0);
    const __m512i second_a = _mm512_set_epi64(7, 6, 4, 3, 2, 0, 1, 0),
                  second_b = _mm512_set_epi64(7, 6, 8 + 4, 8 + 4, 2, 1, 2, 0);
    /* Level 1 makes a, m, c, a·h, c·v in lanes 0 to 4, the last two with a and c of the doubling before. Ones before the
     * first, but for h, make M = 1·(2·1·0 + 1·1). */
    struct field8 level = field_small(1), now = field_small(1);
    now = field_choose(1 << LANE_H, now, field_small(0));
    now = field_choose(1 << LANE_X, now, x);
    now = field_choose(1 << ROOT_LANE, now, right);
    root->step = 0;
    root->squarings = root_steps[0].squarings;
    root->kept[0] = now;
    for (size_t n = 0; n < CHAIN; n++) {
        state[n] = now;
        struct field8 a = choose_lanes(now, first_a, now), b = choose_lanes(now, first_b, level);
        b = root_factor(root, b);
        __m512i t[2 * FIELD_LIMBS];
        field_columns_soon(t, &a, &b);
        level = field_reduce(t);
        root_advance(root, level);
        for (size_t i = 0; i < FIELD_LIMBS; i++) /* lane 2, c, as lane 7 */
            _mm512_mask_storeu_epi64((int64_t *)(void *)&state[n].limb[i] + LANE_C - 2, 1 << 2, level.limb[i]);
        a = choose_lanes(level, second_a, level);
        b = root_factor(root, choose_lanes(level, second_b, now));
        field_columns_soon(t, &a, &b);
        now = combine(field_fold(t));
        root_advance(root, now);
    }
    state[CHAIN] = now;
    while (!root_finished(root)) {
        now = field_multiply(now, root_factor(root, now));
        root_advance(root, now);
    }
    return now;
}

/* ---- sums in lanes ----------------------------------------------------------------------------------------------- */

/* p + (x/w, y/w^2), where c is w^2. Its z is 0 if p's was, or if the points are equal or opposite. */
static NOINLINE IFMA void add_fraction(struct point8 *p, const struct field8 *x, const struct field8 *y,
                                       const struct field8 *w, const struct field8 *c)
{
    struct field8 zz = field_square(p->z), u = field_multiply(p->x, *w), s = field_multiply(p->y, *c);
    struct field8 h = field_subtract(field_multiply(*x, zz), u), zw = field_multiply(p->z, *w);
    struct field8 r = field_subtract(field_multiply(*y, field_multiply(zz, p->z)), s);
    struct field8 hh = field_square(h), k = field_multiply(hh, *w), v = field_multiply(u, k), kh = field_multiply(k, h);
    p->z = field_multiply(zw, h);
    p->x = field_settle(field_plus(field_square(r), field_minus(field_plus(kh, field_shift(v, 1)))));
    p->y = field_multiply_two(r, field_subtract(v, p->x), s, field_settle(field_minus(kh)));
}

/* Which states the lanes add, round by round. */
struct schedule {
    enum { ROUNDS_MAX = (CHAIN + 1) / 2 / HALF_LANES + 1 };
    int64_t place[ROUNDS_MAX][LANES];
    uint8_t negative[ROUNDS_MAX], used[ROUNDS_MAX];
    size_t rounds;
};

static void make_schedule(struct schedule *out, const struct secp256k1_signs half[2])
{
    memset(out, 0, sizeof *out);
    for (size_t h = 0; h < 2; h++) {
        size_t count = 0;
        for (size_t word = 0; word < COUNT_OF(half[h].plus); word++) {
            for (uint64_t left = half[h].plus[word] | half[h].minus[word]; left != 0; left &= left - 1, count++) {
                unsigned bit = (unsigned)__builtin_ctzll(left);
                size_t round = count / HALF_LANES, lane = h * HALF_LANES + count % HALF_LANES;
                out->place[round][lane] = (int64_t)(word * 64 + bit);
                out->negative[round] |= (uint8_t)(((half[h].minus[word] >> bit ^ bit) & 1) << lane); /* M's sign too */
                out->used[round] |= (uint8_t)(1u << lane);
            }
        }
        size_t rounds = (count + HALF_LANES - 1) / HALF_LANES;
        if (rounds > out->rounds) out->rounds = rounds;
    }
}

static ALWAYS_INLINE IFMA struct field8 negate_in(__mmask8 lanes, struct field8 y)
{
    return field_choose(lanes, y, field_settle(field_minus(y)));
}

/* Adds each lane's four multiples of G. */
static NOINLINE IFMA void add_base(struct point8 *sum, const struct secp256k1_comb *comb,
                                   const int16_t digit[SECP256K1_COMB_WINDOWS])
{
    enum { WINDOWS = SECP256K1_COMB_WINDOWS / LANES, WORDS = 2 * FIELD_LIMBS };
    for (size_t part = 0; part < WINDOWS; part++) {
        _Alignas(64) int64_t place[LANES] = {0};
        __mmask8 negative = 0, used = 0;
        for (size_t k = 0; k < LANES; k++) {
            size_t window = WINDOWS * k + part;
            int d = digit[window];
            if (d == 0) continue;
            used |= (__mmask8)(1u << k);
            negative |= (__mmask8)((unsigned)(d < 0) << k);
            place[k] = (int64_t)((window * SECP256K1_COMB_MULTIPLES + (size_t)abs(d) - 1) * WORDS);
        }
        __m512i index = _mm512_load_si512(place);
        struct field8 unused, x = gather(comb->point[0][0].limb, 1, index);
        struct field8 y = gather(comb->point[0][0].limb + FIELD_LIMBS, 1, index);
        *sum = point_choose(used, *sum, point_add(*sum, x, negate_in(negative, y), &unused));
    }
}

/* Adds the points of the chain; `factor` is y of R on the chain's curve. */
static NOINLINE IFMA void add_chain(struct point8 *sum, const struct field8 state[CHAIN + 1],
                                    const struct schedule *schedule, struct field8 factor)
{
    enum { WORDS = sizeof state[0] / 8 };
    for (size_t round = 0; round < schedule->rounds; round++) {
        __m512i index = _mm512_mullo_epi64(_mm512_loadu_si512(schedule->place[round]), all8(WORDS));
        const lane64 *at = (const lane64 *)state;
        struct field8 x = gather(at + LANE_X, LANES, index), w = gather(at + LANE_W, LANES, index);
        struct field8 c = gather(at + LANE_C, LANES, index);
        struct field8 y = field_multiply(gather(at + WORDS + LANE_BEFORE_M, LANES, index), factor);
        struct point8 added = *sum;
        y = negate_in(schedule->negative[round], y);
        add_fraction(&added, &x, &y, &w, &c);
        *sum = point_choose(schedule->used[round], *sum, added);
    }
}

/* Lane k gets the sum of lanes k and k ^ distance; distance is 1, 2 or 4. */
static NOINLINE IFMA void add_across(struct point8 *sum, long long distance)
{
    __m512i from = _mm512_xor_si512(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), all8(distance));
    struct field8 x = choose_lanes(sum->x, from, sum->x), z = choose_lanes(sum->z, from, sum->z);
    struct field8 w = field_square(z), y = field_multiply(choose_lanes(sum->y, from, sum->y), z), c = field_square(w);
    add_fraction(sum, &x, &y, &w, &c);
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

IFMA enum secp256k1_answer secp256k1_recover_key(uint8_t key[64], const struct hash *digest,
                                                 const struct secp256k1_signature *signature)
{
    const struct secp256k1_comb *comb = secp256k1_comb_start();
    uint64_t number[4];
    if (!find_x(number, signature)) return SECP256K1_NO_KEY;
    struct secp256k1_plan plan;
    struct schedule schedule;
    secp256k1_prepare_one(&plan, digest, signature);
    make_schedule(&schedule, plan.point);

    struct field8 state[CHAIN + 1], x = field_all(number);
    struct field8 right = field_settle(field_plus(field_multiply(field_square(x), x), field_small(7)));
    struct root root;
    struct field8 y = make_chain(state, field_multiply(x, field_constant(mu)), right, &root);
    if ((field_is_zero(field_subtract(field_square(y), right)) >> ROOT_LANE & 1) == 0) return SECP256K1_NO_KEY;
    bool odd = field_is_odd(y) >> ROOT_LANE & 1;
    y = choose_lanes(y, all8(ROOT_LANE), y);
    y = negate_in(odd != ((signature->recovery_id & 1) != 0) ? 0xff : 0, y);

    __m512i lane = _mm512_mullo_epi64(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), all8(2 * FIELD_LIMBS));
    struct point8 sum = {gather(comb->start[0].limb, 1, lane), gather(comb->start[0].limb + FIELD_LIMBS, 1, lane),
                         field_small(1)};
    add_base(&sum, comb, plan.base);
    add_chain(&sum, state, &schedule, field_multiply(y, field_constant(nu)));
    sum.x = field_choose(0xf0, sum.x, times_beta(sum.x)); /* lambda */
    add_across(&sum, 4);
    add_across(&sum, 2);
    bool doubtful = (field_is_zero(sum.z) & 3) != 0;
    add_across(&sum, 1);
    if ((field_is_zero(sum.z) & 1) != 0)
        return doubtful || (field_is_zero(sum.x) & 1) != 0 ? SECP256K1_UNDECIDED : SECP256K1_NO_KEY;
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
