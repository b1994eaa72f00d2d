/* bundle: blocks as JSON-RPC shows them, and the state beside them. */
#define _GNU_SOURCE 1
#include "json/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json/json_receipts.h"

/* ---- bundles --------------------------------------------------------------------------------------------------- */

/* folder/name, in `out`. */
static const char *path_of(struct buffer *out, const char *folder, const char *name)
{
    out->size = 0;
    buffer_printf(out, "%s/%s", folder, name);
    buffer_append(out, "", 1);
    return (const char *)out->data;
}

static enum status load_state(struct bundle *b, const char *path, struct error *e)
{
    struct json_reader f;
    enum status s = json_open(&f, path, e);
    if (s != STATUS_OK) return s;
    if (!yyjson_is_obj(f.root)) json_expect(&f, "document", "an object of accounts");
    json_accounts(&f, f.root, b->state);
    json_close(&f);
    return f.status;
}

static enum status load_block_hashes(struct bundle *b, const char *path, struct error *e)
{
    struct json_reader f;
    enum status s = json_open(&f, path, e);
    if (s != STATUS_OK) return s;
    if (!yyjson_is_obj(f.root)) json_expect(&f, "document", "an object of block hashes");
    yyjson_obj_iter i = yyjson_obj_iter_with(f.root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        const char *end;
        uint64_t number = 0;
        if (!text_number(yyjson_get_str(key), &end, &number) || *end != 0)
            json_expect(&f, yyjson_get_str(key), "a block number");
        struct hash hash = json_value_hash(&f, yyjson_obj_iter_get_val(key), yyjson_get_str(key));
        state_memory_set_block_hash(b->state, number, &hash);
    }
    json_close(&f);
    if (b->block.header.number > 0)
        state_memory_set_block_hash(b->state, b->block.header.number - 1, &b->block.header.parent_hash);
    return f.status;
}

bool bundle_chain(struct chain_spec *out, uint64_t id)
{
    const struct chain_spec *known = chain_with_id(id);
    *out = known == NULL ? chain_mainnet : *known;
    if (known != NULL) return true;
    out->name = "unknown";
    out->id = id;
    out->dao_block = NEVER;
    return false;
}

/* Also a link that leads nowhere, which is then no file that can be read. */
static bool is_there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static enum status load_chain(struct bundle *b, const char *path, const struct fork *fork, struct error *e)
{
    b->chain = chain_mainnet;
    b->fork = fork;
    bool is_known = true;
    if (is_there(path)) {
        struct json_reader f;
        enum status s = json_open(&f, path, e);
        if (s != STATUS_OK) return s;
        is_known = bundle_chain(&b->chain, json_u64(&f, f.root, "chainId"));
        if (!is_known) {
            const char *name = json_text(&f, f.root, "fork");
            if (b->fork == NULL) b->fork = fork_find(name);
            if (b->fork == NULL) json_expect(&f, "fork", "the name of a fork");
        }
        json_close(&f);
        if (f.status != STATUS_OK) return f.status;
    }
    if (b->fork == NULL) b->fork = chain_fork_of(&b->chain, &b->block.header);
    struct state_view view = state_memory_view(b->state);
    return is_known ? STATUS_OK : bundle_find_system_contracts(&b->chain, b->fork, &view);
}

enum status bundle_load(struct bundle *out, const struct bundle_entry *entry, const struct fork *fork, struct error *e)
{
    *out = (struct bundle){.state = state_memory_new(), .folder = entry->folder};
    if (entry->error.status != STATUS_OK) {
        *e = entry->error;
        return e->status;
    }
    const char *folder = entry->folder;
    struct buffer path = {0};
    char *block_path = base_strdup(path_of(&path, folder, "block.json"));
    enum status s = json_open(&out->reader, block_path, e);
    if (s == STATUS_OK) {
        json_block(&out->reader, out->reader.root, &out->arena, &out->block, &out->from);
        s = out->reader.status;
    }
    if (s == STATUS_OK) s = load_state(out, path_of(&path, folder, "prestate.json"), e);
    if (s == STATUS_OK) s = load_block_hashes(out, path_of(&path, folder, "block_hashes.json"), e);
    if (s == STATUS_OK) s = load_chain(out, path_of(&path, folder, "chain.json"), fork, e);
    buffer_free(&path);
    free(block_path);
    return s;
}

