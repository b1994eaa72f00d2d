/* Blocks: what is decoded encodes to the same bytes, from its transactions' envelopes and from their fields. */
#include "block/block.h"
#include "fuzz.h"
#include "types/types.h"

static void check_encoding(const struct block *b, struct bytes encoded)
{
    struct rlp_writer w = {0};
    block_encode(&w, b);
    FUZZ_CHECK(bytes_equal(rlp_written(&w), encoded));
    rlp_writer_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct bytes encoded = {data, size};
    struct rlp in = rlp_of(encoded);
    struct block b;
    struct error e = {STATUS_OK, ""};
    enum status s = block_decode(&b, &in, &arena, &e);
    FUZZ_CHECK(s == e.status && (s == STATUS_OK) == (e.text[0] == 0));
    if (s == STATUS_OK) {
        encoded.size = (size_t)(in.at - data);
        FUZZ_CHECK(b.encoded_size == encoded.size);
        check_encoding(&b, encoded);
        struct transaction *fields = arena_copy(&arena, b.transactions, b.transaction_count * sizeof *fields);
        for (uint32_t i = 0; i < b.transaction_count; i++) fields[i].encoded = (struct bytes){0};
        b.transactions = fields;
        check_encoding(&b, encoded);
        for (const struct fork *const *f = forks; *f != NULL; f++) (void)block_check_body(&b, *f, &e);
    }
    arena_reset(&arena);
    return 0;
}
