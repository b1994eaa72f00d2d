/* Logs, blooms and receipts. */
#include "types/types_private.h"

/* ---- bloom ----------------------------------------------------------------------------------------------------- */

/* Byte and mask of bit number i (0 to 2) of an item: the low 11 bits of the i-th pair of bytes of its hash. */
static ALWAYS_INLINE size_t bloom_byte(const struct hash *h, size_t i)
{
    unsigned bit = ((unsigned)h->b[2 * i] << 8 | h->b[2 * i + 1]) & 2047;
    return 255 - bit / 8;
}
static ALWAYS_INLINE uint8_t bloom_mask(const struct hash *h, size_t i)
{
    return (uint8_t)(1u << (h->b[2 * i + 1] & 7));
}

void bloom_add_hash(struct bloom *b, const struct hash *keccak)
{
    for (size_t i = 0; i < 3; i++) b->b[bloom_byte(keccak, i)] |= bloom_mask(keccak, i);
}

/* Items waiting to be hashed together: enough for a few full vectors. */
enum { BLOOM_BATCH = 32 };
struct bloom_batch {
    struct bytes item[BLOOM_BATCH];
    size_t count;
};

static void batch_flush(struct bloom *b, struct bloom_batch *batch)
{
    struct hash h[BLOOM_BATCH];
    keccak256_many(h, batch->item, batch->count);
    for (size_t i = 0; i < batch->count; i++) bloom_add_hash(b, &h[i]);
    batch->count = 0;
}

static void batch_add(struct bloom *b, struct bloom_batch *batch, const uint8_t *item, size_t size)
{
    if (batch->count == BLOOM_BATCH) batch_flush(b, batch);
    batch->item[batch->count++] = (struct bytes){item, size};
}

void bloom_add_logs(struct bloom *b, const struct log *logs, size_t count)
{
    /* Addresses and topics apart, so that each batch has one size. What the log before had in the same place is not
     * hashed again: most receipts are one contract's events of one kind. */
    struct bloom_batch addresses, topics;
    addresses.count = topics.count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct log *l = &logs[i], *before = i > 0 ? &logs[i - 1] : NULL;
        if (before == NULL || !address_equal(&before->address, &l->address))
            batch_add(b, &addresses, l->address.b, sizeof l->address.b);
        for (uint32_t t = 0; t < l->topic_count; t++)
            if (before == NULL || before->topic_count <= t || !hash_equal(&before->topics[t], &l->topics[t]))
                batch_add(b, &topics, l->topics[t].b, sizeof l->topics[t].b);
    }
    batch_flush(b, &addresses);
    batch_flush(b, &topics);
}

void bloom_merge(struct bloom *into, const struct bloom *from)
{
    for (size_t i = 0; i < sizeof into->b; i++) into->b[i] |= from->b[i];
}

/* ---- receipts -------------------------------------------------------------------------------------------------- */

void log_encode(struct rlp_writer *w, const struct log *l)
{
    size_t item = rlp_mark(w);
    rlp_put_bytes(w, l->data.data, l->data.size);
    size_t topics = rlp_mark(w);
    for (uint32_t t = l->topic_count; t-- > 0;) rlp_put_hash(w, &l->topics[t]);
    rlp_put_list(w, topics);
    rlp_put_address(w, &l->address);
    rlp_put_list(w, item);
}

void receipt_encode(struct rlp_writer *w, const struct receipt *r)
{
    size_t mark = rlp_mark(w);
    for (uint32_t i = r->log_count; i-- > 0;) log_encode(w, &r->logs[i]);
    rlp_put_list(w, mark);
    rlp_put_bytes(w, r->bloom.b, sizeof r->bloom.b);
    rlp_put_u64(w, r->cumulative_gas);
    if (r->has_state_root)
        rlp_put_hash(w, &r->state_root);
    else
        rlp_put_u64(w, r->succeeded);
    rlp_put_list(w, mark);
    if (r->type != TX_LEGACY) *rlp_reserve(w, 1) = (uint8_t)r->type;
}

static enum status read_log(struct log *out, struct rlp *in, struct arena *arena)
{
    struct rlp list, topics;
    struct hash *hashes;
    TRY(rlp_enter(in, &list));
    TRY(rlp_read_address(&list, &out->address));
    ENTER_ARRAY(&list, topics, arena, struct hash, hashes, out->topic_count);
    if (out->topic_count > LOG_TOPICS_MAX) return RLP_WRONG_COUNT;
    for (uint32_t t = 0; t < out->topic_count; t++) TRY(rlp_read_hash(&topics, &hashes[t]));
    out->topics = hashes;
    TRY(rlp_read_bytes(&list, &out->data));
    return rlp_finish(&list);
}

static enum status read_outcome(struct receipt *r, struct rlp *in)
{
    struct bytes outcome;
    TRY(rlp_read_bytes(in, &outcome));
    if (outcome.size == sizeof r->state_root) {
        r->has_state_root = true;
        memcpy(r->state_root.b, outcome.data, sizeof r->state_root);
        return STATUS_OK;
    }
    r->succeeded = outcome.size == 1 && outcome.data[0] == 1;
    return r->succeeded || outcome.size == 0 ? STATUS_OK : RECEIPT_BAD_STATUS;
}

enum status receipt_decode(struct receipt *out, struct bytes encoded, struct arena *arena)
{
    *out = (struct receipt){0};
    struct rlp in = rlp_of(encoded), fields, list;
    if (!rlp_at_end(&in) && !rlp_next_is_list(&in)) {
        uint8_t type = *in.at++;
        if (type < TX_ACCESS_LIST || type > TX_SET_CODE) return TX_UNKNOWN_TYPE;
        out->type = (enum transaction_type)type;
    }
    TRY(rlp_enter(&in, &fields));
    TRY(rlp_finish(&in));
    TRY(read_outcome(out, &fields));
    TRY(rlp_read_u64(&fields, &out->cumulative_gas));
    TRY(rlp_read_fixed(&fields, out->bloom.b, sizeof out->bloom.b));
    struct log *logs;
    ENTER_ARRAY(&fields, list, arena, struct log, logs, out->log_count);
    for (uint32_t i = 0; i < out->log_count; i++) TRY(read_log(&logs[i], &list, arena));
    out->logs = logs;
    return rlp_finish(&fields);
}
