/* fetch: one bundle after the other: block, trace, one execution that finds what else is needed and proves that it
 * is enough; then four files in a folder that appears when it is complete. */
#define _GNU_SOURCE 1
#include "cli/fetch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/collect.h"

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

/* Where a block is kept, by chain, number and hash: $XDG_CACHE_HOME/weft/bundles/1/19932703-d7e9c85b. NULL with *e
 * set when there is no home. */
static char *cache_folder(uint64_t chain_id, uint64_t number, const struct hash *hash, struct error *e)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool given = cache != NULL && cache[0] == '/';
    if (!given && (home == NULL || home[0] != '/')) {
        error_set(e, FILE_UNWRITABLE, "cache folder: expected XDG_CACHE_HOME or HOME to be set");
        return NULL;
    }
    char digits[9];
    hex_encode(digits, hash->b, 4);
    struct buffer path = {0};
    buffer_printf(&path, "%s%s/weft/bundles/%llu/%llu-%s", given ? cache : home, given ? "" : "/.cache",
                  (unsigned long long)chain_id, (unsigned long long)number, digits);
    buffer_append(&path, "", 1);
    return (char *)path.data;
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

/* Writes all files beside the place, and moves the folder there. */
static enum status write_bundle(const char *folder, struct bytes block, const struct state_memory *state,
                                uint64_t chain_id, const struct fork *fork, struct error *e)
{
    struct buffer temporary = {0}, content = {0};
    buffer_printf(&temporary, "%s.%ld.tmp", folder, (long)getpid());
    buffer_append(&temporary, "", 1);
    char *place = (char *)temporary.data;
    enum status s = make_folders(place, e);
    if (s == STATUS_OK) s = write_file(place, "block.json", block, e);
    if (s == STATUS_OK) {
        put_state(&content, state);
        s = write_file(place, "prestate.json", buffer_bytes(&content), e);
    }
    if (s == STATUS_OK) {
        content.size = 0;
        put_block_hashes(&content, state);
        s = write_file(place, "block_hashes.json", buffer_bytes(&content), e);
    }
    if (s == STATUS_OK) {
        content.size = 0;
        buffer_printf(&content, "{\"chainId\":\"0x%llx\",\"fork\":\"%s\"}\n", (unsigned long long)chain_id, fork->name);
        s = write_file(place, "chain.json", buffer_bytes(&content), e);
    }
    if (s == STATUS_OK && rename(place, folder) != 0 && errno != ENOTEMPTY && errno != EEXIST)
        s = error_set(e, FILE_UNWRITABLE, "%s: %s", folder, strerror(errno));
    buffer_free(&temporary);
    buffer_free(&content);
    return s;
}

/* ---- proving that a bundle is complete ------------------------------------------------------------------------- */

static enum status execute(struct engine *engine, struct collector *c, const struct block *b,
                           const struct chain_spec *chain, const struct fork *fork, struct arena *arena,
                           struct error *e)
{
    struct state_view view = collector_view(c);
    struct block_task task;
    struct block_result result;
    enum status s = block_prepare(engine_pool(engine), chain, fork, b, &view, arena, &task, e);
    if (s != STATUS_OK) return s;
    s = block_execute(engine, EXECUTOR_SERIAL, &task, &result, e);
    if (s != STATUS_OK) return s;
    block_seal(engine, &result);
    return block_check(&result, e);
}

/* Whether blocks of the fork may have such a header. */
static bool header_fits(const struct fork *fork, const struct header *h)
{
    return block_header_fields(fork) == h->field_count &&
           (fork->difficulty == DIFFICULTY_NONE) == u256_is_zero(h->difficulty);
}

/* Executes by the rules of `fork`, or of each fork that the header allows until one fits, the newest first. *found
 * is that one. */
static enum status execute_by_some_fork(struct collector *c, const struct block *b, const struct chain_spec *chain,
                                        const struct fork *fork, struct arena *arena, const struct fork **found,
                                        struct error *e)
{
    struct engine *engine = engine_new(1);
    size_t count = 0;
    while (forks[count] != NULL) count++;
    enum status s = error_set(e, UNKNOWN_FORK, "block %llu: expected a header of a fork that weft knows",
                              (unsigned long long)b->header.number);
    for (size_t i = count; i-- > 0 && s != STATUS_OK && s != NODE_UNREACHABLE && s != NODE_REFUSED;) {
        if (fork != NULL ? forks[i] != fork : !header_fits(forks[i], &b->header)) continue;
        s = execute(engine, c, b, chain, forks[i], arena, e);
        *found = forks[i];
    }
    engine_free(engine);
    return s;
}

