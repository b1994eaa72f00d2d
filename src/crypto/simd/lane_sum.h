/* Sums of many points in eight lanes: what recovery on secp256k1 and verification on P-256 have in common. Included after
 * the header of a field.
 *
 *     comb    multiples of the generator from a table, four for each lane
 *     chain   some of the multiples P, 2P, 4P, ... of another point, which the caller has made, in `states`
 *     tree    lanes are added to each other
 *
 * Each lane begins with a point that nobody can foresee, and all of these have the sum 0. So nobody can choose numbers for
 * which the points in a lane meet (a formula's exception, and z = 0 for good), until the very last addition, which meets
 * opposite points where the whole sum is infinity. There are chances of 2^-250 that it happens anyhow, and then
 * LANE_SUM_UNDECIDED sends the caller to slower ways. */
#ifndef WEFT_CRYPTO_SIMD_LANE_SUM_H
#define WEFT_CRYPTO_SIMD_LANE_SUM_H

#include "crypto/inverse.h"
#include "crypto/signed_digits.h"
#include "crypto/simd/point8.h"

enum { SUM_LANES = 8, SUM_ROUNDS_MAX = 128 / 4 / 2 + 1 };

/* ---- the table --------------------------------------------------------------------------------------------------- */

/* x | y in limbs. */
struct comb_point {
    int64_t limb[2 * FIELD_LIMBS];
};

/* point[w][d - 1] is d·2^(8w)·G; lane k adds those with 4k <= w < 4k + 4. start[k] is where lane k begins. 322 KiB. */
struct comb {
    struct comb_point point[COMB_WINDOWS][COMB_MULTIPLES], start[SUM_LANES];
};

/* What a table is made from. */
struct comb_source {
    void (*multiple)(uint8_t out[64], const uint8_t factor[32]); /* x | y of factor·G */
    void (*random)(uint8_t out[SUM_LANES][64]);                  /* points nobody can foresee, whose sum is 0 */
    const uint64_t *prime;
    struct field8 x_factor, y_factor; /* bring points of a lane to the curve on which it adds */
};

static inline IFMA void comb_store(struct comb_point *first, size_t stride, struct field8 x, struct field8 y)
{
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        for (size_t k = 0; k < SUM_LANES; k++) {
            first[stride * k].limb[i] = ((const lane64 *)&x.limb[i])[k];
            first[stride * k].limb[FIELD_LIMBS + i] = ((const lane64 *)&y.limb[i])[k];
        }
    }
}

static inline IFMA struct point8 comb_read(uint8_t text[SUM_LANES][64], const struct comb_source *source)
{
    const uint8_t *x[SUM_LANES], *y[SUM_LANES];
    for (size_t k = 0; k < SUM_LANES; k++) {
        x[k] = text[k];
        y[k] = text[k] + 32;
    }
    return (struct point8){field_multiply(field_of_bytes(x), source->x_factor),
                           field_multiply(field_of_bytes(y), source->y_factor), field_one()};
}

enum { COMB_RUN = 16 };

/* z[i] = 1/z[i]; none is 0 in any lane. */
static inline IFMA void comb_invert(struct field8 z[COMB_RUN], const uint64_t prime[4])
{
    struct field8 before[COMB_RUN], product = field_one(), inverse = product;
    for (size_t i = 0; i < COMB_RUN; i++) {
        before[i] = product;
        product = field_multiply(product, z[i]);
    }
    for (size_t k = 0; k < SUM_LANES; k++) {
        uint64_t word[4];
        field_get(word, product, k);
        inverse_256(word, word, prime);
        inverse = field_choose((__mmask8)(1u << k), inverse, field_all(word));
    }
    for (size_t i = COMB_RUN; i-- > 0;) {
        struct field8 own = field_multiply(inverse, before[i]);
        inverse = field_multiply(inverse, z[i]);
        z[i] = own;
    }
}

