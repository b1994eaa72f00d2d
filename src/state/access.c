/* What a transaction accessed, for the block access list (EIP-7928). */
#include "state/state.h"

static const struct hash *code_hash(const struct account_entry *e, struct meta meta)
{
    return meta.code != NULL ? &meta.code->hash : &e->code_hash;
}

uint32_t state_account_changes(const struct account *a)
{
    uint32_t changed = u256_is_zero(a->balance_delta) ? 0 : STATE_BALANCE;
    if ((a->flags & ACCOUNT_HAS_NONCE) && a->nonce != a->nonce_start) changed |= STATE_NONCE;
    if ((a->flags & ACCOUNT_HAS_META) && !hash_equal(code_hash(a->entry, a->meta), code_hash(a->entry, a->meta_start)))
        changed |= STATE_CODE;
    return changed;
}

bool state_slot_changes(const struct slot *slot)
{
    /* What an account stored that is gone at the end of the transaction was only read. */
    return !u256_equal(slot->current, slot->original) && !(slot->account->flags & ACCOUNT_DESTRUCTED);
}

struct state_accesses state_accesses(const struct state *s, struct arena *arena)
{
    struct state_access *all = ARENA_ARRAY(arena, struct state_access, s->account_count + s->slot_count);
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->account_count; i++) {
        const struct account *a = s->accounts[i];
        uint32_t changed = state_account_changes(a), read = a->flags & ACCOUNT_CODE_READ ? STATE_CODE_READ : 0;
        if ((a->flags & ACCOUNT_ACCESSED) != 0 || changed != 0)
            all[count++] = (struct state_access){a->entry, NULL, changed | read};
    }
    for (uint32_t i = 0; i < s->slot_count; i++) {
        const struct slot *slot = s->slots[i];
        if (!slot->read) continue;
        all[count++] = (struct state_access){slot->account->entry, slot->entry,
                                             state_slot_changes(slot) ? STATE_SLOT : 0};
    }
    return (struct state_accesses){all, count, s->oldest_hash};
}
