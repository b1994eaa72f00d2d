/* Division and what is made of it.
 *
 * Long division in base B = 2^64 (Knuth, TAOCP 4.3.1, algorithm D), with quotient digits found by multiplying with a
 * reciprocal instead of dividing (Möller and Granlund, "Improved division by invariant integers", IEEE Trans. Comput.
 * 60, 2011; its algorithms are named below). The divisor is shifted left until its top bit is set, the dividend with
 * it; the remainder is shifted back at the end.
 *
 *     divisor limbs   quotient digit                              per digit
 *     1               2-by-1 with the reciprocal of d             2 multiplications
 *     2               3-by-2 with the reciprocal of (d1, d0)      3
 *     3, 4            3-by-2 on the top limbs, then the product   3, and 1 or 2
 *                     with the other limbs is taken off
 *
 * The digit loops are inlined once for each size of the divisor, so that all limbs live in registers. */
#include "u256/reciprocal.h"
#include "u256/u256.h"

/* ---- reciprocals and single digits ------------------------------------------------------------------------------ */

/* floor((B^3 - 1) / (d1·B + d0)) - B: algorithm 6, from reciprocal_1(d1). */
static ALWAYS_INLINE uint64_t reciprocal_2(uint64_t d1, uint64_t d0)
{
    uint64_t v = reciprocal_1(d1);
    uint64_t p = d1 * v + d0;
    if (p < d0) {
        v--;
        if (p >= d1) {
            v--;
            p -= d1;
        }
        p -= d1;
    }
    wide t = (wide)v * d0;
    uint64_t t1 = (uint64_t)(t >> 64), t0 = (uint64_t)t;
    p += t1;
    if (p < t1) {
        v--;
        if ((((wide)p << 64) | t0) >= (((wide)d1 << 64) | d0)) v--;
    }
    return v;
}

/* (u1, u0) / d with u1 < d: algorithm 4. Returns the digit; *r is the remainder. */
static ALWAYS_INLINE uint64_t digit_2_by_1(uint64_t u1, uint64_t u0, uint64_t d, uint64_t v, uint64_t *r)
{
    wide q = (wide)v * u1 + (((wide)u1 << 64) | u0);
    uint64_t q1 = (uint64_t)(q >> 64) + 1;
    uint64_t rest = u0 - q1 * d;
    uint64_t too_big = (uint64_t)0 - (uint64_t)(rest > (uint64_t)q); /* a coin toss: no branch */
    q1 += too_big;
    rest += d & too_big;
    if (UNLIKELY(rest >= d)) {
        q1++;
        rest -= d;
    }
    *r = rest;
    return q1;
}

/* (u2, u1, u0) / (d1, d0) with (u2, u1) < (d1, d0): algorithm 5. *r is the remainder of two limbs. */
static ALWAYS_INLINE uint64_t digit_3_by_2(uint64_t u2, uint64_t u1, uint64_t u0, uint64_t d1, uint64_t d0, uint64_t v,
                                           wide *r)
{
    wide d = ((wide)d1 << 64) | d0;
    wide q = (wide)v * u2 + (((wide)u2 << 64) | u1);
    uint64_t q1 = (uint64_t)(q >> 64);
    uint64_t r1 = u1 - q1 * d1;
    wide rest = (((wide)r1 << 64) | u0) - d - (wide)d0 * q1;
    q1++;
    uint64_t too_big = (uint64_t)0 - (uint64_t)((uint64_t)(rest >> 64) >= (uint64_t)q);
    q1 += too_big;
    rest += (((wide)(d1 & too_big)) << 64) | (d0 & too_big);
    if (UNLIKELY(rest >= d)) {
        q1++;
        rest -= d;
    }
    *r = rest;
    return q1;
}

/* ---- long division ---------------------------------------------------------------------------------------------- */

/* Most limbs of a dividend: the product of two words, and one for the shift. */
enum { DIVIDEND_MAX = 9 };

