/* The state root of a whole state in memory. */
#include <stdlib.h>

#include "block/block.h"
#include "trie/trie.h"

struct root_job {
    const struct state_memory *memory;
    struct trie_state_entry *entries; /* one for each account that exists */
    const uint32_t *accounts;         /* their numbers */
};

/* Fills in one account, with the root of its storage. */
static void fill_entry(void *context, size_t i)
{
    const struct root_job *job = context;
    const struct state_memory *m = job->memory;
    const struct memory_account *a = &m->accounts[job->accounts[i]];
    struct trie_state_entry *entry = &job->entries[i];
    *entry = (struct trie_state_entry){a->address, {a->nonce, a->balance, keccak_empty_trie, a->code_hash}};
    if (a->live_slots == 0) return;
    struct trie_slot few[16];
    struct trie_slot *slots = a->live_slots <= COUNT_OF(few) ? few : base_alloc(a->live_slots * sizeof *slots);
    size_t count = 0;
    for (uint32_t id = a->first_slot; id != 0; id = m->slots[id - 1].next)
        if (!u256_is_zero(m->slots[id - 1].value))
            slots[count++] = (struct trie_slot){m->slots[id - 1].key, m->slots[id - 1].value};
    ASSERT(count == a->live_slots);
    trie_storage_root(&entry->account.storage_root, slots, count);
    if (slots != few) free(slots);
}

void state_memory_root(const struct state_memory *m, struct pool *pool, struct hash *out)
{
    struct trie_state_entry *entries = base_alloc((m->account_count + 1) * sizeof *entries);
    uint32_t *accounts = base_alloc((m->account_count + 1) * sizeof *accounts);
    uint32_t count = 0;
    for (uint32_t i = 0; i < m->account_count; i++)
        if (m->accounts[i].exists) accounts[count++] = i;
    struct root_job job = {m, entries, accounts};
    pool_for(pool, count, 16, fill_entry, &job);
    trie_state_root(out, entries, count, pool);
    free(entries);
    free(accounts);
}
