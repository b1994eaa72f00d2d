/* Every operation against a slow twin that works bit by bit, on random and edge words, and against known values. */
#include "u256/reciprocal.h"
#include "u256/u256.h"

#include "harness.h"

/* The twins work bit by bit: a tenth is enough where sanitizers watch every step. */
#ifdef WEFT_SANITIZED
enum { ROUNDS = 2000 };
#else
enum { ROUNDS = 20000 };
#endif

/* ---- words where carries, borrows and wrong digits hide ---------------------------------------------------------- */

static struct u256 random_word(void)
{
    struct u256 a;
    switch (harness_random_below(8)) {
    case 0: /* one bit, give or take one */
        a = u256_shl(U256_ONE, (unsigned)harness_random_below(256));
        a = u256_add(a, U256(harness_random_below(3)));
        return u256_sub(a, U256_ONE);
    case 1: /* all ones up to somewhere */ return u256_shr(U256_MAX, (unsigned)harness_random_below(256));
    case 2: /* small */ return U256(harness_random_below(300));
    case 3: /* close to 2^256 */ return u256_sub(U256_ZERO, U256(harness_random_below(300)));
    case 4: /* limbs of all zeros, all ones, one bit */
        for (unsigned i = 0; i < 4; i++) {
            uint64_t edges[] = {0, UINT64_MAX, 1, (uint64_t)1 << 63, UINT64_MAX - 1, harness_random()};
            a.w[i] = edges[harness_random_below(COUNT_OF(edges))];
        }
        return a;
    default: /* any size */
        for (unsigned i = 0; i < 4; i++) a.w[i] = harness_random();
        return u256_shr(a, (unsigned)(harness_random_below(2) * harness_random_below(256)));
    }
}

static void check_same(const char *what, struct u256 a, struct u256 b, struct u256 found, struct u256 expected)
{
    if (u256_equal(found, expected)) return;
    char text[4][U256_HEX_SIZE];
    u256_to_hex(text[0], &a);
    u256_to_hex(text[1], &b);
    u256_to_hex(text[2], &found);
    u256_to_hex(text[3], &expected);
    FAIL("%s of %s and %s: found %s, expected %s", what, text[0], text[1], text[2], text[3]);
}

/* ---- the slow twin ----------------------------------------------------------------------------------------------- */

static bool slow_bit(struct u256 a, unsigned i)
{
    return i < 256 && (a.w[i / 64] >> (i % 64) & 1) != 0;
}
static void slow_set(struct u256 *a, unsigned i, bool bit)
{
    a->w[i / 64] = (a->w[i / 64] & ~((uint64_t)1 << (i % 64))) | (uint64_t)bit << (i % 64);
}

static struct u256 slow_add(struct u256 a, struct u256 b, bool *carry)
{
    struct u256 sum = U256_ZERO;
    unsigned c = 0;
    for (unsigned i = 0; i < 256; i++) {
        c += (unsigned)slow_bit(a, i) + slow_bit(b, i);
        slow_set(&sum, i, c & 1);
        c >>= 1;
    }
    *carry = c != 0;
    return sum;
}

static bool slow_less(struct u256 a, struct u256 b)
{
    for (unsigned i = 256; i-- > 0;)
        if (slow_bit(a, i) != slow_bit(b, i)) return slow_bit(b, i);
    return false;
}

static struct u256 slow_sub(struct u256 a, struct u256 b)
{
    bool ignored;
    struct u256 not_b = U256_ZERO;
    for (unsigned i = 0; i < 256; i++) slow_set(&not_b, i, !slow_bit(b, i));
    return slow_add(slow_add(a, not_b, &ignored), U256_ONE, &ignored);
}

static struct u256 slow_shift_left(struct u256 a, unsigned n)
{
    struct u256 out = U256_ZERO;
    for (unsigned i = n; i < 256; i++) slow_set(&out, i, slow_bit(a, i - n));
    return out;
}

static struct u256 slow_shift_right(struct u256 a, unsigned n, bool fill)
{
    struct u256 out = U256_ZERO;
    for (unsigned i = 0; i < 256; i++) slow_set(&out, i, i + n < 256 ? slow_bit(a, i + n) : fill);
    return out;
}