/* A divisor made ready: shifted, with its reciprocal. */
struct divisor {
    uint64_t d[4]; /* the top limb, d[limbs - 1], has its top bit set */
    uint64_t reciprocal;
    unsigned limbs, shift;
};

static ALWAYS_INLINE unsigned limb_count(const struct u256 *a)
{
    return a->w[3] != 0 ? 4 : a->w[2] != 0 ? 3 : a->w[1] != 0 ? 2 : 1;
}

/* b is not 0. */
static ALWAYS_INLINE void divisor_prepare(struct divisor *v, const struct u256 *b, unsigned limbs)
{
    unsigned shift = (unsigned)__builtin_clzll(b->w[limbs - 1]);
    v->limbs = limbs;
    v->shift = shift;
    v->d[0] = b->w[0] << shift;
    for (unsigned i = 1; i < 4; i++) v->d[i] = i < limbs ? limb_shift_left(b->w[i], b->w[i - 1], shift) : 0;
    v->reciprocal = limbs == 1 ? reciprocal_1(v->d[0]) : reciprocal_2(v->d[limbs - 1], v->d[limbs - 2]);
}

/* u[0..n] += d[0..n), for a digit that was one too big; returns true when that made u positive again. */
static ALWAYS_INLINE bool add_back(uint64_t *u, const uint64_t *d, unsigned n)
{
    unsigned char carry = 0;
    for (unsigned i = 0; i < n; i++) carry = limb_add(carry, u[i], d[i], &u[i]);
    return carry != 0;
}

/* The digit when the top two limbs of u and d are equal: the estimate would not fit, B - 1 is right or slightly too
 * big. */
static NOINLINE uint64_t digit_at_limit(uint64_t *u, const uint64_t *d, unsigned n)
{
    uint64_t q = UINT64_MAX, borrow = 0;
    for (unsigned i = 0; i < n; i++) {
        wide p = (wide)q * d[i] + borrow;
        borrow = (uint64_t)(p >> 64) + (u[i] < (uint64_t)p);
        u[i] -= (uint64_t)p;
    }
    bool negative = u[n] < borrow;
    while (negative) {
        q--;
        negative = !add_back(u, d, n);
    }
    return q;
}

/* One digit for a divisor of n >= 3 limbs: u[0..n] -= digit · d[0..n), where the top n limbs of u are less than d. u[n]
 * then is 0 and not written. */
static ALWAYS_INLINE uint64_t digit_long(uint64_t *u, const uint64_t *d, uint64_t v, unsigned n)
{
    if (UNLIKELY(u[n] == d[n - 1] && u[n - 1] == d[n - 2])) return digit_at_limit(u, d, n);
    wide top;
    uint64_t q = digit_3_by_2(u[n], u[n - 1], u[n - 2], d[n - 1], d[n - 2], v, &top);
    uint64_t borrow = 0;
    for (unsigned i = 0; i < n - 2; i++) {
        wide p = (wide)q * d[i] + borrow;
        borrow = (uint64_t)(p >> 64) + (u[i] < (uint64_t)p);
        u[i] -= (uint64_t)p;
    }
    bool negative = top < borrow;
    top -= borrow;
    u[n - 2] = (uint64_t)top;
    u[n - 1] = (uint64_t)(top >> 64);
    if (UNLIKELY(negative)) {
        q--;
        add_back(u, d, n);
    }
    return q;
}

/* Divides u of `size` + 1 limbs (already shifted, the top n limbs less than the divisor) in place: the remainder stays
 * in u[0..n), the digits go to q[0..size - n] unless q is NULL. n is a constant where this is inlined. */
