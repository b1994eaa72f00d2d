/* Multiples of eight points of bls12-381 side by side (AVX-512 IFMA; multiples8.h), and by them tests whether points
 * are in their subgroups: with z = 0xd201000000010000, z^2·(x, y) = (beta·x, -y) holds on G1 and z·P = -psi(P) on G2,
 * and nowhere else on their curves (Scott, "A note on group membership tests for G1, G2 and GT on BLS pairing-friendly
 * curves", 2021). */
#include "crypto/bls12_381/bls12_381_private.h"

#if defined(__x86_64__)

#include "crypto/bls12_381/bls12_381_fp8.h"
#include "crypto/simd/fp2x8.h"

/* ---- the field of G1 --------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE IFMA void g1_multiply(struct fp8 *out, const struct fp8 *a, const struct fp8 *b)
{
    *out = fp8_multiply(*a, *b);
}
static ALWAYS_INLINE IFMA void g1_square(struct fp8 *out, const struct fp8 *a)
{
    *out = fp8_square(*a);
}
static ALWAYS_INLINE IFMA void g1_multiply_two(struct fp8 *out, const struct fp8 *a, const struct fp8 *b,
                                               const struct fp8 *c, const struct fp8 *d)
{
    struct wide8 t = wide8_product(*a, *b);
    wide8_add_product(&t, *c, *d);
    *out = fp8_reduce(t);
}
#define g1_one fp8_of_one
#define g1_zero fp8_zero
#define g1_plus fp8_plus
#define g1_minus fp8_minus
#define g1_shift fp8_shift
#define g1_settle fp8_settle
#define g1_choose fp8_choose

#define ELEMENT struct fp8
#define EL(name) g1_##name
#define POINTS(name) g1_##name
#include "crypto/simd/multiples8.h"

#define ELEMENT struct fp2x8
#define EL(name) fp2x8_##name
#define POINTS(name) g2_##name
#include "crypto/simd/multiples8.h"

/* ---- digits ------------------------------------------------------------------------------------------------------ */

enum { LANES = BLS_LANES, DIGITS = 33 };

/* Writes each scalar as signed digits to the base 16, lowest first; returns how many matter. */
static size_t write_digits(int8_t out[DIGITS][LANES], const unsigned __int128 *scalar, size_t count)
{
    size_t length = 0;
    memset(out, 0, (size_t)DIGITS * LANES);
    for (size_t k = 0; k < count; k++) {
        unsigned carry = 0;
        for (size_t i = 0; i < DIGITS; i++) {
            unsigned digit = carry + (i < DIGITS - 1 ? (unsigned)(scalar[k] >> (4 * i)) & 15 : 0);
            carry = digit > 8;
            out[i][k] = (int8_t)((int)digit - (int)(carry << 4));
            if (digit != 0 && i >= length) length = i + 1;
        }
    }
    return length;
}

/* ---- G1 ---------------------------------------------------------------------------------------------------------- */

/* Coordinates of up to eight points; lanes behind them repeat the first. */
static IFMA void read_g1(struct fp8 *x, struct fp8 *y, const blst_p1_affine *points, size_t count)
{
    const blst_fp *xs[LANES], *ys[LANES];
    for (size_t k = 0; k < LANES; k++) {
        const blst_p1_affine *p = &points[k < count ? k : 0];
        xs[k] = &p->x;
        ys[k] = &p->y;
    }
    *x = fp8_read(xs);
    *y = fp8_read(ys);
}

IFMA void bls_g1_multiply_vector(blst_p1 *out, const blst_p1_affine *points, const unsigned __int128 *scalars,
                                 size_t count)
{
    int8_t digits[DIGITS][LANES];
    size_t length = write_digits(digits, scalars, count);
    struct fp8 x, y;
    struct g1_point8 product;
    read_g1(&x, &y, points, count);
    g1_multiply_digits(&product, &x, &y, digits, length);
    blst_fp *xs[LANES] = {NULL}, *ys[LANES] = {NULL}, *zs[LANES] = {NULL};
    for (size_t k = 0; k < count; k++) {
        xs[k] = &out[k].x;
        ys[k] = &out[k].y;
        zs[k] = &out[k].z;
    }
    fp8_write(xs, product.x);
    fp8_write(ys, product.y);
    fp8_write(zs, product.z);
}

/* z^2 and z in signed bits. */
static const int8_t runs_z_squared[][2] = {{2, -1}, {2, -1}, {2, -1}, {4, 1}, {3, 1}, {2, -1}, {2, -1}, {2, 1}, {3, 1},
                                           {10, 1}, {15, 1}, {2, -1}, {2, 1}, {3, 1}, {9, 1},  {33, 1}, {32, 0}};
static const int8_t runs_z[][2] = {{2, -1}, {2, 1}, {3, 1}, {9, 1}, {32, 1}, {16, 0}};