static struct u256 slow_mul(struct u256 a, struct u256 b)
{
    struct u256 out = U256_ZERO;
    bool ignored;
    for (unsigned i = 0; i < 256; i++)
        if (slow_bit(b, i)) out = slow_add(out, slow_shift_left(a, i), &ignored);
    return out;
}

/* (2·r + bit) mod m for r < m. */
static struct u256 slow_step(struct u256 r, bool bit, struct u256 m, bool *digit)
{
    bool top = slow_bit(r, 255);
    r = slow_shift_left(r, 1);
    slow_set(&r, 0, bit);
    *digit = top || !slow_less(r, m);
    return *digit ? slow_sub(r, m) : r;
}

static struct u256 slow_divmod(struct u256 a, struct u256 b, struct u256 *remainder)
{
    struct u256 q = U256_ZERO, r = U256_ZERO;
    bool digit;
    if (!u256_is_zero(b))
        for (unsigned i = 256; i-- > 0;) {
            r = slow_step(r, slow_bit(a, i), b, &digit);
            slow_set(&q, i, digit);
        }
    *remainder = r;
    return q;
}

static struct u256 slow_mod(struct u256 a, struct u256 m)
{
    struct u256 r;
    slow_divmod(a, m, &r);
    return r;
}

/* (a + b) mod m for a and b less than m. */
static struct u256 slow_add_reduced(struct u256 a, struct u256 b, struct u256 m)
{
    bool carry;
    struct u256 sum = slow_add(a, b, &carry);
    return carry || !slow_less(sum, m) ? slow_sub(sum, m) : sum;
}

static struct u256 slow_addmod(struct u256 a, struct u256 b, struct u256 m)
{
    return u256_is_zero(m) ? U256_ZERO : slow_add_reduced(slow_mod(a, m), slow_mod(b, m), m);
}

static struct u256 slow_mulmod(struct u256 a, struct u256 b, struct u256 m)
{
    struct u256 out = U256_ZERO;
    if (u256_is_zero(m)) return out;
    a = slow_mod(a, m);
    for (unsigned i = 256; i-- > 0;) {
        out = slow_add_reduced(out, out, m);
        if (slow_bit(b, i)) out = slow_add_reduced(out, a, m);
    }
    return out;
}

/* ---- inline operations ------------------------------------------------------------------------------------------- */

TEST(u256_adds_subtracts_and_compares_like_its_twin)
{
    for (int i = 0; i < ROUNDS / 4; i++) {
        struct u256 a = random_word(), b = i % 16 == 0 ? a : random_word(), found;
        bool carry;
        struct u256 sum = slow_add(a, b, &carry);
        check_same("sum", a, b, u256_add(a, b), sum);
        CHECK(u256_add_carry(&found, a, b) == carry);
        check_same("difference", a, b, u256_sub(a, b), slow_sub(a, b));
        CHECK(u256_sub_borrow(&found, a, b) == slow_less(a, b));
        check_same("negation", a, a, u256_negate(a), slow_sub(U256_ZERO, a));
        CHECK(u256_less(a, b) == slow_less(a, b));
        CHECK(u256_equal(a, b) == (!slow_less(a, b) && !slow_less(b, a)));
        CHECK_EQ_I64(u256_compare(a, b), slow_less(a, b) ? -1 : slow_less(b, a) ? 1 : 0);
        bool signed_less = slow_bit(a, 255) != slow_bit(b, 255) ? slow_bit(a, 255) : slow_less(a, b);
        CHECK(u256_less_signed(a, b) == signed_less);
    }
}

TEST(u256_multiplies_like_its_twin)
{
    for (int i = 0; i < ROUNDS / 20; i++) {
        struct u256 a = random_word(), b = random_word();
        check_same("product", a, b, u256_mul(a, b), slow_mul(a, b));
    }
}

TEST(u256_shifts_by_every_amount)
{
    for (unsigned n = 0; n < 256; n++)
        for (int i = 0; i < 8; i++) {
            struct u256 a = random_word(), amount = U256(n);
            check_same("shl", a, amount, u256_shift_left(a, amount), slow_shift_left(a, n));
            check_same("shr", a, amount, u256_shift_right(a, amount), slow_shift_right(a, n, false));
            check_same("sar", a, amount, u256_shift_right_signed(a, amount), slow_shift_right(a, n, slow_bit(a, 255)));
        }
    struct u256 too_much[] = {U256(256), U256(257), U256(UINT64_MAX), {{1, 1, 0, 0}}, {{0, 0, 0, 1}}, U256_MAX};
    for (size_t i = 0; i < COUNT_OF(too_much); i++) {
        CHECK(u256_is_zero(u256_shift_left(U256_MAX, too_much[i])));
        CHECK(u256_is_zero(u256_shift_right(U256_MAX, too_much[i])));
        CHECK(u256_equal(u256_shift_right_signed(U256_MAX, too_much[i]), U256_MAX));
        CHECK(u256_is_zero(u256_shift_right_signed(U256_ONE, too_much[i])));
    }
}

