/* Branches, and executors that are wrong: what the head is afterwards, here and on disk. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain/chain.h"
#include "harness.h"

enum { COMMON = 10, BLOCKS = 20, HISTORY = 16 };

/* Chains over one genesis: all have the first COMMON blocks, FORK has also the first one of SIDE. */
enum chain_name { MAIN, SIDE, FORK, CHAINS };

struct bed {
    bool merged; /* else by total difficulty; SIDE's blocks are then the heavier ones */
    char folder[64], file[96];
    struct chain_genesis genesis;
    struct buffer blocks[CHAINS][BLOCKS + 1];
    struct hash hashes[CHAINS][BLOCKS + 1];
    struct store *store;
    struct chain *chain;
    char notice[512];
    unsigned notices, stores;
};

static void put_code(struct state_memory *m, const struct address *a, const uint8_t *code, size_t size)
{
    struct hash hash;
    keccak256(&hash, code, size);
    struct memory_account *account = state_memory_account(m, a);
    account->nonce = 1;
    state_memory_set_code(m, account, &hash, (struct bytes){code, size});
}

static void make_genesis(struct bed *b)
{
    static const uint8_t by_number[] = {0x5f, 0x35, 0x43, 0x55, 0x00}; /* PUSH0 CALLDATALOAD NUMBER SSTORE STOP */
    static const uint8_t nothing[] = {0x00};
    struct chain_genesis *g = &b->genesis;
    *g = (struct chain_genesis){.state = state_memory_new()};
    g->spec = (struct chain_spec){.name = "test", .id = 1, .dao_block = NEVER, .activation_count = 1};
    g->spec.activations[0] = (struct activation){b->merged ? &fork_prague : &fork_berlin, BY_NUMBER, 0};
    g->header.gas_limit = 30000000;
    if (!b->merged) g->header.difficulty = U256(1u << 20);
    put_code(g->state, &history_storage_address, by_number, sizeof by_number);
    put_code(g->state, &beacon_roots_address, nothing, sizeof nothing);
    put_code(g->state, &withdrawal_requests_address, nothing, sizeof nothing);
    put_code(g->state, &consolidation_requests_address, nothing, sizeof nothing);
    chain_genesis_seal(g, NULL);
}

static void notice(void *context, const char *line)
{
    struct bed *b = context;
    (void)snprintf(b->notice, sizeof b->notice, "%s", line);
    b->notices++;
}

static void open_chain(struct bed *b, unsigned threads, uint64_t history, bool no_recheck)
{
    struct store_options o = {
        .cache_bytes = 1 << 18, .history = history, .map_bytes = 1 << 28, .create = true, .careless = true};
    struct chain_options co = {.threads = threads,
                               .executor = EXECUTOR_PARALLEL,
                               .batch_blocks = 3,
                               .no_recheck = no_recheck,
                               .folder = b->folder,
                               .notice = notice,
                               .notice_context = b};
    char path[128];
    struct error e;
    (void)snprintf(path, sizeof path, "%s/%u", b->folder, b->stores++);
    if (store_open(&b->store, path, &o, &e) != STATUS_OK) FAIL("%s", e.text);
    if (store_genesis(b->store, &b->genesis.header, b->genesis.state, &e) != STATUS_OK) FAIL("%s", e.text);
    if (chain_new(&b->chain, b->store, &b->genesis, &co, &e) != STATUS_OK) FAIL("%s", e.text);
    b->notices = 0;
}

static void close_chain(struct bed *b)
{
    chain_free(b->chain);
    store_close(b->store);
}

static void make_chain(struct bed *b, enum chain_name name)
{
    struct error e;
    uint64_t time = 0;
    open_chain(b, 1, 0, false);
    for (uint64_t n = 1; n <= BLOCKS; n++) {
        bool own = n > COMMON && name != MAIN;
        time += own ? 1 : 40; /* quick ones are difficult */
        struct chain_template t = {.timestamp = time, .gas_limit = 30000000};
        t.beneficiary.b[0] = own ? (n == COMMON + 1 ? SIDE : (uint8_t)name) : 9;
        struct rlp_writer w = {0};
        if (chain_build(b->chain, &t, &w, NULL, &e) != STATUS_OK) FAIL("%s", e.text);
        struct bytes written = rlp_written(&w);
        buffer_append(&b->blocks[name][n], written.data, written.size);
        rlp_writer_free(&w);
        b->hashes[name][n] = store_head(b->store)->hash;
    }
    close_chain(b);
}

