/* Headers: what is decoded encodes to the same bytes; checks against a parent (the second header of the input) never
 * crash. */
#include "block/block.h"
#include "fuzz.h"
#include "types/types.h"

static bool decode(struct header *out, struct rlp *in)
{
    const uint8_t *start = in->at;
    if (header_decode(out, in) != STATUS_OK) return false;
    struct rlp_writer w = {0};
    header_encode(&w, out);
    FUZZ_CHECK(bytes_equal(rlp_written(&w), (struct bytes){start, (size_t)(in->at - start)}));
    rlp_writer_free(&w);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rlp in = rlp_of((struct bytes){data, size});
    struct header h, parent;
    if (!decode(&h, &in) || !decode(&parent, &in)) return 0;
    struct error e;
    for (const struct fork *const *f = forks; *f != NULL; f++) {
        struct header child = h;
        child.number = parent.number + 1; /* or nothing behind the first check would ever be reached */
        header_hash(&child.parent_hash, &parent);
        (void)block_check_header(&child, &parent, *f, &chain_mainnet, &e);
    }
    return 0;
}
