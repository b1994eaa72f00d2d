/* Block access lists: what a small block gives, and what is said of lists that differ. */
#include "block/block_test.h"

/* ---- a block ----------------------------------------------------------------------------------------------------- */

/* A block with one transaction: account 1 calls account 2, whose code reads slot 5, writes slot 6, asks for the balance
 * of account 3, and writes slot 7 with what is in it. A withdrawal goes to account 4. */
static void run_block(struct engine *e, enum executor_kind kind, struct block_result *r, struct header *h,
                      const struct block_access_list *declared)
{
    static const struct transaction tx = {
        .gas_limit = 200000, .max_fee = {{10}}, .max_priority_fee = {{10}}, .to = {{[0] = 0x20, [19] = 2}}};
    static const struct withdrawal withdrawal = {.address = {{[0] = 0x20, [19] = 4}}, .amount = 1};
    static struct state_view view;
    static struct state_memory *m;
    if (m == NULL) {
        m = state_memory_new();
        put_account(m, 1, 1000000000000, "");
        put_account(m, 2, 0, "6005545060096006557320000000000000000000000000000000000000033150600060075500");
        put_account(m, 3, 9, "");
        for (size_t i = 0; i < REQUEST_TYPES; i++) {
            if (request_contracts[i] == NULL) continue;
            struct hash hash;
            keccak256(&hash, "", 1);
            state_memory_set_code(m, state_memory_account(m, request_contracts[i]), &hash,
                                  (struct bytes){(const uint8_t *)"", 1});
        }
        view = state_memory_view(m);
    }
    static const struct address sender = {{[0] = 0x20, [19] = 1}};
    struct block_task task = {.chain = &chain_mainnet,
                              .fork = &fork_amsterdam,
                              .header = h,
                              .transactions = &tx,
                              .senders = &sender,
                              .transaction_count = 1,
                              .withdrawals = &withdrawal,
                              .withdrawal_count = 1,
                              .view = &view,
                              .access_list = declared};
    block_execute(e, kind, &task, r, NULL);
    r->task = NULL; /* it ends here */
}

static struct header a_header(void)
{
    return (struct header){.number = 9, .gas_limit = 30000000, .beneficiary = numbered(0), .gas_used = 0};
}

TEST(a_block_lists_what_it_accessed)
{
    for (int kind = EXECUTOR_SERIAL; kind <= EXECUTOR_PARALLEL; kind++) {
        struct engine *e = engine_new(2);
        engine_share_always(e, true);
        struct block_result r;
        struct header h = a_header();
        run_block(e, (enum executor_kind)kind, &r, &h, NULL);
        CHECK_STATUS(r.status, STATUS_OK);
        /* Six system contracts, then the beneficiary 0 and accounts 1 to 4. */
        CHECK_EQ_U64(r.access_list.account_count, 11);
        const struct bal_account *a = &r.access_list.accounts[6];
        for (uint8_t i = 0; i < 5; i++) {
            struct address expected = numbered(i);
            CHECK_BYTES(a[i].address.b, expected.b, 20);
        }
        CHECK(a[0].balance_count == 1 && a[0].balances[0].index == 1);
        CHECK(a[1].balance_count == 1 && a[1].nonce_count == 1 && a[1].nonces[0].nonce == 1);
        CHECK(a[2].slot_count == 1 && a[2].slots[0].key.w[0] == 6 && a[2].slots[0].changes[0].value.w[0] == 9);
        CHECK(a[2].read_count == 2 && a[2].reads[0].w[0] == 5 && a[2].reads[1].w[0] == 7);
        CHECK(a[2].balance_count == 0 && a[3].balance_count == 0 && a[3].read_count == 0);
        CHECK(a[4].balance_count == 1 && a[4].balances[0].index == 2 && a[4].balances[0].value.w[0] == 1000000000);
        CHECK_STATUS(bal_check(&r.access_list, NULL), STATUS_OK);
        engine_free(e);
    }
}

/* ---- lists that differ ------------------------------------------------------------------------------------------- */

static struct bal_account right_account(void)
{
    static const struct bal_word_change changes[] = {{1, {{5}}}, {3, {{6}}}};
    static const struct bal_slot slots[] = {{{{1}}, changes, 2}};
    static const struct u256 reads[] = {{{2}}, {{4}}};
    static const struct bal_nonce_change nonces[] = {{2, 8}};
    return (struct bal_account){.address = numbered(1),
                                .slots = slots,
                                .slot_count = 1,
                                .reads = reads,
                                .read_count = 2,
                                .balances = changes,
                                .balance_count = 2,
                                .nonces = nonces,
                                .nonce_count = 1};
}

