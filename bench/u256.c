/* bench_u256: what arithmetic on 256-bit words costs.
 *
 *     bench_u256
 *
 * "Chain" rows feed each result into the next operation: how long it takes until a result is there. The others take
 * operands from a table: how many can be done, one beside the other. Names say how many bytes operands have. */
#include "u256/u256.h"
#include "timing.h"

enum { WORDS = 64 };

struct operands {
    struct u256 a[WORDS], b[WORDS], m[WORDS];
};

static struct u256 random_word(uint64_t *random, unsigned bytes)
{
    struct u256 w = {{random_next(random), random_next(random), random_next(random), random_next(random)}};
    w.w[3] |= (uint64_t)1 << 63;
    return u256_shr(w, 256 - 8 * bytes);
}

static void fill(struct operands *o, unsigned a, unsigned b, unsigned m)
{
    uint64_t random = 1;
    for (size_t i = 0; i < WORDS; i++) {
        o->a[i] = random_word(&random, a);
        o->b[i] = random_word(&random, b);
        o->m[i] = random_word(&random, m);
    }
}

/* A row: the expression gives *out from a[i], b[i] and m[i]. */
#define ROW(name, ...)                                                                                                 \
    TIME(                                                                                                              \
        name, WORDS, for (size_t i = 0; i < WORDS; i++) {                                                              \
            struct u256 out;                                                                                           \
            const struct u256 *a = &o.a[i], *b = &o.b[i], *m = &o.m[i];                                                \
            (void)m, (void)b;                                                                                          \
            __VA_ARGS__;                                                                                               \
            USED(&out);                                                                                                \
        })

static void inline_operations(void)
{
    struct operands o;
    fill(&o, 32, 32, 32);
    struct u256 x = o.a[0];
    ROW("add", out = u256_add(*a, *b));
    TIME("add, chain", 1, x = u256_add(x, o.b[0]); USED(&x));
    ROW("mul", out = u256_mul(*a, *b));
    TIME("mul, chain", 1, x = u256_mul(x, o.b[0]); USED(&x));
    ROW("shift left", out = u256_shl(*a, (unsigned)(b->w[0] & 255)));
    ROW("clz", out = U256(u256_clz(*a)));
}

static void divisions(void)
{
    static const unsigned sizes[][2] = {{32, 32}, {32, 24}, {32, 16}, {32, 8}, {16, 8}, {8, 4}};
    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        struct operands o;
        char name[40];
        fill(&o, sizes[k][0], sizes[k][1], 32);
        (void)snprintf(name, sizeof name, "div %u/%u", sizes[k][0], sizes[k][1]);
        ROW(name, u256_div(&out, a, b));
        (void)snprintf(name, sizeof name, "mod %u/%u", sizes[k][0], sizes[k][1]);
        ROW(name, u256_mod(&out, a, b));
    }
}

static void modular(void)
{
    static const unsigned sizes[][2] = {{32, 32}, {32, 24}, {32, 16}, {32, 8}, {8, 8}};
    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        struct operands o;
        char name[40];
        fill(&o, sizes[k][0], sizes[k][0], sizes[k][1]);
        (void)snprintf(name, sizeof name, "addmod %u mod %u", sizes[k][0], sizes[k][1]);
        ROW(name, u256_addmod(&out, a, b, m));
        (void)snprintf(name, sizeof name, "mulmod %u mod %u", sizes[k][0], sizes[k][1]);
        ROW(name, u256_mulmod(&out, a, b, m));
    }
    struct operands o;
    fill(&o, 32, 32, 32);
    ROW("mulmod, the same modulus", u256_mulmod(&out, a, b, &o.m[0]));
    struct u256 x = o.a[0];
    TIME("mulmod 32 mod 32, chain", 1, u256_mulmod(&x, &x, &o.b[0], &o.m[0]));
}

static void powers(void)
{
    static const unsigned sizes[] = {1, 8, 16, 32};
    for (size_t k = 0; k < COUNT_OF(sizes); k++) {
        struct operands o;
        char name[40];
        fill(&o, 32, sizes[k], 32);
        (void)snprintf(name, sizeof name, "exp, exponent of %u", sizes[k]);
        ROW(name, u256_exp(&out, a, b));
    }
}

int main(void)
{
    timing_header("256-bit words");
    inline_operations();
    divisions();
    modular();
    powers();
    return 0;
}
