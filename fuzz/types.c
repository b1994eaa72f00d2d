/* Decoders of everything that comes over the wire. What is accepted is canonical: written again it is the same bytes. */
#include "fuzz.h"

#include "types/types.h"

static struct rlp_writer writer;
static struct arena arena;

/* `written` is what the decoded value was encoded to. */
static void same(struct bytes read)
{
    ASSERT(bytes_equal(rlp_written(&writer), read));
}

static void fuzz_block(struct bytes in)
{
    struct rlp cursor = rlp_of(in);
    struct block block;
    struct error error = {STATUS_OK, ""};
    enum status s = block_decode(&block, &cursor, &arena, &error);
    if (s != STATUS_OK) {
        ASSERT(error.text[0] != 0);
        return;
    }
    block_encode(&writer, &block);
    same((struct bytes){in.data, (size_t)(cursor.at - in.data)});
}

static void fuzz_transaction(struct bytes in)
{
    struct transaction tx;
    if (transaction_decode(&tx, in, &arena) != STATUS_OK) return;
    transaction_encode(&writer, &tx);
    same(in);
    struct hash hash;
    transaction_signing_hash(&hash, &tx);
}

static void fuzz_receipt(struct bytes in)
{
    struct receipt receipt;
    if (receipt_decode(&receipt, in, &arena) != STATUS_OK) return;
    receipt_encode(&writer, &receipt);
    same(in);
}

static void fuzz_header(struct bytes in)
{
    struct rlp cursor = rlp_of(in);
    struct header header;
    if (header_decode(&header, &cursor) != STATUS_OK) return;
    header_encode(&writer, &header);
    same((struct bytes){in.data, (size_t)(cursor.at - in.data)});
}

static void fuzz_access_list(struct bytes in)
{
    struct block_access_list list;
    struct error error = {STATUS_OK, ""};
    if (bal_decode(&list, in, &arena, &error) != STATUS_OK) return;
    bal_encode(&writer, &list);
    same(in);
    (void)bal_items(&list);
}

static void fuzz_any(struct bytes in)
{
    struct rlp cursor = rlp_of(in);
    struct rlp_item item;
    if (rlp_check(in) != STATUS_OK) return;
    ASSERT(rlp_read_item(&cursor, &item) == STATUS_OK && rlp_finish(&cursor) == STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct bytes) = {fuzz_block,  fuzz_transaction, fuzz_receipt,
                                                    fuzz_header, fuzz_access_list, fuzz_any};
    if (size == 0) return 0;
    arena_reset(&arena);
    rlp_rewind(&writer, 0);
    targets[data[0] % COUNT_OF(targets)]((struct bytes){data + 1, size - 1});
    return 0;
}
