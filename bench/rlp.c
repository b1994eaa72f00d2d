/* bench_rlp: reading and writing what blocks are made of.
 *
 *     bench_rlp
 *
 * A token transfer (type 2), a header of Prague, a receipt with a token transfer's log and one with 16 logs, and an
 * access list of 1,000 slots. Every encoding is compared with what it was decoded from. */
#include "timing.h"
#include "types/types.h"

static uint64_t seed = 1;

static void fill(void *p, size_t size)
{
    for (size_t i = 0; i < size; i++) ((uint8_t *)p)[i] = (uint8_t)random_next(&seed);
}

/* Rows for a thing that `encode` writes and `decode` reads. */
#define BOTH(name, encode, decode)                                                                                     \
    do {                                                                                                               \
        rlp_rewind(&writer, 0);                                                                                        \
        encode;                                                                                                        \
        struct bytes encoded = rlp_written(&writer);                                                                   \
        struct bytes in = {arena_copy(&kept, encoded.data, encoded.size), encoded.size};                               \
        char row[48];                                                                                                  \
        (void)snprintf(row, sizeof row, "%s (%zu bytes), write", name, in.size);                                       \
        TIME(row, 1, rlp_rewind(&writer, 0); encode);                                                                  \
        ASSERT(bytes_equal(in, rlp_written(&writer)));                                                                 \
        (void)snprintf(row, sizeof row, "%s, read", name);                                                             \
        TIME(row, 1, arena_reset(&arena); ASSERT((decode) == STATUS_OK));                                              \
    } while (0)

static struct rlp_writer writer;
static struct arena arena, kept;

static void transactions(void)
{
    uint8_t input[68];
    struct transaction tx = {.type = 2,
                             .has_chain_id = true,
                             .chain_id = 1,
                             .nonce = 1234,
                             .gas_limit = 100000,
                             .max_fee = U256(UINT64_C(30000000000)),
                             .max_priority_fee = U256(UINT64_C(1000000000)),
                             .data = {input, sizeof input}},
                       back;
    fill(input, sizeof input);
    fill(&tx.to, sizeof tx.to);
    fill(&tx.signature.r, sizeof tx.signature.r);
    fill(&tx.signature.s, sizeof tx.signature.s);
    BOTH("token transfer", transaction_encode(&writer, &tx), transaction_decode(&back, in, &arena));

    enum { ENTRIES = 100, KEYS = 10 };
    struct access_entry *list = ARENA_ARRAY(&kept, struct access_entry, ENTRIES);
    for (size_t i = 0; i < ENTRIES; i++) {
        struct u256 *keys = ARENA_ARRAY(&kept, struct u256, KEYS);
        fill(keys, KEYS * sizeof *keys);
        fill(&list[i].address, sizeof list[i].address);
        list[i].keys = keys;
        list[i].key_count = KEYS;
    }
    tx.access_list = list;
    tx.access_count = ENTRIES;
    tx.access_key_count = ENTRIES * KEYS;
    BOTH("access list", transaction_encode(&writer, &tx), transaction_decode(&back, in, &arena));
}

static void headers(void)
{
    struct header h = {.field_count = HEADER_REQUESTS_HASH,
                       .number = 22000000,
                       .gas_limit = 36000000,
                       .gas_used = 18000000,
                       .timestamp = 1740000000,
                       .base_fee = U256(1000000000)},
                  back;
    uint8_t extra[16];
    struct hash *hashes[] = {&h.parent_hash,       &h.uncles_hash,        &h.state_root,
                             &h.transactions_root, &h.receipts_root,      &h.prev_randao,
                             &h.withdrawals_root,  &h.parent_beacon_root, &h.requests_hash};
    for (size_t i = 0; i < COUNT_OF(hashes); i++) fill(hashes[i], sizeof *hashes[i]);
    fill(&h.beneficiary, sizeof h.beneficiary);
    fill(&h.bloom, sizeof h.bloom);
    fill(extra, sizeof extra);
    h.extra_data = (struct bytes){extra, sizeof extra};
    struct rlp at;
    BOTH("header", header_encode(&writer, &h), (at = rlp_of(in), header_decode(&back, &at)));
    struct hash hash;
    TIME("header, hash", 1, header_hash(&hash, &h); USED(&hash));
}

static void receipts(void)
{
    enum { LOGS = 16 };
    struct hash topics[3];
    uint8_t amount[32];
    struct log logs[LOGS];
    fill(topics, sizeof topics);
    fill(amount, sizeof amount);
    for (size_t i = 0; i < LOGS; i++) {
        logs[i] = (struct log){.topics = topics, .topic_count = 3, .data = {amount, sizeof amount}};
        fill(&logs[i].address, sizeof logs[i].address);
    }
    struct receipt r = {.type = 2, .succeeded = true, .cumulative_gas = 12345678, .logs = logs, .log_count = 1}, back;
    bloom_add_logs(&r.bloom, logs, r.log_count);
    BOTH("receipt", receipt_encode(&writer, &r), receipt_decode(&back, in, &arena));
    r.log_count = LOGS;
    BOTH("receipt of 16 logs", receipt_encode(&writer, &r), receipt_decode(&back, in, &arena));
    TIME("bloom of 16 logs", 1, bloom_add_logs(&r.bloom, logs, LOGS); USED(&r.bloom));
}

int main(void)
{
    timing_header("RLP");
    transactions();
    headers();
    receipts();
    rlp_writer_free(&writer);
    arena_free(&arena);
    arena_free(&kept);
    return 0;
}
