/* When a transaction's turn has come: do its reads hold, and what becomes of its versions. */
#include "parallel/private.h"

static bool refuse(struct conflict *out, const struct location *l, enum read_field field, const struct version *seen,
                   uint32_t tx)
{
    if (out != NULL)
        *out = (struct conflict){.location = l,
                                 .field = field,
                                 .seen_tx = seen == NULL ? 0 : seen->tx,
                                 .found_tx = location_find(l, tx)->tx};
    return false;
}

static bool balance_holds(const struct execution *e, const struct balance_read *r,
                          const struct account_entry *beneficiary, const struct u256 *fees)
{
    struct u256 now = r->own != NULL ? location_balance_below(r->own) : location_balance(&r->account->balance, e->tx);
    if (r->account == beneficiary) now = u256_add(now, *fees);
    return !u256_less(now, r->low) && !u256_less(r->high, now);
}

bool execution_is_valid(const struct execution *e, const struct account_entry *beneficiary, const struct u256 *fees,
                        struct conflict *out)
{
    if (e->sender != NULL && location_find(&e->sender->nonce, e->tx)->value.w[0] != e->sender_nonce)
        return refuse(out, &e->sender->nonce, READ_NONCE, NULL, e->tx);
    for (uint32_t i = 0; i < e->read_count; i++) {
        const struct value_read *r = &e->reads[i];
        const struct version *now = location_find(r->location, e->tx);
        if (now != r->seen && (now->generation != r->seen->generation || !u256_equal(now->value, r->seen->value)))
            return refuse(out, r->location, r->field, r->seen, e->tx);
    }
    for (uint32_t i = 0; i < e->balance_read_count; i++) {
        const struct balance_read *r = &e->balance_reads[i];
        if (!balance_holds(e, r, beneficiary, fees))
            return refuse(out, &r->account->balance, READ_BALANCE, NULL, e->tx);
    }
    return true;
}

bool execution_saw_balance(const struct execution *e, const struct account_entry *account)
{
    for (uint32_t i = 0; i < e->balance_read_count; i++)
        if (e->balance_reads[i].account == account && e->balance_reads[i].strict) return true;
    return false;
}

bool execution_still_valid(const struct execution *e, const struct account_entry *beneficiary)
{
    return execution_is_valid(e, NULL, NULL, NULL) && (beneficiary == NULL || !execution_saw_balance(e, beneficiary));
}

static struct location *location_of(const struct published_write *w)
{
    if (w->slot != NULL) return &w->slot->location;
    return w->is_balance ? &w->account->balance : w->is_nonce ? &w->account->nonce : &w->account->meta;
}

static bool read_behind(const struct execution *e, const struct published_write *w)
{
    const struct location *l = location_of(w);
    if (reader_of(&l->read_by) > e->tx) return true;
    if (!w->is_balance) return false;
    const struct u256 *delta = &w->version->value;
    bool is_small_credit = delta->w[3] == 0 && delta->w[2] == 0;
    if (is_small_credit && !version_is_dead(w->version)) return false;
    /* A debit, or a credit so large that it cannot be told from one, matters to who has asked for bounds. */
    return reader_of(&l->least_by) > e->tx;
}

bool has_readers_behind(const struct execution *e)
{
    for (uint32_t i = 0; i < e->write_count; i++)
        if (read_behind(e, &e->writes[i])) return true;
    return false;
}

void execution_commit(struct execution *e)
{
    for (uint32_t i = 0; i < e->write_count; i++)
        if (e->writes[i].is_balance) version_settle_balance((struct balance_version *)e->writes[i].version);
}

void execution_kill(struct execution *e)
{
    for (uint32_t i = 0; i < e->write_count; i++) version_kill(e->writes[i].version);
}

bool execution_withdraw(struct execution *e)
{
    execution_kill(e);
    atomic_thread_fence(memory_order_seq_cst);
    return has_readers_behind(e);
}

void execution_forget(struct execution *e)
{
    for (; e != NULL; e = e->replaced)
        for (uint32_t i = 0; i < e->write_count; i++)
            if (version_is_dead(e->writes[i].version)) version_unlink(location_of(&e->writes[i]), e->writes[i].version);
}

void execution_list_changes(const struct execution *e, struct state_changes *to)
{
    for (uint32_t i = 0; i < e->write_count; i++) {
        const struct published_write *w = &e->writes[i];
        if (w->account != NULL)
            state_changes_account(to, w->account);
        else
            state_changes_slot(to, w->slot);
    }
}
