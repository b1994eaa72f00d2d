/* Recording: what each transaction of a block reads and writes, from a watched serial execution. */
#include <stdlib.h>

#include "base/hash.h"
#include "explain/explain.h"

enum { OP_OF_KECCAK256 = 0x20, OP_OF_SSTORE = 0x55 };

/* A slot that the running transaction has stored to. */
struct store {
    const struct account *account;
    struct u256 key;
};

struct recorder {
    const struct block_task *task;
    struct arena *arena;
    struct explain_trace *out;
    uint32_t location_capacity, access_capacity, access_count, preimage_capacity;
    /* Locations by where they are in the table; 0: free, else index + 1. */
    const struct location **places;
    uint32_t *indices;
    size_t mask;
    struct account_entry *beneficiary;
    /* Preimages by hash; 0: free, else index + 1. */
    uint32_t *hashed;
    size_t hashed_mask;
    struct store *stores;
    uint32_t store_count, store_capacity;
    struct explain_location *locations; /* on the heap until the end */
    struct explain_access *accesses;
    struct explain_preimage *preimages;
    struct vm_tracer tracer;
};

#define MAKE_ROOM(array, count, capacity)                                                                              \
    do {                                                                                                               \
        if ((count) == (capacity)) {                                                                                   \
            (capacity) = (capacity) == 0 ? 256 : (capacity) * 2;                                                       \
            (array) = base_realloc((array), (capacity) * sizeof *(array));                                             \
        }                                                                                                              \
    } while (0)

/* ---- locations --------------------------------------------------------------------------------------------------- */

static void places_grow(struct recorder *r)
{
    size_t mask = r->mask == 0 ? 1023 : r->mask * 2 + 1;
    const struct location **places = base_calloc(mask + 1, sizeof *places);
    uint32_t *indices = base_alloc((mask + 1) * sizeof *indices);
    for (size_t i = 0; r->mask != 0 && i <= r->mask; i++) {
        if (r->places[i] == NULL) continue;
        size_t at = hash_pair((uintptr_t)r->places[i], 0) & mask;
        while (places[at] != NULL) at = (at + 1) & mask;
        places[at] = r->places[i];
        indices[at] = r->indices[i];
    }
    free(r->places);
    free(r->indices);
    r->places = places;
    r->indices = indices;
    r->mask = mask;
}

static uint32_t location_of(struct recorder *r, const struct location *l, const struct account_entry *account,
                            enum block_field field, const struct u256 *key)
{
    struct explain_trace *t = r->out;
    if (2 * ((size_t)t->location_count + 1) > r->mask) places_grow(r);
    size_t at = hash_pair((uintptr_t)l, 0) & r->mask;
    while (r->places[at] != NULL) {
        if (r->places[at] == l) return r->indices[at];
        at = (at + 1) & r->mask;
    }
    r->places[at] = l;
    r->indices[at] = t->location_count;
    MAKE_ROOM(r->locations, t->location_count, r->location_capacity);
    r->locations[t->location_count] = (struct explain_location){.address = account->address, .field = field};
    struct explain_location *new = &r->locations[t->location_count];
    if (key != NULL) new->key = *key;
    if (field != FIELD_CODE) new->start = location_find(l, UINT32_MAX)->value;
    return t->location_count++;
}

static void add_access(struct recorder *r, uint32_t location, enum explain_access_kind kind, struct u256 low,
                       struct u256 high)
{
    MAKE_ROOM(r->accesses, r->access_count, r->access_capacity);
    r->accesses[r->access_count++] = (struct explain_access){location, kind, low, high};
}

/* ---- one transaction --------------------------------------------------------------------------------------------- */

static void record_balance(struct recorder *r, const struct account *a)
{
    bool bound = !u256_is_zero(a->balance_low) || !u256_equal(a->balance_high, U256_MAX);
    bool seen = (a->flags & ACCOUNT_BALANCE_SEEN) != 0;
    if (!bound && !seen && u256_is_zero(a->balance_delta)) return;
    uint32_t at = location_of(r, &a->entry->balance, a->entry, FIELD_BALANCE, NULL);
    if (seen)
        add_access(r, at, EXPLAIN_READ, U256_ZERO, U256_ZERO);
    else if (bound)
        add_access(r, at, EXPLAIN_BOUND, a->balance_low, a->balance_high);
    if (!u256_is_zero(a->balance_delta)) add_access(r, at, EXPLAIN_ADD, a->balance_delta, U256_ZERO);
}

