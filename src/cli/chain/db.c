/* db: looking after a store. */
#include <stdio.h>

#include "cli/chain/db_show.h"
#include "cli/cli.h"
#include "store/store.h"

static void put_head(struct buffer *out, const struct store_head *h)
{
    buffer_append_text(out, "\"head\":");
    json_put_hex(out, h->hash.b, 32);
    buffer_printf(out, ",\"number\":%llu,\"state_root\":", (unsigned long long)h->number);
    json_put_hex(out, h->state_root.b, 32);
}

static void print(const struct buffer *out)
{
    printf("%.*s\n", (int)out->size, (const char *)out->data);
}

static uint64_t entries_of(const struct store_stat *s, const char *table)
{
    for (uint32_t i = 0; i < s->table_count; i++)
        if (strcmp(s->tables[i].name, table) == 0) return s->tables[i].entries;
    return 0;
}

static enum status run_stat(struct store *store, const struct options *o, struct error *e)
{
    struct store_stat s;
    struct buffer out = {0};
    enum status why = store_stat(store, &s, e);
    if (why != STATUS_OK) return why;
    if (!s.has_chain) return error_set(e, STORE_NONE, "%s: no chain in it yet", o->datadir);
    if (o->json) {
        buffer_append_text(&out, "{");
        put_head(&out, &s.head);
        buffer_printf(&out,
                      ",\"schema\":%d,\"accounts\":%llu,\"slots\":%llu,\"nodes\":%llu,\"codes\":%llu,\"blocks\":%llu",
                      STORE_SCHEMA_VERSION, (unsigned long long)s.accounts, (unsigned long long)s.slots,
                      (unsigned long long)s.nodes, (unsigned long long)entries_of(&s, "codes"),
                      (unsigned long long)entries_of(&s, "headers"));
        buffer_printf(&out,
                      ",\"oldest_undo\":%llu,\"history\":%llu,\"file_bytes\":%llu,\"used_bytes\":%llu,\"free_bytes\":%"
                      "llu,\"tables\":{",
                      (unsigned long long)s.oldest_undo, (unsigned long long)s.history,
                      (unsigned long long)s.file_bytes, (unsigned long long)s.used_bytes,
                      (unsigned long long)s.free_bytes);
        for (uint32_t i = 0; i < s.table_count; i++)
            buffer_printf(&out, "%s\"%s\":{\"entries\":%llu,\"bytes\":%llu}", i == 0 ? "" : ",", s.tables[i].name,
                          (unsigned long long)s.tables[i].entries, (unsigned long long)s.tables[i].bytes);
        buffer_append_text(&out, "}}");
    } else {
        char hash[65];
        hex_encode(hash, s.head.hash.b, 32);
        buffer_printf(&out, "head         block %llu, 0x%s\n", (unsigned long long)s.head.number, hash);
        hex_encode(hash, s.head.state_root.b, 32);
        buffer_printf(&out, "state root   0x%s\ncan be undone from block %llu (--history %llu)\n", hash,
                      (unsigned long long)s.oldest_undo, (unsigned long long)s.history);
        buffer_printf(&out, "accounts     %llu\nslots        %llu\ntrie nodes   %llu\n", (unsigned long long)s.accounts,
                      (unsigned long long)s.slots, (unsigned long long)s.nodes);
        buffer_printf(&out, "%-12s %14s %16s\n", "table", "entries", "bytes");
        for (uint32_t i = 0; i < s.table_count; i++)
            buffer_printf(&out, "%-12s %14llu %16llu\n", s.tables[i].name, (unsigned long long)s.tables[i].entries,
                          (unsigned long long)s.tables[i].bytes);
        buffer_printf(&out, "%-12s %14s %16llu\n%-12s %14s %16llu", "free", "", (unsigned long long)s.free_bytes,
                      "file", "", (unsigned long long)s.file_bytes);
    }
    print(&out);
    buffer_free(&out);
    return STATUS_OK;
}

