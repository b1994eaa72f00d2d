/* ECDSA recovery for eight signatures side by side (AVX-512 IFMA), three to four times as fast as one after the other.
 *
 * The key is u2·R + u1·G, where R is the curve's point with x = r. All lanes do the same steps, whatever their numbers:
 *
 *     R        y as the square root of x^3 + 7: a power with a fixed exponent
 *     table    R, 2R, ... 16R on a curve of its own (below), in affine coordinates; each also times lambda
 *     loop     26 times: five doublings; one table point for each half of u2; every second time one for each half of
 *              u1, from a table of G, 2G, ... 512G that is made once
 *     end      to affine coordinates, with one inversion for all groups of the chunk
 *
 * The table's points leave additions with different z. Instead of dividing, they are all brought to the last one's: (x,
 * y) -> (x·z^2, y·z^3) maps the curve to y^2 = x^3 + 7·z^6, and no formula uses the 7. G's points are mapped when they
 * are used, and the result's z is multiplied by the table's.
 *
 * The addition's formula is wrong when both points are equal or opposite, and has no infinity. Then, and only then, is
 * the difference of x coordinates 0; it is a factor of z from there on, so z ends as 0 and the lane is given up. Before
 * the first digit that is not 0 a lane's sum is infinity, told by a mask. */
#include "crypto/secp256k1/secp256k1_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/secp256k1/secp256k1_point8.h"

enum { LANES = SECP256K1_LANES, MULTIPLES = SECP256K1_POINT_MULTIPLES };

/* Affine multiples of eight points: entry i is (i + 1)·P; entry.lambda_x is the x of lambda times that. */
struct table8 {
    struct {
        struct field8 x, y, lambda_x;
    } entry[MULTIPLES];
};

/* The generator's multiples, limbs behind each other: x, y, lambda_x, and a word that fills up 128 bytes. */
enum { BASE_WORDS = 16 };
static _Alignas(64) int64_t base_table[SECP256K1_BASE_MULTIPLES][BASE_WORDS];
static pthread_once_t base_once = PTHREAD_ONCE_INIT;

/* ---- powers ------------------------------------------------------------------------------------------------------ */

/* Squarings wait for each other; the powers of two groups go through side by side. */
struct twins {
    struct field8 a, b;
};

static NOINLINE IFMA void twins_multiply(struct twins *out, const struct twins *x, const struct twins *y)
{
    struct field8 a = field_multiply(x->a, y->a);
    out->b = field_multiply(x->b, y->b);
    out->a = a;
}

static NOINLINE IFMA void twins_square(struct twins *out, const struct twins *x, unsigned times)
{
    struct field8 a = x->a, b = x->b;
    for (; times > 0; times--) {
        a = field_square(a);
        b = field_square(b);
    }
    out->a = a;
    out->b = b;
}

/* out = x^(2^times)·y */
static IFMA void twins_step(struct twins *out, const struct twins *x, unsigned times, const struct twins *y)
{
    struct twins t;
    twins_square(&t, x, times);
    twins_multiply(out, &t, y);
}

/* Powers of 2^n - 1: the primes' binary form is one run of 223 ones and a short tail. */
struct runs {
    struct twins of_2, of_22, of_223;
};

static IFMA void make_runs(struct runs *out, const struct twins *x)
{
    struct twins t3, t6, t9, t11, t44, t88, t176, t220;
    twins_step(&out->of_2, x, 1, x);
    twins_step(&t3, &out->of_2, 1, x);
    twins_step(&t6, &t3, 3, &t3);
    twins_step(&t9, &t6, 3, &t3);
    twins_step(&t11, &t9, 2, &out->of_2);
    twins_step(&out->of_22, &t11, 11, &t11);
    twins_step(&t44, &out->of_22, 22, &out->of_22);
    twins_step(&t88, &t44, 44, &t44);
    twins_step(&t176, &t88, 88, &t88);
    twins_step(&t220, &t176, 44, &t44);
    twins_step(&out->of_223, &t220, 3, &t3);
}

/* x^((p + 1) / 4): the square root where there is one. */
static IFMA void twins_root(struct twins *out, const struct twins *x)
{
    struct runs runs;
    struct twins t;
    make_runs(&runs, x);
    twins_step(&t, &runs.of_223, 23, &runs.of_22);
    twins_step(&t, &t, 6, &runs.of_2);
    twins_square(out, &t, 2);
}

