/* Pairings on bn254 in vectors (AVX-512 IFMA): the optimal ate pairing of Vercauteren, "Optimal pairings" (2010), with
 * the arithmetic of fp12_lanes.h. With u = 4965661367192848881, pi for the Frobenius on the twist:
 *
 *     (f(6u + 2, Q)(P) · line([6u + 2]Q, pi(Q))(P) · line([6u + 2]Q + pi(Q), -pi^2(Q))(P)) ^ ((p^12 - 1)/r)
 *
 * The loop ends with [6u + 2]Q + pi(Q) - pi^2(Q), which is -pi^3(Q) exactly where Q is in the subgroup of order r: the
 * difference is an endomorphism whose norm has with the number of points of the twist, r·(2p - r), the greatest common
 * divisor r (as in bn254_subgroup.c). So the subgroup is checked for nothing. */
#include "crypto/bn254/bn254_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/bn254/bn254_fp8.h"
#include "crypto/simd/fp2x8.h"

/* xi = 9 + i. */
static ALWAYS_INLINE IFMA struct fp8 times_9(struct fp8 a)
{
    return fp8_plus(a, fp8_shift(a, 3));
}
#define FP12_TIMES_XI(a)                                                                                               \
    ((struct fp2x8){fp8_plus(times_9((a).re), fp8_minus((a).im)), fp8_plus(times_9((a).im), (a).re)})
#define FP12_TIMES_XI_LANES(a, other) fp8_plus(times_9(a), fp8_choose(0x38, fp8_minus(other), other))
/* With s = re + im, d = re - im, m = 2·im: 9·s·d - re·m in the real half, 9·re·m + s·d in the imaginary. */
#define FP12_ADD_XI_SQUARES(t, real, imaginary)                                                                        \
    do {                                                                                                               \
        struct fp8 s_ = fp8_plus(real, imaginary), d_ = fp8_plus(real, fp8_minus(imaginary));                          \
        struct fp8 m_ = fp8_shift(imaginary, 1);                                                                       \
        wide8_add_product(t, fp8_settle(times_9(fp8_choose(0x38, s_, real))), fp8_settle(fp8_choose(0x38, d_, m_)));   \
        wide8_add_product(t, fp8_settle(fp8_choose(0x38, real, s_)), fp8_settle(fp8_choose(0x38, fp8_minus(m_), d_))); \
    } while (0)

#include "crypto/simd/fp12_lanes.h"

/* The twist multiplies by powers of w: y + x·w + constant·w^3. */
enum { LINE_Y_AT = 0, LINE_X_AT = 1, LINE_CONSTANT_AT = 3 };
#include "crypto/simd/miller8.h"

enum { LANES = BN254_LANES, FP_SIZE = 32 };

static struct frobenius12 frobenius;
/* xi^((p - 1)/3) and xi^((p - 1)/2). */
static struct fp2x8 twist_x, twist_y;
static pthread_once_t constants_once = PTHREAD_ONCE_INIT;

static IFMA void make_constants(void)
{
    struct fp2x8 first = {fp8_constant(fp8_frobenius[0]), fp8_constant(fp8_frobenius[1])};
    frobenius12_make(&frobenius);
    fp2x8_square(&twist_x, &first);
    fp2x8_multiply(&twist_y, &twist_x, &first);
}

/* ---- the Miller loop --------------------------------------------------------------------------------------------- */

/* pi on the twist: (conj(x)·xi^((p - 1)/3), conj(y)·xi^((p - 1)/2)). */
static IFMA void twist_frobenius(struct fp2x8 *x, struct fp2x8 *y)
{
    x->im = fp8_negate(x->im);
    y->im = fp8_negate(y->im);
    fp2x8_multiply(x, x, &twist_x);
    fp2x8_multiply(y, y, &twist_y);
}

static IFMA struct fp8 read_coordinates(const uint8_t *const pairs[], size_t count, size_t offset)
{
    const uint8_t *at[8];
    for (size_t k = 0; k < 8; k++) at[k] = pairs[pair_of_lane(k, count)] + offset;
    return fp8_read(at);
}

/* 6u + 2 from its highest bit on: so many doublings, then plus or minus the point. */
static const int8_t loop_runs[][2] = {{2, -1}, {2, 1},  {4, -1}, {2, -1}, {4, -1}, {2, 1}, {2, -1}, {3, -1},
                                      {6, 1},  {3, -1}, {2, 1},  {3, -1}, {5, -1}, {2, 1}, {4, -1}, {2, -1},
                                      {3, 1},  {4, -1}, {3, -1}, {2, 1},  {2, 1},  {3, 0}};