/* Makes the table, in some milliseconds: two multiples of each window from the source, the others by additions. */
static inline IFMA void comb_make(struct comb *out, const struct comb_source *source)
{
    enum { PARTS = COMB_WINDOWS / SUM_LANES };
    uint8_t text[SUM_LANES][64];
    struct field8 unused, z[COMB_RUN];
    for (size_t part = 0; part < PARTS; part++) {
        struct point8 first[2], p[COMB_RUN];
        for (size_t s = 0; s < 2; s++) {
            for (size_t k = 0; k < SUM_LANES; k++) {
                uint8_t factor[32] = {0};
                factor[31 - (PARTS * k + part)] = (uint8_t)(1 + s);
                source->multiple(text[k], factor);
            }
            first[s] = comb_read(text, source);
        }
        for (size_t at = 0; at < COMB_MULTIPLES; at += COMB_RUN) {
            for (size_t i = 0; i < COMB_RUN; i++) {
                if (at + i < 2)
                    p[i] = first[at + i];
                else
                    p[i] = point_add(p[(i + COMB_RUN - 1) % COMB_RUN], first[0].x, first[0].y, &unused);
                z[i] = p[i].z;
            }
            comb_invert(z, source->prime);
            for (size_t i = 0; i < COMB_RUN; i++) {
                struct field8 zz = field_square(z[i]), zzz = field_multiply(zz, z[i]);
                comb_store(&out->point[part][at + i], (size_t)PARTS * COMB_MULTIPLES, field_multiply(p[i].x, zz),
                           field_multiply(p[i].y, zzz));
            }
        }
    }
    source->random(text);
    struct point8 start = comb_read(text, source);
    comb_store(out->start, 1, start.x, start.y);
}

/* ---- sums in lanes ----------------------------------------------------------------------------------------------- */

/* p + (x/w, y/w^2), where c is w^2. */
static NOINLINE IFMA void point_add_fraction(struct point8 *p, const struct field8 *x, const struct field8 *y,
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

static ALWAYS_INLINE IFMA struct field8 negate_in(__mmask8 lanes, struct field8 y)
{
    return field_choose(lanes, y, field_settle(field_minus(y)));
}

static inline IFMA struct point8 sum_start(const struct comb *comb)
{
    __m512i lane = _mm512_mullo_epi64(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), all8(2 * FIELD_LIMBS));
    return (struct point8){field_gather(comb->start[0].limb, 1, lane),
                           field_gather(comb->start[0].limb + FIELD_LIMBS, 1, lane), field_one()};
}

/* Where the digits' points are, from the table's beginning on, so that they are fetched while other things are done. */
static inline void comb_prefetch(const struct comb *comb, const int16_t digit[COMB_WINDOWS])
{
    for (size_t w = 0; w < COMB_WINDOWS; w++) {
        int d = digit[w] < 0 ? -digit[w] : digit[w];
        if (d == 0) continue;
        const struct comb_point *at = &comb->point[w][d - 1];
        __builtin_prefetch(&at->limb[0]);
        __builtin_prefetch(&at->limb[2 * FIELD_LIMBS - 1]);
    }
}

/* Adds each lane's four multiples of G. */
static NOINLINE IFMA void sum_add_comb(struct point8 *sum, const struct comb *comb, const int16_t digit[COMB_WINDOWS])
{
    enum { PARTS = COMB_WINDOWS / SUM_LANES, WORDS = 2 * FIELD_LIMBS };
    for (size_t part = 0; part < PARTS; part++) {
        _Alignas(64) int64_t place[SUM_LANES] = {0};
        __mmask8 negative = 0, used = 0;
        for (size_t k = 0; k < SUM_LANES; k++) {
            size_t window = PARTS * k + part;
            int d = digit[window];
            if (d == 0) continue;
            used |= (__mmask8)(1u << k);
            negative |= (__mmask8)((unsigned)(d < 0) << k);
            place[k] = (int64_t)((window * COMB_MULTIPLES + (size_t)(d < 0 ? -d : d) - 1) * WORDS);
        }
        __m512i index = _mm512_load_si512(place);
        struct field8 unused, x = field_gather(comb->point[0][0].limb, 1, index);
        struct field8 y = field_gather(comb->point[0][0].limb + FIELD_LIMBS, 1, index);
        *sum = point_choose(used, *sum, point_add(*sum, x, negate_in(negative, y), &unused));
    }
}

