/* u256: the EVM's 256-bit word.
 *
 * Four 64-bit limbs, lowest first; unsigned unless a name says otherwise (sdiv, smod, sar, less_signed: two's
 * complement). Arithmetic wraps modulo 2^256. Wire order is big-endian; u256_load_be and u256_store_be convert.
 *
 *     value = w[0] + w[1]·2^64 + w[2]·2^128 + w[3]·2^192
 *
 * Short operations are inline, take values and return values, and stay in registers. Long ones (division and what is
 * made of it, text) are functions on pointers; `out` may be one of the arguments. Everything here is pure: any thread.
 * Dividing by zero gives zero, as the EVM wants it. */
#ifndef WEFT_U256_H
#define WEFT_U256_H

#include "base/base.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

struct u256 {
    uint64_t w[4]; /* w[0] is the lowest limb */
};

#define U256(x) ((struct u256){{(x), 0, 0, 0}})
#define U256_ZERO ((struct u256){{0, 0, 0, 0}})
#define U256_ONE ((struct u256){{1, 0, 0, 0}})
#define U256_MAX ((struct u256){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}})

/* ---- limbs --------------------------------------------------------------------------------------------------- */

/* *out = a + b + carry (0 or 1); returns the carry. */
static ALWAYS_INLINE unsigned char limb_add(unsigned char carry, uint64_t a, uint64_t b, uint64_t *out)
{
#if defined(__x86_64__)
    unsigned long long sum;
    carry = _addcarry_u64(carry, a, b, &sum);
    *out = sum;
    return carry;
#else
    uint64_t sum;
    unsigned char c1 = __builtin_add_overflow(a, b, &sum);
    unsigned char c2 = __builtin_add_overflow(sum, (uint64_t)carry, out);
    return c1 | c2;
#endif
}

/* *out = a - b - borrow (0 or 1); returns the borrow. */
static ALWAYS_INLINE unsigned char limb_sub(unsigned char borrow, uint64_t a, uint64_t b, uint64_t *out)
{
#if defined(__x86_64__)
    unsigned long long difference;
    borrow = _subborrow_u64(borrow, a, b, &difference);
    *out = difference;
    return borrow;
#else
    uint64_t difference;
    unsigned char b1 = __builtin_sub_overflow(a, b, &difference);
    unsigned char b2 = __builtin_sub_overflow(difference, (uint64_t)borrow, out);
    return b1 | b2;
#endif
}

/* Returns the low limb of a·b + c + d, which never overflows two limbs; *high is the other. */
static ALWAYS_INLINE uint64_t limb_mul_add(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t *high)
{
    unsigned __int128 p = (unsigned __int128)a * b + c + d;
    *high = (uint64_t)(p >> 64);
    return (uint64_t)p;
}

/* ---- comparing ----------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE bool u256_is_zero(struct u256 a)
{
    return (a.w[0] | a.w[1] | a.w[2] | a.w[3]) == 0;
}

static ALWAYS_INLINE bool u256_equal(struct u256 a, struct u256 b)
{
    return ((a.w[0] ^ b.w[0]) | (a.w[1] ^ b.w[1]) | (a.w[2] ^ b.w[2]) | (a.w[3] ^ b.w[3])) == 0;
}

/* *out = a - b; returns true when b > a. */
static ALWAYS_INLINE bool u256_sub_borrow(struct u256 *out, struct u256 a, struct u256 b)
{
    unsigned char borrow = limb_sub(0, a.w[0], b.w[0], &out->w[0]);
    borrow = limb_sub(borrow, a.w[1], b.w[1], &out->w[1]);
    borrow = limb_sub(borrow, a.w[2], b.w[2], &out->w[2]);
    borrow = limb_sub(borrow, a.w[3], b.w[3], &out->w[3]);
    return borrow != 0;
}

/* a < b */
static ALWAYS_INLINE bool u256_less(struct u256 a, struct u256 b)
{
    struct u256 ignored;
    return u256_sub_borrow(&ignored, a, b);
}

/* a < b as two's complement numbers */
static ALWAYS_INLINE bool u256_less_signed(struct u256 a, struct u256 b)
{
    a.w[3] ^= (uint64_t)1 << 63; /* moves -2^255 to 0 and keeps the order */
    b.w[3] ^= (uint64_t)1 << 63;
    return u256_less(a, b);
}

/* -1, 0 or 1 as a is less than, equal to or greater than b */
static ALWAYS_INLINE int u256_compare(struct u256 a, struct u256 b)
{
    return (int)u256_less(b, a) - (int)u256_less(a, b);
}