TEST(u256_bytes_signs_and_bit_lengths)
{
    for (int i = 0; i < ROUNDS / 20; i++) {
        struct u256 a = random_word(), zeroed = a;
        uint8_t wire[32];
        u256_store_be(wire, a);
        CHECK(u256_equal(u256_load_be(wire), a));
        struct hash h = u256_to_hash(a);
        CHECK_BYTES(h.b, wire, 32);
        CHECK(u256_equal(u256_from_hash(&h), a));
        for (unsigned k = 0; k < 40; k++) {
            CHECK_EQ_U64(u256_byte(a, U256(k)).w[0], k < 32 ? wire[k] : 0);
            struct u256 extended = a;
            for (unsigned bit = 8 * k + 8; bit < 256; bit++) slow_set(&extended, bit, slow_bit(a, 8 * k + 7));
            struct u256 index = U256(k), got;
            got = u256_signextend(a, index);
            check_same("signextend", a, index, got, extended);
        }
        CHECK(u256_is_zero(u256_byte(a, (struct u256){{0, 0, 1, 0}})));
        struct u256 beyond = {{0, 1, 0, 0}}, got;
        got = u256_signextend(a, beyond);
        CHECK(u256_equal(got, a));
        unsigned bits = 256;
        while (bits > 0 && !slow_bit(a, bits - 1)) bits--;
        CHECK_EQ_U64(u256_bits(a), bits);
        CHECK_EQ_U64(u256_clz(a), 256 - bits);
        CHECK_EQ_U64(u256_byte_count(a), (bits + 7) / 8);
        CHECK(u256_fits_u64(a) == (bits <= 64));
        CHECK_EQ_U64(u256_clamp_u64(a), bits <= 64 ? a.w[0] : UINT64_MAX);
        struct address low = u256_to_address(a);
        CHECK_BYTES(low.b, wire + 12, 20);
        for (unsigned bit = 160; bit < 256; bit++) slow_set(&zeroed, bit, false);
        CHECK(u256_equal(u256_from_address(&low), zeroed));
        size_t n = harness_random_below(33);
        CHECK(u256_equal(u256_load_be_n(wire + 32 - n, n),
                         slow_shift_right(slow_shift_left(a, 256 - 8 * (unsigned)n), 256 - 8 * (unsigned)n, false)));
    }
}

/* ---- division ---------------------------------------------------------------------------------------------------- */

TEST(u256_divides_like_its_twin)
{
    for (int i = 0; i < ROUNDS / 4; i++) {
        struct u256 a = random_word(), b = random_word(), q, r, slow_r;
        if (i % 4 == 0) { /* a multiple of b, give or take one: where digits are nearly one too big */
            a = u256_mul(random_word(), b);
            a = u256_sub(u256_add(a, U256(harness_random_below(3))), U256_ONE);
        }
        struct u256 slow_q = slow_divmod(a, b, &slow_r);
        u256_divmod(&q, &r, &a, &b);
        check_same("quotient", a, b, q, slow_q);
        check_same("remainder", a, b, r, slow_r);
        u256_div(&q, &a, &b);
        check_same("div", a, b, q, slow_q);
        u256_mod(&r, &a, &b);
        check_same("mod", a, b, r, slow_r);
    }
}

TEST(u256_division_obeys_its_identity)
{
    /* a = q·b + r with r < b, on many more words than the twin has time for. */
    for (int i = 0; i < 20 * ROUNDS; i++) {
        struct u256 a = random_word(), b = random_word(), q, r;
        if (u256_is_zero(b)) continue;
        u256_divmod(&q, &r, &a, &b);
        if (!u256_less(r, b) || !u256_equal(u256_add(u256_mul(q, b), r), a))
            check_same("q·b + r", a, b, u256_add(u256_mul(q, b), r), a);
    }
}

