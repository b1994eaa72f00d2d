/* Transaction envelopes: what is decoded encodes to the same bytes, hashes, and has a sender or none. */
#include "fuzz.h"
#include "types/types.h"

static void check_sender(const struct transaction *tx)
{
    struct address strict, lax;
    enum status s = transaction_sender(&strict, tx, (struct signature_rules){.low_s = true, .chain_id = true});
    enum status t = transaction_sender(&lax, tx, (struct signature_rules){.low_s = false, .chain_id = true});
    if (s == STATUS_OK) FUZZ_CHECK(t == STATUS_OK && address_equal(&strict, &lax));
    for (uint32_t i = 0; i < tx->authorization_count && i < 4; i++)
        (void)authorization_authority(&strict, &tx->authorizations[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena arena;
    struct bytes encoded = {data, size};
    struct transaction tx;
    if (transaction_decode(&tx, encoded, &arena) == STATUS_OK) {
        struct hash kept, made;
        FUZZ_CHECK(bytes_equal(tx.encoded, encoded));
        transaction_hash(&kept, &tx);
        tx.encoded = (struct bytes){0}; /* else the encoder takes it */
        transaction_hash(&made, &tx);
        FUZZ_CHECK(hash_equal(&kept, &made));
        struct rlp_writer w = {0};
        transaction_encode(&w, &tx);
        FUZZ_CHECK(bytes_equal(rlp_written(&w), encoded));
        rlp_writer_free(&w);
        check_sender(&tx);
    }
    arena_reset(&arena);
    return 0;
}