/* x^(p - 2) = 1/x, and 0 for 0. */
static IFMA void twins_invert(struct twins *out, const struct twins *x)
{
    struct runs runs;
    struct twins t;
    make_runs(&runs, x);
    twins_step(&t, &runs.of_223, 23, &runs.of_22);
    twins_step(&t, &t, 5, x);
    twins_step(&t, &t, 3, &runs.of_2);
    twins_step(out, &t, 2, x);
}

/* x[i] = 1/x[i], with one inversion. Lanes stay apart; a lane with a 0 spoils itself in all groups, so none must be
 * 0. */
static IFMA void invert_groups(struct field8 *x, size_t groups)
{
    struct field8 before[SECP256K1_GROUPS_MAX], product = field_small(1);
    for (size_t g = 0; g < groups; g++) {
        before[g] = product;
        product = field_multiply(product, x[g]);
    }
    struct twins inverse = {product, product};
    twins_invert(&inverse, &inverse);
    for (size_t g = groups; g-- > 0;) {
        struct field8 own = field_multiply(inverse.a, before[g]);
        inverse.a = field_multiply(inverse.a, x[g]);
        x[g] = own;
    }
}

/* ---- tables ------------------------------------------------------------------------------------------------------ */

/* Multiples of (x, y), on the curve where their common z is 1. Returns that z. */
static NOINLINE IFMA struct field8 make_table(struct table8 *out, struct field8 x, struct field8 y)
{
    struct field8 ratio[MULTIPLES], z;
    struct point8 p = {x, y, field_small(1)};
    out->entry[0].x = x;
    out->entry[0].y = y;
    p = point_double(p);
    ratio[1] = p.z;
    for (size_t i = 1; i < MULTIPLES; i++) {
        if (i > 1) p = point_add(p, x, y, &ratio[i]);
        out->entry[i].x = p.x;
        out->entry[i].y = p.y;
    }
    /* z is the product of the ratios behind entry i: by that its own z falls short of the last. */
    z = field_small(1);
    for (size_t i = MULTIPLES; i-- > 0;) {
        if (i < MULTIPLES - 1) {
            z = field_multiply(z, ratio[i + 1]);
            struct field8 zz = field_square(z);
            out->entry[i].x = field_multiply(out->entry[i].x, zz);
            out->entry[i].y = field_multiply(out->entry[i].y, field_multiply(zz, z));
        }
        out->entry[i].lambda_x = times_beta(out->entry[i].x);
    }
    return z;
}

/* 1G to 512G. Lane k makes the 64 multiples from 64k + 1 on: two from the library, then by adding G. */
static IFMA void make_base_table(void)
{
    enum { RUN = SECP256K1_BASE_MULTIPLES / LANES };
    static struct point8 p[RUN]; /* written once, under base_once */
    uint8_t start[3][LANES][64];
    const uint8_t *x[LANES], *y[LANES];
    struct field8 affine[3][2], unused, step[SECP256K1_GROUPS_MAX];
    for (size_t s = 0; s < 3; s++) {
        for (size_t k = 0; k < LANES; k++) {
            uint32_t factor = s < 2 ? (uint32_t)(RUN * k + s + 1) : 1;
            uint8_t scalar[32] = {[30] = (uint8_t)(factor >> 8), [31] = (uint8_t)factor};
            secp256k1_base_multiple(start[s][k], scalar);
            x[k] = start[s][k];
            y[k] = start[s][k] + 32;
        }
        affine[s][0] = field_read(x);
        affine[s][1] = field_read(y);
    }
    for (size_t s = 0; s < 2; s++) p[s] = (struct point8){affine[s][0], affine[s][1], field_small(1)};
    for (size_t i = 2; i < RUN; i++) p[i] = point_add(p[i - 1], affine[2][0], affine[2][1], &unused);
    for (size_t i = 0; i < RUN; i += SECP256K1_GROUPS_MAX) {
        for (size_t g = 0; g < SECP256K1_GROUPS_MAX; g++) step[g] = p[i + g].z;
        invert_groups(step, SECP256K1_GROUPS_MAX);
        for (size_t g = 0; g < SECP256K1_GROUPS_MAX; g++) {
            struct field8 zz = field_square(step[g]), out[3];
            out[0] = field_multiply(p[i + g].x, zz);
            out[1] = field_multiply(p[i + g].y, field_multiply(zz, step[g]));
            out[2] = times_beta(out[0]);
            for (size_t c = 0; c < 3; c++) {
                for (size_t limb = 0; limb < FIELD_LIMBS; limb++) {
                    _Alignas(64) int64_t lane[LANES];
                    _mm512_store_si512(lane, out[c].limb[limb]);
                    for (size_t k = 0; k < LANES; k++) base_table[RUN * k + i + g][c * FIELD_LIMBS + limb] = lane[k];
                }
            }
        }
    }
}