TEST(u256_signed_division_rounds_to_zero)
{
    const struct u256 min = {{0, 0, 0, (uint64_t)1 << 63}}, minus_one = U256_MAX;
    struct u256 out;
    u256_sdiv(&out, &min, &minus_one);
    CHECK(u256_equal(out, min));
    u256_smod(&out, &min, &minus_one);
    CHECK(u256_is_zero(out));
    for (int i = 0; i < ROUNDS / 4; i++) {
        struct u256 a = random_word(), b = random_word(), r;
        bool a_negative = slow_bit(a, 255), b_negative = slow_bit(b, 255);
        struct u256 a_size = a_negative ? u256_negate(a) : a, b_size = b_negative ? u256_negate(b) : b;
        struct u256 q = slow_divmod(a_size, b_size, &r);
        u256_sdiv(&out, &a, &b);
        check_same("sdiv", a, b, out, a_negative != b_negative ? u256_negate(q) : q);
        u256_smod(&out, &a, &b);
        check_same("smod", a, b, out, a_negative ? u256_negate(r) : r);
    }
}

/* A word of limbs that are 0, 1, all ones, a top bit, or random: where quotient digits are hardest to guess. */
static struct u256 edge_word(void)
{
    struct u256 w;
    for (int i = 0; i < 4; i++) {
        uint64_t choices[] = {0, 1, UINT64_MAX, (uint64_t)1 << 63, UINT64_MAX - 1, harness_random()};
        w.w[i] = choices[harness_random() % COUNT_OF(choices)];
    }
    unsigned limbs = 1 + (unsigned)(harness_random() % 4);
    for (unsigned i = limbs; i < 4; i++) w.w[i] = 0;
    return w;
}

TEST(u256_divides_what_is_hard_to_divide)
{
    for (int i = 0; i < ROUNDS / 10; i++) {
        struct u256 a = edge_word(), b = edge_word(), m = edge_word(), out, rest;
        u256_mulmod(&out, &a, &b, &m);
        check_same("mulmod", a, m, out, slow_mulmod(a, b, m));
        u256_addmod(&out, &a, &b, &m);
        check_same("addmod", a, m, out, slow_addmod(a, b, m));
        if (u256_is_zero(b)) continue;
        struct u256 quotient = slow_divmod(a, b, &rest);
        u256_div(&out, &a, &b);
        check_same("div", a, b, out, quotient);
        u256_mod(&out, &a, &b);
        check_same("mod", a, b, out, rest);
    }
}

TEST(u256_reciprocals_are_the_same)
{
    const uint64_t top = (uint64_t)1 << 63, edges[] = {top, top + 1, UINT64_MAX, UINT64_MAX - 1, top | top >> 1};
    for (size_t i = 0; i < COUNT_OF(edges); i++) CHECK_EQ_U64(reciprocal_newton(edges[i]), reciprocal_divide(edges[i]));
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t d = harness_random() | top;
        CHECK_EQ_U64(reciprocal_newton(d), reciprocal_divide(d));
    }
}

TEST(u256_powers_of_long_exponents_multiply)
{
    for (int i = 0; i < ROUNDS / 40; i++) {
        struct u256 base = random_word(), e = i % 2 == 0 ? random_word() : edge_word(), expected = U256_ONE, found;
        for (unsigned k = 256; k-- > 0;) {
            expected = slow_mul(expected, expected);
            if (slow_bit(e, k)) expected = slow_mul(expected, base);
        }
        u256_exp(&found, &base, &e);
        check_same("exp", base, e, found, expected);
    }
}

TEST(u256_modular_operations_do_not_wrap)
{
    for (int i = 0; i < ROUNDS / 40; i++) {
        struct u256 a = random_word(), b = random_word(), m = random_word(), out;
        if (i % 3 == 0) m.w[3] = harness_random() | (uint64_t)1 << 63;
        u256_addmod(&out, &a, &b, &m);
        check_same("addmod", a, m, out, slow_addmod(a, b, m));
        u256_mulmod(&out, &a, &b, &m);
        check_same("mulmod", a, m, out, slow_mulmod(a, b, m));
    }
}

