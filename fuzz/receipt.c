/* Receipts: what is decoded encodes to the same bytes. */
#include "fuzz.h"
#include "types/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct bytes encoded = {data, size};
    struct receipt receipt;
    if (receipt_decode(&receipt, encoded, &arena) == STATUS_OK) {
        struct rlp_writer w = {0};
        receipt_encode(&w, &receipt);
        FUZZ_CHECK(bytes_equal(rlp_written(&w), encoded));
        rlp_writer_free(&w);
    }
    arena_reset(&arena);
    return 0;
}
