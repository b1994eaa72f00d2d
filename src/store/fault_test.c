/* Every call of the database that the store makes fails once, during every operation, in every way; afterwards every
 * pair of operations must be refused with that first failure, and the folder, opened anew, must hold a whole chain of
 * what was committed.
 *
 * The functions of LMDB below stand before the library's: a program's own definitions come first. */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "block/block.h"
#include "harness.h"
#include "store/store.h"

/* ---- the database that fails ------------------------------------------------------------------------------------- */

/* LATE: the commit is on disk, and still the database says that it failed. */
enum { LATE = 100000 };

static struct {
    _Atomic long at, seen; /* the call that fails, counted from 1; 0: none */
    _Atomic int code;
    _Atomic bool dead; /* after a failed commit the database gives no transaction any more */
    _Atomic bool no_threads;
} fault;

/* What the call shall say; 0: it is made. */
static int due(void)
{
    if (fault.at == 0 || atomic_fetch_add(&fault.seen, 1) + 1 != fault.at) return 0;
    return fault.code == LATE ? EIO : fault.code;
}

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))
#define FAILING(name, parameters, arguments)                                                                           \
    int name parameters                                                                                                \
    {                                                                                                                  \
        static __typeof__(&(name)) real;                                                                               \
        if (real == NULL) real = REAL(name);                                                                           \
        int code = due();                                                                                              \
        return code != 0 ? code : real arguments;                                                                      \
    }
FAILING(mdb_get, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data))
FAILING(mdb_put, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags),
        (txn, dbi, key, data, flags))
FAILING(mdb_del, (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data), (txn, dbi, key, data))
FAILING(mdb_stat, (MDB_txn * t, MDB_dbi d, MDB_stat *s), (t, d, s))
FAILING(mdb_cursor_open, (MDB_txn * t, MDB_dbi d, MDB_cursor **c), (t, d, c))
FAILING(mdb_cursor_renew, (MDB_txn * t, MDB_cursor *c), (t, c))
FAILING(mdb_cursor_get, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op), (cursor, key, data, op))
FAILING(mdb_cursor_put, (MDB_cursor * cursor, MDB_val *key, MDB_val *data, unsigned flags), (cursor, key, data, flags))
FAILING(mdb_cursor_del, (MDB_cursor * c, unsigned f), (c, f))

int mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags, MDB_txn **txn)
{
    int code = fault.dead ? MDB_PANIC : due();
    return code != 0 ? code : REAL(mdb_txn_begin)(env, parent, flags, txn);
}

int mdb_txn_renew(MDB_txn *txn)
{
    int code = fault.dead ? MDB_PANIC : due();
    return code != 0 ? code : REAL(mdb_txn_renew)(txn);
}

int mdb_txn_commit(MDB_txn *txn)
{
    int code = due();
    if (code == 0) return REAL(mdb_txn_commit)(txn);
    fault.dead = code == EIO;
    if (fault.code == LATE)
        (void)REAL(mdb_txn_commit)(txn);
    else
        mdb_txn_abort(txn);
    return code;
}

#ifndef WEFT_SANITIZED /* sanitizers bring a pthread_create of their own */
#define THREADS_FAIL 1
/* The system's header has names that nobody else may use. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context)
{
    return fault.no_threads ? EAGAIN : REAL(pthread_create)(thread, attributes, run, context);
}
#endif

static void arm(long at, int code)
{
    fault.seen = 0;
    fault.code = code;
    fault.at = at;
}

/* ---- a chain ----------------------------------------------------------------------------------------------------- */

enum { ACCOUNTS = 6, MADE = 6, COMMITTED = 2, PENDING = 3 };

struct made {
    struct header header;
    struct hash hash, transaction;
    struct rlp_writer bytes;
    struct account_change changes[2];
    struct slot_change slots[2];
};

