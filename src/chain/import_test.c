/* Importing chains with a bad block, by any number of threads: the same error, the same head, and nothing behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain/chain.h"
#include "harness.h"

enum { BLOCKS = 12, BAD = 7 };

/* Of block BAD; `LATER`: that, and the next one fails when it is executed. */
enum fault { NONE, STATE_ROOT, RECEIPTS_ROOT, GAS_USED, PARENT, TIMESTAMP, LATER, FAULTS };

struct bed {
    char folder[64], file[96];
    struct chain_genesis genesis;
    struct buffer blocks[BLOCKS + 1];
    struct hash hashes[BLOCKS + 1]; /* as they are in the file */
    struct arena arena;
};

static void put_code(struct state_memory *m, const struct address *a, const uint8_t *code, size_t size)
{
    struct hash hash;
    keccak256(&hash, code, size);
    struct memory_account *account = state_memory_account(m, a);
    account->nonce = 1;
    state_memory_set_code(m, account, &hash, (struct bytes){code, size});
}

/* Each block writes some slots: the system contracts keep what they are told. */
static void make_genesis(struct bed *b)
{
    static const uint8_t by_number[] = {0x5f, 0x35, 0x43, 0x55, 0x00}; /* PUSH0 CALLDATALOAD NUMBER SSTORE STOP */
    static const uint8_t by_time[] = {0x5f, 0x35, 0x42, 0x55, 0x00};   /* the same with TIMESTAMP */
    static const uint8_t nothing[] = {0x00};
    struct chain_genesis *g = &b->genesis;
    *g = (struct chain_genesis){.state = state_memory_new()};
    g->spec = (struct chain_spec){.name = "test", .id = 1, .dao_block = NEVER, .activation_count = 1};
    g->spec.activations[0] = (struct activation){&fork_prague, BY_NUMBER, 0};
    g->header.gas_limit = 30000000;
    put_code(g->state, &history_storage_address, by_number, sizeof by_number);
    put_code(g->state, &beacon_roots_address, by_time, sizeof by_time);
    put_code(g->state, &withdrawal_requests_address, nothing, sizeof nothing);
    put_code(g->state, &consolidation_requests_address, nothing, sizeof nothing);
    chain_genesis_seal(g, NULL);
}

static struct store *open_store(const struct bed *b, const char *name)
{
    struct store_options o = {.cache_bytes = 1 << 18, .map_bytes = 1 << 28, .create = true, .careless = true};
    struct error e;
    struct store *s;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", b->folder, name);
    if (store_open(&s, path, &o, &e) != STATUS_OK) FAIL("%s", e.text);
    if (store_genesis(s, &b->genesis.header, b->genesis.state, &e) != STATUS_OK) FAIL("%s", e.text);
    return s;
}

static void make_blocks(struct bed *b)
{
    struct store *store = open_store(b, "made");
    struct chain_options o = {.threads = 1};
    struct chain *c;
    struct error e;
    CHECK_STATUS(chain_new(&c, store, &b->genesis, &o, &e), STATUS_OK);
    for (uint64_t n = 1; n <= BLOCKS; n++) {
        struct chain_template t = {.timestamp = 12 * n, .gas_limit = 30000000};
        struct rlp_writer w = {0};
        if (chain_build(c, &t, &w, NULL, &e) != STATUS_OK) FAIL("%s", e.text);
        struct bytes written = rlp_written(&w);
        buffer_append(&b->blocks[n], written.data, written.size);
        rlp_writer_free(&w);
    }
    chain_free(c);
    store_close(store);
}

static void spoil(struct header *h, enum fault fault)
{
    switch (fault) {
    case STATE_ROOT:
    case LATER: h->state_root.b[3] ^= 1; break;
    case RECEIPTS_ROOT: h->receipts_root.b[3] ^= 1; break;
    case GAS_USED: h->gas_used++; break;
    case PARENT: h->parent_hash.b[3] ^= 1; break;
    case TIMESTAMP: h->timestamp = 0; break;
    default: break;
    }
}

