/* Whole blocks: header, transactions, uncles, withdrawals. */
#include "types/types_private.h"

const struct hash uncles_hash_empty = {{0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a, 0xab, 0x85, 0xb5,
                                        0x67, 0xb6, 0xcc, 0xd4, 0x1a, 0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a,
                                        0x74, 0x13, 0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47}};

enum status withdrawal_decode(struct withdrawal *out, struct rlp *in)
{
    struct rlp list;
    TRY(rlp_enter(in, &list));
    TRY(rlp_read_u64(&list, &out->index));
    TRY(rlp_read_u64(&list, &out->validator_index));
    TRY(rlp_read_address(&list, &out->address));
    TRY(rlp_read_u64(&list, &out->amount));
    return rlp_finish(&list);
}

void withdrawal_encode(struct rlp_writer *w, const struct withdrawal *x)
{
    size_t list = rlp_mark(w);
    rlp_put_u64(w, x->amount);
    rlp_put_address(w, &x->address);
    rlp_put_u64(w, x->validator_index);
    rlp_put_u64(w, x->index);
    rlp_put_list(w, list);
}

/* Passes a failure on, and notes which part of the block it was found in. */
static enum status failed_in(struct error *e, enum status s, const char *part, uint32_t i)
{
    return s == STATUS_OK ? s : error_set(e, s, "block: %s %u: %s", part, i, status_text(s));
}

/* A transaction in a block: a list, or a string that holds a typed envelope. */
static enum status read_transaction(struct transaction *out, struct rlp *in, struct arena *arena)
{
    struct rlp_item item;
    TRY(rlp_read_item(in, &item));
    if (item.is_list) return transaction_decode(out, item.encoded, arena);
    if (item.payload.size == 0) return RLP_TRUNCATED;
    if (item.payload.data[0] >= 0xc0)
        return TX_UNKNOWN_TYPE; /* a legacy transaction wrapped in a string is not canonical */
    return transaction_decode(out, item.payload, arena);
}

static enum status read_transactions(struct block *b, struct rlp *in, struct arena *arena, struct error *e)
{
    struct rlp list;
    struct transaction *array;
    ENTER_ARRAY(in, list, arena, struct transaction, array, b->transaction_count);
    for (uint32_t i = 0; i < b->transaction_count; i++)
        TRY(failed_in(e, read_transaction(&array[i], &list, arena), "transaction", i));
    b->transactions = array;
    return STATUS_OK;
}

static enum status read_uncles(struct block *b, struct rlp *in, struct arena *arena, struct error *e)
{
    struct rlp list;
    struct header *array;
    ENTER_ARRAY(in, list, arena, struct header, array, b->uncle_count);
    for (uint32_t i = 0; i < b->uncle_count; i++) TRY(failed_in(e, header_decode(&array[i], &list), "uncle", i));
    b->uncles = array;
    return STATUS_OK;
}

static enum status read_withdrawals(struct block *b, struct rlp *in, struct arena *arena, struct error *e)
{
    struct rlp list;
    struct withdrawal *array;
    ENTER_ARRAY(in, list, arena, struct withdrawal, array, b->withdrawal_count);
    for (uint32_t i = 0; i < b->withdrawal_count; i++)
        TRY(failed_in(e, withdrawal_decode(&array[i], &list), "withdrawal", i));
    b->withdrawals = array;
    b->has_withdrawals = true;
    return STATUS_OK;
}

static enum status read_block(struct block *b, struct rlp *in, struct arena *arena, struct error *e)
{
    struct rlp list;
    const uint8_t *start = in->at;
    TRY(rlp_enter(in, &list));
    b->encoded_size = (size_t)(in->at - start);
    struct rlp header = list;
    TRY(failed_in(e, header_decode(&b->header, &list), "header", 0));
    keccak256(&b->hash, header.at, (size_t)(list.at - header.at));
    TRY(read_transactions(b, &list, arena, e));
    TRY(read_uncles(b, &list, arena, e));
    if (!rlp_at_end(&list)) TRY(read_withdrawals(b, &list, arena, e));
    return rlp_finish(&list);
}

enum status block_decode(struct block *out, struct rlp *in, struct arena *arena, struct error *e)
{
    struct error found = {.status = STATUS_OK};
    *out = (struct block){0};
    enum status s = read_block(out, in, arena, &found);
    if (s != STATUS_OK && found.status == STATUS_OK) error_set(&found, s, "block: %s", status_text(s));
    if (s != STATUS_OK && e != NULL) *e = found;
    return s;
}

static void put_uncles(struct rlp_writer *w, const struct header *uncles, size_t count)
{
    size_t list = rlp_mark(w);
    for (size_t i = count; i-- > 0;) header_encode(w, &uncles[i]);
    rlp_put_list(w, list);
}

void block_encode(struct rlp_writer *w, const struct block *b)
{
    size_t block = rlp_mark(w);
    if (b->has_withdrawals) {
        for (uint32_t i = b->withdrawal_count; i-- > 0;) withdrawal_encode(w, &b->withdrawals[i]);
        rlp_put_list(w, block);
    }
    put_uncles(w, b->uncles, b->uncle_count);
    size_t transactions = rlp_mark(w);
    for (uint32_t i = b->transaction_count; i-- > 0;) {
        size_t envelope = rlp_mark(w);
        transaction_encode(w, &b->transactions[i]);
        if (b->transactions[i].type != TX_LEGACY) rlp_put_string_around(w, envelope);
    }
    rlp_put_list(w, transactions);
    header_encode(w, &b->header);
    rlp_put_list(w, block);
}

void uncles_hash(struct hash *out, const struct header *uncles, size_t count)
{
    struct rlp_writer w = {0};
    put_uncles(&w, uncles, count);
    struct bytes written = rlp_written(&w);
    keccak256(out, written.data, written.size);
    rlp_writer_free(&w);
}
