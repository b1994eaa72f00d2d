/* What is in a store, and giving up what is old. */
#include "store/private.h"

enum status store_stat(struct store *s, struct store_stat *out, struct error *e)
{
    *out = (struct store_stat){
        .has_chain = s->has_head, .head = s->head, .oldest_undo = s->has_head ? s->undo_first : 0};
    struct reader *r = reader_take(s);
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
    uint64_t nodes[2];
    if (code == 0 && node_counts(r->txn, s->table[TABLE_META], nodes)) {
        out->accounts = out->tables[TABLE_ACCOUNTS].entries - nodes[0];
        out->slots = out->tables[TABLE_STORAGE].entries - nodes[1];
        out->nodes = nodes[0] + nodes[1];
    }
    reader_give(r);
    if (code != 0) return store_failure(s, code, "counting", e);
    out->file_bytes = (info.me_last_pgno + 1) * (uint64_t)stat.ms_psize;
    out->free_bytes = out->file_bytes - out->used_bytes;
    return STATUS_OK;
}

/* Deletes what lies under numbers from `first` on and below `end`; returns how many there were. */
static uint64_t delete_below(MDB_txn *txn, MDB_dbi table, uint64_t first, uint64_t end, int *code)
{
    MDB_cursor *cursor;
    uint8_t from[8];
    uint64_t deleted = 0;
    number_key(from, first);
    if (*code == 0) *code = mdb_cursor_open(txn, table, &cursor);
    if (*code != 0) return 0;
    for (;;) {
        MDB_val k = {sizeof from, from}, v;
        if (mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE) != 0 || k.mv_size != 8 || load_be64(k.mv_data) >= end) break;
        *code = mdb_cursor_del(cursor, 0);
        if (*code != 0) break;
        deleted++;
    }
    mdb_cursor_close(cursor);
    return deleted;
}

static uint64_t delete_lookups(MDB_txn *txn, MDB_dbi table, uint64_t end, int *code)
{
    MDB_cursor *cursor;
    MDB_val k, v;
    uint64_t deleted = 0;
    if (*code == 0) *code = mdb_cursor_open(txn, table, &cursor);
    if (*code != 0) return 0;
    for (int found = mdb_cursor_get(cursor, &k, &v, MDB_FIRST); found == 0 && *code == 0;
         found = mdb_cursor_get(cursor, &k, &v, MDB_NEXT))
        if (v.mv_size == 12 && load_be64(v.mv_data) < end) {
            *code = mdb_cursor_del(cursor, 0);
            deleted++;
        }
    mdb_cursor_close(cursor);
    return deleted;
}

enum status store_prune(struct store *s, uint64_t history, bool receipts, struct store_prune_result *out,
                        struct error *e)
{
    *out = (struct store_prune_result){0};
    enum status why = store_commit(s, e);
    if (why != STATUS_OK || !s->has_head) return why;
    uint64_t end = s->head.number >= history ? s->head.number - history + 1 : 1;
    if (end < s->undo_first) end = s->undo_first;
    MDB_txn *txn;
    uint8_t number[8];
    MDB_val k = {10, (void *)(uintptr_t)"undo first"}, v = {8, number};
    int code = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (code != 0) return store_failure(s, code, "pruning", e);
    out->undos = delete_below(txn, s->table[TABLE_UNDO], 0, end, &code);
    /* Genesis keeps its empty list. */
    if (receipts) out->receipts = delete_below(txn, s->table[TABLE_RECEIPTS], 1, end, &code);
    if (receipts) out->lookups = delete_lookups(txn, s->table[TABLE_LOOKUP], end, &code);
    number_key(number, end);
    if (code == 0) code = mdb_put(txn, s->table[TABLE_META], &k, &v, 0);
    if (code == 0)
        code = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    if (code != 0) return store_failure(s, code, "pruning", e);
    s->undo_first = end;
    readers_release(s);
    return STATUS_OK;
}