struct bed {
    char folder[64], template[80];
    struct buffer made; /* its database with COMMITTED blocks */
    struct state_memory *genesis, *state;
    struct header first;
    struct made blocks[MADE + 1];
    struct store *store;
    struct store_options options;
};

static struct address address_number(uint64_t n)
{
    struct address a = {{0}};
    store_be64(a.b + 12, n * 0x9e3779b97f4a7c15u);
    return a;
}

static struct state_diff diff_of(struct made *m)
{
    return (struct state_diff){m->changes, 2};
}

static int by_address(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct address));
}

/* Block n: two accounts get another balance and another slot. */
static void make_block(struct bed *b, uint64_t n, const struct hash *parent)
{
    struct made *m = &b->blocks[n];
    for (unsigned i = 0; i < 2; i++) {
        m->slots[i] = (struct slot_change){U256(n % 3), U256(100 * n + i + 1)};
        m->changes[i] = (struct account_change){.address = address_number((n + 3 * i) % ACCOUNTS),
                                                .exists = true,
                                                .balance = U256(1000 + n),
                                                .code_hash = keccak_empty,
                                                .slots = &m->slots[i],
                                                .slot_count = 1};
    }
    qsort(m->changes, 2, sizeof *m->changes, by_address);
    struct state_diff diff = diff_of(m);
    state_memory_apply(b->state, &diff);
    m->header = (struct header){.field_count = HEADER_FIELDS_MIN,
                                .number = n,
                                .parent_hash = *parent,
                                .uncles_hash = uncles_hash_empty,
                                .transactions_root = keccak_empty_trie,
                                .receipts_root = keccak_empty_trie};
    state_memory_root(b->state, NULL, &m->header.state_root);
    header_encode(&m->bytes, &m->header);
    header_hash(&m->hash, &m->header);
    m->transaction = m->hash; /* something to look up */
}

static void open_store(struct bed *b)
{
    struct error e;
    fault.dead = false;
    if (store_open(&b->store, b->folder, &b->options, &e) != STATUS_OK) FAIL("%s", e.text);
}

static enum status apply(struct bed *b, uint64_t n, bool beside, struct error *e)
{
    static const uint8_t body[] = {0xc2, 0xc0, 0xc0}, receipts[] = {0xc0};
    struct made *m = &b->blocks[n];
    struct state_diff diff = diff_of(m);
    struct store_block block = {.header = &m->header,
                                .hash = m->hash,
                                .header_bytes = rlp_written(&m->bytes),
                                .body_bytes = {body, sizeof body},
                                .receipts_bytes = {receipts, sizeof receipts},
                                .transaction_hashes = &m->transaction,
                                .transaction_count = 1};
    enum status s = store_apply_begin(b->store, &block, &diff, NULL, NULL, beside, e);
    return s == STATUS_OK ? store_apply_end(b->store, e) : s;
}

static void shell(const char *format, const char *a, const char *b)
{
    char command[256];
    (void)snprintf(command, sizeof command, format, a, b);
    CHECK(system(command) == 0);
}