static ALWAYS_INLINE void divide_shifted(uint64_t *q, uint64_t *u, unsigned size, const struct divisor *v, unsigned n)
{
    uint64_t rest_1 = u[size]; /* of one limb: never in memory */
    for (unsigned i = size - n + 1; i-- > 0;) {
        uint64_t digit;
        if (n == 1) {
            digit = digit_2_by_1(rest_1, u[i], v->d[0], v->reciprocal, &rest_1);
        } else if (n == 2) {
            wide rest;
            digit = digit_3_by_2(u[i + 2], u[i + 1], u[i], v->d[1], v->d[0], v->reciprocal, &rest);
            u[i] = (uint64_t)rest;
            u[i + 1] = (uint64_t)(rest >> 64);
        } else {
            digit = digit_long(u + i, v->d, v->reciprocal, n);
        }
        if (q != NULL) q[i] = digit;
    }
    if (n == 1) u[0] = rest_1;
}

/* u[0..size] divided by the divisor; see divide_shifted. */
static ALWAYS_INLINE void divide(uint64_t *q, uint64_t *u, unsigned size, const struct divisor *v)
{
    switch (v->limbs) {
    case 1: divide_shifted(q, u, size, v, 1); break;
    case 2: divide_shifted(q, u, size, v, 2); break;
    case 3: divide_shifted(q, u, size, v, 3); break;
    default: divide_shifted(q, u, size, v, 4); break;
    }
}

/* u = a << shift, one limb longer. */
static ALWAYS_INLINE void shift_dividend(uint64_t *u, const uint64_t *a, unsigned size, unsigned shift)
{
    u[0] = a[0] << shift;
    for (unsigned i = 1; i < size; i++) u[i] = limb_shift_left(a[i], a[i - 1], shift);
    u[size] = limb_shift_left(0, a[size - 1], shift);
}

static ALWAYS_INLINE struct u256 shift_remainder(const uint64_t *u, const struct divisor *v)
{
    struct u256 r = {{u[0], v->limbs > 1 ? u[1] : 0, v->limbs > 2 ? u[2] : 0, v->limbs > 3 ? u[3] : 0}};
    return (struct u256){{limb_shift_right(r.w[1], r.w[0], v->shift), limb_shift_right(r.w[2], r.w[1], v->shift),
                          limb_shift_right(r.w[3], r.w[2], v->shift), r.w[3] >> v->shift}};
}

/* *r = a[0..size) mod m; m is not 0. size is a constant where this is inlined. */
static ALWAYS_INLINE void reduce(struct u256 *r, const uint64_t *a, unsigned size, const struct u256 *m)
{
    struct divisor v;
    uint64_t u[DIVIDEND_MAX];
    unsigned limbs = limb_count(m);
    divisor_prepare(&v, m, limbs);
    shift_dividend(u, a, size, v.shift);
    if (limbs == 1) {
        divide_shifted(NULL, u, size, &v, 1);
    } else if (limbs == 2) {
        divide_shifted(NULL, u, size, &v, 2);
    } else {
        /* The first digit of a product is 0 when its factors are less than m. */
        unsigned used = size - (size == 8 && u[8] == 0 && u[7] < v.d[limbs - 1]);
        if (limbs == 3)
            divide_shifted(NULL, u, used, &v, 3);
        else
            divide_shifted(NULL, u, used, &v, 4);
    }
    *r = shift_remainder(u, &v);
}

/* ---- the EVM's divisions ---------------------------------------------------------------------------------------- */

static ALWAYS_INLINE void divmod(struct u256 *quotient, struct u256 *remainder, struct u256 a, struct u256 b)
{
    struct u256 q = U256_ZERO, r = a;
    if (u256_fits_u64(a) && u256_fits_u64(b)) {
        if (b.w[0] != 0) {
            q = U256(a.w[0] / b.w[0]);
            r = U256(a.w[0] % b.w[0]);
        } else {
            r = U256_ZERO;
        }
    } else if (UNLIKELY(u256_is_zero(b))) {
        r = U256_ZERO;
    } else if (!u256_less(a, b)) {
        struct divisor v;
        uint64_t u[DIVIDEND_MAX];
        unsigned size = limb_count(&a);
        divisor_prepare(&v, &b, limb_count(&b));
        shift_dividend(u, a.w, 4, v.shift);
        divide(q.w, u, size, &v);
        r = shift_remainder(u, &v);
    }
    if (quotient != NULL) *quotient = q;
    if (remainder != NULL) *remainder = r;
}

