/* From what a block changed, by address and slot, to what the store changes, by hash; with what was there before. */
#include "store/private.h"

#include <stdlib.h>

/* So many keys are hashed together, in one task of the pool. */
enum { TOGETHER = 32 };

struct diff_job {
    struct store *store;
    const struct state_diff *diff;
    struct changed_account *accounts;
    struct slot_place { /* every slot of the diff */
        uint32_t account, slot;
    } *slots;
    size_t slot_count;
    _Atomic uint32_t failed; /* enum status */
};

static void note(struct diff_job *job, enum status s)
{
    if (s != STATUS_OK) atomic_store_explicit(&job->failed, (uint32_t)s, memory_order_relaxed);
}

static size_t chunk(size_t task, size_t count)
{
    return count - task * TOGETHER < TOGETHER ? count - task * TOGETHER : TOGETHER;
}

/* Hashes some addresses and reads what is there. */
static void account_task(void *context, size_t task)
{
    struct diff_job *job = context;
    size_t first = task * TOGETHER, count = chunk(task, job->diff->count);
    struct bytes plain[TOGETHER] = {{NULL, 0}};
    struct hash keys[TOGETHER];
    for (size_t i = 0; i < count; i++) plain[i] = (struct bytes){job->diff->accounts[first + i].address.b, 20};
    keccak256_many(keys, plain, count);
    for (size_t i = 0; i < count; i++) {
        const struct account_change *from = &job->diff->accounts[first + i];
        struct changed_account *c = &job->accounts[first + i];
        *c = (struct changed_account){.key = keys[i], .slot_count = from->slot_count};
        note(job, read_account(job->store, &c->key, &c->old));
        if (!from->exists) continue;
        c->new = (struct account_record){.exists = true,
                                         .nonce = from->nonce,
                                         .storage_id = c->old.storage_id,
                                         .balance = from->balance,
                                         .code_hash = from->code_hash,
                                         .storage_root = c->old.exists ? c->old.storage_root : keccak_empty_trie};
    }
}

static void slot_task(void *context, size_t task)
{
    struct diff_job *job = context;
    size_t first = task * TOGETHER, count = chunk(task, job->slot_count);
    uint8_t words[TOGETHER][32];
    struct bytes plain[TOGETHER] = {{NULL, 0}};
    struct hash keys[TOGETHER];
    for (size_t i = 0; i < count; i++) {
        const struct slot_place *p = &job->slots[first + i];
        u256_store_be(words[i], job->diff->accounts[p->account].slots[p->slot].key);
        plain[i] = (struct bytes){words[i], 32};
    }
    keccak256_many(keys, plain, count);
    for (size_t i = 0; i < count; i++) {
        const struct slot_place *p = &job->slots[first + i];
        struct changed_account *c = &job->accounts[p->account];
        struct changed_slot *slot = &c->slots[p->slot];
        *slot = (struct changed_slot){.key = keys[i], .new = job->diff->accounts[p->account].slots[p->slot].value};
        if (c->old.storage_id != 0) note(job, read_slot(job->store, c->old.storage_id, &slot->key, &slot->old));
    }
}

/* ---- storage that is wiped --------------------------------------------------------------------------------------- */

struct wipe {
    struct flat_map named; /* slots that the diff names */
    struct changed_slot *gone;
    size_t count, capacity;
};

static void wipe_slot(void *context, const struct hash *key, struct u256 value)
{
    struct wipe *w = context;
    struct flat_key k = {0, *key};
    if (flat_map_find(&w->named, &k) != NULL) return;
    if (w->count == w->capacity) {
        w->capacity = w->capacity == 0 ? 64 : 2 * w->capacity;
        w->gone = base_realloc(w->gone, w->capacity * sizeof *w->gone);
    }
    w->gone[w->count++] = (struct changed_slot){.key = *key, .old = value};
}

/* All slots that the account had are gone, but for those that the diff names: from here on each is a change like any
 * other. */
static void add_wiped(struct store *s, struct changed_account *c, struct arena *arena)
{
    struct wipe w = {.named = {.value_size = 8}};
    for (size_t i = 0; i < c->slot_count; i++) {
        struct flat_key k = {0, c->slots[i].key};
        flat_map_put(&w.named, &k);
    }
    read_all_slots(s, c->old.storage_id, wipe_slot, &w);
    if (w.count != 0) {
        struct changed_slot *all = ARENA_ARRAY(arena, struct changed_slot, c->slot_count + w.count);
        if (c->slot_count != 0) memcpy(all, c->slots, c->slot_count * sizeof *all);
        memcpy(all + c->slot_count, w.gone, w.count * sizeof *all);
        c->slots = all;
        c->slot_count += w.count;
    }
    flat_map_free(&w.named);
    free(w.gone);
}

enum status changes_of_diff(struct store *s, const struct state_diff *diff, struct pool *pool, struct change_set *out)
{
    *out = (struct change_set){.count = diff->count};
    out->accounts = ARENA_ARRAY(&out->arena, struct changed_account, diff->count + 1);
    struct diff_job job = {.store = s, .diff = diff, .accounts = out->accounts};
    pool_for(pool, (diff->count + TOGETHER - 1) / TOGETHER, 1, account_task, &job);
    for (size_t i = 0; i < diff->count; i++) job.slot_count += diff->accounts[i].slot_count;
    job.slots = ARENA_ARRAY(&out->arena, struct slot_place, job.slot_count + 1);
    size_t at = 0;
    for (uint32_t i = 0; i < diff->count; i++) {
        struct changed_account *c = &out->accounts[i];
        c->slots = ARENA_ARRAY(&out->arena, struct changed_slot, c->slot_count + 1);
        if (c->slot_count != 0 && c->new.exists && c->new.storage_id == 0) c->new.storage_id = s->next_id++;
        for (uint32_t k = 0; k < c->slot_count; k++) job.slots[at++] = (struct slot_place){i, k};
    }
    pool_for(pool, (job.slot_count + TOGETHER - 1) / TOGETHER, 1, slot_task, &job);
    for (size_t i = 0; i < diff->count; i++) {
        struct changed_account *c = &out->accounts[i];
        bool wiped = diff->accounts[i].storage_wiped || !diff->accounts[i].exists;
        if (wiped && c->old.storage_id != 0 && !hash_equal(&c->old.storage_root, &keccak_empty_trie))
            add_wiped(s, c, &out->arena);
    }
    return (enum status)job.failed;
}

void changes_swap(struct change_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        struct changed_account *c = &set->accounts[i];
        struct account_record record = c->old;
        c->old = c->new;
        c->new = record;
        for (size_t k = 0; k < c->slot_count; k++) {
            struct u256 word = c->slots[k].old;
            c->slots[k].old = c->slots[k].new;
            c->slots[k].new = word;
        }
    }
}

void changes_free(struct change_set *set)
{
    arena_free(&set->arena);
    *set = (struct change_set){0};
}