/* ---- fetching -------------------------------------------------------------------------------------------------- */

/* Collects the state below a block that was read, and writes the bundle. */
static enum status fetch_state(struct rpc *r, const struct block *b, struct bytes text, uint64_t chain_id,
                               const struct fork *fork, const char *folder, struct arena *arena, struct error *e)
{
    const struct chain_spec *known = chain_with_id(chain_id);
    struct chain_spec chain = known == NULL ? chain_mainnet : *known;
    if (known == NULL) {
        chain.id = chain_id;
        chain.dao_block = NEVER;
    } else if (fork == NULL) {
        fork = chain_fork_at(known, b->header.number, b->header.timestamp);
    }
    struct collector c;
    collector_begin(&c, r, b->header.number, e);
    state_memory_set_block_hash(c.state, b->header.number - 1, &b->header.parent_hash);
    const struct fork *found = NULL;
    enum status s = collector_trace(&c);
    if (s == STATUS_OK) s = execute_by_some_fork(&c, b, &chain, fork, arena, &found, e);
    if (s == STATUS_OK) s = write_bundle(folder, text, c.state, chain_id, found, e);
    collector_free(&c);
    return s;
}

/* `tag` is a number behind 0x, or a name such as "latest". */
static enum status fetch_block(struct bundle_list *out, struct rpc *r, const char *tag, uint64_t chain_id,
                               const struct fork *fork, struct error *e)
{
    struct form f;
    enum status s = rpc_call(r, &f, e, "eth_getBlockByNumber", "\"%s\",true", tag);
    if (s != STATUS_OK) return s;
    if (yyjson_is_null(f.root)) {
        form_close(&f);
        return error_set(e, BAD_USAGE, "%s: block %s: expected a block that the node has", r->url, tag);
    }
    /* The text first: reading byte strings decodes them in place. */
    size_t size;
    char *text = yyjson_val_write(f.root, 0, &size);
    ASSERT(text != NULL);
    struct arena arena = {0};
    struct block block;
    const struct address *from;
    form_block(&f, f.root, &arena, &block, &from);
    s = f.status;
    if (s == STATUS_OK && block.header.number == 0)
        s = error_set(e, BAD_USAGE, "%s: block 0: expected a block with a parent", r->url);
    char *folder = s == STATUS_OK ? cache_folder(chain_id, block.header.number, &block.hash, e) : NULL;
    if (folder == NULL && s == STATUS_OK) s = FILE_UNWRITABLE;
    if (s == STATUS_OK && access(folder, F_OK) != 0)
        s = fetch_state(r, &block, (struct bytes){(const uint8_t *)text, size}, chain_id, fork, folder, &arena, e);
    if (s == STATUS_OK) s = bundles_add(out, folder, e);
    free(folder);
    free(text);
    arena_free(&arena);
    form_close(&f);
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

enum status fetch_blocks(struct bundle_list *out, struct rpc *r, const char *operand, const struct fork *fork,
                         struct error *e)
{
    uint64_t first = 0, last = 0;
    bool latest = strcmp(operand, "latest") == 0;
    if (!latest && !read_range(operand, &first, &last))
        return error_set(e, BAD_USAGE, "replay: %s: expected a block number, a range N-M, or latest", operand);
    struct form f;
    enum status s = rpc_call(r, &f, e, "eth_chainId", "%s", "");
    if (s != STATUS_OK) return s;
    uint64_t chain_id = form_value_u64(&f, f.root, "chain id");
    s = f.status;
    form_close(&f);
    if (s == STATUS_OK && latest) return fetch_block(out, r, operand, chain_id, fork, e);
    for (uint64_t n = first; n <= last && s == STATUS_OK && !interrupted(); n++) {
        char tag[24];
        (void)snprintf(tag, sizeof tag, "0x%llx", (unsigned long long)n);
        s = fetch_block(out, r, tag, chain_id, fork, e);
    }
    return s;
}