/* *f = the product of the pairs' Miller loops; whether all points of the twist are in the subgroup. */
static IFMA bool miller_loops(struct fp12 *f, const uint8_t *const pairs[], size_t count)
{
    struct fp8 part[6];
    for (size_t i = 0; i < 6; i++) part[i] = read_coordinates(pairs, count, i * FP_SIZE);
    struct place8 place = {fp8_settle(fp8_minus(fp8_shift(part[0], 1))), fp8_settle(fp8_shift(part[1], 1))};
    struct fp2x8 x = {part[3], part[2]}, y = {part[5], part[4]}; /* imaginary parts come first */
    struct fp2x8 minus_y = fp2x8_settle(fp2x8_minus(y));
    struct twist8 t = {x, y, fp2x8_one()};
    *f = fp12_one();
    for (size_t i = 0; i < COUNT_OF(loop_runs); i++) {
        for (int k = 0; k < loop_runs[i][0]; k++) miller_double(f, &t, &place, count);
        if (loop_runs[i][1] != 0) miller_add(f, &t, &x, loop_runs[i][1] > 0 ? &y : &minus_y, &place, count);
    }
    twist_frobenius(&x, &y);
    miller_add(f, &t, &x, &y, &place, count);
    twist_frobenius(&x, &y);
    minus_y = fp2x8_settle(fp2x8_minus(y));
    miller_add(f, &t, &x, &minus_y, &place, count);
    twist_frobenius(&x, &y);
    minus_y = fp2x8_settle(fp2x8_minus(y));
    return twist_is(&t, &x, &minus_y);
}

/* ---- the final exponentiation ------------------------------------------------------------------------------------ */

/* u, in digits that are odd and from -7 to 7: from a leading 1, so many squarings, then times that power. */
static const int8_t power_runs[][2] = {{6, 5}, {5, -3}, {4, 3},  {5, 5}, {4, -5}, {4, -3}, {4, 1},
                                       {5, 5}, {5, 7},  {4, -7}, {7, 5}, {5, -1}, {4, 1}};

/* out = a^u, for a in the cyclotomic subgroup, where the inverse is the conjugate. */
static IFMA void power_of_parameter(struct fp12 *out, const struct fp12 *a)
{
    struct factor12 factor[2][4]; /* a, a^3, a^5, a^7, and their inverses */
    struct fp12 power = *a, square;
    struct half12 half = half12_of(a);
    half12_square(&half, 1);
    square = fp12_of(&half);
    for (size_t i = 0; i < 4; i++) {
        struct fp12 inverse = fp12_conjugate(&power);
        factor[0][i] = factor12_of(&power);
        factor[1][i] = factor12_of(&inverse);
        if (i < 3) fp12_multiply(&power, &power, &square);
    }
    half = half12_of(a);
    for (size_t i = 0; i < COUNT_OF(power_runs); i++) {
        int digit = power_runs[i][1];
        half12_square(&half, (unsigned)power_runs[i][0]);
        power = fp12_of(&half);
        fp12_multiply_factor(&power, &factor[digit < 0][(digit < 0 ? -digit : digit) / 2], &power);
        half = half12_of(&power);
    }
    *out = power;
}

static IFMA void square_in_subgroup(struct fp12 *out, const struct fp12 *a)
{
    struct half12 half = half12_of(a);
    half12_square(&half, 1);
    *out = fp12_of(&half);
}

/* out = 1/a, a not 0, through mcl. Coefficient 2j + i of ours is its coefficient j of half i. */
static IFMA void invert(struct fp12 *out, const struct fp12 *a)
{
    uint8_t number[2][8][FP_SIZE];
    mclBnGT x;
    fp8_write(number[0], a->re);
    fp8_write(number[1], a->im);
    for (size_t k = 0; k < FP12_DEGREE; k++)
        for (size_t i = 0; i < 2; i++)
            ASSERT(mclBnFp_setBigEndianMod(&x.d[6 * (k % 2) + 2 * (k / 2) + i], number[i][k], FP_SIZE) == 0);
    mclBnGT_invGeneric(&x, &x);
    for (size_t i = 0; i < 2; i++) {
        const uint8_t *at[8];
        for (size_t k = 0; k < 8; k++) at[k] = number[i][k];
        for (size_t k = 0; k < FP12_DEGREE; k++) {
            uint64_t words[4] = {0};
            mclBnFp_getLittleEndian(words, sizeof words, &x.d[6 * (k % 2) + 2 * (k / 2) + i]);
            for (size_t w = 0; w < 4; w++) store_be64(number[i][k] + 8 * (3 - w), words[w]);
        }
        *(i == 0 ? &out->re : &out->im) = fp8_read(at);
    }
}

