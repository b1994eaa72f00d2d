/* When a transaction's turn has come: do its reads hold, and what becomes of its versions. */
#include "mv/private.h"

static bool refuse(struct mv_conflict *out, const struct location *l, enum mv_field field, const struct version *seen,
                   uint32_t tx)
{
    if (out != NULL)
        *out = (struct mv_conflict){.location = l,
                                    .field = field,
                                    .seen_tx = seen == NULL ? 0 : seen->tx,
                                    .found_tx = location_find(l, tx)->tx};
    return false;
}

static bool balance_holds(const struct mv_execution *e, const struct mv_balance_read *r,
                          const struct account_entry *beneficiary, const struct u256 *fees)
{
    struct u256 now = r->own != NULL ? location_balance_below(r->own) : location_balance(&r->account->balance, e->tx);
    if (r->account == beneficiary) now = u256_add(now, *fees);
    return !u256_less(now, r->low) && !u256_less(r->high, now);
}

bool mv_holds(const struct mv_execution *e, const struct account_entry *beneficiary, const struct u256 *fees,
              struct mv_conflict *out)
{
    if (e->sender != NULL && location_find(&e->sender->nonce, e->tx)->value.w[0] != e->sender_nonce)
        return refuse(out, &e->sender->nonce, MV_NONCE, NULL, e->tx);
    for (uint32_t i = 0; i < e->read_count; i++) {
        const struct mv_read *r = &e->reads[i];
        const struct version *now = location_find(r->location, e->tx);
        if (now != r->seen && (now->generation != r->seen->generation || !u256_equal(now->value, r->seen->value)))
            return refuse(out, r->location, r->field, r->seen, e->tx);
    }
    for (uint32_t i = 0; i < e->balance_read_count; i++) {
        const struct mv_balance_read *r = &e->balance_reads[i];
        if (!balance_holds(e, r, beneficiary, fees)) return refuse(out, &r->account->balance, MV_BALANCE, NULL, e->tx);
    }
    return true;
}

bool mv_saw_balance(const struct mv_execution *e, const struct account_entry *account)
{
    for (uint32_t i = 0; i < e->balance_read_count; i++)
        if (e->balance_reads[i].account == account && e->balance_reads[i].strict) return true;
    return false;
}

bool mv_holds_yet(const struct mv_execution *e, const struct account_entry *beneficiary)
{
    return mv_holds(e, NULL, NULL, NULL) && (beneficiary == NULL || !mv_saw_balance(e, beneficiary));
}

static struct location *location_of(const struct mv_write *w)
{
    if (w->slot != NULL) return &w->slot->location;
    return w->is_balance ? &w->account->balance : w->is_nonce ? &w->account->nonce : &w->account->meta;
}

static bool read_behind(const struct mv_execution *e, const struct mv_write *w)
{
    const struct location *l = location_of(w);
    if (mark_of(&l->read_by) > e->tx) return true;
    if (!w->is_balance) return false;
    const struct u256 *delta = &w->version->value;
    bool is_small_credit = delta->w[3] == 0 && delta->w[2] == 0;
    bool was_withdrawn = atomic_load_explicit(&w->version->kind, memory_order_relaxed) == VERSION_DEAD;
    if (is_small_credit && !was_withdrawn) return false;
    /* A debit, or a credit so large that it cannot be told from one, matters to who has asked for bounds. */
    return mark_of(&l->least_by) > e->tx;
}

bool somebody_read(const struct mv_execution *e)
{
    for (uint32_t i = 0; i < e->write_count; i++)
        if (read_behind(e, &e->writes[i])) return true;
    return false;
}

void mv_commit(struct mv_execution *e)
{
    for (uint32_t i = 0; i < e->write_count; i++) {
        struct mv_write *w = &e->writes[i];
        if (!w->is_balance) continue;
        struct balance_version *b = (struct balance_version *)w->version;
        if (atomic_load_explicit(&b->v.kind, memory_order_relaxed) == VERSION_TOTAL) continue;
        b->total = u256_add(location_balance_below(&b->v), b->v.value);
        /* Release: whoever sees the kind sees the total; pairs with the acquire in balance_from. */
        atomic_store_explicit(&b->v.kind, VERSION_TOTAL, memory_order_release);
    }
}

void mv_kill(struct mv_execution *e)
{
    for (uint32_t i = 0; i < e->write_count; i++)
        atomic_store_explicit(&e->writes[i].version->kind, VERSION_DEAD, memory_order_release);
}

bool mv_withdraw(struct mv_execution *e)
{
    mv_kill(e);
    atomic_thread_fence(memory_order_seq_cst);
    return somebody_read(e);
}

/* Takes `v` out of its chain. Others insert above it meanwhile: then the exchange fails, and it is looked for again from
 * the same link. Who stands on `v` just now goes on from it as before. */
static void unlink_version(struct location *l, struct version *v)
{
    _Atomic(struct version *) *link = &l->top;
    for (;;) {
        struct version *at = atomic_load_explicit(link, memory_order_acquire);
        if (at->tx < v->tx) return;
        if (at != v) {
            link = &at->next;
            continue;
        }
        struct version *next = atomic_load_explicit(&v->next, memory_order_acquire);
        /* Release: whoever follows the link sees the fields of `next`; pairs with the acquire in location_find. */
        if (atomic_compare_exchange_strong_explicit(link, &at, next, memory_order_release, memory_order_relaxed))
            return;
    }
}

void mv_forget(struct mv_execution *e)
{
    for (; e != NULL; e = e->replaced)
        for (uint32_t i = 0; i < e->write_count; i++)
            if (atomic_load_explicit(&e->writes[i].version->kind, memory_order_relaxed) == VERSION_DEAD)
                unlink_version(location_of(&e->writes[i]), e->writes[i].version);
}

void mv_list_changes(const struct mv_execution *e, struct state_changes *to)
{
    for (uint32_t i = 0; i < e->write_count; i++) {
        const struct mv_write *w = &e->writes[i];
        if (w->account != NULL)
            state_changes_account(to, w->account);
        else
            state_changes_slot(to, w->slot);
    }
}