static enum status run_check(struct store *store, const struct options *o, struct error *e)
{
    struct store_check_result r;
    struct buffer out = {0};
    enum status why = store_check(store, &r, e);
    if (why != STATUS_OK) return why;
    if (o->json) {
        buffer_append_text(&out, "{\"ok\":true,");
        put_head(&out, store_head(store));
        buffer_printf(&out, ",\"accounts\":%llu,\"slots\":%llu,\"nodes\":%llu,\"codes\":%llu,\"blocks\":%llu}",
                      (unsigned long long)r.accounts, (unsigned long long)r.slots, (unsigned long long)r.nodes,
                      (unsigned long long)r.codes, (unsigned long long)r.blocks);
    } else {
        char root[65];
        hex_encode(root, r.state_root.b, 32);
        buffer_printf(
            &out,
            "block %llu, state root 0x%s, built anew from %llu accounts and %llu slots\n%llu nodes, %llu codes and "
            "%llu blocks are what they should be",
            (unsigned long long)store_head(store)->number, root, (unsigned long long)r.accounts,
            (unsigned long long)r.slots, (unsigned long long)r.nodes, (unsigned long long)r.codes,
            (unsigned long long)r.blocks);
    }
    print(&out);
    buffer_free(&out);
    return STATUS_OK;
}

static enum status run_prune(struct store *store, const struct options *o, struct error *e)
{
    struct store_prune_result r;
    struct buffer out = {0};
    uint64_t history = o->history == 0 ? store_history(store, NULL) : o->history;
    enum status why = store_prune(store, history, o->receipts, &r, e);
    if (why != STATUS_OK) return why;
    buffer_printf(&out,
                  o->json ? "{\"undos\":%llu,\"receipts\":%llu,\"lookups\":%llu}"
                          : "gave up %llu undo records, receipts of %llu blocks, %llu look-ups",
                  (unsigned long long)r.undos, (unsigned long long)r.receipts, (unsigned long long)r.lookups);
    print(&out);
    buffer_free(&out);
    return STATUS_OK;
}

enum exit_code db_command(const struct options *o)
{
    static const struct {
        const char *name;
        const char *operand; /* what stands behind the name; NULL: nothing */
        enum status (*run)(struct store *store, const struct options *o, struct error *e);
        bool writes;
    } jobs[] = {{"stat", NULL, run_stat, false},
                {"check", NULL, run_check, false},
                {"prune", NULL, run_prune, true},
                {"tx", "a transaction's hash", db_show_transaction, false},
                {"block", "a block's number or hash", db_show_block, false}};
    struct store *store = NULL;
    struct error e = {STATUS_OK, ""};
    size_t job = 0;
    while (job < COUNT_OF(jobs) && strcmp(jobs[job].name, o->operands[0]) != 0) job++;
    if (job == COUNT_OF(jobs) || o->datadir == NULL) {
        log_line(o->datadir == NULL ? "db: expected --datadir; see weft db --help"
                                    : "db: expected stat, check, prune, tx or block, found '%s'",
                 o->operands[0]);
        return EXIT_BAD_INPUT;
    }
    const char *operand = jobs[job].operand;
    if (o->operand_count != (operand == NULL ? 1 : 2)) {
        log_line("db %s: expected %s after it", jobs[job].name, operand == NULL ? "nothing" : operand);
        return EXIT_BAD_INPUT;
    }
    struct store_options so = {.cache_bytes = 16u << 20, .read_only = !jobs[job].writes};
    enum status s = store_open(&store, o->datadir, &so, &e);
    bool opened = s == STATUS_OK;
    if (opened) s = jobs[job].run(store, o, &e);
    if (opened && store_status(store, NULL) != STATUS_OK) s = store_status(store, &e);
    store_close(store);
    if (s == STATUS_OK) return EXIT_GOOD;
    log_line("%s", e.text);
    return opened && s == STORE_DAMAGED ? EXIT_CHECK_FAILED : EXIT_BAD_INPUT;
}