TEST(u256_modular_products_distribute)
{
    /* a·(b + c) = a·b + a·c mod m, on many words. */
    for (int i = 0; i < 10 * ROUNDS; i++) {
        struct u256 a = random_word(), b = random_word(), c = random_word(), m = random_word(), left, right, ac;
        u256_addmod(&left, &b, &c, &m);
        u256_mulmod(&left, &left, &a, &m);
        u256_mulmod(&right, &a, &b, &m);
        u256_mulmod(&ac, &a, &c, &m);
        u256_addmod(&right, &right, &ac, &m);
        check_same("a·(b + c)", a, m, left, right);
    }
}

TEST(u256_division_may_write_over_its_arguments)
{
    for (int i = 0; i < 1000; i++) {
        struct u256 a = random_word(), b = random_word(), m = random_word(), out, same;
#define OVER(call_out, call_same, start)                                                                               \
    do {                                                                                                               \
        same = (start);                                                                                                \
        call_out;                                                                                                      \
        call_same;                                                                                                     \
        CHECK(u256_equal(out, same));                                                                                  \
    } while (0)
        OVER(u256_div(&out, &a, &b), u256_div(&same, &same, &b), a);
        OVER(u256_mod(&out, &a, &b), u256_mod(&same, &a, &same), b);
        OVER(u256_sdiv(&out, &a, &b), u256_sdiv(&same, &a, &same), b);
        OVER(u256_smod(&out, &a, &b), u256_smod(&same, &same, &b), a);
        OVER(u256_addmod(&out, &a, &b, &m), u256_addmod(&same, &a, &b, &same), m);
        OVER(u256_mulmod(&out, &a, &b, &m), u256_mulmod(&same, &a, &same, &m), b);
        OVER(u256_exp(&out, &a, &b), u256_exp(&same, &a, &same), b);
#undef OVER
    }
}

TEST(u256_powers_multiply)
{
    for (int i = 0; i < 300; i++) {
        struct u256 base = i % 3 == 0 ? U256(2) : random_word(), e = random_word(),
                    small = U256(harness_random_below(20));
        struct u256 expected = U256_ONE, found, right, sum = u256_add(e, small);
        for (uint64_t k = 0; k < small.w[0]; k++) expected = slow_mul(expected, base);
        u256_exp(&found, &base, &small);
        check_same("exp", base, small, found, expected);
        if (u256_less(sum, e)) continue;
        u256_exp(&found, &base, &sum); /* base^(e + small) = base^e · base^small */
        u256_exp(&right, &base, &e);
        check_same("exp", base, sum, found, u256_mul(right, expected));
    }
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

TEST(u256_text_goes_there_and_back)
{
    char text[U256_DECIMAL_SIZE];
    struct u256 a = U256_MAX, back;
    CHECK_EQ_U64(u256_to_decimal(text, &a), 78);
    CHECK_TEXT(text, "115792089237316195423570985008687907853269984665640564039457584007913129639935");
    a = U256_ZERO;
    u256_to_decimal(text, &a);
    CHECK_TEXT(text, "0");
    u256_to_hex(text, &a);
    CHECK_TEXT(text, "0x0");
    a = U256(0x1f);
    u256_to_hex(text, &a);
    CHECK_TEXT(text, "0x1f");
    for (int i = 0; i < ROUNDS / 20; i++) {
        a = random_word();
        size_t n = u256_to_decimal(text, &a);
        CHECK(u256_from_decimal(&back, text, n) && u256_equal(a, back));
        CHECK(n == 1 || text[0] != '0');
        n = u256_to_hex(text, &a);
        CHECK(u256_from_hex(&back, text + 2, n - 2) && u256_equal(a, back));
    }
}

TEST(u256_text_refuses_what_is_no_number)
{
    struct u256 v;
    CHECK(!u256_from_hex(&v, "", 0));
    CHECK(!u256_from_hex(&v, "0x1", 3));
    CHECK(!u256_from_hex(&v, "fg", 2));
    CHECK(!u256_from_hex(&v, "10000000000000000000000000000000000000000000000000000000000000000", 65));
    CHECK(u256_from_hex(&v, "00000000000000000000000000000000000000000000000000000000000000001", 65));
    CHECK(!u256_from_decimal(&v, "", 0));
    CHECK(!u256_from_decimal(&v, "-1", 2));
    CHECK(!u256_from_decimal(&v, "1f", 2));
    const char *over = "115792089237316195423570985008687907853269984665640564039457584007913129639936";
    CHECK(!u256_from_decimal(&v, over, strlen(over)));
}