/* ---- the sum ----------------------------------------------------------------------------------------------------- */

/* A sum in progress; `infinite` marks lanes to which nothing was added yet. */
struct sum8 {
    struct point8 p;
    __mmask8 infinite;
};

/* Adds (x, y), with y's sign changed in `negative` lanes, in `used` lanes only. */
static ALWAYS_INLINE IFMA void sum_add(struct sum8 *s, struct field8 x, struct field8 y, __mmask8 negative,
                                       __mmask8 used)
{
    struct field8 unused;
    y = field_choose(negative, y, field_settle(field_minus(y)));
    struct point8 added = point_add(s->p, x, y, &unused);
    if (UNLIKELY(s->infinite != 0)) {
        added = point_choose(s->infinite, added, (struct point8){x, y, field_small(1)});
        s->infinite &= (__mmask8)~used;
    }
    s->p = point_choose(used, s->p, added);
}

/* Splits eight digits into table places (0 for a digit 0) and masks. */
static ALWAYS_INLINE IFMA __m512i places(const int16_t digit[LANES], __mmask8 *negative, __mmask8 *used)
{
    __m512i d = _mm512_cvtepi16_epi64(_mm_loadu_si128((const __m128i *)(const void *)digit)),
            zero = _mm512_setzero_si512();
    *negative = _mm512_cmplt_epi64_mask(d, zero);
    *used = _mm512_test_epi64_mask(d, d);
    return _mm512_mask_sub_epi64(zero, *used, _mm512_abs_epi64(d), all8(1));
}

static NOINLINE IFMA void add_from_table(struct sum8 *s, const struct table8 *t, const int16_t digit[LANES],
                                         size_t half)
{
    __mmask8 negative, used;
    __m512i place = places(digit, &negative, &used);
    enum { ENTRY_WORDS = sizeof t->entry[0] / 8 };
    __m512i lane = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
    __m512i index = _mm512_add_epi64(_mm512_mullo_epi64(place, all8(ENTRY_WORDS)), lane);
    const lane64 *x = (const lane64 *)(half == 0 ? &t->entry[0].x : &t->entry[0].lambda_x);
    const lane64 *y = (const lane64 *)&t->entry[0].y;
    sum_add(s, field_gather(x, LANES, index), field_gather(y, LANES, index), negative, used);
}

/* zz and zzz map G's points to the curve of the sum. */
static NOINLINE IFMA void add_from_base(struct sum8 *s, const int16_t digit[LANES], size_t half,
                                        const struct field8 *zz, const struct field8 *zzz)
{
    __mmask8 negative, used;
    __m512i index = _mm512_slli_epi64(places(digit, &negative, &used), 4); /* BASE_WORDS */
    struct field8 x = field_gather(&base_table[0][half == 0 ? 0 : 2 * FIELD_LIMBS], 1, index);
    struct field8 y = field_gather(&base_table[0][FIELD_LIMBS], 1, index);
    sum_add(s, field_multiply(x, *zz), field_multiply(y, *zzz), negative, used);
}

static NOINLINE IFMA void double_times(struct point8 *p, int times)
{
    struct point8 q = *p;
    for (; times > 0; times--) q = point_double(q);
    *p = q;
}