/* The blocks with the fault, each with its parent's new hash, one behind the other. */
static void write_file(struct bed *b, enum fault fault)
{
    struct buffer all = {0};
    struct error e;
    struct hash parent;
    header_hash(&parent, &b->genesis.header);
    for (uint64_t n = 1; n <= BLOCKS; n++) {
        struct rlp in = rlp_of(buffer_bytes(&b->blocks[n]));
        struct block block;
        struct rlp_writer w = {0};
        CHECK_STATUS(block_decode(&block, &in, &b->arena, &e), STATUS_OK);
        block.header.parent_hash = parent;
        /* The history contract keeps the parent's hash, so behind a changed block no state root is right. */
        if (n == BAD) spoil(&block.header, fault);
        if (n == BAD + 1 && fault == LATER) block.header.receipts_root.b[0] ^= 1;
        header_hash(&b->hashes[n], &block.header);
        parent = b->hashes[n];
        block_encode(&w, &block);
        struct bytes written = rlp_written(&w);
        buffer_append(&all, written.data, written.size);
        rlp_writer_free(&w);
    }
    CHECK_STATUS(file_write(b->file, buffer_bytes(&all), &e), STATUS_OK);
    buffer_free(&all);
}

static enum status import(struct bed *b, unsigned threads, uint64_t batch, struct error *e)
{
    static unsigned stores;
    char name[16];
    (void)snprintf(name, sizeof name, "%u", stores++);
    struct store *store = open_store(b, name);
    struct chain_options o = {.threads = threads, .executor = EXECUTOR_PARALLEL, .batch_blocks = batch};
    struct chain *c;
    struct error why;
    CHECK_STATUS(chain_new(&c, store, &b->genesis, &o, &why), STATUS_OK);
    enum status s = chain_import(c, b->file, NULL, NULL, e);
    uint64_t good = s == STATUS_OK ? BLOCKS : BAD - 1;
    CHECK_EQ_U64(chain_progress(c)->blocks, good);
    CHECK_EQ_U64(chain_progress(c)->number, good);
    CHECK_STATUS(chain_finish(c, &why), STATUS_OK);
    chain_free(c);
    CHECK_EQ_U64(store_durable_head(store)->number, good);
    CHECK_BYTES(store_head(store)->hash.b, b->hashes[good].b, 32);
    struct store_check_result checked;
    if (store_check(store, &checked, &why) != STATUS_OK) FAIL("%s", why.text);
    CHECK_EQ_U64(checked.blocks, good + 1);
    store_close(store);
    return s;
}

TEST(a_bad_block_has_the_same_name_for_any_number_of_threads)
{
    static const enum status expected[FAULTS] = {STATUS_OK,       BLOCK_STATE_ROOT,     BLOCK_RECEIPTS_ROOT,
                                                 BLOCK_GAS_USED,  BLOCK_UNKNOWN_PARENT, BLOCK_TIMESTAMP,
                                                 BLOCK_STATE_ROOT};
    struct bed *b = base_calloc(1, sizeof *b);
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/weft-import-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    (void)snprintf(b->file, sizeof b->file, "%s/blocks", b->folder);
    make_genesis(b);
    make_blocks(b);
    for (enum fault fault = NONE; fault < FAULTS; fault++) {
        struct error first, e;
        write_file(b, fault);
        CHECK_STATUS(import(b, 1, 0, &first), expected[fault]);
        for (unsigned threads = 2; threads <= 4; threads++) {
            CHECK_STATUS(import(b, threads, threads == 3 ? 1 : 0, &e), expected[fault]);
            if (fault != NONE && strcmp(e.text, first.text) != 0) FAIL("'%s', serially '%s'", e.text, first.text);
        }
    }
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", b->folder);
    CHECK(system(command) == 0);
    for (size_t i = 0; i <= BLOCKS; i++) buffer_free(&b->blocks[i]);
    chain_genesis_free(&b->genesis);
    arena_free(&b->arena);
    free(b);
}
