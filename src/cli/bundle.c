/* bundle: blocks as JSON-RPC shows them, and the state beside them. */
#define _GNU_SOURCE 1
#include "cli/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"

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
    struct form f;
    enum status s = form_open(&f, path, e);
    if (s != STATUS_OK) return s;
    if (!yyjson_is_obj(f.root)) form_expect(&f, "document", "an object of accounts");
    form_accounts(&f, f.root, b->state);
    form_close(&f);
    return f.status;
}

static enum status load_block_hashes(struct bundle *b, const char *path, struct error *e)
{
    struct form f;
    enum status s = form_open(&f, path, e);
    if (s != STATUS_OK) return s;
    if (!yyjson_is_obj(f.root)) form_expect(&f, "document", "an object of block hashes");
    yyjson_obj_iter i = yyjson_obj_iter_with(f.root);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        const char *end;
        uint64_t number = 0;
        if (!text_number(yyjson_get_str(key), &end, &number) || *end != 0)
            form_expect(&f, yyjson_get_str(key), "a block number");
        struct hash hash = form_value_hash(&f, yyjson_obj_iter_get_val(key), yyjson_get_str(key));
        state_memory_set_block_hash(b->state, number, &hash);
    }
    form_close(&f);
    if (b->block.header.number > 0)
        state_memory_set_block_hash(b->state, b->block.header.number - 1, &b->block.header.parent_hash);
    return f.status;
}

static enum status load_chain(struct bundle *b, const char *path, const struct fork *fork, struct error *e)
{
    b->chain = chain_mainnet;
    b->fork = fork;
    if (access(path, F_OK) == 0) {
        struct form f;
        enum status s = form_open(&f, path, e);
        if (s != STATUS_OK) return s;
        uint64_t id = form_u64(&f, f.root, "chainId");
        const struct chain_spec *known = chain_with_id(id);
        if (known != NULL) {
            b->chain = *known;
        } else {
            b->chain.name = "unknown";
            b->chain.id = id;
            b->chain.dao_block = NEVER;
            const char *name = form_text(&f, f.root, "fork");
            if (b->fork == NULL) b->fork = fork_find(name);
            if (b->fork == NULL) form_expect(&f, "fork", "the name of a fork");
        }
        form_close(&f);
        if (f.status != STATUS_OK) return f.status;
    }
    if (b->fork == NULL) b->fork = chain_fork_at(&b->chain, b->block.header.number, b->block.header.timestamp);
    return STATUS_OK;
}

enum status bundle_load(struct bundle *out, const char *folder, const struct fork *fork, struct error *e)
{
    *out = (struct bundle){.state = state_memory_new()};
    struct buffer path = {0};
    char *block_path = base_strdup(path_of(&path, folder, "block.json"));
    enum status s = form_open(&out->form, block_path, e);
    if (s == STATUS_OK) {
        form_block(&out->form, out->form.root, &out->arena, &out->block, &out->from);
        s = out->form.status;
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
    form_close(&b->form);
    arena_free(&b->arena);
    *b = (struct bundle){0};
}

/* ---- tasks ----------------------------------------------------------------------------------------------------- */

static enum status check_block(const struct bundle *b, struct error *e)
{
    const struct block *block = &b->block;
    struct hash hash;
    header_hash(&hash, &block->header);
    if (!hash_equal(&hash, &block->hash)) return error_set(e, BLOCK_HASH, "%s", status_text(BLOCK_HASH));
    struct block body = *block;
    body.uncles = NULL; /* only their hashes are known */
    body.header.uncles_hash = uncles_hash_empty;
    return block_check_body(&body, b->fork, e);
}

enum status bundle_prepare(struct bundle *b, struct engine *engine, struct state_view *view, struct block_task *out,
                           struct error *e)
{
    *view = state_memory_view(b->state);
    enum status s = check_block(b, e);
    if (s != STATUS_OK) return s;
    s = block_prepare(engine_pool(engine), &b->chain, b->fork, &b->block, view, &b->arena, out, e);
    for (uint32_t i = 0; i < b->block.transaction_count && s == STATUS_OK; i++)
        if (!address_equal(&out->senders[i], &b->from[i]))
            s = error_set(e, TX_BAD_SIGNATURE, "transaction %u: sender differs from 'from'", i);
    return s;
}

/* ---- lists ----------------------------------------------------------------------------------------------------- */

enum status bundles_add(struct bundle_list *out, const char *folder, struct error *e)
{
    struct buffer path = {0};
    struct form f;
    enum status s = form_open(&f, path_of(&path, folder, "block.json"), e);
    if (s == STATUS_OK) {
        uint64_t number = form_u64(&f, f.root, "number");
        s = f.status;
        form_close(&f);
        if (out->count == out->capacity) {
            out->capacity = out->capacity == 0 ? 16 : out->capacity * 2;
            out->entries = base_realloc(out->entries, out->capacity * sizeof *out->entries);
        }
        out->entries[out->count++] = (struct bundle_entry){base_strdup(folder), number};
    }
    buffer_free(&path);
    return s;
}

static bool is_bundle(struct buffer *path, const char *folder)
{
    return access(path_of(path, folder, "block.json"), F_OK) == 0;
}

enum status bundles_find(struct bundle_list *out, const char *path, const char *filter, struct error *e)
{
    struct buffer place = {0};
    enum status s = STATUS_OK;
    size_t before = out->count;
    if (is_bundle(&place, path)) {
        s = bundles_add(out, path, e);
        buffer_free(&place);
        return s;
    }
    DIR *folder = opendir(path);
    if (folder == NULL) {
        buffer_free(&place);
        return error_set(e, FILE_UNREADABLE, "%s: %s", path, strerror(errno));
    }
    bool any = false;
    for (struct dirent *d; (d = readdir(folder)) != NULL && s == STATUS_OK;) {
        char *inner = base_strdup(path_of(&place, path, d->d_name));
        if (d->d_name[0] != '.' && is_bundle(&place, inner)) {
            any = true;
            if (filter == NULL || strstr(d->d_name, filter) != NULL) s = bundles_add(out, inner, e);
        }
        free(inner);
    }
    (void)closedir(folder);
    buffer_free(&place);
    if (s == STATUS_OK && !any && out->count == before)
        return error_set(e, FILE_UNREADABLE,
                         "%s: expected a bundle (block.json, prestate.json, block_hashes.json) or a "
                         "folder of bundles",
                         path);
    return s;
}

static int by_number(const void *a, const void *b)
{
    const struct bundle_entry *x = a, *y = b;
    return x->number != y->number ? (x->number < y->number ? -1 : 1) : strcmp(x->folder, y->folder);
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