/* u2·(x, y) + u1·G; lanes that found no sum have z = 0. */
static IFMA struct point8 multiply_and_add(struct field8 x, struct field8 y, const struct secp256k1_digits *digits)
{
    struct table8 table;
    struct field8 z = make_table(&table, x, y), zz = field_square(z), zzz = field_multiply(zz, z);
    struct sum8 sum = {{x, y, field_small(1)}, 0xff};
    for (size_t i = SECP256K1_POINT_DIGITS; i-- > 0;) {
        if (i < SECP256K1_POINT_DIGITS - 1) double_times(&sum.p, SECP256K1_POINT_BITS);
        for (size_t half = 0; half < 2; half++) add_from_table(&sum, &table, digits->point[half][i], half);
        for (size_t half = 0; half < 2 && i % 2 == 0; half++)
            add_from_base(&sum, digits->base[half][i / 2], half, &zz, &zzz);
    }
    sum.p.z = field_choose(sum.infinite, field_multiply(sum.p.z, z), field_small(0));
    return sum.p;
}

/* ---- recovery ---------------------------------------------------------------------------------------------------- */

IFMA void secp256k1_recover_keys(uint8_t key[][64], bool *ok, const struct hash *digest,
                                 const struct secp256k1_signature *signature, size_t count)
{
    pthread_once(&base_once, make_base_table);
    struct secp256k1_digits digits[SECP256K1_GROUPS_MAX];
    memset(digits, 0, sizeof digits); /* lanes without a signature end as infinity */
    secp256k1_prepare(digits, digest, signature, count);

    size_t groups = (count + LANES - 1) / LANES;
    struct field8 x[SECP256K1_GROUPS_MAX + 1], right[SECP256K1_GROUPS_MAX + 1], y[SECP256K1_GROUPS_MAX + 1];
    __mmask8 odd[SECP256K1_GROUPS_MAX + 1] = {0}, good[SECP256K1_GROUPS_MAX];
    for (size_t g = 0; g < groups; g++) {
        const uint8_t *r[LANES] = {NULL};
        for (size_t k = 0; k < LANES && g * LANES + k < count; k++) {
            r[k] = signature[g * LANES + k].r;
            odd[g] |= (__mmask8)((signature[g * LANES + k].recovery_id & 1) << k);
        }
        x[g] = field_read(r);
        right[g] = field_settle(field_plus(field_multiply(field_square(x[g]), x[g]), field_small(7)));
    }
    right[groups] = right[groups - 1];
    for (size_t g = 0; g < groups; g += 2) {
        struct twins root = {right[g], right[g + 1]};
        twins_root(&root, &root);
        y[g] = root.a;
        y[g + 1] = root.b;
    }

    struct point8 sum[SECP256K1_GROUPS_MAX];
    struct field8 inverse[SECP256K1_GROUPS_MAX];
    for (size_t g = 0; g < groups; g++) {
        good[g] = field_is_zero(field_subtract(field_square(y[g]), right[g]));
        y[g] = field_choose(field_is_odd(y[g]) ^ odd[g], y[g], field_settle(field_minus(y[g])));
        sum[g] = multiply_and_add(x[g], y[g], &digits[g]);
        good[g] &= (__mmask8)~field_is_zero(sum[g].z);
        inverse[g] = field_choose(good[g], field_small(1), sum[g].z);
    }
    invert_groups(inverse, groups);
    for (size_t g = 0; g < groups; g++) {
        struct field8 zz = field_square(inverse[g]);
        uint8_t text[LANES][64], *out_x[LANES], *out_y[LANES];
        for (size_t k = 0; k < LANES; k++) {
            out_x[k] = text[k];
            out_y[k] = text[k] + 32;
        }
        field_write(out_x, field_multiply(sum[g].x, zz));
        field_write(out_y, field_multiply(sum[g].y, field_multiply(zz, inverse[g])));
        for (size_t k = 0; k < LANES && g * LANES + k < count; k++) {
            memcpy(key[g * LANES + k], text[k], 64);
            ok[g * LANES + k] = good[g] >> k & 1;
        }
    }
}

#else

void secp256k1_recover_keys(uint8_t key[][64], bool *ok, const struct hash *digest,
                            const struct secp256k1_signature *signature, size_t count)
{
    (void)key, (void)ok, (void)digest, (void)signature, (void)count;
    ASSERT(ifma_available());
}

#endif
