/* The sum of an ECDSA verification over P-256 with the lanes of AVX-512 registers (IFMA), three times as fast as in scalar
 * registers. The way is that of secp256k1_one.c: a chain of doublings on x alone, in which as few multiplications as can
 * be wait for each other, then all points are added in eight lanes (lane_sum.h).
 *
 * The chain. On the curve y^2 = x^3 + alpha·x + 1/2, to which (x, y) -> (v·x, nu·y) with v^3 = 1/(2b), nu^2 = v^3 and
 * alpha = -3·v^2 brings P-256's points, and with x = X/Z and Y = alpha·Z, a doubling is
 *
 *     level 1   A = X^2, G = Y·Z, m = X·Z, C = Z^2, H = Y·X;    d = A - G, s = A + G
 *     level 2   q0 = d^2, q1 = m·C, q2 = m·s, q3 = C^2, q4 = H·s, q5 = G·C, q6 = s^2
 *               X' = q0 - 4·q1, Z' = 4·q2 + 2·q3, Y' = 4·q4 + 2·q5
 *
 * The model with small b and any alpha was chosen for this: alpha never is a factor by itself. y is y(P)·M/Z^2, with M = 1
 * for P and the fourth division polynomial in
 *
 *     M' = M·N, N = 2·d·f + 16·q1·A - 4·q3·C, f = 2·q6 - q0 + 2·q1
 *
 * of which the three products are made in level 1 of the next doubling and M' in its level 2. That fills all eight lanes
 * in both levels. The order of the group is odd and prime, so no doubling has an exception. */
#include "crypto/p256_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/p256_field8.h"

#include "crypto/lane_sum.h"

enum { CHAIN = 256 };

static const uint64_t prime[P256_LIMBS] = {0xffffffffffffffff, 0x00000000ffffffff, 0, 0xffffffff00000001};
/* v, nu, both times 2^520, which brings numbers to the curve of the chain and into Montgomery's form; alpha and 1/2 in
 * that form. */
static const int64_t to_x[FIELD_LIMBS] = {0x80fc9d0e6e80d, 0xb32116dae727e, 0x6fe33adf14182, 0xa36b329993492,
                                          0xbae6d00a9f9d};
static const int64_t to_y[FIELD_LIMBS] = {0x32ba3552bfbb3, 0x1c450d8ad0de1, 0xdaaa227bdbc4a, 0x3ea0b8c8048ea,
                                          0x71257f955560};
static const int64_t alpha[FIELD_LIMBS] = {0x975cef08a6990, 0x52bd9d00f8b2a, 0x88ea4b8398b27, 0xb1924e412e8ea,
                                           0x9ebcd9fade72};
static const int64_t half[FIELD_LIMBS] = {0x8, 0xf800000000000, 0xfffffffffffff, 0xfff7fffffffff, 0x7ffff};

static struct comb comb; /* made once, at the first use */
static pthread_once_t comb_once = PTHREAD_ONCE_INIT;

static IFMA void make_comb(void)
{
    struct comb_source source = {p256_base_multiple, p256_random_points, prime, field_constant(to_x),
                                 field_constant(to_y)};
    comb_make(&comb, &source);
}

/* ---- the chain --------------------------------------------------------------------------------------------------- */

/* The lanes of a state, between doublings, n being the number of doublings behind it. */
enum {
    LANE_X = 0,        /* of 2^n·P */
    LANE_Q1 = 1,       /* of the last doubling */
    LANE_Z = 2,        /* of 2^n·P */
    LANE_Q3 = 3,       /* of the last doubling */
    LANE_Y = 4,        /* of 2^n·P */
    LANE_C = 5,        /* not used by the chain: C of 2^n·P is put here in memory */
    LANE_F = 6,        /* of the last doubling */
    LANE_BEFORE_M = 7, /* of 2^(n - 1)·P */
};

/* The linear parts of both levels. A result is own·2^own_shift + a·2^a_shift + b·2^b_shift, where `a` and `b` are other
 * lanes, taken in a_used and b_used lanes only, with the other sign in a_minus and b_minus. A shift by 64 leaves
 * nothing. */
struct combination {
    __m512i own_shift, a_lane, a_shift, b_lane;
    __mmask8 a_used, a_minus, b_used, b_minus;
    unsigned b_shift;
};

static ALWAYS_INLINE IFMA struct field8 combine(struct field8 t, const struct combination c)
{
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        __m512i own = _mm512_sllv_epi64(t.limb[i], c.own_shift), bias = all8(FIELD_MINUS[i]);
        __m512i a = _mm512_maskz_permutexvar_epi64(c.a_used, c.a_lane, t.limb[i]);
        __m512i b = _mm512_maskz_permutexvar_epi64(c.b_used, c.b_lane, t.limb[i]);
        a = _mm512_sllv_epi64(a, c.a_shift);
        b = _mm512_slli_epi64(b, c.b_shift);
        a = _mm512_mask_sub_epi64(a, c.a_minus, bias, a);
        if (c.b_minus != 0) b = _mm512_mask_sub_epi64(b, c.b_minus, bias, b);
        t.limb[i] = _mm512_add_epi64(_mm512_add_epi64(own, a), b);
    }
    return field_settle(t);
}

