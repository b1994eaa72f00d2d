/* Multiples of eight points side by side, on a curve y^2 = x^3 + b: included once for each group after its field, with
 * these macros, which it undefines.
 *
 *     ELEMENT              of the curve's field, eight side by side; of its functions, EL(name) is the one for ELEMENT:
 *                          multiply(&out, &a, &b), square(&out, &a), multiply_two(&out, &a, &b, &c, &d) for a·b + c·d,
 *                          all settled; plus(a, b), minus(b), shift(a, n), unsettled; settle(a), choose(lanes, a, b)
 *     POINTS(name)         the name of a type or function for this group
 *
 * Points are in Jacobian coordinates, x/z^2 and y/z^3, and all lanes do the same steps, whatever their numbers. The
 * addition's formula is wrong when both points are equal or opposite, and has no infinity: then z ends as 0, and stays
 * it. For points of a group of large prime order this never happens here (a partial sum k·P is at least 8P before a
 * digit's multiple, at most 8P, is added), and a point in any other group is to be refused anyway: callers refuse those
 * with z = 0. */

struct POINTS(point8) {
    ELEMENT x, y, z;
};

/* Multiples P to 8P, affine on a curve of their own: as no formula uses b, (x, y) -> (x·z^2, y·z^3) brings them all to
 * the last one's z, and the result's z is multiplied by that. */
enum { POINTS(WINDOW) = 4, POINTS(MULTIPLES) = 1 << (POINTS(WINDOW) - 1) };
struct POINTS(table8) {
    struct {
        ELEMENT x, y;
    } entry[POINTS(MULTIPLES)];
};

static NOINLINE IFMA void POINTS(double)(struct POINTS(point8) * p, unsigned times)
{
    /* e = 3x^2, s = y^2, d = x·s: x' = e^2 - 8d, y' = e·(4d - x') - 8s^2, z' = 2yz */
    for (; times > 0; times--) {
        ELEMENT a, s, d, e, w;
        EL(square)(&a, &p->x);
        EL(square)(&s, &p->y);
        EL(multiply)(&d, &p->x, &s);
        EL(multiply)(&w, &p->y, &p->z);
        p->z = EL(settle)(EL(plus)(w, w));
        e = EL(settle)(EL(plus)(a, EL(shift)(a, 1)));
        EL(square)(&w, &e);
        p->x = EL(settle)(EL(plus)(w, EL(minus)(EL(shift)(d, 3))));
        w = EL(settle)(EL(plus)(EL(shift)(d, 2), EL(minus)(p->x)));
        a = EL(settle)(EL(minus)(EL(shift)(s, 3)));
        EL(multiply_two)(&p->y, &e, &w, &s, &a);
    }
}

/* out = p + (x, y); *ratio is the new z divided by the old. */
static NOINLINE IFMA void POINTS(add)(struct POINTS(point8) * out, const struct POINTS(point8) * p, const ELEMENT *x,
                                      const ELEMENT *y, ELEMENT *ratio)
{
    ELEMENT zz, u, s, h, r, hh, hhh, v, w;
    EL(square)(&zz, &p->z);
    EL(multiply)(&u, x, &zz);
    EL(multiply)(&w, &zz, &p->z);
    EL(multiply)(&s, y, &w);
    h = EL(settle)(EL(plus)(u, EL(minus)(p->x)));
    r = EL(settle)(EL(plus)(s, EL(minus)(p->y)));
    EL(square)(&hh, &h);
    EL(multiply)(&hhh, &hh, &h);
    EL(multiply)(&v, &p->x, &hh);
    EL(multiply)(&out->z, &p->z, &h);
    EL(square)(&w, &r);
    out->x = EL(settle)(EL(plus)(w, EL(minus)(EL(plus)(hhh, EL(shift)(v, 1)))));
    w = EL(settle)(EL(plus)(v, EL(minus)(out->x)));
    hhh = EL(settle)(EL(minus)(hhh));
    EL(multiply_two)(&out->y, &r, &w, &p->y, &hhh);
    *ratio = h;
}

/* Lanes in `lanes` become b. */
static ALWAYS_INLINE IFMA void POINTS(choose_point)(__mmask8 lanes, struct POINTS(point8) * a,
                                                    const struct POINTS(point8) * b)
{
    a->x = EL(choose)(lanes, a->x, b->x);
    a->y = EL(choose)(lanes, a->y, b->y);
    a->z = EL(choose)(lanes, a->z, b->z);
}

