/* fuzz: what the targets share.
 *
 * Each target takes bytes that an outsider chose, gives them to one boundary of weft and asserts what must hold for any bytes: no
 * crash, no sanitizer report, and an equality (written again it is the same; the fast twin says what the slow one says).
 * `make fuzz` builds them with libFuzzer and runs each for a while. */
#ifndef WEFT_FUZZ_H
#define WEFT_FUZZ_H

#include "base/base.h"

/* The entry that libFuzzer calls; 0 always. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A cursor that deals out the input; zeros when it is used up. */
struct dealer {
    const uint8_t *at, *end;
};
static inline uint8_t deal_byte(struct dealer *d)
{
    return d->at < d->end ? *d->at++ : 0;
}
static inline struct bytes deal_bytes(struct dealer *d, size_t most)
{
    size_t left = (size_t)(d->end - d->at), size = left < most ? left : most;
    struct bytes b = {d->at, size};
    d->at += size;
    return b;
}

#endif