static void check_difference(struct bal_account declared, enum status why, const char *text)
{
    struct bal_account found = right_account();
    struct block_access_list left = {&declared, 1}, right = {&found, 1};
    struct error e = {STATUS_OK, ""};
    CHECK_STATUS(block_compare_access_lists(&left, &right, &e), why);
    CHECK_TEXT(e.text, text);
}

#define ACCOUNT "block access list: account 0x2000000000000000000000000000000000000001"

TEST(differences_of_access_lists_are_named)
{
    struct bal_account a = right_account();
    check_difference(a, STATUS_OK, "");
    a.read_count = 1;
    check_difference(a, BLOCK_ACCESS_LIST_MISSING, ACCOUNT ", slot 0x4: declared nothing, found read");
    a = right_account();
    a.slot_count = 0;
    check_difference(a, BLOCK_ACCESS_LIST_MISSING, ACCOUNT ", slot 0x1: declared nothing, found written");
    a = right_account();
    a.balance_count = 1;
    check_difference(a, BLOCK_ACCESS_LIST_MISSING, ACCOUNT ", balance: declared nothing, found 0x6 at index 3");
    static const struct bal_nonce_change nonces[] = {{2, 9}}, late[] = {{4, 8}}, more[] = {{2, 8}, {3, 9}};
    a = right_account();
    a.nonces = nonces;
    check_difference(a, BLOCK_ACCESS_LIST_VALUE, ACCOUNT ", nonce: declared 0x9 at index 2, found 0x8 at index 2");
    a.nonces = late;
    check_difference(a, BLOCK_ACCESS_LIST_INDEX, ACCOUNT ", nonce: declared 0x8 at index 4, found 0x8 at index 2");
    a.nonces = more;
    a.nonce_count = 2;
    check_difference(a, BLOCK_ACCESS_LIST_EXTRA, ACCOUNT ", nonce: declared 0x9 at index 3, found nothing");
    static const struct bal_code_change codes[] = {{1, {(const uint8_t *)"\x60\x01", 2}}};
    a = right_account();
    a.codes = codes;
    a.code_count = 1;
    check_difference(a, BLOCK_ACCESS_LIST_EXTRA, ACCOUNT ", code: declared 0x6001 at index 1, found nothing");

    struct block_access_list none = {0}, one = {&a, 1};
    CHECK_STATUS(block_compare_access_lists(&none, &one, NULL), BLOCK_ACCESS_LIST_MISSING);
    CHECK_STATUS(block_compare_access_lists(&one, &none, NULL), BLOCK_ACCESS_LIST_EXTRA);
}

TEST(declared_access_lists_are_checked_before_execution)
{
    struct bal_account a[2] = {right_account(), right_account()};
    a[1].address.b[19] = 2;
    struct block_access_list l = {a, 2};
    struct header h = {.gas_limit = 8 * 2000};
    bal_hash(&h.access_list_hash, &l);
    CHECK_STATUS(block_check_access_list_form(&l, &h, 2, NULL), STATUS_OK);
    CHECK_STATUS(block_check_access_list_form(&l, &h, 1, NULL), BLOCK_ACCESS_LIST_INDEX);
    h.gas_limit--;
    CHECK_STATUS(block_check_access_list_form(&l, &h, 2, NULL), BLOCK_ACCESS_LIST_TOO_BIG);
    h.gas_limit++;
    h.access_list_hash.b[0] ^= 1;
    CHECK_STATUS(block_check_access_list_form(&l, &h, 2, NULL), BLOCK_ACCESS_LIST_HASH);
    a[1].address.b[19] = 1;
    CHECK_STATUS(block_check_access_list_form(&l, &h, 2, NULL), BAL_NOT_SORTED);
}

TEST(a_list_that_the_gas_cannot_read_ends_the_block_early)
{
    struct engine *e = engine_new(1);
    struct block_result r;
    struct header h = a_header();
    run_block(e, EXECUTOR_SERIAL, &r, &h, NULL);
    struct block_task task = {.header = &h};
    uint64_t seen = block_listed_slots(&(struct block_run){.engine = e});
    struct block_run run = {.engine = e, .task = &task, .declared_reads = seen + 100};
    h.gas_limit = 100 * 2000;
    CHECK_STATUS(block_check_access_list_gas(&run), STATUS_OK);
    run.gas_used = 1;
    CHECK_STATUS(block_check_access_list_gas(&run), BLOCK_ACCESS_LIST_GAS);
    run.declared_reads--;
    CHECK_STATUS(block_check_access_list_gas(&run), STATUS_OK);
    engine_free(e);
}

