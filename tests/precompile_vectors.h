/* Reading precompile-vectors.tsv: one call of a precompile a line, for the test that checks them and the bench that
 * times them.
 *
 *     family  address  case  input  expected output (empty: fails, or has none)  gas (0: not given)
 *
 * The file is looked for in the folder that the environment variable WEFT_FIXTURES names. */
#ifndef WEFT_PRECOMPILE_VECTORS_H
#define WEFT_PRECOMPILE_VECTORS_H

#include "base/base.h"
#include "fork/precompile_rules.h"

#include <stdio.h>
#include <stdlib.h>

struct vector {
    char *family, *name;
    unsigned address;
    struct bytes input, expected;
    uint64_t gas;
};

struct vectors {
    struct buffer text;
    char *at;
    struct arena arena; /* what a row's bytes are decoded into; given up with the next row */
};

/* False when there is no such file. */
static inline bool vectors_open(struct vectors *v)
{
    *v = (struct vectors){0};
    const char *folder = getenv("WEFT_FIXTURES");
    char path[4096];
    snprintf(path, sizeof path, "%s/precompile-vectors.tsv", folder != NULL ? folder : ".");
    struct error e;
    if (file_read(&v->text, path, (size_t)1 << 28, &e) != STATUS_OK) return false;
    v->at = (char *)v->text.data;
    return true;
}

/* The next field of a row, ended with a zero. */
static inline char *vectors_field(struct vectors *v)
{
    char *start = v->at;
    v->at += strcspn(v->at, "\t\n");
    if (*v->at != 0) *v->at++ = 0;
    return start;
}

static inline struct bytes vectors_hex(struct vectors *v)
{
    char *text = vectors_field(v);
    size_t digits = strlen(text);
    uint8_t *data = arena_alloc(&v->arena, digits / 2 + 1, 1);
    ASSERT(digits % 2 == 0 && hex_decode(data, text, digits));
    return (struct bytes){data, digits / 2};
}

static inline bool vectors_next(struct vectors *v, struct vector *out)
{
    if (*v->at == 0) return false;
    arena_reset(&v->arena);
    out->family = vectors_field(v);
    out->address = (unsigned)strtoul(vectors_field(v), NULL, 16);
    out->name = vectors_field(v);
    out->input = vectors_hex(v);
    out->expected = vectors_hex(v);
    out->gas = strtoull(vectors_field(v), NULL, 10);
    return true;
}

static inline void vectors_close(struct vectors *v)
{
    buffer_free(&v->text);
    arena_free(&v->arena);
}

/* The rules of a fork put together from its deltas, as the fork table does it. */
struct vectors_rules {
    struct fork_precompile precompile;
};
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const struct vectors_rules vectors_byzantium = {PRECOMPILES_FRONTIER, PRECOMPILES_BYZANTIUM};
static const struct vectors_rules vectors_berlin = {PRECOMPILES_FRONTIER, PRECOMPILES_BYZANTIUM, PRECOMPILES_ISTANBUL,
                                                    PRECOMPILES_BERLIN};
static const struct vectors_rules vectors_osaka = {PRECOMPILES_FRONTIER, PRECOMPILES_BYZANTIUM, PRECOMPILES_ISTANBUL,
                                                   PRECOMPILES_BERLIN,   PRECOMPILES_CANCUN,    PRECOMPILES_PRAGUE,
                                                   PRECOMPILES_OSAKA};
#pragma GCC diagnostic pop

#endif
