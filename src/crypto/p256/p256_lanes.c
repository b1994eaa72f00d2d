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
#include "crypto/p256/p256_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/p256/p256_field8.h"

#include "crypto/simd/lane_sum.h"

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

static const int64_t twice_prime[FIELD_LIMBS] = {0x1ffffffffffffe, 0x1ffffffffffe, 0, 0x2000000000, 0x1fffffffe0000};

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
    LANE_Q1 = 1,       /* 8·q1 of the last doubling */
    LANE_Z = 2,        /* of 2^n·P */
    LANE_Q3 = 3,       /* 2·q3 of the last doubling */
    LANE_Y = 4,        /* of 2^n·P */
    LANE_C = 5,        /* not used by the chain: C of 2^n·P is put here in memory */
    LANE_F = 6,        /* of the last doubling */
    LANE_BEFORE_M = 7, /* of 2^(n - 1)·P */
};

/* A multiple of p, 2 or 2^12, in some lanes: comes on top of differences. */
static IFMA struct field8 bias_in(__mmask8 lanes, const int64_t limb[FIELD_LIMBS])
{
    return field_choose(lanes, field_zero(), field_constant(limb));
}

/* Level 1: A, G, m, C, H, d·f, 8·q1·A, 2·q3·C become d, s, m, C, H, N/2, G, A. The products are below p + 2^253, so all
 * are below 2^259 without reduction. */
struct first_level {
    __m512i a, b, next_lane, third_lane;
    struct field8 bias;
};
static ALWAYS_INLINE IFMA struct field8 first_level(const struct first_level *c, struct field8 now, struct field8 level)
{
    struct field8 t = field_multiply_fold(field_permute(now, c->a, now), field_permute(now, c->b, level), c->bias);
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        __m512i own = t.limb[i], next = _mm512_maskz_permutexvar_epi64(0xe3, c->next_lane, own);
        __m512i third = _mm512_permutexvar_epi64(c->third_lane, own);
        __m512i sum = _mm512_mask_add_epi64(next, 0x3f, own, next); /* lanes 6 and 7 take G and A alone */
        sum = _mm512_mask_sub_epi64(sum, 0x01, own, next);
        t.limb[i] = _mm512_mask_sub_epi64(sum, 0x20, sum, third);
    }
    return field_carry(t);
}

/* Level 2: q0 to q6 and M·N/2 become a state. */
struct second_level {
    __m512i a, b, next_lane, own_shift, next_shift;
    struct field8 bias;
};
static ALWAYS_INLINE IFMA struct field8 second_level(const struct second_level *c, struct field8 now,
                                                     struct field8 level)
{
    struct field8 t = field_multiply_fold(field_permute(level, c->a, level), field_permute(level, c->b, now), c->bias);
#pragma GCC unroll 5
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        __m512i own = t.limb[i], next = _mm512_maskz_permutexvar_epi64(0x55, c->next_lane, own);
        /* q6 + q1 in lane 6; within 256 bits q1's neighbour is not there */
        own = _mm512_mask_add_epi64(own, 1 << LANE_F, own, _mm512_permutexvar_epi64(all8(LANE_Q1), own));
        own = _mm512_sllv_epi64(own, c->own_shift);
        next = _mm512_sllv_epi64(next, c->next_shift);
        __m512i sum = _mm512_add_epi64(own, next);
        t.limb[i] = _mm512_mask_sub_epi64(sum, 1 << LANE_X | 1 << LANE_F, own, next);
    }
    return field_settle(t);
}

/* Writes the states of P, 2P, 4P, ... and one more, whose M is that of the last. */
static NOINLINE IFMA void make_chain(struct field8 state[CHAIN + 1], struct field8 x)
{
    /* a and b are the lanes of the factors: from 8 on of b, those of `level` in level 1 and of `now` in level 2. */
    const struct first_level first = {
        .a = kept8(_mm512_set_epi64(3, 1, 6, 4, 2, 0, 4, 0)),
        .b = kept8(_mm512_set_epi64(8 + 3, 8 + 7, 8 + 0, 0, 2, 2, 2, 0)),
        .next_lane = kept8(_mm512_set_epi64(0, 1, 6, 0, 0, 0, 0, 1)),
        .third_lane = kept8(all8(7)),
        .bias = bias_in(0x21, twice_prime),
    };
    const struct second_level second = {
        .a = kept8(_mm512_set_epi64(5, 1, 6, 4, 3, 2, 2, 0)),
        .b = kept8(_mm512_set_epi64(8 + 7, 1, 3, 1, 3, 1, 3, 0)),
        .next_lane = kept8(_mm512_set_epi64(0, 0, 0, 5, 0, 3, 0, 1)),
        .own_shift = kept8(_mm512_set_epi64(1, 1, 0, 2, 1, 2, 3, 0)),
        .next_shift = kept8(_mm512_set_epi64(0, 0, 0, 1, 0, 1, 0, 2)),
        .bias = bias_in(1 << LANE_X | 1 << LANE_F, FIELD_MINUS),
    };
    /* Before the first doubling d = 1, f = 1/2, q1 = q3 = 0 and M = 1 make N = 1. */
    struct field8 level = field_one(), now = field_zero();
    now = field_choose(1 << LANE_X, now, x);
    now = field_choose(1 << LANE_Z | 1 << LANE_BEFORE_M, now, field_one());
    now = field_choose(1 << LANE_Y, now, field_constant(alpha));
    now = field_choose(1 << LANE_F, now, field_constant(half));
    for (size_t n = 0; n < CHAIN; n++) {
        field_store(&state[n], now);
        level = first_level(&first, now, level);
        for (size_t i = 0; i < FIELD_LIMBS; i++) /* lane 3, C, as lane 5 */
            _mm512_mask_storeu_epi64((int64_t *)(void *)&state[n].limb[i] + LANE_C - 3, 1 << 3, level.limb[i]);
        now = second_level(&second, now, level);
    }
    field_store(&state[CHAIN], now);
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
