/* Numbers modulo secp256k1's group order, for batched recovery.
 *
 * One inversion is shared by all signatures of a chunk. Each factor is split with the curve's endomorphism: (x, y) ->
 * (beta·x, y) multiplies by lambda, so k·P = k1·P + k2·(lambda·P) with halves of half the length (Gallant, Lambert,
 * Vanstone 2001). The split takes the lattice vectors (a1, b1), (a2, b2) with a + b·lambda = 0, rounds k·b2/n and
 * -k·b1/n to whole numbers c1, c2, and leaves k2 = -c1·b1 - c2·b2 and k1 = k - k2·lambda. */
#include "crypto/inverse.h"
#include "crypto/montgomery.h"
#include "crypto/secp256k1/secp256k1_private.h"

struct scalar {
    uint64_t limb[4]; /* lowest first */
};

static const struct scalar order = {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}};
static const uint64_t order_k = 0x4b0dff665588b13f; /* -1/order mod 2^64 */
/* R is 2^256: numbers times R turn a Montgomery multiplication into a plain one. */
static const struct scalar r_squared = {
    {0x896cf21467d7d140, 0x741496c20e7cf878, 0xe697f5e45bcd07c6, 0x9d671cd581c69bc5}};
static const struct scalar one_r = {{0x402da1732fc9bebf, 0x4551231950b75fc4, 0x0000000000000001, 0x0000000000000000}};
static const struct scalar minus_b1_r = {
    {0xc50468d00ad9263c, 0x1b1c8205faa6ed42, 0x1571b4ae8ac47f71, 0x221208ac9df506c6}};
static const struct scalar minus_b2_r = {
    {0x0cac5e506a144696, 0x1e8a8dc5f3ba5939, 0x176cdf65ba244fce, 0xc25575eb8e173580}};
static const struct scalar minus_lambda_r = {
    {0xcf54734f06a3d4a3, 0x8e1af5392b820bee, 0x8c5699f9ad96826d, 0xacd7bfe87aa729c6}};
/* b2/n and -b1/n times 2^384, rounded. */
static const struct scalar g1 = {{0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd}};
static const struct scalar g2 = {{0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828}};

static void multiply(struct scalar *out, const struct scalar *a, const struct scalar *b)
{
    montgomery_multiply(out->limb, a->limb, b->limb, order.limb, order_k, 4);
}