void bundle_free(struct bundle *b)
{
    state_memory_free(b->state);
    json_close(&b->reader);
    arena_free(&b->arena);
    *b = (struct bundle){0};
}

/* ---- system contracts ------------------------------------------------------------------------------------------ */

static const struct system_contract {
    const struct address *address;
    const char *what;
    size_t used;       /* where in struct fork it says that it is called, */
    uint32_t requests; /* for these; 0: a boolean says so */
} system_contracts[] = {
    {&beacon_roots_address, "beacon roots (EIP-4788)", offsetof(struct fork, beacon_root), 0},
    {&history_storage_address, "block hashes (EIP-2935)", offsetof(struct fork, parent_hash), 0},
    {&withdrawal_requests_address, "withdrawal requests (EIP-7002)", offsetof(struct fork, requests),
     REQUEST_WITHDRAWAL},
    {&consolidation_requests_address, "consolidation requests (EIP-7251)", offsetof(struct fork, requests),
     REQUEST_CONSOLIDATION},
    {&builder_deposits_address, "builder deposits (EIP-8282)", offsetof(struct fork, requests),
     REQUEST_BUILDER_DEPOSIT},
    {&builder_exits_address, "builder exits (EIP-8282)", offsetof(struct fork, requests), REQUEST_BUILDER_EXIT},
};

static bool is_called(const struct fork *fork, const struct system_contract *c)
{
    const void *at = (const char *)fork + c->used;
    return c->requests != 0 ? (*(const uint32_t *)at & c->requests) != 0 : *(const bool *)at;
}

enum status bundle_find_system_contracts(struct chain_spec *chain, const struct fork *fork,
                                         const struct state_view *view)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    struct buffer missing = {0};
    enum status s = STATUS_OK;
    for (size_t i = 0; i < COUNT_OF(system_contracts) && s == STATUS_OK; i++) {
        const struct system_contract *c = &system_contracts[i];
        struct account_data account;
        if (!is_called(fork, c)) continue;
        s = view->account(view->context, c->address, &account);
        if (s != STATUS_OK || (account.exists && !hash_equal(&account.code_hash, &code_empty.hash))) continue;
        buffer_printf(&missing, "%s%s", missing.size == 0 ? "" : ", ", c->what);
        chain->lacks_request_contracts = chain->lacks_request_contracts || c->requests != 0;
    }
    if (s == STATUS_OK && missing.size != 0 && !atomic_flag_test_and_set(&said))
        log_line("chain %llu has no contract for %.*s: blocks are executed without", (unsigned long long)chain->id,
                 (int)missing.size, (const char *)missing.data);
    buffer_free(&missing);
    return s;
}

/* ---- tasks ----------------------------------------------------------------------------------------------------- */

enum status bundle_check_block(const struct block *block, const struct fork *fork, struct error *e)
{
    struct hash hash;
    header_hash(&hash, &block->header);
    if (!hash_equal(&hash, &block->hash)) return error_set(e, BLOCK_HASH, "%s", status_text(BLOCK_HASH));
    struct block body = *block;
    body.uncles = NULL; /* only their hashes are known */
    body.header.uncles_hash = uncles_hash_empty;
    return block_check_body(&body, fork, e);
}

enum status bundle_prepare(struct bundle *b, struct engine *engine, struct state_view *view, struct block_task *out,
                           struct error *e)
{
    *view = state_memory_view(b->state);
    enum status s = bundle_check_block(&b->block, b->fork, e);
    if (s != STATUS_OK) return s;
    s = block_prepare(engine_pool(engine), &b->chain, b->fork, &b->block, view, &b->arena, out, e);
    for (uint32_t i = 0; i < b->block.transaction_count && s == STATUS_OK; i++)
        if (!address_equal(&out->senders[i], &b->from[i]))
            s = error_set(e, TX_BAD_SIGNATURE, "transaction %u: sender differs from 'from'", i);
    return s;
}