static struct bed *make_bed(bool merged)
{
    struct bed *b = base_calloc(1, sizeof *b);
    b->merged = merged;
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/weft-branch-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    (void)snprintf(b->file, sizeof b->file, "%s/blocks", b->folder);
    make_genesis(b);
    for (enum chain_name c = 0; c < CHAINS; c++) make_chain(b, c);
    return b;
}

static void end_bed(struct bed *b)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", b->folder);
    CHECK(system(command) == 0);
    for (enum chain_name c = 0; c < CHAINS; c++)
        for (size_t i = 0; i <= BLOCKS; i++) buffer_free(&b->blocks[c][i]);
    chain_genesis_free(&b->genesis);
    free(b);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

struct piece {
    enum chain_name chain;
    uint64_t first, last;
};
enum fault { NONE, STATE_ROOT, GAS_USED, CUT, INTERRUPT };

/* The pieces one behind the other; the last block has the fault. */
static void write_file(struct bed *b, const struct piece *pieces, enum fault fault)
{
    struct buffer all = {0};
    struct error e;
    for (; pieces->last != 0; pieces++)
        for (uint64_t n = pieces->first; n <= pieces->last; n++) {
            const struct buffer *block = &b->blocks[pieces->chain][n];
            bool bad = n == pieces->last && pieces[1].last == 0;
            if (!bad || (fault != STATE_ROOT && fault != GAS_USED)) {
                buffer_append(&all, block->data, block->size);
                continue;
            }
            struct rlp in = rlp_of(buffer_bytes(block));
            struct arena arena = {0};
            struct block decoded;
            struct rlp_writer w = {0};
            CHECK_STATUS(block_decode(&decoded, &in, &arena, &e), STATUS_OK);
            if (fault == STATE_ROOT) decoded.header.state_root.b[3] ^= 1;
            if (fault == GAS_USED) decoded.header.gas_used++;
            block_encode(&w, &decoded);
            struct bytes written = rlp_written(&w);
            buffer_append(&all, written.data, written.size);
            rlp_writer_free(&w);
            arena_free(&arena);
        }
    if (fault == CUT) all.size -= 7;
    CHECK_STATUS(file_write(b->file, buffer_bytes(&all), &e), STATUS_OK);
    buffer_free(&all);
}

static bool stop_before_end(void *context, const struct chain_progress *p)
{
    return p->number + 1 < *(const uint64_t *)context;
}

static enum status import(struct bed *b, const struct piece *pieces, enum fault fault, struct error *e)
{
    uint64_t stop = UINT64_MAX;
    write_file(b, pieces, fault);
    if (fault == INTERRUPT) stop = 15;
    return chain_import(b->chain, b->file, stop_before_end, &stop, e);
}

