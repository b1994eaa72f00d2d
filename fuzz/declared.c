/* Execution along a declared access list (EIP-7928): with the right list the same block as serially; with a list that
 * was tampered with, the same refusal. The input's first four bytes say what is done to the list. */
#include "made_block.h"

enum { RUNS_OF_AN_ENGINE = 4000 };

static struct engine *serial, *along;
static struct arena arena;

static void refresh_engines(void)
{
    static unsigned runs;
    if (runs++ % RUNS_OF_AN_ENGINE != 0) return;
    engine_free(serial);
    engine_free(along);
    serial = engine_new(1);
    along = engine_new(3);
    engine_share_always(along, true);
}

/* Contracts that the rules of the block call; these do nothing. */
static void add_system_contracts(struct fuzz_block *b)
{
    const struct address *all[] = {&beacon_roots_address,        &history_storage_address,
                                   &withdrawal_requests_address, &consolidation_requests_address,
                                   &builder_deposits_address,    &builder_exits_address};
    static const uint8_t stop[1];
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        struct hash hash;
        keccak256(&hash, stop, sizeof stop);
        struct memory_account *a = state_memory_account(b->memory, all[i]);
        a->nonce = 1;
        state_memory_set_code(b->memory, a, &hash, (struct bytes){stop, sizeof stop});
    }
}

static struct block_access_list copy_list(const struct block_access_list *from)
{
    struct rlp_writer w = {0};
    bal_encode(&w, from);
    struct bytes written = rlp_written(&w), kept = {arena_copy(&arena, written.data, written.size), written.size};
    rlp_writer_free(&w);
    struct block_access_list out;
    FUZZ_CHECK(bal_decode(&out, kept, &arena, NULL) == STATUS_OK);
    return out;
}

/* Changes one thing; the copy's arrays are the arena's own. */
static void tamper(struct block_access_list *list, struct fuzz_input *in)
{
    if (list->account_count == 0) return;
    struct bal_account *a = (struct bal_account *)(uintptr_t)&list->accounts[fuzz_byte(in) % list->account_count];
    uint8_t what = fuzz_byte(in), where = fuzz_byte(in), how = 1 + fuzz_byte(in) % 4;
    struct bal_slot *slot = a->slot_count == 0 ? NULL : (struct bal_slot *)(uintptr_t)&a->slots[where % a->slot_count];
    struct bal_word_change *change = NULL;
    switch (what % 10) {
    case 0: list->account_count--; break;
    case 1: a->balance_count -= a->balance_count != 0; break;
    case 2: a->nonce_count -= a->nonce_count != 0; break;
    case 3: a->code_count -= a->code_count != 0; break;
    case 4: a->read_count -= a->read_count != 0; break;
    case 5: a->slot_count -= a->slot_count != 0; break;
    case 6:
        if (a->nonce_count != 0)
            ((struct bal_nonce_change *)(uintptr_t)&a->nonces[where % a->nonce_count])->nonce += how;
        break;
    case 7:
        if (slot != NULL) change = (struct bal_word_change *)(uintptr_t)&slot->changes[where / 16 % slot->change_count];
        break;
    case 8:
        if (a->balance_count != 0) change = (struct bal_word_change *)(uintptr_t)&a->balances[where % a->balance_count];
        break;
    default:
        if (slot != NULL && slot->change_count > 1) slot->change_count--;
    }
    if (change != NULL && (how & 1) != 0)
        change->value = u256_add(change->value, U256(how));
    else if (change != NULL)
        change->index += how;
}

static enum status execute(struct engine *e, enum executor_kind kind, const struct block_task *task,
                           struct block_result *out)
{
    struct error error;
    (void)block_execute(e, kind, task, out, &error);
    if (out->status == STATUS_OK) block_seal(e, out);
    return out->status;
}

static void check_lists(struct fuzz_block *b, struct fuzz_input *in)
{
    struct block_task task = made_task(b);
    struct block_result one, other;
    if (execute(serial, EXECUTOR_SERIAL, &task, &one) != STATUS_OK) return;
    struct block_access_list list = copy_list(&one.access_list);
    bal_hash(&b->header.access_list_hash, &list);
    task.access_list = &list;
    execute(along, EXECUTOR_ACCESS_LIST, &task, &other);
    check_same(&one, &other);
    FUZZ_CHECK(hash_equal(&other.access_list_hash, &b->header.access_list_hash));

    struct hash right = b->header.access_list_hash;
    tamper(&list, in);
    bal_hash(&b->header.access_list_hash, &list);
    execute(serial, EXECUTOR_SERIAL, &task, &one);
    execute(along, EXECUTOR_ACCESS_LIST, &task, &other);
    FUZZ_CHECK(one.status == other.status);
    FUZZ_CHECK((one.status == STATUS_OK) == hash_equal(&right, &b->header.access_list_hash));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 8) return 0;
    struct fuzz_input in = {data + 4, data + size}, hand = {data, data + 4};
    struct fuzz_block b;
    refresh_engines();
    make_block(&b, &in, &fork_amsterdam);
    add_system_contracts(&b);
    b.header.field_count = block_header_fields(b.fork);
    check_lists(&b, &hand);
    state_memory_free(b.memory);
    arena_reset(&arena);
    return 0;
}