static ALWAYS_INLINE bool u256_is_negative(struct u256 a)
{
    return (a.w[3] >> 63) != 0;
}

static ALWAYS_INLINE bool u256_fits_u64(struct u256 a)
{
    return (a.w[1] | a.w[2] | a.w[3]) == 0;
}

/* The value, or UINT64_MAX if it is greater. */
static ALWAYS_INLINE uint64_t u256_clamp_u64(struct u256 a)
{
    return u256_fits_u64(a) ? a.w[0] : UINT64_MAX;
}

/* ---- arithmetic ---------------------------------------------------------------------------------------------- */

/* *out = a + b; returns true when the sum does not fit. */
static ALWAYS_INLINE bool u256_add_carry(struct u256 *out, struct u256 a, struct u256 b)
{
    unsigned char carry = limb_add(0, a.w[0], b.w[0], &out->w[0]);
    carry = limb_add(carry, a.w[1], b.w[1], &out->w[1]);
    carry = limb_add(carry, a.w[2], b.w[2], &out->w[2]);
    carry = limb_add(carry, a.w[3], b.w[3], &out->w[3]);
    return carry != 0;
}

static ALWAYS_INLINE struct u256 u256_add(struct u256 a, struct u256 b)
{
    struct u256 sum;
    u256_add_carry(&sum, a, b);
    return sum;
}

static ALWAYS_INLINE struct u256 u256_sub(struct u256 a, struct u256 b)
{
    struct u256 difference;
    u256_sub_borrow(&difference, a, b);
    return difference;
}

static ALWAYS_INLINE struct u256 u256_negate(struct u256 a)
{
    return u256_sub(U256_ZERO, a);
}

static ALWAYS_INLINE struct u256 u256_mul(struct u256 a, struct u256 b)
{
    /* Row by row; the limbs that only feed bits from 256 on are left out. */
    struct u256 p;
    uint64_t c, p1, p2, p3;
    p.w[0] = limb_mul_add(a.w[0], b.w[0], 0, 0, &c);
    p1 = limb_mul_add(a.w[0], b.w[1], c, 0, &c);
    p2 = limb_mul_add(a.w[0], b.w[2], c, 0, &c);
    p3 = a.w[0] * b.w[3] + c;
    p.w[1] = limb_mul_add(a.w[1], b.w[0], p1, 0, &c);
    p2 = limb_mul_add(a.w[1], b.w[1], p2, c, &c);
    p3 += a.w[1] * b.w[2] + c;
    p.w[2] = limb_mul_add(a.w[2], b.w[0], p2, 0, &c);
    p.w[3] = p3 + a.w[2] * b.w[1] + a.w[3] * b.w[0] + c;
    return p;
}

/* out may be a or b in all of these. Division by zero gives zero; sdiv(-2^255, -1) is -2^255; the sign of smod is
 * a's. */
void u256_div(struct u256 *out, const struct u256 *a, const struct u256 *b);
void u256_mod(struct u256 *out, const struct u256 *a, const struct u256 *b);
void u256_divmod(struct u256 *quotient, struct u256 *remainder, const struct u256 *a, const struct u256 *b);
void u256_sdiv(struct u256 *out, const struct u256 *a, const struct u256 *b);
void u256_smod(struct u256 *out, const struct u256 *a, const struct u256 *b);
/* (a + b) mod m and (a · b) mod m without intermediate wrapping; 0 when m is 0. */
void u256_addmod(struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m);
void u256_mulmod(struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m);
/* base to the power of exponent mod 2^256; 0^0 is 1. */
void u256_exp(struct u256 *out, const struct u256 *base, const struct u256 *exponent);

/* ---- bits ---------------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE struct u256 u256_and(struct u256 a, struct u256 b)
{
    return (struct u256){{a.w[0] & b.w[0], a.w[1] & b.w[1], a.w[2] & b.w[2], a.w[3] & b.w[3]}};
}

static ALWAYS_INLINE struct u256 u256_or(struct u256 a, struct u256 b)
{
    return (struct u256){{a.w[0] | b.w[0], a.w[1] | b.w[1], a.w[2] | b.w[2], a.w[3] | b.w[3]}};
}

static ALWAYS_INLINE struct u256 u256_xor(struct u256 a, struct u256 b)
{
    return (struct u256){{a.w[0] ^ b.w[0], a.w[1] ^ b.w[1], a.w[2] ^ b.w[2], a.w[3] ^ b.w[3]}};
}

static ALWAYS_INLINE struct u256 u256_not(struct u256 a)
{
    return (struct u256){{~a.w[0], ~a.w[1], ~a.w[2], ~a.w[3]}};
}

/* The high limb of (high:low) shifted left by n < 64. */
static ALWAYS_INLINE uint64_t limb_shift_left(uint64_t high, uint64_t low, unsigned n)
{
    return (high << n) | ((low >> 1) >> (63 - n));
}

