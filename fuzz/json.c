/* The readers of blocks, states, payloads and transactions in JSON: whatever the document, they answer with a complaint or a value.
 * The first byte says which reader. */
#define _GNU_SOURCE 1
#define _GNU_SOURCE 1
#include "json/json.h"
#include "block/block.h"
#include "file.h"
#include "json/payload.h"

static struct arena arena;

static void read_block(struct json_reader *f)
{
    struct block b;
    const struct address *from;
    json_block(f, f->root, &arena, &b, &from);
    if (f->status != STATUS_OK) return;
    struct hash hash;
    header_hash(&hash, &b.header);
    for (uint32_t i = 0; i < b.transaction_count; i++) transaction_hash(&hash, &b.transactions[i]);
}

static void read_state(struct json_reader *f)
{
    struct state_memory *m = state_memory_new(), *copy;
    struct hash root, other;
    struct error e;
    json_accounts(f, f->root, m);
    copy = state_memory_copy(m);
    state_memory_root(m, NULL, &root);
    state_memory_root(copy, NULL, &other);
    FUZZ_CHECK(hash_equal(&root, &other));
    (void)json_state_equals(f, f->root, m, &e); /* the codes are decoded already, so it may say no */
    state_memory_free(copy);
    state_memory_free(m);
}

static void read_payload(struct json_reader *f, uint64_t version)
{
    struct block b;
    struct bytes access_list;
    struct error e;
    (void)payload_read(f, f->root, version, &chain_mainnet, &arena, &b, &access_list, &e);
}

/* What was read survives the way over the wire. */
static void read_transaction(struct json_reader *f)
{
    struct transaction tx, again;
    json_transaction(f, f->root, &arena, &tx);
    json_signature(f, f->root, &tx);
    if (f->status != STATUS_OK) return;
    struct rlp_writer w = {0};
    transaction_encode(&w, &tx);
    enum status s = transaction_decode(&again, rlp_written(&w), &arena);
    if (s == STATUS_OK) {
        struct hash a, b;
        transaction_hash(&a, &tx);
        transaction_hash(&b, &again);
        FUZZ_CHECK(hash_equal(&a, &b));
        FUZZ_CHECK(again.gas_limit == tx.gas_limit && u256_equal(again.value, tx.value));
    }
    rlp_writer_free(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    if (size == 0) return 0;
    const char *path = fuzz_file(&file, (struct bytes){data + 1, size - 1});
    struct json_reader f;
    struct error e = {STATUS_OK, ""};
    if (json_open(&f, path, &e) != STATUS_OK) {
        FUZZ_CHECK(e.text[0] != 0);
        return 0;
    }
    unsigned kind = data[0] % 9;
    if (kind == 0)
        read_block(&f);
    else if (kind == 1)
        read_state(&f);
    else if (kind == 8)
        read_transaction(&f);
    else
        read_payload(&f, kind - 1);
    FUZZ_CHECK(f.status == STATUS_OK || e.text[0] != 0);
    json_close(&f);
    arena_reset(&arena);
    return 0;
}