/* A nonce can be seen in two ways only: by creating a contract, which raises it, and by asking whether the account is
 * empty. */
static void record_nonce(struct recorder *r, const struct account *a)
{
    if (!(a->flags & ACCOUNT_HAS_NONCE)) return;
    bool changed = a->nonce != a->nonce_start;
    uint32_t at = location_of(r, &a->entry->nonce, a->entry, FIELD_NONCE, NULL);
    if (!(a->flags & ACCOUNT_NONCE_ASSUMED)) {
        if (changed)
            add_access(r, at, EXPLAIN_READ, U256_ZERO, U256_ZERO);
        else if (a->nonce == 0)
            add_access(r, at, EXPLAIN_BOUND, U256_ZERO, U256_ZERO);
        else
            add_access(r, at, EXPLAIN_BOUND, U256_ONE, U256_MAX);
    }
    if (changed) add_access(r, at, EXPLAIN_WRITE, U256(a->nonce), U256_ZERO);
}

static void record_account(struct recorder *r, const struct account *a)
{
    record_balance(r, a);
    record_nonce(r, a);
    if (!(a->flags & ACCOUNT_HAS_META)) return;
    uint32_t at = location_of(r, &a->entry->meta, a->entry, FIELD_CODE, NULL);
    add_access(r, at, EXPLAIN_READ, U256_ZERO, U256_ZERO);
    if (!meta_equal(a->meta, a->meta_start)) add_access(r, at, EXPLAIN_WRITE, U256_ZERO, U256_ZERO);
}

static bool was_stored(const struct recorder *r, const struct slot *slot)
{
    for (uint32_t i = 0; i < r->store_count; i++)
        if (r->stores[i].account == slot->account && u256_equal(r->stores[i].key, slot->key)) return true;
    return false;
}

static void record_slot(struct recorder *r, const struct slot *slot)
{
    if (slot->entry == NULL) return;
    uint32_t at = location_of(r, &slot->entry->location, slot->entry->account, FIELD_SLOT, &slot->key);
    add_access(r, at, EXPLAIN_READ, U256_ZERO, U256_ZERO);
    if (!u256_equal(slot->current, slot->original)) {
        if (!(slot->account->flags & ACCOUNT_DESTRUCTED)) add_access(r, at, EXPLAIN_WRITE, slot->current, U256_ZERO);
    } else if (was_stored(r, slot)) {
        add_access(r, at, EXPLAIN_NO_OP, U256_ZERO, U256_ZERO);
    }
}

static void executed(void *context, uint32_t index, const struct state *s, const struct tx_result *result)
{
    struct recorder *r = context;
    while (r->out->tx_count < index) r->out->first[r->out->tx_count++] = r->access_count;
    r->out->first[r->out->tx_count++] = r->access_count;
    for (uint32_t i = 0; i < s->account_count; i++) record_account(r, s->accounts[i]);
    for (uint32_t i = 0; i < s->slot_count; i++) record_slot(r, s->slots[i]);
    if (!u256_is_zero(result->fee) && s->beneficiary != NULL)
        add_access(r, location_of(r, &s->beneficiary->balance, s->beneficiary, FIELD_BALANCE, NULL), EXPLAIN_FEE,
                   result->fee, U256_ZERO);
    r->store_count = 0;
}

/* ---- instructions ------------------------------------------------------------------------------------------------ */

static void hashed_grow(struct recorder *r)
{
    size_t mask = r->hashed_mask == 0 ? 1023 : r->hashed_mask * 2 + 1;
    free(r->hashed);
    r->hashed = base_calloc(mask + 1, sizeof *r->hashed);
    r->hashed_mask = mask;
    for (uint32_t i = 0; i < r->out->preimage_count; i++) {
        size_t at = hash_of_hash(0, &r->preimages[i].hash) & mask;
        while (r->hashed[at] != 0) at = (at + 1) & mask;
        r->hashed[at] = i + 1;
    }
}

static void note_preimage(struct recorder *r, const uint8_t *bytes, uint32_t size)
{
    if (2 * ((size_t)r->out->preimage_count + 1) > r->hashed_mask) hashed_grow(r);
    struct hash hash;
    keccak256(&hash, bytes, size);
    size_t at = hash_of_hash(0, &hash) & r->hashed_mask;
    for (; r->hashed[at] != 0; at = (at + 1) & r->hashed_mask)
        if (hash_equal(&r->preimages[r->hashed[at] - 1].hash, &hash)) return;
    MAKE_ROOM(r->preimages, r->out->preimage_count, r->preimage_capacity);
    r->preimages[r->out->preimage_count++] = (struct explain_preimage){hash, size, arena_copy(r->arena, bytes, size)};
    r->hashed[at] = r->out->preimage_count;
}