/* The low limb of (high:low) shifted right by n < 64. */
static ALWAYS_INLINE uint64_t limb_shift_right(uint64_t high, uint64_t low, unsigned n)
{
    return (low >> n) | ((high << 1) << (63 - n));
}

/* a << n; n < 256. Whole limbs move by selection, not by branches: shift amounts are data. */
static ALWAYS_INLINE struct u256 u256_shl(struct u256 a, unsigned n)
{
    bool two = (n & 128) != 0, one = (n & 64) != 0;
    unsigned bits = n & 63;
    uint64_t x3 = two ? a.w[1] : a.w[3], x2 = two ? a.w[0] : a.w[2];
    uint64_t x1 = two ? 0 : a.w[1], x0 = two ? 0 : a.w[0];
    x3 = one ? x2 : x3;
    x2 = one ? x1 : x2;
    x1 = one ? x0 : x1;
    x0 = one ? 0 : x0;
    return (struct u256){
        {x0 << bits, limb_shift_left(x1, x0, bits), limb_shift_left(x2, x1, bits), limb_shift_left(x3, x2, bits)}};
}

/* a >> n with `fill` (0 or all ones) coming in from above; n < 256. */
static ALWAYS_INLINE struct u256 u256_shr_filled(struct u256 a, unsigned n, uint64_t fill)
{
    bool two = (n & 128) != 0, one = (n & 64) != 0;
    unsigned bits = n & 63;
    uint64_t x0 = two ? a.w[2] : a.w[0], x1 = two ? a.w[3] : a.w[1];
    uint64_t x2 = two ? fill : a.w[2], x3 = two ? fill : a.w[3];
    x0 = one ? x1 : x0;
    x1 = one ? x2 : x1;
    x2 = one ? x3 : x2;
    x3 = one ? fill : x3;
    return (struct u256){{limb_shift_right(x1, x0, bits), limb_shift_right(x2, x1, bits),
                          limb_shift_right(x3, x2, bits), limb_shift_right(fill, x3, bits)}};
}

/* Logical and arithmetic shift to the right; n < 256. */
static ALWAYS_INLINE struct u256 u256_shr(struct u256 a, unsigned n)
{
    return u256_shr_filled(a, n, 0);
}
static ALWAYS_INLINE struct u256 u256_sar(struct u256 a, unsigned n)
{
    return u256_shr_filled(a, n, (uint64_t)0 - (a.w[3] >> 63));
}

/* SHL, SHR and SAR of the EVM (EIP-145): any amount; 256 and more shift everything out. */
static ALWAYS_INLINE struct u256 u256_shift_left(struct u256 a, struct u256 amount)
{
    return u256_clamp_u64(amount) < 256 ? u256_shl(a, (unsigned)amount.w[0]) : U256_ZERO;
}
static ALWAYS_INLINE struct u256 u256_shift_right(struct u256 a, struct u256 amount)
{
    return u256_clamp_u64(amount) < 256 ? u256_shr(a, (unsigned)amount.w[0]) : U256_ZERO;
}
static ALWAYS_INLINE struct u256 u256_shift_right_signed(struct u256 a, struct u256 amount)
{
    return u256_sar(a, u256_clamp_u64(amount) < 256 ? (unsigned)amount.w[0] : 255);
}

/* BYTE: byte number `index` of a counted from the most significant one; 0 beyond 31. */
static ALWAYS_INLINE struct u256 u256_byte(struct u256 a, struct u256 index)
{
    uint64_t i = u256_clamp_u64(index);
    return i < 32 ? U256((a.w[3 - i / 8] >> (56 - 8 * (i % 8))) & 0xff) : U256_ZERO;
}

/* SIGNEXTEND: extends the sign of byte number `index` (0 is the lowest) of a to the whole word. With branches: the
 * index is nearly always the same at one place of a program, and limbs that stay need not wait. */