/* *f to the power of (p^12 - 1)/r times 2u·(6u^2 + 3u + 1), which r does not divide: Duquesne, Ghammam, "Memory-saving
 * computation of the pairing final exponentiation on BN curves" (2016). */
static IFMA void final_exponentiation(struct fp12 *f)
{
    struct fp12 a, b, c, d, e, g;
    invert(&b, f);
    a = fp12_conjugate(f);
    fp12_multiply(&a, &a, &b);
    fp12_frobenius(&b, &a, &frobenius, 2);
    fp12_multiply(&a, &a, &b); /* (p^6 - 1)(p^2 + 1) */
    power_of_parameter(&b, &a);
    square_in_subgroup(&b, &b);
    square_in_subgroup(&c, &b);
    fp12_multiply(&c, &c, &b); /* b = a^2u, c = a^6u */
    power_of_parameter(&d, &c);
    fp12_multiply(&c, &c, &d); /* d = 6u^2, c = 6u^2 + 6u */
    square_in_subgroup(&e, &d);
    power_of_parameter(&e, &e);
    fp12_multiply(&e, &e, &c); /* e = 12u^3 + 6u^2 + 6u */
    b = fp12_conjugate(&b);
    fp12_multiply(&b, &b, &e); /* b = 12u^3 + 6u^2 + 4u */
    fp12_multiply(&d, &d, &e);
    fp12_multiply(&d, &d, &a); /* d = 12u^3 + 12u^2 + 6u + 1 */
    fp12_frobenius(&g, &b, &frobenius, 1);
    fp12_multiply(&d, &d, &g);
    fp12_frobenius(&g, &e, &frobenius, 2);
    fp12_multiply(&d, &d, &g);
    a = fp12_conjugate(&a);
    fp12_multiply(&b, &b, &a);
    fp12_frobenius(&g, &b, &frobenius, 3);
    fp12_multiply(f, &d, &g);
}

/* ---- products of pairings ---------------------------------------------------------------------------------------- */

_Static_assert(sizeof(struct bn254_product) == sizeof(struct fp12), "an element of Fp12");

static IFMA struct fp12 load_product(const struct bn254_product *p)
{
    struct fp12 f;
    memcpy(&f, p, sizeof f);
    return f;
}

IFMA void bn254_product_start(struct bn254_product *product)
{
    struct fp12 f = fp12_one();
    pthread_once(&constants_once, make_constants);
    memcpy(product, &f, sizeof f);
}

IFMA bool bn254_product_multiply(struct bn254_product *product, const uint8_t *const pairs[], size_t count)
{
    struct fp12 f = load_product(product), factor;
    ASSERT(count > 0 && count <= LANES);
    if (!miller_loops(&factor, pairs, count)) return false;
    fp12_multiply(&f, &f, &factor);
    memcpy(product, &f, sizeof f);
    return true;
}

IFMA bool bn254_product_is_one(const struct bn254_product *product)
{
    enum { ALL = 0x3f, ODD = 0x2a };
    struct fp12 f = load_product(product);
    /* The final power begins with x^(p^6 - 1), which is one for all (non-zero) x in the subfield of p^6 elements. So
     * end pairs that cancel, such as e(P, Q) e(P, -Q), without the power. */
    if ((fp8_zero_lanes(f.re) & fp8_zero_lanes(f.im) & ODD) == ODD) return true;
    final_exponentiation(&f);
    struct fp12 one = fp12_one();
    return (fp8_zero_lanes(fp8_subtract(f.re, one.re)) & fp8_zero_lanes(f.im) & ALL) == ALL;
}

#else

void bn254_product_start(struct bn254_product *product)
{
    (void)product;
    ASSERT(ifma_available());
}

bool bn254_product_multiply(struct bn254_product *product, const uint8_t *const pairs[], size_t count)
{
    (void)product, (void)pairs, (void)count;
    ASSERT(ifma_available());
    return false;
}

bool bn254_product_is_one(const struct bn254_product *product)
{
    (void)product;
    ASSERT(ifma_available());
    return false;
}

#endif
