/* The prefetcher: what a block names is in memory when its execution asks, and is what the store has. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chain/private.h"
#include "harness.h"

enum { PEOPLE = 24, SLOTS = 5 };

static struct address person(uint64_t n)
{
    struct address a = {{0}};
    store_be64(a.b + 12, (n + 1) * 0x9e3779b97f4a7c15u);
    return a;
}

/* Person n has n + 1 wei, and n + k + 1 in slot k. */
static void make_store(const char *folder, const struct store_options *o)
{
    struct state_memory *m = state_memory_new();
    for (uint64_t n = 0; n < PEOPLE; n++) {
        struct address a = person(n);
        state_memory_account(m, &a)->balance = U256(n + 1);
        for (uint64_t k = 0; k < SLOTS; k++) {
            struct u256 key = U256(k), value = U256(n + k + 1);
            state_memory_set_slot(m, &a, &key, &value);
        }
    }
    struct header h = {.field_count = HEADER_FIELDS_MIN,
                       .uncles_hash = uncles_hash_empty,
                       .transactions_root = keccak_empty_trie,
                       .receipts_root = keccak_empty_trie};
    state_memory_root(m, NULL, &h.state_root);
    struct store *s;
    struct error e;
    CHECK_STATUS(store_open(&s, folder, o, &e), STATUS_OK);
    CHECK_STATUS(store_genesis(s, &h, m, &e), STATUS_OK);
    store_close(s);
    state_memory_free(m);
}

/* Block `number`: transactions from an even person to the next one, every other a creation, with an access list that
 * names the sender's slots, and the account after the next one without any. */
struct named {
    struct block block;
    struct block_signers signers;
};
static struct named name_people(struct arena *arena, uint8_t number, uint64_t first, uint32_t count)
{
    struct transaction *txs = ARENA_ARRAY(arena, struct transaction, count);
    struct address *senders = ARENA_ARRAY(arena, struct address, count);
    for (uint32_t i = 0; i < count; i++) {
        struct access_entry *list = ARENA_ARRAY(arena, struct access_entry, 2);
        struct u256 *keys = ARENA_ARRAY(arena, struct u256, SLOTS);
        uint64_t n = first + 3 * (uint64_t)i;
        for (uint64_t k = 0; k < SLOTS; k++) keys[k] = U256(k);
        senders[i] = person(n);
        list[0] = (struct access_entry){person(n), keys, SLOTS};
        list[1] = (struct access_entry){person(n + 2), NULL, 0};
        txs[i] = (struct transaction){
            .is_create = i % 2 != 0, .access_list = list, .access_count = 2, .access_key_count = SLOTS};
        if (i % 2 == 0) txs[i].to = person(n + 1);
    }
    return (struct named){{.hash = {{number}}, .transactions = txs, .transaction_count = count}, {senders, NULL}};
}

static void check_people(struct store *s, const struct named *n)
{
    struct state_view view = store_view(s);
    for (uint32_t i = 0; i < n->block.transaction_count; i++) {
        const struct transaction *tx = &n->block.transactions[i];
        struct account_data account;
        struct u256 value;
        CHECK_STATUS(view.account(view.context, &n->signers.senders[i], &account), STATUS_OK);
        CHECK(account.exists);
        if (!tx->is_create) {
            CHECK_STATUS(view.account(view.context, &tx->to, &account), STATUS_OK);
            CHECK(account.exists);
        }
        CHECK_STATUS(view.account(view.context, &tx->access_list[1].address, &account), STATUS_OK);
        CHECK(account.exists);
        for (uint32_t k = 0; k < SLOTS; k++) {
            const struct access_entry *entry = &tx->access_list[0];
            CHECK_STATUS(view.storage(view.context, &entry->address, &entry->keys[k], &value), STATUS_OK);
            CHECK_STATUS(view.account(view.context, &entry->address, &account), STATUS_OK);
            CHECK(u256_equal(value, u256_add(account.balance, U256(k))));
        }
    }
}

TEST(scouts_read_what_blocks_name)
{
    char folder[64], command[96];
    struct store_options o = {.cache_bytes = 1 << 22, .map_bytes = 1 << 28, .create = true, .careless = true};
    struct store *s;
    struct error e;
    struct arena arena = {0};
    (void)snprintf(folder, sizeof folder, "/tmp/weft-prefetcher-XXXXXX");
    CHECK(mkdtemp(folder) != NULL);
    make_store(folder, &o);
    CHECK_STATUS(store_open(&s, folder, &o, &e), STATUS_OK); /* its caches are cold */
    struct prefetcher *prefetcher = prefetcher_new(s, 3);
    struct named first = name_people(&arena, 1, 0, 4), second = name_people(&arena, 2, 12, 4);

    prefetcher_begin(prefetcher, &first.block, &first.signers);
    prefetcher_wait(prefetcher);
    uint64_t reads = store_work(s).reads;
    CHECK(reads >= 4u * (SLOTS + 2) + 2); /* senders, creations' aside recipients, third ones, slots */
    check_people(s, &first);
    CHECK_EQ_U64(store_work(s).reads, reads); /* all of it was in memory */

    prefetcher_read(prefetcher, &first.block, &first.signers); /* it has begun with that one */
    CHECK_EQ_U64(store_work(s).reads, reads);
    prefetcher_read(prefetcher, &second.block, &second.signers);
    CHECK(store_work(s).reads > reads);
    reads = store_work(s).reads;
    check_people(s, &second);
    CHECK_EQ_U64(store_work(s).reads, reads);

    prefetcher_begin(prefetcher, &first.block, &first.signers);
    prefetcher_free(prefetcher); /* waits */
    prefetcher_begin(NULL, &first.block, &first.signers);
    prefetcher_read(NULL, &first.block, &first.signers);
    prefetcher_wait(NULL);
    prefetcher_free(NULL);
    store_close(s);
    arena_free(&arena);
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    CHECK(system(command) == 0);
}