/* ---- codes that were needed ---------------------------------------------------------------------------------------
 */

/* Whether the code of account 5, two zeros, was needed from the parent state when account 1 calls account 2 with the code
 * that `hex` spells. Account 6 deploys the same code and reverts. */
static bool needs_code_of_5(enum executor_kind kind, const char *hex)
{
    static const struct transaction tx = {
        .gas_limit = 1000000, .max_fee = {{10}}, .max_priority_fee = {{10}}, .to = {{[0] = 0x20, [19] = 2}}};
    static const struct address sender = {{[0] = 0x20, [19] = 1}};
    struct state_memory *m = state_memory_new();
    put_account(m, 1, 1000000000000, "");
    put_account(m, 2, 0, hex);
    put_account(m, 5, 0, "0000");
    put_account(m, 6, 0, "6460026000f36000526005601b6000f05060006000fd");
    struct state_view view = state_memory_view(m);
    struct header h = a_header();
    struct block_task task = {.chain = &chain_mainnet,
                              .fork = &fork_amsterdam,
                              .header = &h,
                              .transactions = &tx,
                              .senders = &sender,
                              .transaction_count = 1,
                              .view = &view,
                              .transactions_only = true,
                              .keep_accesses = true};
    struct engine *e = engine_new(2);
    engine_share_always(e, true);
    struct block_result r;
    block_execute(e, kind, &task, &r, NULL);
    CHECK_STATUS(r.status, STATUS_OK);
    CHECK(r.transactions[0].succeeded);
    struct hash hash;
    keccak256(&hash, "\0", 2);
    bool found = false;
    for (uint32_t i = 0; i < r.code_read_count; i++) found = found || hash_equal(&r.codes_read[i], &hash);
    engine_free(e);
    state_memory_free(m);
    return found;
}

/* Pieces of code: a call of an account by its number, without value or data; a creation whose code is two zeros. */
#define CALLS(number) "5f5f5f5f5f7320000000000000000000000000000000000000" number "5af150"
#define CREATES "6460026000f36000526005601b6000f050"

TEST(a_code_that_the_transaction_has_deployed_is_not_needed)
{
    for (int kind = EXECUTOR_SERIAL; kind <= EXECUTOR_PARALLEL; kind++) {
        enum executor_kind k = (enum executor_kind)kind;
        CHECK(needs_code_of_5(k, CALLS("05")));
        CHECK(!needs_code_of_5(k, CREATES CALLS("05")));
        CHECK(needs_code_of_5(k, CALLS("05") CREATES));
        CHECK(needs_code_of_5(k, CALLS("06") CALLS("05"))); /* what is reverted was not deployed */
        CHECK(!needs_code_of_5(k, CREATES));
    }
}

/* ---- executing along a list ---------------------------------------------------------------------------------------
 */

struct along_test {
    struct engine *along, *serial;
    uint32_t tried;
};

/* What the executor along the list says of `l` in a block with so much gas: that it is right, or the same as the serial
 * one. */
static void try_list_with_gas(struct along_test *t, const struct block_access_list *l, uint64_t gas_limit, bool right)
{
    struct header h = a_header();
    h.gas_limit = gas_limit;
    bal_hash(&h.access_list_hash, l);
    struct block_result along, serial;
    run_block(t->along, EXECUTOR_ACCESS_LIST, &along, &h, l);
    run_block(t->serial, EXECUTOR_SERIAL, &serial, &h, l);
    CHECK_STATUS(along.status, serial.status);
    CHECK((along.status == STATUS_OK) == right);
    CHECK((along.stats.fallback == NULL) == right);
    t->tried++;
}

static void try_list(struct along_test *t, const struct block_access_list *l, bool right)
{
    try_list_with_gas(t, l, a_header().gas_limit, right);
}