static ALWAYS_INLINE struct u256 u256_signextend(struct u256 a, struct u256 index)
{
    uint64_t i = u256_clamp_u64(index);
    if (i >= 31) return a;
    unsigned above = 56 - 8 * ((unsigned)i % 8); /* bits of the limb to be overwritten */
#define EXTEND(limb) ((int64_t)(a.w[limb] << above) >> above)
    if (i < 8) {
        int64_t low = EXTEND(0);
        uint64_t sign = (uint64_t)(low >> 63);
        return (struct u256){{(uint64_t)low, sign, sign, sign}};
    }
    if (i < 16) {
        int64_t low = EXTEND(1);
        uint64_t sign = (uint64_t)(low >> 63);
        return (struct u256){{a.w[0], (uint64_t)low, sign, sign}};
    }
    if (i < 24) {
        int64_t low = EXTEND(2);
        return (struct u256){{a.w[0], a.w[1], (uint64_t)low, (uint64_t)(low >> 63)}};
    }
    return (struct u256){{a.w[0], a.w[1], a.w[2], (uint64_t)EXTEND(3)}};
#undef EXTEND
}

/* Number of leading zero bits; 256 for zero (CLZ, EIP-7939). */
static ALWAYS_INLINE unsigned u256_clz(struct u256 a)
{
    if (a.w[3] != 0) return (unsigned)__builtin_clzll(a.w[3]);
    if (a.w[2] != 0) return 64 + (unsigned)__builtin_clzll(a.w[2]);
    if (a.w[1] != 0) return 128 + (unsigned)__builtin_clzll(a.w[1]);
    return a.w[0] != 0 ? 192 + (unsigned)__builtin_clzll(a.w[0]) : 256;
}

/* Bits and bytes needed for the value; 0 for zero. */
static ALWAYS_INLINE unsigned u256_bits(struct u256 a)
{
    return 256 - u256_clz(a);
}
static ALWAYS_INLINE unsigned u256_byte_count(struct u256 a)
{
    return (u256_bits(a) + 7) / 8;
}

/* ---- wire order ---------------------------------------------------------------------------------------------- */

/* 32 big-endian bytes. */
static ALWAYS_INLINE struct u256 u256_load_be(const uint8_t *p)
{
    return (struct u256){{load_be64(p + 24), load_be64(p + 16), load_be64(p + 8), load_be64(p)}};
}
static ALWAYS_INLINE void u256_store_be(uint8_t *p, struct u256 a)
{
    store_be64(p, a.w[3]);
    store_be64(p + 8, a.w[2]);
    store_be64(p + 16, a.w[1]);
    store_be64(p + 24, a.w[0]);
}

/* n <= 32 big-endian bytes as a number. */
static inline struct u256 u256_load_be_n(const uint8_t *p, size_t n)
{
    uint8_t word[32] = {0};
    memcpy(word + 32 - n, p, n);
    return u256_load_be(word);
}

/* The address as a number; and back: the low 20 bytes. */
static ALWAYS_INLINE struct u256 u256_from_address(const struct address *a)
{
    uint32_t high;
    memcpy(&high, a->b, 4);
    return (struct u256){{load_be64(a->b + 12), load_be64(a->b + 4), __builtin_bswap32(high), 0}};
}
static ALWAYS_INLINE struct address u256_to_address(struct u256 a)
{
    struct address out;
    uint32_t high = __builtin_bswap32((uint32_t)a.w[2]);
    memcpy(out.b, &high, 4);
    store_be64(out.b + 4, a.w[1]);
    store_be64(out.b + 12, a.w[0]);
    return out;
}

static ALWAYS_INLINE struct u256 u256_from_hash(const struct hash *h)
{
    return u256_load_be(h->b);
}
static ALWAYS_INLINE struct hash u256_to_hash(struct u256 a)
{
    struct hash out;
    u256_store_be(out.b, a);
    return out;
}

/* ---- text ---------------------------------------------------------------------------------------------------- */

/* Longest texts with the terminating 0. */
enum { U256_HEX_SIZE = 67, U256_DECIMAL_SIZE = 79 };

/* Read `size` characters: 1 to 64 hex digits (more only if leading ones are 0) without prefix; decimal digits. False
 * when the text is empty, holds anything else, or the number does not fit; *out is then undefined. */
bool u256_from_hex(struct u256 *out, const char *text, size_t size);
bool u256_from_decimal(struct u256 *out, const char *text, size_t size);
/* Write the shortest form, "0x0" or "0x1f", and "0" or "31"; return the number of characters before the 0. */
size_t u256_to_hex(char out[U256_HEX_SIZE], const struct u256 *a);
size_t u256_to_decimal(char out[U256_DECIMAL_SIZE], const struct u256 *a);

#endif
