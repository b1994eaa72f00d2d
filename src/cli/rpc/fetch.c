/* fetch: one bundle after the other: block, trace, one execution that finds what else is needed and proves that it
 * is enough; then four files in a folder that appears when it is complete. */
#define _GNU_SOURCE 1
#include "cli/rpc/fetch.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/rpc/collect.h"
#include "json/json_receipts.h"

/* ---- the cache ------------------------------------------------------------------------------------------------- */

/* Makes a folder with all above it. */
static enum status make_folders(char *path, struct error *e)
{
    for (char *p = path + 1;; p++) {
        if (*p != '/' && *p != 0) continue;
        char kept = *p;
        *p = 0;
        if (mkdir(path, 0777) != 0 && errno != EEXIST) {
            enum status s = error_set(e, FILE_UNWRITABLE, "%s: %s", path, strerror(errno));
            *p = kept;
            return s;
        }
        *p = kept;
        if (kept == 0) return STATUS_OK;
    }
}

/* $XDG_CACHE_HOME/weft/bundles, or the same in ~/.cache. NULL: there is no home. */
static char *default_cache(void)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool given = cache != NULL && cache[0] == '/';
    if (!given && (home == NULL || home[0] != '/')) return NULL;
    struct buffer path = {0};
    buffer_printf(&path, "%s%s/weft/bundles", given ? cache : home, given ? "" : "/.cache");
    buffer_append(&path, "", 1);
    return (char *)path.data;
}

/* Goes on without a cache, and says why. */
static void give_up_cache(struct fetcher *f, const char *why)
{
    log_line("replay: blocks are not kept: %s; --cache DIR names a folder for them", why);
    free(f->cache);
    f->cache = NULL;
}

/* The folder of bundles that ends with this run. NULL with *e set. */
static const char *temporary_folder(struct fetcher *f, struct error *e)
{
    if (f->temporary != NULL) return f->temporary;
    const char *given = getenv("TMPDIR");
    struct buffer path = {0};
    buffer_printf(&path, "%s/weft-XXXXXX", given != NULL && given[0] == '/' ? given : "/tmp");
    buffer_append(&path, "", 1);
    if (mkdtemp((char *)path.data) == NULL) {
        error_set(e, FILE_UNWRITABLE, "%s: %s", (const char *)path.data, strerror(errno));
        buffer_free(&path);
        return NULL;
    }
    f->temporary = (char *)path.data;
    return f->temporary;
}

/* Where a block is kept, by chain, number and hash, and the fork that was asked for: 1/19932703-d7e9c85b. */
static char *folder_of(const struct fetcher *f, const char *root, const struct block *b)
{
    char digits[9];
    hex_encode(digits, b->hash.b, 4);
    struct buffer path = {0};
    buffer_printf(&path, "%s/%llu/%llu-%s%s%s", root, (unsigned long long)f->chain_id,
                  (unsigned long long)b->header.number, digits, f->fork == NULL ? "" : "-",
                  f->fork == NULL ? "" : f->fork->name);
    buffer_append(&path, "", 1);
    return (char *)path.data;
}

enum status fetch_open(struct fetcher *f, const struct options *o, struct error *e)
{
    *f = (struct fetcher){.fork = o->fork};
    enum status s = rpc_open(&f->rpc, o->rpc, (unsigned)o->rpc_seconds, e);
    if (s != STATUS_OK) return s;
    if (o->no_cache) return STATUS_OK;
    f->cache = o->cache != NULL ? base_strdup(o->cache) : default_cache();
    if (f->cache == NULL) give_up_cache(f, "expected XDG_CACHE_HOME or HOME to be set");
    return STATUS_OK;
}

static void remove_folder(const char *path)
{
    char *paths[] = {base_strdup(path), NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *f; walk != NULL && (f = fts_read(walk)) != NULL;)
        if (f->fts_info != FTS_D) (void)remove(f->fts_accpath); /* folders when what is in them is gone */
    if (walk != NULL) (void)fts_close(walk);
    free(paths[0]);
}

