/* Makes the table of secp256k1_comb.h: 320 KiB, in some milliseconds, at the first use. */
#include "crypto/inverse.h"
#include "crypto/secp256k1_private.h"

#include <pthread.h>

#if defined(__x86_64__)

#include "crypto/secp256k1_comb.h"

enum { LANES = SECP256K1_LANES, WINDOWS_OF_LANE = SECP256K1_COMB_WINDOWS / LANES, RUN = 16 };

static struct secp256k1_comb comb;
static pthread_once_t comb_once = PTHREAD_ONCE_INIT;

static const int64_t nu[FIELD_LIMBS] = {0x17a9c72ac53f7, 0x1450eaaec06ef, 0x9f40ea032ca7b, 0x548ab65895e62,
                                        0x1a5576eeddbb};
static const uint64_t prime[4] = {0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff};

/* To the curve of the table, and divided by lambda in lanes 4 to 7. */
static IFMA void to_comb_curve(struct field8 *x, struct field8 *y)
{
    *x = field_multiply(*x, field_constant(mu));
    *y = field_multiply(*y, field_constant(nu));
    *x = field_choose(0xf0, *x, times_beta(times_beta(*x)));
}

static IFMA void store_points(struct secp256k1_comb_point *const to[LANES], struct field8 x, struct field8 y)
{
    for (size_t i = 0; i < FIELD_LIMBS; i++) {
        for (size_t k = 0; k < LANES; k++) {
            to[k]->limb[i] = ((const lane64 *)&x.limb[i])[k];
            to[k]->limb[FIELD_LIMBS + i] = ((const lane64 *)&y.limb[i])[k];
        }
    }
}

static IFMA struct point8 read_points(uint8_t text[LANES][64])
{
    const uint8_t *x[LANES], *y[LANES];
    for (size_t k = 0; k < LANES; k++) {
        x[k] = text[k];
        y[k] = text[k] + 32;
    }
    return (struct point8){field_read(x), field_read(y), field_small(1)};
}

/* z[i] = 1/z[i]; none is 0 in any lane. */
static IFMA void invert_run(struct field8 z[RUN])
{
    struct field8 before[RUN], product = field_small(1), inverse = product;
    for (size_t i = 0; i < RUN; i++) {
        before[i] = product;
        product = field_multiply(product, z[i]);
    }
    for (size_t k = 0; k < LANES; k++) {
        uint64_t word[4];
        field_get(word, product, k);
        inverse_256(word, word, prime);
        inverse = field_choose((__mmask8)(1u << k), inverse, field_all(word));
    }
    for (size_t i = RUN; i-- > 0;) {
        struct field8 own = field_multiply(inverse, before[i]);
        inverse = field_multiply(inverse, z[i]);
        z[i] = own;
    }
}

/* Lane k makes the multiples of window 4k + `part`: two from the library, then by adding the first. */
static IFMA void make_windows(size_t part)
{
    struct point8 first[2], p[RUN];
    struct field8 unused, z[RUN];
    for (size_t s = 0; s < 2; s++) {
        uint8_t text[LANES][64];
        for (size_t k = 0; k < LANES; k++) {
            uint8_t factor[32] = {0};
            factor[31 - (WINDOWS_OF_LANE * k + part)] = (uint8_t)(1 + s);
            secp256k1_base_multiple(text[k], factor);
        }
        first[s] = read_points(text);
    }
    for (size_t at = 0; at < SECP256K1_COMB_MULTIPLES; at += RUN) {
        for (size_t i = 0; i < RUN; i++) {
            if (at + i < 2)
                p[i] = first[at + i];
            else
                p[i] = point_add(p[(i + RUN - 1) % RUN], first[0].x, first[0].y, &unused);
            z[i] = p[i].z;
        }
        invert_run(z);
        for (size_t i = 0; i < RUN; i++) {
            struct field8 zz = field_square(z[i]), x = field_multiply(p[i].x, zz);
            struct field8 y = field_multiply(p[i].y, field_multiply(zz, z[i]));
            struct secp256k1_comb_point *to[LANES];
            to_comb_curve(&x, &y);
            for (size_t k = 0; k < LANES; k++) to[k] = &comb.point[WINDOWS_OF_LANE * k + part][at + i];
            store_points(to, x, y);
        }
    }
}

static IFMA void make_comb(void)
{
    for (size_t part = 0; part < WINDOWS_OF_LANE; part++) make_windows(part);
    uint8_t text[LANES][64];
    secp256k1_random_points(text);
    struct point8 p = read_points(text);
    struct secp256k1_comb_point *to[LANES];
    to_comb_curve(&p.x, &p.y);
    for (size_t k = 0; k < LANES; k++) to[k] = &comb.start[k];
    store_points(to, p.x, p.y);
}

const struct secp256k1_comb *secp256k1_comb_start(void)
{
    pthread_once(&comb_once, make_comb);
    return &comb;
}

#endif
