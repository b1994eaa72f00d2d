/* When a transaction's turn has come: do its reads hold, and what becomes of its versions. */
#include "mv/mv.h"

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
    struct u256 now = location_balance(&r->account->balance, e->tx);
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

void mv_commit(struct mv_execution *e)
{
    for (uint32_t i = 0; i < e->write_count; i++) {
        struct mv_write *w = &e->writes[i];
        if (!w->is_balance) continue;
        struct balance_version *b = (struct balance_version *)w->version;
        if (atomic_load_explicit(&b->v.kind, memory_order_relaxed) == VERSION_TOTAL) continue;
        b->total = u256_add(location_balance(&w->account->balance, e->tx), b->v.value);
        /* Release: whoever sees the kind sees the total; pairs with the acquire in location_balance_from. */
        atomic_store_explicit(&b->v.kind, VERSION_TOTAL, memory_order_release);
    }
}

void mv_withdraw(struct mv_execution *e)
{
    for (uint32_t i = 0; i < e->write_count; i++)
        atomic_store_explicit(&e->writes[i].version->kind, VERSION_DEAD, memory_order_release);
}

void mv_list_changes(struct mv_execution *e, struct state_table *t)
{
    for (uint32_t i = 0; i < e->write_count; i++) {
        const struct mv_write *w = &e->writes[i];
        if (w->account != NULL)
            state_table_account_changed(t, w->account);
        else
            state_table_slot_changed(t, w->slot);
    }
}
