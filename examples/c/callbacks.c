/* callbacks: weft over a database of one's own. The engine reads accounts, storage and code through
 * callbacks, from all its threads at once; the program writes back what changed. Here the database is a small
 * array.
 *
 *     cc callbacks.c $(pkg-config --cflags --libs weft) && ./a.out */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weft/weft.h>

static void check(weft_status status, const weft_error *error)
{
    if (status == WEFT_OK) return;
    fprintf(stderr, "%s (%s): %s\n", weft_status_name(status), error->cause, error->text);
    exit(1);
}

static weft_word word(uint64_t value)
{
    weft_word w = {{0}};
    for (int i = 0; i < 8; i++) w.b[31 - i] = (uint8_t)(value >> (8 * i));
    return w;
}

static uint64_t number(const weft_word *w)
{
    uint64_t value = 0;
    for (int i = 24; i < 32; i++) value = value << 8 | w->b[i];
    return value;
}

static weft_address address(unsigned n)
{
    weft_address a = {{0}};
    a.b[0] = 0xdb;
    a.b[18] = (uint8_t)(n >> 8);
    a.b[19] = (uint8_t)n;
    return a;
}

/* ---- a database ------------------------------------------------------------------------------ */

enum { ROWS = 256, SLOTS = 4 };

struct row {
    weft_address address;
    weft_account account;
    const uint8_t *code;
    size_t code_size;
    weft_slot slots[SLOTS];
    size_t slot_count;
};

struct database {
    struct row rows[ROWS];
    size_t count;
    atomic_uint reads;   /* callbacks run on several threads */
    unsigned broken_row; /* reading this one fails; ROWS: none */
};

static struct row *find(struct database *db, const weft_address *a)
{
    for (size_t i = 0; i < db->count; i++)
        if (memcmp(db->rows[i].address.b, a->b, 20) == 0) return &db->rows[i];
    return NULL;
}

static struct row *find_or_add(struct database *db, const weft_address *a)
{
    struct row *row = find(db, a);
    if (row != NULL) return row;
    if (db->count == ROWS) exit(1);
    row = &db->rows[db->count++];
    memset(row, 0, sizeof *row);
    row->address = *a;
    row->account.exists = 1;
    return row;
}

static void set_slot(struct row *row, const weft_slot *slot)
{
    size_t i = 0;
    while (i < row->slot_count && memcmp(row->slots[i].key.b, slot->key.b, 32) != 0) i++;
    if (i == SLOTS) exit(1);
    row->slots[i] = *slot;
    row->slot_count += i == row->slot_count;
    row->account.has_storage = 1;
}

/* ---- what the engine asks -------------------------------------------------------------------- */

/* *out is all zero when a callback is called: an account that is not there is left so. */
static int32_t read_account(void *context, const weft_address *a, weft_account *out)
{
    struct database *db = context;
    const struct row *row = find(db, a);
    atomic_fetch_add(&db->reads, 1);
    if (row == NULL) return 0;
    if ((unsigned)(row - db->rows) == db->broken_row)
        return 5; /* an error number of our own; it appears in the engine's message */
    *out = row->account;
    return 0;
}

static int32_t read_storage(void *context, const weft_address *a, const weft_word *key, weft_word *out)
{
    struct database *db = context;
    const struct row *row = find(db, a);
    atomic_fetch_add(&db->reads, 1);
    for (size_t i = 0; row != NULL && i < row->slot_count; i++)
        if (memcmp(row->slots[i].key.b, key->b, 32) == 0) *out = row->slots[i].value;
    return 0;
}

static int32_t read_code(void *context, const weft_address *a, const weft_word *code_hash, weft_bytes *out)
{
    const struct row *row = find(context, a);
    (void)code_hash; /* a database that stores code by hash looks here */
    if (row == NULL) return 1;
    out->data = row->code;
    out->size = row->code_size;
    return 0;
}

static int32_t read_block_hash(void *context, uint64_t block_number, weft_word *out)
{
    (void)context;
    *out = word(block_number); /* a real one looks it up */
    return 0;
}

/* ---- what the engine found ------------------------------------------------------------------- */

static void write_back(struct database *db, const weft_result *result)
{
    weft_summary summary;
    summary.struct_size = sizeof summary;
    weft_result_summary(result, &summary);
    for (size_t i = 0; i < summary.account_count; i++) {
        weft_account_change change;
        change.struct_size = sizeof change;
        weft_result_account(result, i, &change);
        struct row *row = find_or_add(db, &change.address);
        if (!change.exists || change.storage_wiped) row->slot_count = 0;
        row->account.exists = change.exists;
        row->account.nonce = change.nonce;
        row->account.balance = change.balance;
        row->account.code_hash = change.code_hash;
        if (change.code_changed) { /* the bytes are the result's: a real database stores them */
            row->code = memcpy(malloc(change.code.size + 1), change.code.data, change.code.size);
            row->code_size = change.code.size;
        }
        for (size_t k = 0; k < change.slot_count; k++) set_slot(row, &change.slots[k]);
    }
}