/* out = a - b; returns the borrow. */
static bool subtract(struct scalar *out, const struct scalar *a, const struct scalar *b)
{
    uint64_t borrow = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned __int128 d = (unsigned __int128)a->limb[i] - b->limb[i] - borrow;
        out->limb[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return borrow != 0;
}

/* out = a + b mod the order, both below it. */
static void add(struct scalar *out, const struct scalar *a, const struct scalar *b)
{
    struct scalar complement;
    subtract(&complement, &order, b);
    if (subtract(out, a, &complement)) { /* a + b < order: take the order back */
        uint64_t carry = 0;
        for (size_t i = 0; i < 4; i++) {
            unsigned __int128 s = (unsigned __int128)out->limb[i] + order.limb[i] + carry;
            out->limb[i] = (uint64_t)s;
            carry = (uint64_t)(s >> 64);
        }
    }
}

static struct scalar read_scalar(const uint8_t in[32])
{
    return (struct scalar){{load_be64(in + 24), load_be64(in + 16), load_be64(in + 8), load_be64(in)}};
}

static bool is_zero(const struct scalar *a)
{
    return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

bool secp256k1_is_scalar(const uint8_t x[32])
{
    struct scalar a = read_scalar(x), rest;
    return !is_zero(&a) && subtract(&rest, &a, &order);
}

/* out = 1/a with both in Montgomery's form: a^(order - 2). */
static void invert(struct scalar *out, const struct scalar *a)
{
    struct scalar x = *a;
    for (int bit = 254; bit >= 0; bit--) {
        multiply(&x, &x, &x);
        uint64_t limb = bit < 64 ? order.limb[0] - 2 : order.limb[bit / 64];
        if ((limb >> (bit % 64) & 1) != 0) multiply(&x, &x, a);
    }
    *out = x;
}

/* k·g / 2^384, rounded; g below 2^256. */
static struct scalar scaled(const struct scalar *k, const struct scalar *g)
{
    uint64_t t[8] = {0};
    for (size_t i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (size_t j = 0; j < 4; j++) {
            unsigned __int128 p = (unsigned __int128)k->limb[j] * g->limb[i] + t[i + j] + carry;
            t[i + j] = (uint64_t)p;
            carry = (uint64_t)(p >> 64);
        }
        t[i + 4] = carry;
    }
    unsigned __int128 c = ((unsigned __int128)t[7] << 64 | t[6]) + (t[5] >> 63);
    return (struct scalar){{(uint64_t)c, (uint64_t)(c >> 64), 0, 0}};
}

/* Writes `count` signed digits of `bits` bits of x, or of x - order when that is nearer to zero, with a stride of a
 * lane. */
static void write_digits(int16_t *out, struct scalar x, size_t count, unsigned bits)
{
    struct scalar negative;
    subtract(&negative, &order, &x);
    bool minus = (x.limb[2] | x.limb[3]) != 0;
    if (minus) x = negative;
    int carry = 0, half = 1 << (bits - 1);
    for (size_t i = 0; i < count; i++) {
        size_t at = i * bits / 64, shift = i * bits % 64;
        uint64_t d = x.limb[at] >> shift;
        if (shift + bits > 64) d |= x.limb[at + 1] << (64 - shift);
        int digit = (int)(d & ((UINT64_C(1) << bits) - 1)) + carry;
        carry = digit >= half;
        digit -= carry << bits;
        out[i * SECP256K1_LANES] = (int16_t)(minus ? -digit : digit);
    }
    ASSERT(carry == 0); /* halves are below 2^128, two bits less than the digits hold */
}

static void split(struct scalar half[2], const struct scalar *k)
{
    struct scalar c1 = scaled(k, &g1), c2 = scaled(k, &g2);
    multiply(&c1, &c1, &minus_b1_r);
    multiply(&c2, &c2, &minus_b2_r);
    add(&half[1], &c1, &c2);
    multiply(&half[0], &half[1], &minus_lambda_r);
    add(&half[0], &half[0], k);
}

/* The factors of R and G, s/r and -digest/r, for 1/r in Montgomery's form. */
static void factors(struct scalar *of_point, struct scalar *of_base, const struct scalar *inverse,
                    const struct hash *digest, const struct secp256k1_signature *signature)
{
    struct scalar s = read_scalar(signature->s), z = read_scalar(digest->b), reduced;
    if (!subtract(&reduced, &z, &order)) z = reduced;
    if (!is_zero(&z)) subtract(&z, &order, &z);
    multiply(of_point, &s, inverse);
    multiply(of_base, &z, inverse);
}

void secp256k1_prepare(struct secp256k1_digits *out, const struct hash *digest,
                       const struct secp256k1_signature *signature, size_t count)
{
    ASSERT(count > 0 && count <= SECP256K1_CHUNK);
    /* before[i] is the product of r[0..i), all in Montgomery's form; then one inverse walks back. */
    struct scalar r[SECP256K1_CHUNK], before[SECP256K1_CHUNK], product = one_r, inverse;
    for (size_t i = 0; i < count; i++) {
        struct scalar plain = read_scalar(signature[i].r);
        multiply(&r[i], &plain, &r_squared);
        before[i] = product;
        multiply(&product, &product, &r[i]);
    }
    invert(&inverse, &product);

    for (size_t i = count; i-- > 0;) {
        struct scalar of_r, s, z, half[2];
        multiply(&of_r, &inverse, &before[i]);
        multiply(&inverse, &inverse, &r[i]);
        factors(&s, &z, &of_r, &digest[i], &signature[i]);
        struct secp256k1_digits *group = &out[i / SECP256K1_LANES];
        size_t lane = i % SECP256K1_LANES;
        split(half, &s);
        for (size_t h = 0; h < 2; h++)
            write_digits(&group->point[h][0][lane], half[h], SECP256K1_POINT_DIGITS, SECP256K1_POINT_BITS);
        split(half, &z);
        for (size_t h = 0; h < 2; h++)
            write_digits(&group->base[h][0][lane], half[h], SECP256K1_BASE_DIGITS, SECP256K1_BASE_BITS);
    }
}

/* Takes x - order in place of x, and tells so, when that is nearer to zero; x is left as its distance from zero. */
static bool toward_zero(struct scalar *x)
{
    struct scalar negative, rest;
    subtract(&negative, &order, x);
    bool minus = subtract(&rest, &negative, x);
    if (minus) *x = negative;
    return minus;
}

void secp256k1_prepare_one(struct secp256k1_plan *out, const struct hash *digest,
                           const struct secp256k1_signature *signature)
{
    struct scalar inverse, s, z, half[2];
    inverse = read_scalar(signature->r);
    inverse_256(inverse.limb, inverse.limb, order.limb);
    multiply(&inverse, &inverse, &r_squared);
    factors(&s, &z, &inverse, digest, signature);
    split(half, &s);
    for (size_t h = 0; h < 2; h++) {
        bool minus = toward_zero(&half[h]);
        ASSERT((half[h].limb[2] | half[h].limb[3]) == 0);
        write_nonadjacent(&out->point[h], half[h].limb, minus);
    }
    bool minus = toward_zero(&z);
    write_comb_digits(out->base, z.limb, minus);
}