IFMA bool bls_g1_in_group_vector(const blst_p1_affine *points, size_t count)
{
    struct fp8 x, y, zz, zzz, beta;
    struct g1_point8 p;
    read_g1(&x, &y, points, count);
    g1_multiply_constant(&p, &x, &y, runs_z_squared, COUNT_OF(runs_z_squared));
    const blst_fp *betas[LANES];
    for (size_t k = 0; k < LANES; k++) betas[k] = &bls_beta;
    beta = fp8_read(betas);
    zz = fp8_square(p.z);
    zzz = fp8_multiply(zz, p.z);
    struct fp8 x_less = fp8_subtract(p.x, fp8_multiply(fp8_multiply(x, beta), zz));
    struct fp8 y_sum = fp8_add(p.y, fp8_multiply(y, zzz));
    return (uint8_t)(fp8_zero_lanes(x_less) & fp8_zero_lanes(y_sum) & ~fp8_zero_lanes(p.z)) == 0xff;
}

/* ---- G2 ---------------------------------------------------------------------------------------------------------- */

static IFMA void read_g2(struct fp2x8 *x, struct fp2x8 *y, const blst_p2_affine *points, size_t count)
{
    const blst_fp *part[4][LANES];
    for (size_t k = 0; k < LANES; k++) {
        const blst_p2_affine *p = &points[k < count ? k : 0];
        for (size_t i = 0; i < 2; i++) {
            part[i][k] = &p->x.fp[i];
            part[2 + i][k] = &p->y.fp[i];
        }
    }
    *x = (struct fp2x8){fp8_read(part[0]), fp8_read(part[1])};
    *y = (struct fp2x8){fp8_read(part[2]), fp8_read(part[3])};
}

IFMA void bls_g2_multiply_vector(blst_p2 *out, const blst_p2_affine *points, const unsigned __int128 *scalars,
                                 size_t count)
{
    int8_t digits[DIGITS][LANES];
    size_t length = write_digits(digits, scalars, count);
    struct fp2x8 x, y;
    struct g2_point8 product;
    read_g2(&x, &y, points, count);
    g2_multiply_digits(&product, &x, &y, digits, length);
    struct fp8 part[6] = {product.x.re, product.x.im, product.y.re, product.y.im, product.z.re, product.z.im};
    for (size_t i = 0; i < 6; i++) {
        blst_fp *to[LANES] = {NULL};
        for (size_t k = 0; k < count; k++) {
            blst_fp2 *coordinate = i < 2 ? &out[k].x : i < 4 ? &out[k].y : &out[k].z;
            to[k] = &coordinate->fp[i % 2];
        }
        fp8_write(to, part[i]);
    }
}

IFMA bool bls_g2_in_group_vector(const blst_p2_affine *points, size_t count)
{
    /* z·P = -psi(P) */
    blst_p2_affine expected[LANES];
    struct fp2x8 x, y, zz, zzz;
    struct g2_point8 p;
    ASSERT(count <= LANES);
    for (size_t k = 0; k < count; k++) bls_g2_times_z(&expected[k], &points[k]);
    read_g2(&x, &y, points, count);
    g2_multiply_constant(&p, &x, &y, runs_z, COUNT_OF(runs_z));
    read_g2(&x, &y, expected, count);
    fp2x8_square(&zz, &p.z);
    fp2x8_multiply(&zzz, &zz, &p.z);
    fp2x8_multiply(&x, &x, &zz);
    fp2x8_multiply(&y, &y, &zzz);
    unsigned equal = fp8_zero_lanes(fp8_subtract(p.x.re, x.re)) & fp8_zero_lanes(fp8_subtract(p.x.im, x.im)) &
                     fp8_zero_lanes(fp8_subtract(p.y.re, y.re)) & fp8_zero_lanes(fp8_subtract(p.y.im, y.im));
    unsigned infinite = fp8_zero_lanes(p.z.re) & fp8_zero_lanes(p.z.im);
    return (equal & ~infinite) == 0xff;
}

#else

void bls_g1_multiply_vector(blst_p1 *out, const blst_p1_affine *points, const unsigned __int128 *scalars, size_t count)
{
    (void)out, (void)points, (void)scalars, (void)count;
    ASSERT(ifma_available());
}

void bls_g2_multiply_vector(blst_p2 *out, const blst_p2_affine *points, const unsigned __int128 *scalars, size_t count)
{
    (void)out, (void)points, (void)scalars, (void)count;
    ASSERT(ifma_available());
}

bool bls_g1_in_group_vector(const blst_p1_affine *points, size_t count)
{
    (void)points, (void)count;
    ASSERT(ifma_available());
    return false;
}

bool bls_g2_in_group_vector(const blst_p2_affine *points, size_t count)
{
    (void)points, (void)count;
    ASSERT(ifma_available());
    return false;
}

#endif