enum status bundle_check_result(const struct bundle *b, const struct block_result *result, struct error *e)
{
    enum status s = block_check(result, e);
    if (!receipts_can_explain(s)) return s;
    struct buffer path = {0};
    struct error unreadable;
    struct json_reader f;
    if (is_there(path_of(&path, b->folder, "receipts.json"))) {
        if (json_open(&f, (const char *)path.data, &unreadable) == STATUS_OK) {
            receipts_explain(&f, "receipts.json", result, e);
            json_close(&f);
        } else {
            log_line("%s", unreadable.text);
        }
    }
    buffer_free(&path);
    return s;
}

void bundle_explain(const struct bundle *b, struct error *e)
{
    uint64_t missing = atomic_load_explicit(&b->state->missing_hash, memory_order_relaxed);
    if (e->status != STATE_MISSING || missing == 0) return;
    error_set(e, STATE_MISSING, "block %llu: block hash of %llu is not in block_hashes.json",
              (unsigned long long)b->block.header.number, (unsigned long long)(missing - 1));
}

/* ---- lists ----------------------------------------------------------------------------------------------------- */

static struct bundle_entry *add(struct bundle_list *l)
{
    if (l->count == l->capacity) {
        l->capacity = l->capacity == 0 ? 16 : l->capacity * 2;
        l->entries = base_realloc(l->entries, l->capacity * sizeof *l->entries);
    }
    l->entries[l->count] = (struct bundle_entry){0};
    return &l->entries[l->count++];
}

void bundles_add(struct bundle_list *out, const char *folder)
{
    struct bundle_entry *entry = add(out);
    struct buffer path = {0};
    struct json_reader f;
    entry->folder = base_strdup(folder);
    enum status s = json_open(&f, path_of(&path, folder, "block.json"), &entry->error);
    if (s == STATUS_OK) {
        entry->number = json_u64(&f, f.root, "number");
        json_close(&f);
    }
    buffer_free(&path);
}

void bundles_add_failed(struct bundle_list *out, uint64_t number, const struct error *why)
{
    struct bundle_entry *entry = add(out);
    entry->number = number;
    entry->error = *why;
}

static bool is_bundle(struct buffer *path, const char *folder)
{
    return access(path_of(path, folder, "block.json"), F_OK) == 0;
}

enum status bundles_find(struct bundle_list *out, const char *path, const char *filter, struct error *e)
{
    struct buffer place = {0};
    if (is_bundle(&place, path)) {
        bundles_add(out, path);
        buffer_free(&place);
        return STATUS_OK;
    }
    DIR *folder = opendir(path);
    if (folder == NULL) {
        buffer_free(&place);
        return error_set(e, FILE_UNREADABLE, "%s: %s", path, strerror(errno));
    }
    bool any = false;
    for (struct dirent *d; (d = readdir(folder)) != NULL;) {
        char *inner = base_strdup(path_of(&place, path, d->d_name));
        if (d->d_name[0] != '.' && is_bundle(&place, inner)) {
            any = true;
            if (filter == NULL || strstr(d->d_name, filter) != NULL) bundles_add(out, inner);
        }
        free(inner);
    }
    (void)closedir(folder);
    buffer_free(&place);
    if (!any)
        return error_set(e, FILE_UNREADABLE,
                         "%s: expected a bundle (block.json, prestate.json, block_hashes.json) or a "
                         "folder of bundles",
                         path);
    return STATUS_OK;
}

static int by_number(const void *a, const void *b)
{
    const struct bundle_entry *x = a, *y = b;
    return x->number != y->number ? (x->number < y->number ? -1 : 1) : 0;
}

void bundles_sort(struct bundle_list *l)
{
    if (l->count != 0) qsort(l->entries, l->count, sizeof *l->entries, by_number);
}

void bundles_free(struct bundle_list *l)
{
    for (size_t i = 0; i < l->count; i++) free(l->entries[i].folder);
    free(l->entries);
    *l = (struct bundle_list){0};
}