static NOINLINE IFMA void POINTS(make_table)(struct POINTS(table8) * out, ELEMENT *z, const ELEMENT *x,
                                             const ELEMENT *y)
{
    ELEMENT ratio[POINTS(MULTIPLES)];
    struct POINTS(point8) p = {*x, *y, EL(one)()};
    out->entry[0].x = *x;
    out->entry[0].y = *y;
    POINTS(double)(&p, 1);
    ratio[1] = p.z;
    for (size_t i = 1; i < POINTS(MULTIPLES); i++) {
        if (i > 1) POINTS(add)(&p, &p, x, y, &ratio[i]);
        out->entry[i].x = p.x;
        out->entry[i].y = p.y;
    }
    /* *z is the product of the ratios behind entry i: by that its own z falls short of the last. */
    *z = ratio[POINTS(MULTIPLES) - 1];
    for (size_t i = POINTS(MULTIPLES) - 1; i-- > 0;) {
        ELEMENT zz, zzz;
        EL(square)(&zz, z);
        EL(multiply)(&zzz, &zz, z);
        EL(multiply)(&out->entry[i].x, &out->entry[i].x, &zz);
        EL(multiply)(&out->entry[i].y, &out->entry[i].y, &zzz);
        if (i > 0) EL(multiply)(z, z, &ratio[i]);
    }
}

/* The eight lanes' multiples from the table, |digit|·P, digits being -8..8; for a digit 0 any. */
static ALWAYS_INLINE IFMA void POINTS(look_up)(ELEMENT *x, ELEMENT *y, const struct POINTS(table8) * table,
                                               __m512i digit)
{
    *x = table->entry[0].x;
    *y = table->entry[0].y;
    __m512i size = _mm512_abs_epi64(digit);
    for (size_t i = 1; i < POINTS(MULTIPLES); i++) {
        __mmask8 here = _mm512_cmpeq_epi64_mask(size, all8((int64_t)i + 1));
        *x = EL(choose)(here, *x, table->entry[i].x);
        *y = EL(choose)(here, *y, table->entry[i].y);
    }
    __mmask8 negative = _mm512_movepi64_mask(digit);
    *y = EL(choose)(negative, *y, EL(settle)(EL(minus)(*y)));
}

/* *out = the sum of digit[i][lane]·16^i, times the lane's point (x, y); z is 0 where all digits are 0. */
static IFMA void POINTS(multiply_digits)(struct POINTS(point8) * out, const ELEMENT *x, const ELEMENT *y,
                                         const int8_t digit[][8], size_t digits)
{
    struct POINTS(table8) table;
    ELEMENT z, ratio;
    POINTS(make_table)(&table, &z, x, y);
    struct POINTS(point8) sum = {*x, *y, EL(one)()};
    __mmask8 begun = 0;
    for (size_t i = digits; i-- > 0;) {
        if (begun != 0) POINTS(double)(&sum, POINTS(WINDOW));
        int64_t row;
        memcpy(&row, digit[i], sizeof row);
        __m512i d = _mm512_cvtepi8_epi64(_mm_cvtsi64_si128(row));
        __mmask8 used = _mm512_test_epi64_mask(d, d);
        if (used == 0) continue;
        struct POINTS(point8) next, term = {.z = EL(one)()};
        POINTS(look_up)(&term.x, &term.y, &table, d);
        POINTS(add)(&next, &sum, &term.x, &term.y, &ratio);
        POINTS(choose_point)(used, &sum, &next);
        POINTS(choose_point)(used & (__mmask8)~begun, &sum, &term); /* the first digit, to which nothing is added */
        begun |= used;
    }
    EL(multiply)(&sum.z, &sum.z, &z);
    sum.z = EL(choose)((__mmask8)~begun, sum.z, EL(zero)());
    *out = sum;
}

/* *out = a constant times the lane's point: bit by bit from a leading 1, `runs` times so many doublings and then plus
 * or minus the point; a run with sign 0 is doublings alone. */
static IFMA void POINTS(multiply_constant)(struct POINTS(point8) * out, const ELEMENT *x, const ELEMENT *y,
                                           const int8_t (*run)[2], size_t runs)
{
    ELEMENT minus_y = EL(settle)(EL(minus)(*y)), ratio;
    *out = (struct POINTS(point8)){*x, *y, EL(one)()};
    for (size_t i = 0; i < runs; i++) {
        POINTS(double)(out, (unsigned)run[i][0]);
        if (run[i][1] != 0) POINTS(add)(out, out, x, run[i][1] > 0 ? y : &minus_y, &ratio);
    }
}

#undef ELEMENT
#undef EL
#undef POINTS