static ALWAYS_INLINE IFMA struct field8 product(struct field8 a, struct field8 b, const struct combination c)
{
    __m512i t[2 * FIELD_LIMBS];
    field_columns_soon(t, &a, &b);
    return combine(field_fold(t), c);
}

/* Writes the states of P, 2P, 4P, ... and one more, whose M is that of the last. */
static NOINLINE IFMA void make_chain(struct field8 state[CHAIN + 1], struct field8 x)
{
    /* Lanes of the first operand, of the second from 8 on. Level 1 makes A, G, m, C, H, f·d, q1·A, q3·C, the last three
     * with d, A and C of the doubling before, and of these d, s, m, C, H, N, G, A. */
    const __m512i first_a = _mm512_set_epi64(3, 1, 6, 4, 2, 0, 4, 0),
                  first_b = _mm512_set_epi64(8 + 3, 8 + 7, 8 + 0, 0, 2, 2, 2, 0);
    const struct combination first = {
        .own_shift = _mm512_set_epi64(64, 64, 1, 0, 0, 0, 0, 0),
        .a_lane = _mm512_set_epi64(0, 1, 6, 0, 0, 0, 0, 1),
        .a_shift = _mm512_set_epi64(0, 0, 4, 0, 0, 0, 0, 0),
        .a_used = 0xe3,
        .a_minus = 0x01,
        .b_lane = _mm512_set1_epi64(7),
        .b_shift = 2,
        .b_used = 0x20,
        .b_minus = 0x20,
    };
    /* Level 2 makes q0, q1, q2, q3, q4, q5, q6, M, and of these the state. */
    const __m512i second_a = _mm512_set_epi64(5, 1, 6, 4, 3, 2, 2, 0),
                  second_b = _mm512_set_epi64(8 + 7, 1, 3, 1, 3, 1, 3, 0);
    const struct combination second = {
        .own_shift = _mm512_set_epi64(0, 1, 0, 2, 0, 2, 0, 0),
        .a_lane = _mm512_set_epi64(0, 0, 0, 5, 0, 3, 0, 1),
        .a_shift = _mm512_set_epi64(0, 0, 0, 1, 0, 1, 0, 2),
        .a_used = 0x55,
        .a_minus = 0x41,
        .b_lane = _mm512_set1_epi64(1),
        .b_shift = 1,
        .b_used = 0x40,
        .b_minus = 0,
    };
    /* Before the first doubling d = 1, f = 1/2, q1 = q3 = 0 and M = 1 make N = 1. */
    struct field8 level = field_one(), now = field_zero();
    now = field_choose(1 << LANE_X, now, x);
    now = field_choose(1 << LANE_Z | 1 << LANE_BEFORE_M, now, field_one());
    now = field_choose(1 << LANE_Y, now, field_constant(alpha));
    now = field_choose(1 << LANE_F, now, field_constant(half));
    for (size_t n = 0; n < CHAIN; n++) {
        state[n] = now;
        level = product(field_permute(now, first_a, now), field_permute(now, first_b, level), first);
        for (size_t i = 0; i < FIELD_LIMBS; i++) /* lane 3, C, as lane 5 */
            _mm512_mask_storeu_epi64((int64_t *)(void *)&state[n].limb[i] + LANE_C - 3, 1 << 3, level.limb[i]);
        now = product(field_permute(level, second_a, level), field_permute(level, second_b, now), second);
    }
    state[CHAIN] = now;
}

/* ---- verification ------------------------------------------------------------------------------------------------ */

IFMA enum p256_answer p256_ask(const struct p256_question *question)
{
    pthread_once(&comb_once, make_comb);
    struct sum_schedule schedule;
    struct field8 state[CHAIN + 1];
    comb_prefetch(&comb, question->u1);
    sum_plan(&schedule, &question->u2, 1);
    make_chain(state, field_multiply(field_of_words(question->key_x), field_constant(to_x)));

    struct point8 sum = sum_start(&comb);
    sum_add_comb(&sum, &comb, question->u1);
    sum_add_chain(&sum, state, (struct sum_lanes){LANE_X, LANE_Z, LANE_C, LANE_BEFORE_M}, &schedule,
                  field_multiply(field_of_words(question->key_y), field_constant(to_y)));
    switch (sum_finish(&sum)) {
    case LANE_SUM_INFINITY: return P256_NO;
    case LANE_SUM_UNDECIDED: return P256_UNDECIDED;
    case LANE_SUM_POINT: break;
    }
    struct field8 zz = field_square(sum.z);
    for (size_t i = 0; i < question->count; i++) {
        struct field8 x = field_multiply(field_of_words(question->candidate[i]), field_constant(to_x));
        if ((field_is_zero(field_subtract(sum.x, field_multiply(x, zz))) & 1) != 0) return P256_YES;
    }
    return P256_NO;
}

#else

enum p256_answer p256_ask(const struct p256_question *question)
{
    (void)question;
    ASSERT(ifma_available());
    return P256_UNDECIDED;
}

#endif