static bool is_at_most(const struct u256 *v, uint64_t most)
{
    return (v->w[1] | v->w[2] | v->w[3]) == 0 && v->w[0] <= most;
}

/* Memory ends where it has been touched; behind that it is zero. */
static void see_keccak(struct recorder *r, const struct vm_step *step)
{
    if (step->stack_count < 2) return;
    const struct u256 *offset = &step->stack[step->stack_count - 1], *size = &step->stack[step->stack_count - 2];
    if (!is_at_most(size, EXPLAIN_PREIMAGE_MAX) || size->w[0] < 32 || !is_at_most(offset, UINT32_MAX)) return;
    uint8_t bytes[EXPLAIN_PREIMAGE_MAX] = {0};
    size_t start = offset->w[0], count = size->w[0];
    if (start < step->memory.size) {
        size_t there = step->memory.size - start;
        memcpy(bytes, step->memory.data + start, there < count ? there : count);
    }
    note_preimage(r, bytes, (uint32_t)count);
}

static void see_step(void *context, const struct vm_step *step)
{
    struct recorder *r = context;
    if (step->op == OP_OF_KECCAK256) {
        see_keccak(r, step);
    } else if (step->op == OP_OF_SSTORE && step->stack_count >= 1) {
        MAKE_ROOM(r->stores, r->store_count, r->store_capacity);
        r->stores[r->store_count++] = (struct store){step->account, step->stack[step->stack_count - 1]};
    }
}

/* One tracer serves all: there is one execution at a time. */
static struct vm_tracer *begin_tracing(void *context, uint32_t index)
{
    (void)index;
    return &((struct recorder *)context)->tracer;
}

static void end_tracing(void *context, uint32_t index, struct vm_tracer *tracer)
{
    (void)context, (void)index, (void)tracer;
}

/* ---- a block ----------------------------------------------------------------------------------------------------- */

static int by_hash(const void *a, const void *b)
{
    const struct explain_preimage *x = a, *y = b;
    return memcmp(x->hash.b, y->hash.b, sizeof x->hash.b);
}

static uint32_t count_assumed_nonces(const struct block_task *task)
{
    uint32_t count = 0;
    size_t mask = 15;
    while (mask < 2 * (size_t)task->transaction_count) mask = mask * 2 + 1;
    uint32_t *seen = base_calloc(mask + 1, sizeof *seen);
    for (uint32_t i = 0; i < task->transaction_count; i++) {
        size_t at = hash_of_address(&task->senders[i]) & mask;
        while (seen[at] != 0 && !address_equal(&task->senders[seen[at] - 1], &task->senders[i])) at = (at + 1) & mask;
        if (seen[at] != 0)
            count++;
        else
            seen[at] = i + 1;
    }
    free(seen);
    return count;
}

enum status explain_record(struct engine *e, const struct block_task *task, struct arena *arena,
                           struct explain_trace *out, struct error *error)
{
    *out = (struct explain_trace){.first = ARENA_ARRAY(arena, uint32_t, task->transaction_count + 1)};
    struct recorder r = {.task = task, .arena = arena, .out = out};
    r.tracer = (struct vm_tracer){.context = &r, .step = see_step};
    struct block_tracing tracing = {&r, begin_tracing, end_tracing, end_tracing};
    struct block_watch watch = {&r, executed};
    struct block_task watched = *task;
    watched.watch = &watch;
    watched.tracing = &tracing;
    struct block_result result;
    enum status s = block_execute(e, EXECUTOR_SERIAL, &watched, &result, error);
    while (out->tx_count < task->transaction_count) out->first[out->tx_count++] = r.access_count;
    out->first[out->tx_count] = r.access_count;
    out->locations = arena_copy(arena, r.locations, out->location_count * sizeof *r.locations);
    out->accesses = arena_copy(arena, r.accesses, r.access_count * sizeof *r.accesses);
    if (out->preimage_count != 0) qsort(r.preimages, out->preimage_count, sizeof *r.preimages, by_hash);
    out->preimages = arena_copy(arena, r.preimages, out->preimage_count * sizeof *r.preimages);
    out->assumed_nonces = count_assumed_nonces(task);
    free(r.places);
    free(r.indices);
    free(r.hashed);
    free(r.stores);
    free(r.locations);
    free(r.accesses);
    free(r.preimages);
    return s;
}