/* ---- a block: many users call one contract --------------------------------------------------- */

enum { USERS = 100 };

/* Adds one to slot 0 and returns it:
 *   PUSH0 SLOAD PUSH1 1 ADD DUP1 PUSH0 SSTORE   PUSH0 MSTORE   PUSH1 32 PUSH0 RETURN */
static const uint8_t counter_code[] = {0x5f, 0x54, 0x60, 0x01, 0x01, 0x80, 0x5f,
                                       0x55, 0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3};

static void fill(struct database *db)
{
    memset(db, 0, sizeof *db);
    db->broken_row = ROWS;
    for (unsigned i = 0; i <= USERS; i++) {
        weft_address a = address(i);
        struct row *row = find_or_add(db, &a);
        row->account.balance = word(1000000000);
    }
    db->rows[0].code = counter_code;
    db->rows[0].code_size = sizeof counter_code;
    weft_keccak256(counter_code, sizeof counter_code, &db->rows[0].account.code_hash);
}

static weft_header make_header(void)
{
    weft_header header;
    memset(&header, 0, sizeof header);
    header.struct_size = sizeof header;
    header.number = 1000;
    header.timestamp = 1800000000;
    header.gas_limit = 30000000;
    return header;
}

static weft_block *make_block(void)
{
    weft_error error;
    weft_block *block;
    weft_header header = make_header();
    check(weft_block_new(&header, &block, &error), &error);
    for (unsigned i = 1; i <= USERS; i++) {
        weft_transaction tx;
        memset(&tx, 0, sizeof tx);
        tx.struct_size = sizeof tx;
        tx.has_sender = 1;
        tx.sender = address(i);
        tx.to = address(i % 4 == 0 ? 0 : i + 1); /* each fourth calls the contract, the others pay their neighbour */
        tx.value = word(i % 4 == 0 ? 0 : 1);
        tx.gas_limit = 100000;
        check(weft_block_add_transaction(block, &tx, &error), &error);
    }
    return block;
}

/* Asks the contract what it would return now, without changing anything. */
static uint64_t ask(weft_engine *engine, const weft_chain *chain, const weft_state *state)
{
    weft_error error;
    weft_result *result;
    weft_header header = make_header();
    weft_message message;
    memset(&message, 0, sizeof message);
    message.struct_size = sizeof message;
    message.gas = 100000;
    message.to = address(0);
    check(weft_call(engine, chain, state, &header, &message, 0, &result, &error), &error);
    weft_receipt receipt;
    receipt.struct_size = sizeof receipt;
    weft_result_receipt(result, 0, &receipt);
    weft_word answer;
    memcpy(answer.b, receipt.output.data, 32);
    weft_result_free(result);
    return number(&answer);
}

int main(void)
{
    static struct database db;
    weft_error error;
    fill(&db);

    weft_state_callbacks callbacks = {sizeof callbacks, &db, read_account, read_storage, read_code, read_block_hash};
    weft_state *state;
    weft_chain *chain;
    weft_engine *engine;
    weft_options options = {.struct_size = sizeof options, .threads = 2, .executor = WEFT_EXECUTOR_AUTO};
    check(weft_state_from_callbacks(&callbacks, &state, &error), &error);
    check(weft_chain_by_name("Osaka", &chain, &error), &error);
    check(weft_engine_new(&options, &engine, &error), &error);
    weft_block *block = make_block();

    weft_result *result;
    check(weft_execute_block(engine, chain, state, block, WEFT_TRANSACTIONS_ONLY, &result, &error), &error);
    printf("counter before: would return %llu\n", (unsigned long long)ask(engine, chain, state));
    write_back(&db, result);
    printf("counter after:  would return %llu\n", (unsigned long long)ask(engine, chain, state));
    fprintf(stderr, "%u reads\n", atomic_load(&db.reads));
    weft_result_free(result);

    /* A database that fails ends the execution with an error, and leaves no half result. */
    fill(&db);
    db.broken_row = 50;
    weft_status status = weft_execute_block(engine, chain, state, block, WEFT_TRANSACTIONS_ONLY, &result, &error);
    printf("%s, result %s: %s\n", weft_status_name(status), result == NULL ? "NULL" : "there", error.text);

    weft_block_free(block);
    weft_engine_free(engine);
    weft_chain_free(chain);
    weft_state_free(state);
    return 0;
}