static void expect_head(struct bed *b, enum chain_name chain, uint64_t number)
{
    struct store_check_result checked;
    struct error e;
    if (chain_finish(b->chain, &e) != STATUS_OK) FAIL("%s", e.text);
    CHECK_EQ_U64(store_head(b->store)->number, number);
    CHECK_BYTES(store_head(b->store)->hash.b, b->hashes[chain][number].b, 32);
    CHECK_BYTES(store_durable_head(b->store)->hash.b, b->hashes[chain][number].b, 32);
    CHECK_EQ_U64(chain_progress(b->chain)->number, number);
    if (store_check(b->store, &checked, &e) != STATUS_OK) FAIL("%s", e.text);
    CHECK_EQ_U64(checked.blocks, number + 1);
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

#define PIECES(...) ((const struct piece[]){__VA_ARGS__, {MAIN, 0, 0}})

struct branch_case {
    const struct piece *file;
    enum fault fault;
    enum status status;
    const char *text; /* in the error, or in the notice */
    enum chain_name head;
    uint64_t number;
};

/* A store with all of MAIN, and then this. */
static void try_case(struct bed *b, const struct branch_case *t, unsigned threads, uint64_t history)
{
    struct error e = {STATUS_OK, ""};
    open_chain(b, threads, history, false);
    CHECK_STATUS(import(b, PIECES({MAIN, 1, BLOCKS}), NONE, &e), STATUS_OK);
    enum status s = import(b, t->file, t->fault, &e);
    if (s != t->status) FAIL("%s instead of %s: %s", status_text(s), status_text(t->status), e.text);
    expect_head(b, t->head, t->number);
    const char *said = s == STATUS_OK ? b->notice : e.text;
    if (t->text != NULL && strstr(said, t->text) == NULL) FAIL("'%s' is not in '%s'", t->text, said);
    CHECK(t->text != NULL || b->notices == 0);
    close_chain(b);
}

TEST(a_branch_is_followed_as_a_whole_or_not_at_all)
{
    const struct branch_case cases[] = {
        {PIECES({SIDE, 11, 18}), NONE, STATUS_OK, NULL, SIDE, 18},
        {PIECES({SIDE, 1, 20}), NONE, STATUS_OK, NULL, SIDE, 20},
        {PIECES({SIDE, 11, 15}, {SIDE, 14, 16}), NONE, STATUS_OK, NULL, SIDE, 16},
        {PIECES({SIDE, 11, 15}, {FORK, 12, 13}), NONE, STATUS_OK, NULL, FORK, 13},
        {PIECES({SIDE, 11, 14}, {MAIN, 15, 20}), NONE, STATUS_OK, "the head stays block 20", MAIN, 20},
        {PIECES({SIDE, 11, 14}, {MAIN, 18, 20}, {FORK, 11, 13}), NONE, STATUS_OK, "the head stays", FORK, 13},
        {PIECES({SIDE, 11, 18}), STATE_ROOT, BLOCK_STATE_ROOT, "the head stays block 20", MAIN, 20},
        {PIECES({SIDE, 11, 18}), GAS_USED, BLOCK_GAS_USED, "from block 10 on is not kept", MAIN, 20},
        {PIECES({SIDE, 11, 11}), GAS_USED, BLOCK_GAS_USED, "from block 10 on is not kept", MAIN, 20},
        {PIECES({SIDE, 11, 18}), CUT, CHAIN_FILE, "the head stays block 20", MAIN, 20},
        {PIECES({SIDE, 11, 18}), INTERRUPT, CHAIN_INTERRUPTED, "the head stays block 20", MAIN, 20},
        {PIECES({SIDE, 11, 13}, {SIDE, 15, 18}), NONE, BLOCK_UNKNOWN_PARENT, "the head stays block 20", MAIN, 20},
        {PIECES({SIDE, 12, 18}), NONE, BLOCK_UNKNOWN_PARENT, "the head is block 20", MAIN, 20},
        {PIECES({MAIN, 3, 7}, {MAIN, 19, 20}), NONE, STATUS_OK, NULL, MAIN, 20},
    };
    struct bed *b = make_bed(true);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (unsigned threads = 1; threads <= 3; threads++) try_case(b, &cases[i], threads, HISTORY);
    const struct branch_case far = {
        PIECES({SIDE, 1, 20}), NONE, CHAIN_BRANCH, "can only go back to block 13 (--history 7)", MAIN, 20};
    try_case(b, &far, 2, 7);
    const struct branch_case near = {PIECES({SIDE, 1, 20}), NONE, STATUS_OK, NULL, SIDE, 20};
    try_case(b, &near, 2, 10);
    end_bed(b);
}

TEST(before_the_merge_the_heavier_branch_counts)
{
    const struct branch_case cases[] = {
        {PIECES({SIDE, 11, 20}), NONE, STATUS_OK, NULL, SIDE, 20},
        {PIECES({SIDE, 11, 12}), NONE, STATUS_OK, "not heavier", MAIN, 20},
        {PIECES({SIDE, 11, 20}), GAS_USED, BLOCK_GAS_USED, "the head stays block 20", MAIN, 20},
    };
    struct bed *b = make_bed(false);
    struct error e;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (unsigned threads = 1; threads <= 3; threads++) try_case(b, &cases[i], threads, HISTORY);
    /* What one file begins, the next one makes heavier. */
    open_chain(b, 2, HISTORY, false);
    CHECK_STATUS(import(b, PIECES({MAIN, 1, 20}), NONE, &e), STATUS_OK);
    CHECK_STATUS(import(b, PIECES({SIDE, 11, 12}), NONE, &e), STATUS_OK);
    CHECK_STATUS(import(b, PIECES({SIDE, 13, 20}), NONE, &e), STATUS_OK);
    expect_head(b, SIDE, 20);
    CHECK(b->notices == 0);
    close_chain(b);
    end_bed(b);
}

/* ---- executors that are wrong ------------------------------------------------------------------------------------ */

enum lie { LIE_GAS, LIE_RECEIPTS, LIE_BLOOM, LIE_STATE, LIES };
struct liar {
    enum lie lie;
    unsigned told;
};

static void tell_lie(void *context, struct block_result *r)
{
    struct liar *l = context;
    if (r->task->header->number % 3 != 0) return;
    if (l->lie == LIE_STATE && r->diff.count == 0) return;
    l->told++;
    if (l->lie == LIE_GAS) r->gas_used++;
    if (l->lie == LIE_RECEIPTS) r->receipts_root.b[0] ^= 1;
    if (l->lie == LIE_BLOOM) r->bloom.b[7] ^= 1;
    if (l->lie == LIE_STATE) r->diff.accounts[0].nonce++;
}

static void import_with_liar(struct bed *b, enum lie lie, bool no_recheck)
{
    static const enum status wrong[LIES] = {BLOCK_GAS_USED, BLOCK_RECEIPTS_ROOT, BLOCK_BLOOM, BLOCK_STATE_ROOT};
    struct liar liar = {.lie = lie};
    struct error e;
    open_chain(b, 4, HISTORY, no_recheck);
    engine_share_always(chain_engine(b->chain), true);
    engine_lie(chain_engine(b->chain), tell_lie, &liar);
    enum status s = import(b, PIECES({MAIN, 1, BLOCKS}), NONE, &e);
    uint64_t differed = chain_progress(b->chain)->differed;
    CHECK(liar.told != 0);
    if (no_recheck) {
        CHECK_STATUS(s, wrong[lie]);
        CHECK_EQ_U64(differed, 0);
        CHECK(b->notices == 0);
    } else {
        CHECK_STATUS(s, STATUS_OK);
        CHECK(differed != 0 && differed <= liar.told && b->notices == differed);
        CHECK(strstr(b->notice, "PARALLEL EXECUTION WAS WRONG: block ") != NULL);
        CHECK(strstr(b->notice, status_text(wrong[lie])) != NULL);
        const char *path = strstr(b->notice, b->folder);
        struct buffer saved;
        CHECK(path != NULL);
        CHECK_STATUS(file_read(&saved, path, 1 << 20, &e), STATUS_OK);
        uint64_t number = strtoull(strstr(b->notice, "block ") + 6, NULL, 10);
        CHECK(bytes_equal(buffer_bytes(&saved), buffer_bytes(&b->blocks[MAIN][number])));
        buffer_free(&saved);
        expect_head(b, MAIN, BLOCKS);
    }
    close_chain(b);
}

TEST(serial_execution_has_the_last_word)
{
    struct bed *b = make_bed(true);
    for (enum lie lie = 0; lie < LIES; lie++) {
        import_with_liar(b, lie, false);
        import_with_liar(b, lie, true);
    }
    /* A block that is wrong stays wrong, by the name that it has serially. */
    struct liar liar = {.lie = LIE_RECEIPTS};
    struct error e;
    open_chain(b, 4, HISTORY, false);
    engine_lie(chain_engine(b->chain), tell_lie, &liar);
    CHECK_STATUS(import(b, PIECES({MAIN, 1, 18}), STATE_ROOT, &e), BLOCK_STATE_ROOT);
    expect_head(b, MAIN, 17);
    close_chain(b);
    end_bed(b);
}