static void make_bed(struct bed *b)
{
    struct error e;
    struct hash parent;
    *b = (struct bed){
        .options = {.cache_bytes = 1 << 16, .history = 4, .map_bytes = 1 << 24, .create = true, .careless = true}};
    (void)snprintf(b->folder, sizeof b->folder, "/tmp/weft-fault-XXXXXX");
    CHECK(mkdtemp(b->folder) != NULL);
    (void)snprintf(b->template, sizeof b->template, "%s.made", b->folder);
    b->genesis = state_memory_new();
    for (uint64_t n = 0; n < ACCOUNTS; n++) {
        struct address a = address_number(n);
        struct u256 key = U256(0), value = U256(n + 7);
        state_memory_account(b->genesis, &a)->balance = U256(n + 1);
        state_memory_set_slot(b->genesis, &a, &key, &value);
    }
    b->state = state_memory_copy(b->genesis);
    b->first = (struct header){.field_count = HEADER_FIELDS_MIN,
                               .uncles_hash = uncles_hash_empty,
                               .transactions_root = keccak_empty_trie,
                               .receipts_root = keccak_empty_trie};
    state_memory_root(b->genesis, NULL, &b->first.state_root);
    header_hash(&parent, &b->first);
    for (uint64_t n = 1; n <= MADE; n++) {
        make_block(b, n, &parent);
        parent = b->blocks[n].hash;
    }
    open_store(b);
    CHECK_STATUS(store_genesis(b->store, &b->first, b->genesis, &e), STATUS_OK);
    for (uint64_t n = 1; n <= COMMITTED; n++) CHECK_STATUS(apply(b, n, false, &e), STATUS_OK);
    CHECK_STATUS(store_commit(b->store, &e), STATUS_OK);
    store_close(b->store);
    shell("cp -r %s %s", b->folder, b->template);
    char path[80];
    (void)snprintf(path, sizeof path, "%s/state.mdb", b->folder);
    CHECK_STATUS(file_read(&b->made, path, b->options.map_bytes, &e), STATUS_OK);
}

static void end_bed(struct bed *b)
{
    shell("rm -rf %s %s", b->folder, b->template);
    buffer_free(&b->made);
    state_memory_free(b->genesis);
    state_memory_free(b->state);
    for (uint64_t n = 1; n <= MADE; n++) rlp_writer_free(&b->blocks[n].bytes);
}

/* ---- operations -------------------------------------------------------------------------------------------------- */

enum op {
    APPLY,
    APPLY_BESIDE,
    COMMIT,
    COMMIT_BEGIN,
    REVERT,
    ROLLBACK,
    PRUNE,
    STAT,
    CHECK_ALL,
    PAST,
    ROOT,
    GENESIS,
    READ,
    LOOK,
    OPS
};

static enum status read_state(struct bed *b, struct error *e)
{
    struct state_view view = store_view(b->store);
    struct account_data account;
    struct u256 key = U256(0), value;
    struct hash hash;
    enum status s = STATUS_OK;
    for (uint64_t n = 0; n < ACCOUNTS && s == STATUS_OK; n++) {
        struct address a = address_number(n);
        s = view.account(view.context, &a, &account);
        if (s == STATUS_OK) s = view.storage(view.context, &a, &key, &value);
        /* Never a wrong answer. */
        if (s == STATUS_OK) CHECK(account.exists && !u256_is_zero(value));
    }
    if (s == STATUS_OK) s = view.block_hash(view.context, 1, &hash);
    if (s != STATUS_OK) CHECK_STATUS(store_status(b->store, e), s);
    return s;
}

static enum status look(struct bed *b, struct error *e)
{
    struct buffer text = {0};
    uint64_t number = 0;
    uint32_t index;
    bool all = store_block_part(b->store, STORE_BODY, 1, &text) &&
               store_block_number(b->store, &b->blocks[1].hash, &number) && number == 1 &&
               store_transaction(b->store, &b->blocks[1].transaction, &number, &index);
    buffer_free(&text);
    enum status s = store_status(b->store, e);
    CHECK(all == (s == STATUS_OK));
    return s;
}

static enum status run(struct bed *b, enum op op, struct error *e)
{
    struct store *s = b->store;
    struct store_stat stat;
    struct store_check_result checked;
    struct store_prune_result pruned;
    struct store_past *past;
    struct hash root;
    uint64_t next = store_head(s)->number + 1;
    struct state_diff diff = diff_of(&b->blocks[next]);
    enum status status;
    switch (op) {
    case APPLY: return apply(b, next, false, e);
    case APPLY_BESIDE: return apply(b, next, true, e);
    case COMMIT: return store_commit(s, e);
    case COMMIT_BEGIN:
        status = store_commit_begin(s, e);
        while (store_is_committing(s)) cpu_relax();
        return status;
    case REVERT: return store_revert(s, NULL, e);
    case ROLLBACK: return store_rollback(s, e);
    case PRUNE: return store_prune(s, 1, true, &pruned, e);
    case STAT: return store_stat(s, &stat, e);
    case CHECK_ALL: return store_check(s, &checked, e);
    case PAST:
        status = store_past_new(&past, s, 1, e);
        if (status == STATUS_OK) store_past_free(past);
        return status;
    case ROOT: return store_root_after(s, &diff, NULL, &root, e);
    case GENESIS: return store_genesis(s, &b->first, b->genesis, e);
    case READ: return read_state(b, e);
    case LOOK: return look(b, e);
    default: return STATUS_OK;
    }
}