void u256_div(struct u256 *out, const struct u256 *a, const struct u256 *b)
{
    divmod(out, NULL, *a, *b);
}

void u256_mod(struct u256 *out, const struct u256 *a, const struct u256 *b)
{
    divmod(NULL, out, *a, *b);
}

void u256_divmod(struct u256 *quotient, struct u256 *remainder, const struct u256 *a, const struct u256 *b)
{
    divmod(quotient, remainder, *a, *b);
}

static ALWAYS_INLINE struct u256 negate_if(struct u256 a, bool negative)
{
    return negative ? u256_negate(a) : a;
}

void u256_sdiv(struct u256 *out, const struct u256 *a, const struct u256 *b)
{
    bool a_negative = u256_is_negative(*a), b_negative = u256_is_negative(*b);
    struct u256 q;
    divmod(&q, NULL, negate_if(*a, a_negative), negate_if(*b, b_negative));
    *out = negate_if(q, a_negative != b_negative);
}

void u256_smod(struct u256 *out, const struct u256 *a, const struct u256 *b)
{
    bool a_negative = u256_is_negative(*a);
    struct u256 r;
    divmod(NULL, &r, negate_if(*a, a_negative), negate_if(*b, u256_is_negative(*b)));
    *out = negate_if(r, a_negative);
}

/* a - m if a >= m, else a. */
static ALWAYS_INLINE struct u256 subtract_once(struct u256 a, struct u256 m)
{
    struct u256 difference;
    bool less = u256_sub_borrow(&difference, a, m);
    return less ? a : difference;
}

void u256_addmod(struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m)
{
    if (m->w[3] != 0 && a->w[3] <= m->w[3] && b->w[3] <= m->w[3]) {
        /* Both are less than 2m, so one subtraction brings each below m, and one more their sum. */
        struct u256 sum, reduced;
        bool carry = u256_add_carry(&sum, subtract_once(*a, *m), subtract_once(*b, *m));
        bool less = u256_sub_borrow(&reduced, sum, *m);
        *out = less && !carry ? sum : reduced;
        return;
    }
    if (UNLIKELY(u256_is_zero(*m))) {
        *out = U256_ZERO;
        return;
    }
    struct u256 sum;
    uint64_t carry = u256_add_carry(&sum, *a, *b);
    uint64_t wide_sum[5] = {sum.w[0], sum.w[1], sum.w[2], sum.w[3], carry};
    reduce(out, wide_sum, 5, m);
}

/* p = a · b, all eight limbs. */
static ALWAYS_INLINE void multiply_wide(uint64_t p[8], const struct u256 *a, const struct u256 *b)
{
    uint64_t carry = 0;
    for (unsigned j = 0; j < 4; j++) p[j] = limb_mul_add(a->w[0], b->w[j], carry, 0, &carry);
    p[4] = carry;
    for (unsigned i = 1; i < 4; i++) {
        carry = 0;
        for (unsigned j = 0; j < 4; j++) p[i + j] = limb_mul_add(a->w[i], b->w[j], p[i + j], carry, &carry);
        p[i + 4] = carry;
    }
}

void u256_mulmod(struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m)
{
    if (UNLIKELY(u256_is_zero(*m))) {
        *out = U256_ZERO;
        return;
    }
    if (u256_fits_u64(*a) && u256_fits_u64(*b)) {
        wide p = (wide)a->w[0] * b->w[0];
        struct u256 product = {{(uint64_t)p, (uint64_t)(p >> 64), 0, 0}};
        divmod(NULL, out, product, *m);
        return;
    }
    uint64_t p[8];
    multiply_wide(p, a, b);
    if ((p[4] | p[5] | p[6] | p[7]) == 0) {
        struct u256 product = {{p[0], p[1], p[2], p[3]}};
        u256_mod(out, &product, m);
        return;
    }
    reduce(out, p, 8, m);
}
