/* fuzz: what the targets share. Each fuzz/NAME.c is one libFuzzer target, one boundary of weft that bytes from
 * outside cross:
 *
 *     make fuzz FUZZ_SECONDS=300                    every target for so long
 *     build-fuzz/fuzz_rlp .cache/corpus/rlp         one of them; with a file as argument, that input alone */
#ifndef WEFT_FUZZ_H
#define WEFT_FUZZ_H

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that must hold whatever the input. */
#define FUZZ_CHECK(condition) ASSERT(condition)

/* The input as a source of choices; gives zeros when it is used up. */
struct fuzz_input {
    const uint8_t *at, *end;
};

static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
    return in->at == in->end ? 0 : *in->at++;
}

/* A number below `bound` (1 to 256). */
static inline unsigned fuzz_below(struct fuzz_input *in, unsigned bound)
{
    return fuzz_byte(in) % bound;
}

/* At most `most` bytes, borrowed. */
static inline struct bytes fuzz_bytes(struct fuzz_input *in, size_t most)
{
    size_t left = (size_t)(in->end - in->at), size = most < left ? most : left;
    struct bytes out = {in->at, size};
    in->at += size;
    return out;
}

#endif