/* A store with COMMITTED blocks on disk, in a folder of its own, and one more that waits; `sealed`: that is being
 * written. */
static void begin(struct bed *b, bool sealed)
{
    struct error e;
    char path[80];
    (void)snprintf(path, sizeof path, "%s/state.mdb", b->folder);
    CHECK_STATUS(file_write(path, buffer_bytes(&b->made), &e), STATUS_OK);
    open_store(b);
    CHECK_STATUS(apply(b, PENDING, false, &e), STATUS_OK);
    if (sealed) CHECK_STATUS(store_commit_begin(b->store, &e), STATUS_OK);
}

/* All is refused, by the same words, whatever comes after what. */
static void expect_refusals(struct bed *b, const struct error *first)
{
    for (enum op x = 0; x < OPS; x++)
        for (enum op y = 0; y < OPS; y++)
            for (unsigned i = 0; i < 2; i++) {
                struct error e = {STATUS_OK, ""};
                CHECK_STATUS(run(b, i == 0 ? x : y, &e), first->status);
                if (strcmp(e.text, first->text) != 0) FAIL("'%s' after '%s'", e.text, first->text);
            }
}

/* What the disk has is whole, has all that a commit has promised, and goes on. */
static void expect_whole(struct bed *b, uint64_t least, uint64_t most)
{
    struct error e;
    struct store_check_result checked;
    store_close(b->store);
    arm(0, 0);
    open_store(b);
    uint64_t head = store_head(b->store)->number;
    CHECK(head >= least && head <= most);
    CHECK_BYTES(store_head(b->store)->hash.b, b->blocks[head].hash.b, 32);
    if (store_check(b->store, &checked, &e) != STATUS_OK) FAIL("%s", e.text);
    for (uint64_t n = head + 1; n <= MADE; n++) CHECK_STATUS(apply(b, n, true, &e), STATUS_OK);
    if (store_check(b->store, &checked, &e) != STATUS_OK) FAIL("%s", e.text);
    store_close(b->store);
}

/* Whether the fault has struck. */
static bool fail_once(struct bed *b, enum op op, bool sealed, long at, int code)
{
    struct error e = {STATUS_OK, ""}, first = {STATUS_OK, ""};
    begin(b, sealed);
    if (sealed)
        while (store_is_committing(b->store)) cpu_relax();
    arm(at, code);
    enum status s = run(b, op, &e);
    bool struck = fault.seen >= at;
    arm(0, 0);
    enum status broken = store_status(b->store, &first);
    if (s != STATUS_OK) CHECK_STATUS(broken, s); /* nothing fails but by the fault */
    if (broken != STATUS_OK) {
        CHECK(struck);
        if (s != STATUS_OK && strcmp(e.text, first.text) != 0) FAIL("'%s', first '%s'", e.text, first.text);
        CHECK(first.text[0] != 0 && strchr(first.text, '\n') == NULL);
        CHECK(store_head(b->store)->number == store_durable_head(b->store)->number);
        expect_refusals(b, &first);
    }
    bool kept = sealed || (s == STATUS_OK && (op == COMMIT || op == PRUNE || op == CHECK_ALL)) ||
                (op == COMMIT_BEGIN && broken == STATUS_OK);
    expect_whole(b, kept ? PENDING : COMMITTED, PENDING);
    return struck;
}