/* Each wrong list that comes of one place in an array of changes: another value, another index, one more, one less. */
static void spoil_words(struct along_test *t, const struct block_access_list *l, const struct bal_word_change **array,
                        uint32_t *count)
{
    const struct bal_word_change *right = *array;
    uint32_t right_count = *count;
    struct bal_word_change wrong[8];
    ASSERT(right_count < COUNT_OF(wrong));
    for (uint32_t i = 0; i < right_count; i++) {
        *array = memcpy(wrong, right, right_count * sizeof *wrong);
        wrong[i].value.w[0]++;
        try_list(t, l, false);
        wrong[i].value.w[0]--;
        wrong[i].index++;
        try_list(t, l, false);
    }
    memcpy(wrong, right, right_count * sizeof *wrong);
    *array = wrong;
    struct bal_word_change more = {right_count == 0 ? 1 : right[right_count - 1].index + 1,
                                   right_count == 0 ? U256_ZERO : right[right_count - 1].value};
    wrong[right_count] = more; /* a change to what it was */
    *count = right_count + 1;
    try_list(t, l, false);
    *count = right_count - 1;
    if (right_count != 0) try_list(t, l, false);
    *array = right;
    *count = right_count;
}

static void spoil_account(struct along_test *t, const struct block_access_list *l, struct bal_account *a)
{
    struct bal_account right = *a;
    spoil_words(t, l, &a->balances, &a->balance_count);
    for (uint32_t i = 0; i < right.slot_count; i++) {
        struct bal_slot slots[4];
        ASSERT(right.slot_count <= COUNT_OF(slots));
        a->slots = memcpy(slots, right.slots, right.slot_count * sizeof *slots);
        spoil_words(t, l, &slots[i].changes, &slots[i].change_count);
        slots[i].key.w[0] += 100;
        try_list(t, l, false);
        slots[i] = slots[--a->slot_count];
        try_list(t, l, false);
        *a = right;
    }
    struct u256 reads[8];
    ASSERT(right.read_count < COUNT_OF(reads));
    memcpy(reads, right.reads, right.read_count * sizeof *reads);
    a->reads = reads;
    reads[a->read_count++] = U256(1000);
    try_list(t, l, false);
    a->read_count = right.read_count - 1;
    if (right.read_count != 0) try_list(t, l, false);
    *a = right;
    struct bal_nonce_change nonces[4] = {{1, 1}};
    memcpy(nonces, right.nonces, right.nonce_count * sizeof *nonces);
    a->nonces = nonces;
    nonces[0].nonce++;
    a->nonce_count = 1;
    try_list(t, l, false);
    a->nonce_count = 0;
    if (right.nonce_count != 0) try_list(t, l, false);
    *a = right;
    struct bal_code_change codes[4] = {{1, {(const uint8_t *)"\x60\x01", 2}}};
    a->codes = codes;
    a->code_count = 1;
    try_list(t, l, false);
    *a = right;
}

TEST(a_block_is_executed_along_its_list_and_no_other)
{
    struct along_test t = {engine_new(2), engine_new(1), 0};
    engine_share_always(t.along, true);
    struct engine *lister = engine_new(1);
    struct block_result listed;
    struct header h = a_header();
    run_block(lister, EXECUTOR_SERIAL, &listed, &h, NULL);
    struct bal_account accounts[16];
    struct block_access_list l = {accounts, listed.access_list.account_count};
    ASSERT(l.account_count < COUNT_OF(accounts));
    memcpy(accounts, listed.access_list.accounts, l.account_count * sizeof *accounts);
    try_list(&t, &l, true);
    for (uint32_t i = 0; i < l.account_count; i++) spoil_account(&t, &l, &accounts[i]);
    try_list(&t, &l, true);
    try_list_with_gas(&t, &l, 199999, false);                         /* the transaction's limit is 200,000 */
    for (uint32_t i = 0; i < listed.access_list.account_count; i++) { /* without one of the accounts */
        const struct bal_account *all = listed.access_list.accounts;
        memcpy(accounts, all, i * sizeof *accounts);
        memcpy(&accounts[i], &all[i + 1], (listed.access_list.account_count - i - 1) * sizeof *accounts);
        l.account_count = listed.access_list.account_count - 1;
        try_list(&t, &l, false);
    }
    accounts[l.account_count] = listed.access_list.accounts[l.account_count];
    accounts[l.account_count + 1] = (struct bal_account){.address = {{0xff}}};
    l.account_count += 2;
    try_list(&t, &l, false);
    CHECK(t.tried > 50);
    engine_free(lister);
    engine_free(t.along);
    engine_free(t.serial);
}