void fetch_close(struct fetcher *f)
{
    rpc_close(&f->rpc);
    if (f->temporary != NULL) remove_folder(f->temporary);
    free(f->cache);
    free(f->temporary);
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static enum status write_file(const char *folder, const char *name, struct bytes content, struct error *e)
{
    struct buffer path = {0};
    buffer_printf(&path, "%s/%s", folder, name);
    buffer_append(&path, "", 1);
    enum status s = file_write((const char *)path.data, content, e);
    buffer_free(&path);
    return s;
}

static void put_word(struct buffer *out, struct u256 value)
{
    uint8_t bytes[32];
    u256_store_be(bytes, value);
    json_put_hex(out, bytes, sizeof bytes);
}

static void put_state(struct buffer *out, const struct state_memory *m)
{
    buffer_append_text(out, "{");
    bool first_account = true;
    for (uint32_t i = 0; i < m->account_count; i++) {
        const struct memory_account *a = &m->accounts[i];
        if (!a->exists) continue;
        buffer_append_text(out, first_account ? "\n" : ",\n");
        first_account = false;
        json_put_hex(out, a->address.b, sizeof a->address.b);
        buffer_append_text(out, ":{\"balance\":");
        put_word(out, a->balance);
        buffer_printf(out, ",\"nonce\":%llu,\"code\":", (unsigned long long)a->nonce);
        json_put_hex(out, a->code.data, a->code.size);
        buffer_append_text(out, ",\"storage\":{");
        bool first_slot = true;
        for (uint32_t id = a->first_slot; id != 0; id = m->slots[id - 1].next) {
            if (u256_is_zero(m->slots[id - 1].value)) continue;
            buffer_append_text(out, first_slot ? "" : ",");
            first_slot = false;
            put_word(out, m->slots[id - 1].key);
            buffer_append_text(out, ":");
            put_word(out, m->slots[id - 1].value);
        }
        buffer_append_text(out, "}}");
    }
    buffer_append_text(out, "\n}\n");
}

static void put_block_hashes(struct buffer *out, const struct state_memory *m)
{
    buffer_append_text(out, "{");
    for (size_t i = 0; i < m->hash_count; i++) {
        buffer_printf(out, "%s\"%llu\":", i == 0 ? "" : ",", (unsigned long long)m->block_numbers[i]);
        json_put_hex(out, m->block_hashes[i].b, sizeof m->block_hashes[i].b);
    }
    buffer_append_text(out, "}\n");
}

/* What a bundle is made of. */
struct content {
    struct bytes block;
    const struct state_memory *state;
    const struct fork *fork; /* found for the block; not the one of --fork */
};

static enum status write_files(const struct fetcher *f, const char *place, const struct content *c, struct error *e)
{
    struct buffer text = {0};
    enum status s = write_file(place, "block.json", c->block, e);
    if (s == STATUS_OK) {
        put_state(&text, c->state);
        s = write_file(place, "prestate.json", buffer_bytes(&text), e);
    }
    if (s == STATUS_OK) {
        text.size = 0;
        put_block_hashes(&text, c->state);
        s = write_file(place, "block_hashes.json", buffer_bytes(&text), e);
    }
    if (s == STATUS_OK) {
        text.size = 0;
        buffer_printf(&text, "{\"chainId\":\"0x%llx\",\"fork\":\"%s\"}\n", (unsigned long long)f->chain_id,
                      c->fork->name);
        s = write_file(place, "chain.json", buffer_bytes(&text), e);
    }
    buffer_free(&text);
    return s;
}

/* Writes all files to a hidden folder next to the place, and moves that there. */
static enum status write_bundle(const struct fetcher *f, const char *folder, const struct content *c, struct error *e)
{
    const char *name = strrchr(folder, '/') + 1;
    struct buffer hidden = {0};
    buffer_printf(&hidden, "%.*s.%s.%ld", (int)(name - folder), folder, name, (long)getpid());
    buffer_append(&hidden, "", 1);
    char *place = (char *)hidden.data;
    enum status s = make_folders(place, e);
    if (s == STATUS_OK) s = write_files(f, place, c, e);
    if (s == STATUS_OK && rename(place, folder) != 0 && errno != ENOTEMPTY && errno != EEXIST)
        s = error_set(e, FILE_UNWRITABLE, "%s: %s", folder, strerror(errno));
    remove_folder(place); /* what could not be finished, or was there already */
    buffer_free(&hidden);
    return s;
}

/* Writes the bundle to the cache, or where that cannot be to the temporary folder; *out is its folder. */
static enum status keep_bundle(struct fetcher *f, const struct block *b, const struct content *c, char **out,
                               struct error *e)
{
    if (f->cache != NULL) {
        *out = folder_of(f, f->cache, b);
        enum status s = write_bundle(f, *out, c, e);
        if (s == STATUS_OK) return s;
        give_up_cache(f, e->text);
        free(*out);
        *out = NULL;
    }
    const char *root = temporary_folder(f, e);
    if (root == NULL) return FILE_UNWRITABLE;
    *out = folder_of(f, root, b);
    return write_bundle(f, *out, c, e);
}

/* ---- proving that a bundle is complete ------------------------------------------------------------------------- */

/* What is executed to find out what a block needs. */
struct trial {
    struct engine *engine;
    struct collector *collector;
    const struct block *block;
    const struct chain_spec *chain;
    bool is_known; /* the chain */
    struct arena *arena;
};

/* Asks for the receipts, to name the transaction that differs first. That they cannot be had is of no interest. */
static void explain_by_receipts(const struct trial *t, const struct block_result *result, struct error *e)
{
    struct json_reader f;
    struct error ignored;
    if (rpc_call(t->collector->rpc, &f, &ignored, "eth_getBlockReceipts", "\"0x%llx\"",
                 (unsigned long long)t->block->header.number) != STATUS_OK)
        return;
    receipts_explain(&f, "the node's receipts", result, e);
    json_close(&f);
}

static enum status execute(const struct trial *t, const struct fork *fork, struct error *e)
{
    struct state_view view = collector_view(t->collector);
    struct chain_spec chain = *t->chain;
    struct block_task task;
    struct block_result result;
    enum status s = bundle_check_block(t->block, fork, e);
    if (s == STATUS_OK && !t->is_known) s = bundle_find_system_contracts(&chain, fork, &view);
    if (s == STATUS_OK) s = block_prepare(engine_pool(t->engine), &chain, fork, t->block, &view, t->arena, &task, e);
    if (s == STATUS_OK) s = block_execute(t->engine, EXECUTOR_SERIAL, &task, &result, e);
    if (s == STATUS_OK) {
        block_seal(t->engine, &result);
        s = block_check(&result, e);
        if (t->is_known && receipts_can_explain(s)) explain_by_receipts(t, &result, e);
    }
    if (t->collector->error.status == STATUS_OK) return s;
    *e = t->collector->error; /* why the node did not give what was needed */
    return e->status;
}

/* Whether blocks of the fork may have such a header. */
static bool header_fits(const struct fork *fork, const struct header *h)
{
    return block_header_fields(fork) == h->field_count &&
           (fork->difficulty == DIFFICULTY_NONE) == u256_is_zero(h->difficulty);
}

/* Forks that change numbers of blobs alone: blocks of another chain seldom tell them from the fork before, and what that
 * chain has is its own. */
static bool is_blob_fork(const struct fork *fork)
{
    return strncmp(fork->name, "BPO", 3) == 0;
}

/* Executes by the rules of each fork that the header allows until one fits: first of `hint`, unless NULL, then the
 * newest first, and those that change blobs alone in the end. */
static enum status find_fork(const struct trial *t, const struct fork *hint, const struct fork **found, struct error *e)
{
    size_t count = 0;
    while (forks[count] != NULL) count++;
    *found = hint;
    enum status s = error_set(e, UNKNOWN_FORK, "expected a header of a fork that weft knows");
    if (hint != NULL && header_fits(hint, &t->block->header)) s = execute(t, hint, e);
    for (size_t i = 2 * count; i-- > 0 && s != STATUS_OK && t->collector->error.status == STATUS_OK;) {
        const struct fork *fork = forks[i % count];
        if (fork == hint || is_blob_fork(fork) != (i < count) || !header_fits(fork, &t->block->header)) continue;
        s = execute(t, fork, e);
        *found = fork;
    }
    return s;
}

/* ---- fetching -------------------------------------------------------------------------------------------------- */

/* Collects the state below a block, and writes the bundle. */
static enum status fetch_state(struct fetcher *f, const struct block *b, struct bytes text, struct arena *arena,
                               char **folder, struct error *e)
{
    struct chain_spec chain;
    struct collector c;
    bool is_known = bundle_chain(&chain, f->chain_id);
    collector_begin(&c, &f->rpc, b->header.number);
    state_memory_set_block_hash(c.state, b->header.number - 1, &b->header.parent_hash);
    struct trial trial = {engine_new(1), &c, b, &chain, is_known, arena};
    const struct fork *fork = chain_fork_at(&chain, b->header.number, b->header.timestamp);
    enum status s = collector_trace(&c);
    if (s != STATUS_OK)
        *e = c.error;
    else
        s = is_known ? execute(&trial, fork, e) : find_fork(&trial, f->fork, &fork, e);
    /* By other rules the block may need more; that it is not valid by them matters later. */
    struct error ignored = {STATUS_OK, ""};
    if (s == STATUS_OK && f->fork != NULL && f->fork != fork) (void)execute(&trial, f->fork, &ignored);
    if (s == STATUS_OK && c.error.status != STATUS_OK) {
        *e = c.error;
        s = e->status;
    }
    struct content content = {text, c.state, fork};
    if (s == STATUS_OK) s = keep_bundle(f, b, &content, folder, e);
    engine_free(trial.engine);
    collector_free(&c);
    return s;
}

/* The folder of a block that is in the cache or was fetched before; NULL: neither. */
static char *find_bundle(const struct fetcher *f, const struct block *b)
{
    const char *const roots[] = {f->cache, f->temporary};
    for (size_t i = 0; i < COUNT_OF(roots); i++) {
        if (roots[i] == NULL) continue;
        char *folder = folder_of(f, roots[i], b);
        if (access(folder, F_OK) == 0) return folder;
        free(folder);
    }
    return NULL;
}

/* `tag` is a number behind 0x, or a name such as "latest". *number is the block's, when the node has it. */
static enum status fetch_block(struct fetcher *f, struct bundle_list *out, const char *tag, uint64_t *number,
                               struct error *e)
{
    struct json_reader reader;
    enum status s = rpc_call(&f->rpc, &reader, e, "eth_getBlockByNumber", "\"%s\",true", tag);
    if (s != STATUS_OK) return s;
    if (yyjson_is_null(reader.root)) {
        json_close(&reader);
        return error_set(e, STORE_UNKNOWN, "%s: expected a block that the node has", f->rpc.url);
    }
    /* The text first: reading byte strings decodes them in place. */
    size_t size;
    char *text = yyjson_val_write(reader.root, 0, &size);
    ASSERT(text != NULL);
    struct arena arena = {0};
    struct block block;
    const struct address *from;
    json_block(&reader, reader.root, &arena, &block, &from);
    s = reader.status;
    if (s == STATUS_OK) *number = block.header.number;
    if (s == STATUS_OK && block.header.number == 0)
        s = error_set(e, STORE_UNKNOWN, "%s: expected a block with a parent", f->rpc.url);
    char *folder = s == STATUS_OK ? find_bundle(f, &block) : NULL;
    if (s == STATUS_OK && folder == NULL)
        s = fetch_state(f, &block, (struct bytes){(const uint8_t *)text, size}, &arena, &folder, e);
    if (s == STATUS_OK) bundles_add(out, folder);
    free(folder);
    free(text);
    arena_free(&arena);
    json_close(&reader);
    return s;
}

/* Reads "N" or "N-M". */
static bool read_range(const char *text, uint64_t *first, uint64_t *last)
{
    if (!text_number(text, &text, first)) return false;
    *last = *first;
    if (*text == '-' && !text_number(text + 1, &text, last)) return false;
    return *text == 0 && *first <= *last;
}

static enum status ask_chain_id(struct fetcher *f, struct error *e)
{
    struct json_reader reader;
    if (f->knows_chain_id) return STATUS_OK;
    enum status s = rpc_call(&f->rpc, &reader, e, "eth_chainId", "%s", "");
    if (s != STATUS_OK) return s;
    f->chain_id = json_value_u64(&reader, reader.root, "chain id");
    s = reader.status;
    json_close(&reader);
    f->knows_chain_id = s == STATUS_OK;
    return s;
}

/* Adds a block or why it cannot be had. False: nor can those behind it. */
static bool add_block(struct fetcher *f, struct bundle_list *out, const char *tag, uint64_t number)
{
    struct error e = {STATUS_OK, ""}, named;
    enum status s = ask_chain_id(f, &e);
    if (s == STATUS_OK) s = fetch_block(f, out, tag, &number, &e);
    if (s == STATUS_OK || interrupted()) return true;
    char prefix[32];
    int size = number == 0 && *tag != '0' ? snprintf(prefix, sizeof prefix, "block %s: ", tag)
                                          : snprintf(prefix, sizeof prefix, "block %llu: ", (unsigned long long)number);
    bool is_named = strncmp(e.text, prefix, (size_t)size) == 0;
    error_set(&named, s, "%s%.470s", is_named ? "" : prefix, e.text);
    bundles_add_failed(out, number, &named);
    return s != NODE_UNREACHABLE && s != STORE_UNKNOWN;
}

enum status fetch_blocks(struct fetcher *f, struct bundle_list *out, const char *operand, struct error *e)
{
    uint64_t first = 0, last = 0;
    if (strcmp(operand, "latest") == 0) {
        (void)add_block(f, out, operand, 0);
        return STATUS_OK;
    }
    if (!read_range(operand, &first, &last))
        return error_set(e, BAD_USAGE, "replay: %s: expected a block number, a range N-M, or latest", operand);
    struct progress progress;
    progress_begin(&progress, "blocks fetched", (size_t)(last - first + 1));
    bool goes_on = true;
    for (uint64_t n = first; n <= last && n >= first && goes_on && !interrupted(); n++) {
        char tag[24];
        (void)snprintf(tag, sizeof tag, "0x%llx", (unsigned long long)n);
        goes_on = add_block(f, out, tag, n) || n == 0;
        progress_step(&progress);
        if (!goes_on && n < last) {
            progress_clear(&progress);
            log_line("replay: blocks %llu to %llu are left out, as block %llu cannot be had", (unsigned long long)n + 1,
                     (unsigned long long)last, (unsigned long long)n);
        }
    }
    progress_clear(&progress);
    return STATUS_OK;
}
