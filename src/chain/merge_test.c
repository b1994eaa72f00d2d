/* A merge at a total difficulty (EIP-3675): the same blocks are right for the chain that merges where they do, and for no
 * other, imported at once or in parts. */
#include <stdio.h>
#include <stdlib.h>

#include "chain/chain.h"
#include "harness.h"

enum { BLOCKS = 12, FIRST_DIFFICULTY = 1 << 20 };

struct bed {
    char folder[64], file[96];
    struct buffer blocks[BLOCKS + 1];
    struct store *store;
    struct chain *chain;
    unsigned stores;
};

/* The merge is when so much difficulty is there after the first block's; NEVER: at no total difficulty. */
static void make_genesis(struct chain_genesis *g, uint64_t more)
{
    *g = (struct chain_genesis){.state = state_memory_new()};
    g->spec = (struct chain_spec){.name = "test", .id = 1, .dao_block = NEVER, .activation_count = 1};
    g->spec.activations[0] = (struct activation){&fork_london, BY_NUMBER, 0};
    if (more != NEVER) g->spec.merged = &fork_paris;
    g->spec.terminal_total_difficulty = U256(FIRST_DIFFICULTY + more);
    g->header.gas_limit = 30000000;
    g->header.difficulty = U256(FIRST_DIFFICULTY);
    chain_genesis_seal(g, NULL);
}

static void open_chain(struct bed *b, const struct chain_genesis *g, bool anew)
{
    struct store_options o = {.cache_bytes = 1 << 18, .map_bytes = 1 << 28, .create = true, .careless = true};
    struct chain_options co = {.threads = 2, .executor = EXECUTOR_PARALLEL, .batch_blocks = 2, .folder = b->folder};
    char path[128];
    struct error e;
    b->stores += anew;
    (void)snprintf(path, sizeof path, "%s/%u", b->folder, b->stores);
    if (store_open(&b->store, path, &o, &e) != STATUS_OK) FAIL("%s", e.text);
    if (store_genesis(b->store, &g->header, g->state, &e) != STATUS_OK) FAIL("%s", e.text);
    if (chain_new(&b->chain, b->store, g, &co, &e) != STATUS_OK) FAIL("%s", e.text);
}

static void close_chain(struct bed *b)
{
    chain_free(b->chain);
    store_close(b->store);
}

/* Builds BLOCKS blocks; returns the number of the first after the merge. */
static uint64_t make_blocks(struct bed *b, const struct chain_genesis *g)
{
    uint64_t first = 0;
    open_chain(b, g, true);
    for (uint64_t n = 1; n <= BLOCKS; n++) {
        struct error e;
        struct chain_template t = {.timestamp = n * 12, .gas_limit = 30000000};
        struct rlp_writer w = {0};
        if (chain_build(b->chain, &t, &w, NULL, &e) != STATUS_OK) FAIL("%s", e.text);
        struct bytes written = rlp_written(&w);
        b->blocks[n].size = 0;
        buffer_append(&b->blocks[n], written.data, written.size);
        struct arena arena = {0};
        struct block decoded;
        struct rlp in = rlp_of(written);
        CHECK_STATUS(block_decode(&decoded, &in, &arena, &e), STATUS_OK);
        if (first == 0 && u256_is_zero(decoded.header.difficulty)) first = n;
        CHECK(u256_is_zero(decoded.header.difficulty) == (first != 0));
        arena_free(&arena);
        rlp_writer_free(&w);
    }
    close_chain(b);
    return first;
}

static enum status import(struct bed *b, uint64_t first, uint64_t last)
{
    struct buffer all = {0};
    struct error e = {STATUS_OK, ""};
    for (uint64_t n = first; n <= last; n++) buffer_append(&all, b->blocks[n].data, b->blocks[n].size);
    CHECK_STATUS(file_write(b->file, buffer_bytes(&all), &e), STATUS_OK);
    buffer_free(&all);
    enum status s = chain_import(b->chain, b->file, NULL, NULL, &e);
    enum status finish = chain_finish(b->chain, &e);
    return s == STATUS_OK ? finish : s;
}

TEST(a_chain_merges_where_its_total_difficulty_says_so)
{
    struct bed *b = base_calloc(1, sizeof *b);
    struct chain_genesis genesis, later, earlier, never;
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/weft-merge-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    (void)snprintf(b->file, sizeof b->file, "%s/blocks", b->folder);
    /* Blocks every 12 seconds keep the difficulty about where it is: the fifth block's reaches it. */
    make_genesis(&genesis, 9 * (uint64_t)FIRST_DIFFICULTY / 2);
    make_genesis(&later, 11 * (uint64_t)FIRST_DIFFICULTY / 2);
    make_genesis(&earlier, 7 * (uint64_t)FIRST_DIFFICULTY / 2);
    make_genesis(&never, NEVER);
    uint64_t first = make_blocks(b, &genesis);
    CHECK_EQ_U64(first, 6);

    open_chain(b, &genesis, true);
    CHECK_STATUS(import(b, 1, BLOCKS), STATUS_OK);
    CHECK_EQ_U64(store_head(b->store)->number, BLOCKS);
    close_chain(b);
    for (uint64_t end = first - 2; end <= first; end++) { /* and in parts, around the last block before */
        open_chain(b, &genesis, true);
        CHECK_STATUS(import(b, 1, end), STATUS_OK);
        close_chain(b);
        open_chain(b, &genesis, false);
        CHECK_STATUS(import(b, end + 1, BLOCKS), STATUS_OK);
        CHECK_EQ_U64(store_head(b->store)->number, BLOCKS);
        close_chain(b);
    }

    static const char *const names[] = {"later", "earlier", "never"};
    const struct chain_genesis *others[] = {&later, &earlier, &never};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        open_chain(b, others[i], true);
        enum status s = import(b, 1, BLOCKS);
        uint64_t head = i == 1 ? first - 2 : first - 1; /* the last that both agree on */
        if (s != BLOCK_DIFFICULTY || store_head(b->store)->number != head)
            FAIL("%s: %s at block %llu", names[i], status_name(s), (unsigned long long)store_head(b->store)->number);
        close_chain(b);
    }

    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", b->folder);
    CHECK(system(command) == 0);
    for (size_t i = 0; i <= BLOCKS; i++) buffer_free(&b->blocks[i]);
    chain_genesis_free(&genesis);
    chain_genesis_free(&later);
    chain_genesis_free(&earlier);
    chain_genesis_free(&never);
    free(b);
}
