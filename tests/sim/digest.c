/* Digests of a run, for recognising situations that were reached before by another way. Pointers never go in, nor
 * what only grows (the epoch): what matters of it is whether it is still the one that was noted. */
#include "sim/digest.h"

#include "sim/protocol.h"

static uint64_t fold(uint64_t h, uint64_t v)
{
    return hash_mix(h ^ v, 0x9e3779b97f4a7c15u) ^ (h << 7 | h >> 57);
}

static uint64_t fold_word(uint64_t h, struct u256 v)
{
    for (int i = 0; i < 4; i++) h = fold(h, v.w[i]);
    return h;
}

/* A packed meta starts with a pointer to code: its hash goes in instead. */
static uint64_t fold_meta(uint64_t h, struct u256 packed)
{
    struct meta meta = meta_unpack(&packed);
    h = fold(h, meta.code == NULL ? 1 : load_be64(meta.code->hash.b));
    return fold(h, packed.w[1]);
}

uint64_t sim_digest_records(const struct state *s)
{
    uint64_t h = fold(s->tx, (uint64_t)s->refund ^ (uint64_t)s->any_destructed << 32 ^ s->failure);
    for (uint32_t i = 0; i < s->account_count; i++) {
        const struct account *a = s->accounts[i];
        h = fold(fold(h, a->entry->address.b[19]), a->flags);
        h = fold(fold(h, a->nonce), a->nonce_start);
        h = fold_meta(fold_meta(h, meta_pack(a->meta)), meta_pack(a->meta_start));
        h = fold_word(fold_word(h, a->balance_start), a->balance_delta);
        h = fold_word(fold_word(h, a->balance_low), a->balance_high);
    }
    for (uint32_t i = 0; i < s->slot_count; i++) {
        const struct slot *slot = s->slots[i];
        h = fold(fold(h, slot->account->entry->address.b[19]),
                 slot->key.w[0] << 2 | (uint64_t)slot->read << 1 | slot->warm);
        h = fold_word(fold_word(h, slot->original), slot->current);
        if (slot->entry != NULL) h = fold_word(fold(h, slot->seen->generation), slot->seen->value);
    }
    return h;
}

static uint64_t digest_chain(uint64_t h, const struct location *l, bool is_meta, bool is_balance)
{
    for (const struct version *v = atomic_load(&l->top); v != NULL; v = atomic_load(&v->next)) {
        uint32_t kind = atomic_load(&v->kind);
        if (kind == VERSION_DEAD) continue;
        h = fold(fold(h, v->tx), (uint64_t)kind << 32 | v->generation);
        h = is_meta ? fold_meta(h, v->value) : fold_word(h, v->value);
        if (is_balance && kind == VERSION_TOTAL) h = fold_word(h, ((const struct balance_version *)v)->total);
    }
    return fold(h, atomic_load(&l->read_by) | (uint64_t)atomic_load(&l->least_by) << 32);
}

static uint64_t digest_table(const struct sim_run *r)
{
    uint64_t h = 0;
    for (unsigned i = 0; i < r->block->rules.accounts; i++) {
        enum status why;
        struct address address = sim_address(i);
        struct account_entry *e = state_table_account(r->world->table, &address, &why);
        h = digest_chain(h, &e->balance, false, true);
        h = digest_chain(h, &e->nonce, false, false);
        h = digest_chain(h, &e->meta, true, false);
        for (unsigned k = 0; k < SIM_KEYS && r->block->failing != i; k++) {
            struct u256 key = U256(k);
            h = digest_chain(h, &state_table_slot(r->world->table, e, &key, &why)->location, false, false);
        }
    }
    return h;
}

static uint64_t digest_sched(struct sched *s)
{
    uint64_t h = fold(atomic_load(&s->head), atomic_load(&s->cursor));
    h = fold(h, atomic_load(&s->token) | (uint64_t)atomic_load(&s->waiting) << 32);
    h = fold(h, atomic_load(&s->window) | (uint64_t)atomic_load(&s->confidence) << 32);
    h = fold(h, atomic_load(&s->stopped) | (uint64_t)s->stole << 32);
    h = fold(h, atomic_load(&s->heavy_next));
    h = fold(h, s->probe_in | (uint64_t)s->probe_distance << 32);
    /* Stamps matter only beside each other. */
    uint32_t changes = atomic_load(&s->changes);
    h = fold(h, atomic_load(&s->ahead) | (uint64_t)atomic_load(&s->alone) << 32);
    h = fold(fold(h, changes - s->changed), atomic_load(&s->revise) | (uint64_t)atomic_load(&s->skipped) << 32);
    for (uint32_t i = 0; i < s->count; i++) {
        struct sched_item *item = &s->items[i];
        uint32_t held = atomic_load(&item->held), changed = atomic_load(&item->changed);
        h = fold(h,
                 atomic_load(&item->state) | (uint64_t)atomic_load(&item->wanted) << 8 | (uint64_t)item->reruns << 16);
        h = fold(fold(h, item->after), changes - item->looked);
        h = fold(fold(h, held == 0 ? UINT32_MAX : changes - held), changed == 0 ? UINT32_MAX : changes - changed);
    }
    return h;
}

static uint64_t digest_worker(const struct sim_run *r, unsigned id)
{
    const struct sim_worker *w = &r->worker[id];
    uint64_t h = fold(w->phase, (uint64_t)w->sleeps << 32 | (uint64_t)w->task.kind << 16 | w->task.item << 8 | w->tx);
    h = fold(h, w->outcome | (uint64_t)w->sure << 8 | (uint64_t)w->again << 16 | (uint64_t)w->whole << 24 |
                    (uint64_t)w->alone << 32);
    bool waits = w->phase > SIM_LOOK && w->phase < SIM_DONE;
    if (waits) h = fold(h, w->epoch == atomic_load(&r->sched.epoch));
    bool ahead = w->phase == SIM_AHEAD || w->phase == SIM_PUBLISHING || w->phase == SIM_PUBLISH;
    if (!ahead && w->phase != SIM_HEAD && w->phase != SIM_COMMIT) return h;
    const struct sim_machine *m = &r->world->machine[id];
    h = fold(fold(h, m->at | (uint64_t)m->depth << 32), m->digest);
    h = fold(fold(h, m->result.invalid), m->result.digest ^ m->result.footprint ^ m->result.fee);
    for (uint32_t i = 0; i < m->depth; i++) h = fold(h, m->mark[i].journal_count);
    return w->phase == SIM_COMMIT ? h : fold(h, sim_digest_records(r->world->state[id]));
}

uint64_t sim_digest(const struct sim_run *r)
{
    uint64_t h = fold(digest_table(r), digest_sched((struct sched *)(uintptr_t)&r->sched));
    h = fold_word(fold(h, r->committed), r->fees);
    for (uint32_t i = r->committed; i < r->block->tx_count; i++)
        h = fold(h, r->ahead[i].there ? r->ahead[i].records : 0);
    uint64_t workers = 0; /* who is who does not matter: a sum */
    for (unsigned i = 0; i < r->workers; i++) workers += digest_worker(r, i);
    return fold(h, workers);
}