/* Which multiples 2^n·P the lanes add, round by round. */
struct sum_schedule {
    int64_t place[SUM_ROUNDS_MAX][SUM_LANES];
    uint8_t negative[SUM_ROUNDS_MAX], used[SUM_ROUNDS_MAX];
    size_t rounds;
};

/* Deals the digits of each of `count` parts to as many lanes, 8/count; count is 1 or 2, and with 2 the parts have 64 digits
 * other than 0 at most. */
static inline void sum_plan(struct sum_schedule *out, const struct signed_bits *part, size_t count)
{
    size_t lanes = SUM_LANES / count;
    memset(out, 0, sizeof *out);
    for (size_t p = 0; p < count; p++) {
        size_t digits = 0;
        for (size_t word = 0; word < COUNT_OF(part[p].plus); word++) {
            for (uint64_t left = part[p].plus[word] | part[p].minus[word]; left != 0; left &= left - 1, digits++) {
                unsigned bit = (unsigned)__builtin_ctzll(left);
                size_t round = digits / lanes, lane = p * lanes + digits % lanes;
                ASSERT(round < SUM_ROUNDS_MAX);
                out->place[round][lane] = (int64_t)(word * 64 + bit);
                out->negative[round] |= (uint8_t)((part[p].minus[word] >> bit & 1) << lane);
                out->used[round] |= (uint8_t)(1u << lane);
            }
        }
        size_t rounds = (digits + lanes - 1) / lanes;
        if (rounds > out->rounds) out->rounds = rounds;
    }
}

/* Lanes of a state of the chain, one for each n, that hold the point 2^n·P = (X/W, factor·M/W^2) and C = W^2; M is in the
 * state behind. */
struct sum_lanes {
    size_t x, w, c, next_m;
};

/* Adds points of the chain; `factor` is the y of P itself. */
static ALWAYS_INLINE IFMA void sum_add_chain(struct point8 *sum, const struct field8 *state, struct sum_lanes lanes,
                                             const struct sum_schedule *schedule, struct field8 factor)
{
    enum { WORDS = sizeof state[0] / 8 };
    const lane64 *at = (const lane64 *)state;
    for (size_t round = 0; round < schedule->rounds; round++) {
        __m512i index = _mm512_mullo_epi64(_mm512_loadu_si512(schedule->place[round]), all8(WORDS));
        struct field8 x = field_gather(at + lanes.x, SUM_LANES, index);
        struct field8 w = field_gather(at + lanes.w, SUM_LANES, index);
        struct field8 c = field_gather(at + lanes.c, SUM_LANES, index);
        struct field8 y = field_multiply(field_gather(at + WORDS + lanes.next_m, SUM_LANES, index), factor);
        struct point8 added = *sum;
        y = negate_in(schedule->negative[round], y);
        point_add_fraction(&added, &x, &y, &w, &c);
        *sum = point_choose(schedule->used[round], *sum, added);
    }
}

/* Lane k gets the sum of lanes k and k ^ distance; distance is 1, 2 or 4. */
static NOINLINE IFMA void sum_across(struct point8 *sum, long long distance)
{
    __m512i from = _mm512_xor_si512(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), all8(distance));
    struct field8 x = field_permute(sum->x, from, sum->x), z = field_permute(sum->z, from, sum->z);
    struct field8 w = field_square(z), y = field_multiply(field_permute(sum->y, from, sum->y), z), c = field_square(w);
    point_add_fraction(sum, &x, &y, &w, &c);
}

enum lane_sum { LANE_SUM_POINT, LANE_SUM_INFINITY, LANE_SUM_UNDECIDED };

/* Adds up all lanes into lane 0. If the last addition leaves z = 0, neither of its points having had that, and its x is
 * not 0, then they were opposite: x is the square of a difference of y. */
static inline IFMA enum lane_sum sum_finish(struct point8 *sum)
{
    sum_across(sum, 4);
    sum_across(sum, 2);
    bool doubtful = (field_is_zero(sum->z) & 3) != 0;
    sum_across(sum, 1);
    if ((field_is_zero(sum->z) & 1) == 0) return LANE_SUM_POINT;
    return doubtful || (field_is_zero(sum->x) & 1) != 0 ? LANE_SUM_UNDECIDED : LANE_SUM_INFINITY;
}

#endif
