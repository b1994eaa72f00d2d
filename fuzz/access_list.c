/* Block access lists (EIP-7928): what is decoded encodes to the same bytes. */
#include "fuzz.h"
#include "types/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct bytes encoded = {data, size};
    struct block_access_list list;
    struct error e = {STATUS_OK, ""};
    enum status s = bal_decode(&list, encoded, &arena, &e);
    FUZZ_CHECK((s == STATUS_OK) == (e.text[0] == 0));
    if (s == STATUS_OK) {
        struct rlp_writer w = {0};
        bal_encode(&w, &list);
        FUZZ_CHECK(bytes_equal(rlp_written(&w), encoded));
        rlp_writer_free(&w);
        FUZZ_CHECK(bal_items(&list) <= size);
    }
    arena_reset(&arena);
    return 0;
}
