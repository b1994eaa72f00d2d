/* What is in a store, and giving up what is old. */
#include "store/private.h"

enum status store_stat(struct store *s, struct store_stat *out, struct error *e)
{
    *out = (struct store_stat){.has_chain = s->has_head,
                               .head = s->head,
                               .oldest_undo = s->has_head ? s->undo_first : 0,
                               .history = s->options.history};
    enum status why = store_status(s, e);
    struct reader *r = why == STATUS_OK ? reader_take(s) : NULL;
    if (r == NULL) return store_status(s, e);
    MDB_envinfo info;
    MDB_stat stat;
    int code = mdb_env_info(s->env, &info);
    for (unsigned i = 0; i < TABLE_COUNT && code == 0; i++) {
        code = mdb_stat(r->txn, s->table[i], &stat);
        uint64_t pages = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
        out->tables[out->table_count++] = (struct store_table_stat){table_names[i], stat.ms_entries,
                                                                    pages * stat.ms_psize};
        out->used_bytes += pages * stat.ms_psize;
    }
    uint64_t nodes[2] = {0};
    if (code == 0) code = node_counts(r->txn, s->table[TABLE_META], nodes);
    if (code == MDB_NOTFOUND) code = 0; /* no chain in it yet */
    out->accounts = out->tables[TABLE_ACCOUNTS].entries - nodes[0];
    out->slots = out->tables[TABLE_STORAGE].entries - nodes[1];
    out->nodes = nodes[0] + nodes[1];
    reader_give(r);
    if (code != 0) return store_break_by(s, code, "counting", e);
    out->file_bytes = (info.me_last_pgno + 1) * (uint64_t)stat.ms_psize;
    out->free_bytes = out->file_bytes - out->used_bytes;
    return STATUS_OK;
}

/* A writing transaction of its own, without a batch. */
struct pruning {
    struct store *store;
    MDB_txn *txn;
    int code; /* the first failure */
};

static bool look(struct pruning *p, MDB_cursor *cursor, MDB_val *k, MDB_val *v, MDB_cursor_op where)
{
    int code = p->code != 0 ? p->code : mdb_cursor_get(cursor, k, v, where);
    if (code != MDB_NOTFOUND) p->code = code;
    return code == 0;
}

static MDB_cursor *open_cursor(struct pruning *p, enum table t)
{
    MDB_cursor *cursor = NULL;
    if (p->code == 0) p->code = mdb_cursor_open(p->txn, p->store->table[t], &cursor);
    return cursor;
}

static void put_number(struct pruning *p, const char *name, uint64_t value)
{
    uint8_t number[8];
    MDB_val k = {strlen(name), (void *)(uintptr_t)name}, v = {8, number};
    number_key(number, value);
    if (p->code == 0) p->code = mdb_put(p->txn, p->store->table[TABLE_META], &k, &v, 0);
}

/* Deletes what lies under numbers from `first` on and below `end`; returns how many there were. */
static uint64_t delete_below(struct pruning *p, enum table table, uint64_t first, uint64_t end)
{
    MDB_cursor *cursor = open_cursor(p, table);
    uint8_t from[8];
    uint64_t deleted = 0;
    number_key(from, first);
    while (cursor != NULL) {
        MDB_val k = {sizeof from, from}, v;
        if (!look(p, cursor, &k, &v, MDB_SET_RANGE) || k.mv_size != 8 || load_be64(k.mv_data) >= end) break;
        p->code = mdb_cursor_del(cursor, 0);
        deleted += p->code == 0;
    }
    if (cursor != NULL) mdb_cursor_close(cursor);
    return deleted;
}

static uint64_t delete_lookups(struct pruning *p, uint64_t end)
{
    MDB_cursor *cursor = open_cursor(p, TABLE_LOOKUP);
    MDB_val k, v;
    uint64_t deleted = 0;
    for (bool there = cursor != NULL && look(p, cursor, &k, &v, MDB_FIRST); there;
         there = look(p, cursor, &k, &v, MDB_NEXT)) {
        if (v.mv_size != 12 || load_be64(v.mv_data) >= end) continue;
        p->code = mdb_cursor_del(cursor, 0);
        deleted += p->code == 0;
    }
    if (cursor != NULL) mdb_cursor_close(cursor);
    return deleted;
}

/* The first undo record that is kept of `history` blocks; more than there are cannot be had. */
static uint64_t undo_end(const struct store *s, uint64_t history)
{
    uint64_t end = s->head.number >= history ? s->head.number - history + 1 : 1;
    return end < s->undo_first ? s->undo_first : end;
}

static enum status prune_begin(struct pruning *p, struct store *s, struct error *e)
{
    *p = (struct pruning){.store = s};
    p->code = mdb_txn_begin(s->env, NULL, 0, &p->txn);
    return p->code == 0 ? STATUS_OK : store_break_by(s, p->code, "pruning", e);
}

static enum status prune_end(struct pruning *p, uint64_t end, struct error *e)
{
    struct store *s = p->store;
    put_number(p, "undo first", end);
    if (p->code == 0)
        p->code = mdb_txn_commit(p->txn);
    else
        mdb_txn_abort(p->txn);
    if (p->code != 0) return store_break_by(s, p->code, "pruning", e);
    s->undo_first = end;
    readers_release(s);
    return STATUS_OK;
}

enum status store_prune(struct store *s, uint64_t history, bool receipts, struct store_prune_result *out,
                        struct error *e)
{
    *out = (struct store_prune_result){0};
    struct pruning p;
    enum status why = store_commit(s, e);
    if (why != STATUS_OK || !s->has_head) return why;
    uint64_t end = undo_end(s, history);
    why = prune_begin(&p, s, e);
    if (why != STATUS_OK) return why;
    out->undos = delete_below(&p, TABLE_UNDO, 0, end);
    /* Genesis keeps its empty list. */
    if (receipts) out->receipts = delete_below(&p, TABLE_RECEIPTS, 1, end);
    if (receipts) out->lookups = delete_lookups(&p, end);
    return prune_end(&p, end, e);
}

enum status settle_history(struct store *s, struct error *e)
{
    struct pruning p;
    if (s->options.history == 0) s->options.history = s->history_before;
    if (!s->has_head || s->options.read_only || s->options.history == s->history_before) return STATUS_OK;
    uint64_t end = undo_end(s, s->options.history);
    enum status why = prune_begin(&p, s, e);
    if (why != STATUS_OK) return why;
    put_number(&p, "history", s->options.history);
    (void)delete_below(&p, TABLE_UNDO, 0, end);
    return prune_end(&p, end, e);
}