TEST(a_store_that_has_failed_refuses_everything)
{
    static const int codes[] = {EIO, LATE, ENOSPC, MDB_MAP_FULL, EROFS, ENOMEM, MDB_CORRUPTED};
    struct bed b;
    make_bed(&b);
    for (enum op op = 0; op < OPS; op++)
        for (unsigned sealed = 0; sealed < 2; sealed++) {
            long at = 1;
            while (fail_once(&b, op, sealed != 0, at, codes[(size_t)at % COUNT_OF(codes)])) at++;
            /* The calls at the end are the commit: in each way. */
            for (long last = at - 3 > 0 ? at - 3 : 1; last < at; last++)
                for (size_t i = 0; i < COUNT_OF(codes); i++) (void)fail_once(&b, op, sealed != 0, last, codes[i]);
        }
    end_bed(&b);
}

#ifdef THREADS_FAIL
TEST(a_store_does_without_threads)
{
    struct bed b;
    struct error e;
    make_bed(&b);
    begin(&b, false);
    fault.no_threads = true;
    CHECK_STATUS(store_commit_begin(b.store, &e), STATUS_OK);
    CHECK_STATUS(apply(&b, PENDING + 1, true, &e), STATUS_OK);
    CHECK_STATUS(store_commit(b.store, &e), STATUS_OK);
    fault.no_threads = false;
    expect_whole(&b, PENDING + 1, PENDING + 1);
    end_bed(&b);
}
#endif

TEST(a_store_whose_folder_is_removed_says_so)
{
    struct bed b;
    struct error e;
    make_bed(&b);
    begin(&b, false);
    shell("rm -rf %s%s", b.folder, "");
    CHECK_STATUS(store_commit(b.store, &e), STORE_IO);
    CHECK(strstr(e.text, b.folder) != NULL);
    CHECK_EQ_U64(store_durable_head(b.store)->number, COMMITTED);
    store_close(b.store);
    shell("cp -r %2$s %1$s", b.folder, b.template);
    end_bed(&b);
}

/* The history that a folder was made with counts until another one is asked for, which is kept in turn. */
TEST(a_store_keeps_its_history)
{
    static const struct {
        uint64_t asked, history, lowest; /* lowest: what the head, block MADE, can go back to */
    } steps[] = {{0, 4, MADE - 4}, {2, 2, MADE - 2}, {0, 2, MADE - 2}, {100, 100, MADE - 2}, {0, 100, MADE - 2}};
    struct bed b;
    struct error e;
    make_bed(&b);
    begin(&b, false);
    for (uint64_t n = PENDING + 1; n <= MADE; n++) CHECK_STATUS(apply(&b, n, false, &e), STATUS_OK);
    CHECK_STATUS(store_commit(b.store, &e), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        struct store_check_result checked;
        store_close(b.store);
        b.options.history = steps[i].asked;
        open_store(&b);
        CHECK_EQ_U64(store_history(b.store, NULL), steps[i].history);
        CHECK_EQ_U64(store_revert_limit(b.store), steps[i].lowest);
        CHECK_STATUS(store_check(b.store, &checked, &e), STATUS_OK);
    }
    /* And what can be taken back can be given up again. */
    for (uint64_t n = MADE; n > MADE - 2; n--) CHECK_STATUS(store_revert(b.store, NULL, &e), STATUS_OK);
    CHECK_STATUS(store_revert(b.store, NULL, &e), STORE_NO_HISTORY);
    CHECK_STATUS(apply(&b, MADE - 1, false, &e), STATUS_OK);
    CHECK_STATUS(store_revert(b.store, NULL, &e), STATUS_OK);
    CHECK_STATUS(store_rollback(b.store, &e), STATUS_OK);
    CHECK_BYTES(store_head(b.store)->hash.b, b.blocks[MADE].hash.b, 32);
    store_close(b.store);
    end_bed(&b);
}
