#include "node/node.h"

#include "harness.h"

TEST(node_accounts_are_those_of_the_mnemonic)
{
    static const char *const first_and_last[] = {"f39fd6e51aad88f6f4ce6ab8827279cfffb92266",
                                                 "a0ee7a142d267c1f36714e4a8f75612f20a79720"};
    CHECK_HEX(node_account_of(0).address.b, 20, first_and_last[0]);
    CHECK_HEX(node_account_of(NODE_DEV_ACCOUNTS - 1).address.b, 20, first_and_last[1]);
}

static struct node *make(const char *genesis, unsigned threads)
{
    struct node_options o = {.genesis = genesis,
                             .chain_id = 31337,
                             .accounts = 10,
                             .ether = 100,
                             .time = 1700000000,
                             .threads = threads,
                             .no_automine = true};
    struct node *n;
    struct error e;
    CHECK_STATUS(node_new(&n, &o, &e), STATUS_OK);
    return n;
}

static struct hash send(struct node *n, unsigned from, uint64_t nonce, enum status expected)
{
    struct transaction tx = {.has_chain_id = true,
                             .chain_id = 31337,
                             .nonce = nonce,
                             .gas_limit = 21000,
                             .max_fee = U256(2000000000),
                             .max_priority_fee = U256(2000000000),
                             .to = n->accounts[(from + 1) % 10].address,
                             .value = U256(1 + nonce)};
    struct node_transaction *t;
    struct hash hash;
    struct error e;
    CHECK_STATUS(node_sign(n, &tx, &n->accounts[from].address, &t, &e), STATUS_OK);
    CHECK_STATUS(node_submit(n, t, &hash, &e), expected);
    return hash;
}

/* Transactions whose nonces come in the wrong order wait for the one that is missing, and then all come into one block,
 * whose header a block executed elsewhere would agree with. */
TEST(node_fills_gaps_of_nonces)
{
    struct node *n = make("dev", 1);
    struct error e;
    struct hash third = send(n, 0, 2, STATUS_OK), second = send(n, 0, 1, STATUS_OK);
    CHECK_STATUS(node_mine(n, &e), STATUS_OK);
    CHECK_EQ_U64(node_head(n)->block.transaction_count, 0);
    CHECK_EQ_U64(node_pending_nonce(n, &n->accounts[0].address), 0);
    struct hash first = send(n, 0, 0, STATUS_OK);
    CHECK_EQ_U64(node_pending_nonce(n, &n->accounts[0].address), 3);
    CHECK(node_find_pending(n, &third) != NULL);
    CHECK_STATUS(node_mine(n, &e), STATUS_OK);
    const struct node_block *b = node_head(n);
    CHECK_EQ_U64(b->block.transaction_count, 3);
    CHECK(hash_equal(&b->hashes[0], &first) && hash_equal(&b->hashes[1], &second) && hash_equal(&b->hashes[2], &third));
    CHECK(node_find_pending(n, &third) == NULL);
    uint32_t index;
    CHECK(node_find_transaction(n, &third, &index) == b && index == 2);
    CHECK(node_find_block(n, &b->block.hash) == b);
    CHECK_STATUS(block_check_header(&b->block.header, &node_block_at(n, 1)->block.header,
                                    node_fork_of(n, &b->block.header), &n->genesis.spec, &e),
                 STATUS_OK);
    CHECK_STATUS(block_check_body(&b->block, node_fork_of(n, &b->block.header), &e), STATUS_OK);
    (void)send(n, 0, 2, POOL_KNOWN);
    n->accounts[1].address = n->accounts[5].address; /* another recipient: another transaction of the same nonce */
    (void)send(n, 0, 2, TX_NONCE_TOO_LOW);
    node_free(n);
}

/* The same transactions make the same block, whatever the number of threads. */
TEST(node_blocks_do_not_depend_on_threads)
{
    struct hash hashes[2];
    for (unsigned threads = 1; threads <= 2; threads++) {
        struct node *n = make("dev", threads);
        struct error e;
        n->next_time = 1700000100;
        for (uint64_t nonce = 0; nonce < 8; nonce++)
            for (unsigned from = 0; from < 10; from++) (void)send(n, from, nonce, STATUS_OK);
        CHECK_STATUS(node_mine(n, &e), STATUS_OK);
        CHECK_EQ_U64(node_head(n)->block.transaction_count, 80);
        hashes[threads - 1] = node_head(n)->block.hash;
        node_free(n);
    }
    CHECK(hash_equal(&hashes[0], &hashes[1]));
}

/* A transaction that can no longer be paid for is dropped, and the others come into the block. */
TEST(node_drops_what_turns_out_invalid)
{
    struct node *n = make("dev", 1);
    struct error e;
    struct hash poor = send(n, 3, 0, STATUS_OK);
    (void)send(n, 4, 0, STATUS_OK);
    struct history_account a = history_account_at(n->history, node_head(n)->version, &n->accounts[3].address);
    a.balance = U256_ZERO;
    node_edit(n);
    history_set_account(n->history, &n->accounts[3].address, &a);
    CHECK_STATUS(node_mine(n, &e), STATUS_OK);
    CHECK_EQ_U64(node_head(n)->block.transaction_count, 1);
    CHECK_EQ_U64(n->dropped, 1);
    CHECK(node_find_pending(n, &poor) == NULL);
    node_free(n);
}

TEST(node_snapshots_nest)
{
    struct node *n = make("dev", 1);
    struct error e;
    uint64_t outer = node_snapshot(n);
    struct hash genesis = node_head(n)->block.hash, root;
    for (int i = 0; i < 3; i++) CHECK_STATUS(node_mine(n, &e), STATUS_OK);
    uint64_t inner = node_snapshot(n);
    (void)send(n, 1, 0, STATUS_OK);
    CHECK_STATUS(node_mine(n, &e), STATUS_OK);
    CHECK(node_revert(n, inner));
    CHECK_EQ_U64(node_head(n)->block.header.number, 3);
    CHECK(node_revert(n, outer));
    CHECK(!node_revert(n, inner));
    CHECK(hash_equal(&node_head(n)->block.hash, &genesis));
    history_root(n->history, NULL, &root);
    CHECK(hash_equal(&root, &node_head(n)->block.header.state_root));
    node_free(n);
}

/* Every fork makes blocks. */
TEST(node_serves_every_fork)
{
    static const char *const names[] = {"dev-Byzantium", "dev-Istanbul", "dev-Berlin", "dev-London", "dev-Paris",
                                        "dev-Shanghai",  "dev-Cancun",   "dev-Prague", "dev-Osaka",  "dev-Amsterdam"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct node *n = make(names[i], 1);
        struct error e = {0};
        struct transaction tx = {.has_chain_id = true,
                                 .chain_id = 31337,
                                 .gas_limit = 300000,
                                 .max_fee = U256(2000000000),
                                 .max_priority_fee = U256(2000000000),
                                 .to = n->accounts[1].address};
        struct node_transaction *t;
        struct hash hash;
        CHECK_STATUS(node_sign(n, &tx, &n->accounts[0].address, &t, &e), STATUS_OK);
        CHECK_STATUS(node_submit(n, t, &hash, &e), STATUS_OK);
        CHECK_STATUS(node_mine(n, &e), STATUS_OK);
        CHECK_EQ_U64(node_head(n)->block.transaction_count, 1);
        node_free(n);
    }
}
