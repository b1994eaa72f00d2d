/* blocktest: official blockchain tests (execution-spec-tests, ethereum/tests), as RLP blocks or as Engine API payloads.
 *
 *     { name: { network, config, genesisBlockHeader, genesisRLP, pre, lastblockhash, postState,
 *               blocks: [ { rlp, blockHeader, expectException } ]
 *               or engineNewPayloads: [ { params, newPayloadVersion, validationError, errorCode } ] } }
 *
 * Tests of the engine_x form have preHash for pre, the name of a file in a folder pre_alloc in or above their own, and
 * postStateDiff for postState. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/suite/suite.h"
#include "testing/stateless.h"
#include "testing/test_chain.h"
#include "testing/test_store.h"
#include "json/json.h"
#include "json/payload.h"

struct block_test {
    struct tester *tester;
    struct suite_report *report;
    struct json_reader *reader;
    const char *name, *network;
    struct test_chain chain;
    struct json_reader shared;   /* the file that preHash names; no document where there is none */
    struct state_memory *before; /* the state at the start, for postStateDiff; else NULL */
};

/* A block of the test, before it is imported. */
struct candidate {
    yyjson_val *v;
    struct bytes encoded;  /* RLP; empty for payloads */
    struct hash parent;    /* what the block says its parent is; zero when it cannot be read */
    const char *exception; /* NULL: the block is valid */
};

/* Where a fork is a draft, the release that a test comes from says which text it means. */
static const struct {
    const char *release, *network, *means;
} drafts[] = {
    {"tests-zkevm@v0.3.", "Amsterdam", "Amsterdam-zkevm@v0.3.3"},
    {"tests-bal@v5.", "Amsterdam", "Amsterdam-bal@v5.7.0"},
    {"tests-bal@v5.", "BPO2ToAmsterdamAtTime15k", "BPO2ToAmsterdam-bal@v5.7.0AtTime15k"},
};

/* The rules that the test means by its network. */
static const char *resolve_network(yyjson_val *v, const char *network)
{
    const char *url = yyjson_get_str(yyjson_obj_get(yyjson_obj_get(v, "_info"), "url"));
    for (size_t i = 0; url != NULL && i < COUNT_OF(drafts); i++)
        if (strcmp(network, drafts[i].network) == 0 && strstr(url, drafts[i].release) != NULL) return drafts[i].means;
    return network;
}

/* The rules of "FORKToFORKAtDiffHEX", which change when the blocks before have so much difficulty in all. */
static bool find_merge(const struct block_test *t, struct chain_spec *spec)
{
    char name[64];
    const char *at = strstr(t->network, "AtDiff"), *to = strstr(t->network, "To");
    size_t size = at == NULL ? sizeof name : (size_t)(at - t->network);
    if (size >= sizeof name || to == NULL || to > at) return false;
    memcpy(name, t->network, size);
    name[size] = name[to - t->network] = 0;
    const struct fork *merged = fork_find(name + (to - t->network) + 2);
    char *end;
    struct u256 terminal = U256(strtoull(at + 6, &end, 16));
    if (merged == NULL || *end != 0 || chain_from_network(spec, name, NULL) != STATUS_OK) return false;
    spec->merged = merged;
    spec->terminal_total_difficulty = terminal;
    return true;
}

#define FAIL_CASE(t, ...) case_failed((t)->tester, (t)->report, (t)->name, (t)->network, __VA_ARGS__)

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* The parent's hash stands first in the header, which stands first in the block. */
static struct hash peek_parent(struct bytes encoded)
{
    struct hash parent = {{0}};
    struct rlp in = rlp_of(encoded), block, header;
    if (rlp_enter(&in, &block) == STATUS_OK && rlp_enter(&block, &header) == STATUS_OK)
        (void)rlp_read_hash(&header, &parent);
    return parent;
}

static struct candidate read_candidate(const struct block_test *t, yyjson_val *v, bool payload)
{
    struct json_reader *f = t->reader;
    struct candidate c = {.v = v};
    /* A payload that gets an error code does not get a reason as well. */
    yyjson_val *exception = json_optional(v, payload ? "errorCode" : "expectException");
    if (exception == NULL && payload) exception = json_optional(v, "validationError");
    /* Older tests show the header of a block that is valid, and nothing of others but a reason with the fork's name. */
    if (exception == NULL && !payload && json_optional(v, "blockHeader") == NULL) {
        exception = json_optional(v, "expectExceptionALL");
        c.exception = "";
    }
    if (exception != NULL) c.exception = yyjson_is_str(exception) ? yyjson_get_str(exception) : "";
    if (payload) {
        c.parent = json_hash(f, yyjson_arr_get(json_array(f, v, "params"), 0), "parentHash");
    } else {
        c.encoded = json_bytes(f, v, "rlp");
        c.parent = peek_parent(c.encoded);
    }
    return c;
}

/* What a test says of the declared block access list, also of a wrong one; NULL when it does not. */
static yyjson_val *shown_access_list(yyjson_val *v)
{
    yyjson_val *list = json_optional(v, "blockAccessList"), *decoded = json_optional(v, "rlp_decoded");
    return list != NULL || decoded == NULL ? list : json_optional(decoded, "blockAccessList");
}

/* A block as it is imported. */
struct import {
    struct block block;
    struct block_access_list access_list;
    bool has_access_list;
};

static enum status decode_payload(const struct block_test *t, const struct candidate *c, struct import *out,
                                  struct error *e)
{
    uint64_t version = strtoull(json_text(t->reader, c->v, "newPayloadVersion"), NULL, 10);
    struct arena *arena = &t->tester->arena;
    struct bytes list;
    enum status s = payload_read(t->reader, json_array(t->reader, c->v, "params"), version, t->chain.spec, arena,
                                 &out->block, &list, e);
    out->has_access_list = list.size != 0;
    return s == STATUS_OK && out->has_access_list ? bal_decode(&out->access_list, list, arena, e) : s;
}

static enum status decode(const struct block_test *t, const struct candidate *c, struct import *out, struct error *e)
{
    struct arena *arena = &t->tester->arena;
    *out = (struct import){0};
    if (c->encoded.size == 0) return decode_payload(t, c, out, e);
    yyjson_val *list = shown_access_list(c->v);
    out->has_access_list = list != NULL;
    if (list != NULL) json_block_access_list(t->reader, list, arena, &out->access_list);
    struct rlp in = rlp_of(c->encoded);
    enum status s = block_decode(&out->block, &in, arena, e);
    if (s == STATUS_OK && !rlp_at_end(&in)) s = error_set(e, RLP_TRAILING, "%s", status_text(RLP_TRAILING));
    return s;
}

/* ---- genesis --------------------------------------------------------------------------------------------------- */

/* Opens pre_alloc/HASH.json in the folder of the test or in one above it. */
static bool open_shared(struct block_test *t, const char *hash)
{
    char path[1024];
    struct error e;
    size_t size = strlen(t->report->file);
    do {
        while (size > 0 && t->report->file[size - 1] != '/') size--;
        (void)snprintf(path, sizeof path, "%.*spre_alloc/%s.json", (int)size, t->report->file, hash);
        if (access(path, F_OK) == 0) break;
    } while (size-- > 0);
    if (json_open(&t->shared, path, &e) == STATUS_OK) return true;
    t->shared.document = NULL;
    FAIL_CASE(t, "preHash: %s", e.text);
    return false;
}

/* The genesis header: as the RLP has it, where there is one, and that must be as the fields are. */
static bool read_genesis(struct block_test *t, struct json_reader *f, yyjson_val *v, yyjson_val *named,
                         struct header *out)
{
    json_header(f, named, &header_names_tests, out);
    if (json_optional(v, "genesisRLP") == NULL || f->status != STATUS_OK) return f->status == STATUS_OK;
    struct block genesis;
    struct rlp in = rlp_of(json_bytes(t->reader, v, "genesisRLP"));
    struct error e = {STATUS_OK, "more after it"};
    if (block_decode(&genesis, &in, &t->tester->arena, &e) != STATUS_OK || !rlp_at_end(&in)) {
        FAIL_CASE(t, "genesisRLP: %s", e.text);
        return false;
    }
    const char *field = json_headers_differ(out, &genesis.header);
    *out = genesis.header;
    if (field != NULL) FAIL_CASE(t, "genesisBlockHeader: %s differs from genesisRLP", field);
    return field == NULL;
}

/* Reads and checks the first block; false when the case has failed or is malformed. */
static bool begin_chain(struct block_test *t, yyjson_val *v, const struct chain_spec *spec)
{
    struct json_reader *f = t->reader, *from = f;
    yyjson_val *named = json_optional(v, "genesisBlockHeader"), *at = v;
    if (json_optional(v, "preHash") != NULL) {
        if (!open_shared(t, json_text(f, v, "preHash"))) return false;
        t->shared.error = f->error;
        from = &t->shared;
        at = from->root;
    }
    struct json_reader *header_form = named != NULL ? f : from;
    if (named == NULL) named = json_object(from, at, at == v ? "genesisBlockHeader" : "genesis");
    struct header header;
    struct hash found, expected = json_hash(header_form, named, "hash"), root;
    bool good = read_genesis(t, header_form, v, named, &header);
    header_hash(&found, &header);
    struct state_memory *state = state_memory_new();
    json_accounts(from, json_object(from, at, "pre"), state);
    if (json_optional(v, "postStateDiff") != NULL) t->before = state_memory_copy(state);
    test_chain_begin(&t->chain, t->tester, spec, &header, state);
    if (from->status != STATUS_OK) f->status = from->status;
    if (!good || f->status != STATUS_OK) return false;
    state_memory_root(state, NULL, &root);
    if (!hash_equal(&found, &expected) || !hash_equal(&root, &header.state_root)) {
        FAIL_CASE(t, "genesis: %s differs", hash_equal(&found, &expected) ? "state root" : "hash");
        return false;
    }
    struct error e;
    if (t->tester->options->store && test_store_begin(&t->chain, &header, state, &e) != STATUS_OK) {
        FAIL_CASE(t, "store: %s", e.text);
        return false;
    }
    return true;
}

/* ---- running --------------------------------------------------------------------------------------------------- */

/* Whether a later block names the same parent, so that the parent's state must be kept. */
static bool parent_is_needed(const struct candidate *all, size_t count, size_t i)
{
    for (size_t k = i + 1; k < count; k++)
        if (hash_equal(&all[k].parent, &all[i].parent)) return true;
    return all[i].exception != NULL;
}

/* Tests named for validation come with witnesses that were tampered with, and one with an ancestor too many. */
static enum status check_stateless(struct block_test *t, const struct block *b, yyjson_val *v, struct error *e)
{
    bool compare = strstr(t->name, "test_validation_") == NULL && strstr(t->name, "extra_unused") == NULL;
    struct witness made;
    enum status s = stateless_check(&t->chain, b, t->reader, v, compare, &made, e);
    if (s == STATUS_OK && t->tester->options->print_witnesses)
        witness_print(&t->report->text, t->report->file, t->name, b->header.number, &made);
    return s;
}

/* Whether the block is the one that the test shows in fields, be it valid or not. */
static bool is_shown(struct block_test *t, const struct candidate *c, const struct block *b, size_t i)
{
    if (c->encoded.size == 0) return true;
    yyjson_val *decoded = json_optional(c->v, "rlp_decoded");
    struct error e;
    if (json_block_equals(t->reader, decoded != NULL ? decoded : c->v, &t->tester->arena, b, &e)) return true;
    FAIL_CASE(t, "block %zu: %s", i, e.text);
    return false;
}

/* Imports one block and judges the outcome; false when the case has failed. */
static bool run_block(struct block_test *t, const struct candidate *all, size_t count, size_t i)
{
    struct error e = {STATUS_OK, ""};
    struct import import;
    char unknown[EXCEPTION_NAME_SIZE];
    if (all[i].exception != NULL && exception_unknown(all[i].exception, unknown)) {
        FAIL_CASE(t, "block %zu: expected exception: unknown name %s", i, unknown);
        return false;
    }
    enum status s = decode(t, &all[i], &import, &e);
    if (t->reader->status != STATUS_OK || (s == STATUS_OK && !is_shown(t, &all[i], &import.block, i))) return false;
    if (t->reader->status != STATUS_OK) return false;
    const struct block_access_list *list = import.has_access_list ? &import.access_list : NULL;
    if (s == STATUS_OK && all[i].exception == NULL && t->tester->options->stateless)
        s = check_stateless(t, &import.block, all[i].v, &e);
    if (s == STATUS_OK) s = test_chain_import(&t->chain, &import.block, list, !parent_is_needed(all, count, i), &e);
    const char *exception = all[i].exception;
    if (exception == NULL && s != STATUS_OK)
        FAIL_CASE(t, "block %zu refused: %s: %s", i, status_name(s), e.text);
    else if (exception != NULL && s == STATUS_OK)
        FAIL_CASE(t, "block %zu accepted, expected %s", i, exception);
    else if (exception != NULL && *exception != 0 && !exception_matches(exception, s))
        FAIL_CASE(t, "block %zu refused for %s (%s), expected %s", i, status_name(s), e.text, exception);
    else
        return true;
    return false;
}

/* Compares head and state at the end. */
static void check_end(struct block_test *t, yyjson_val *v)
{
    const struct chain_node *head = &t->chain.nodes[t->chain.head];
    struct hash expected = json_hash(t->reader, v, "lastblockhash");
    yyjson_val *state = json_optional(v, "postState"), *changes = json_optional(v, "postStateDiff");
    struct error difference;
    struct hash root = head->header.state_root;
    t->tester->root = head->header.state_root;
    t->tester->has_root = true;
    if (json_optional(v, "postStateHash") != NULL) root = json_hash(t->reader, v, "postStateHash");
    if (!hash_equal(&head->hash, &expected))
        FAIL_CASE(t, "head is block %llu, expected another (lastblockhash)", (unsigned long long)head->header.number);
    else if (!hash_equal(&head->header.state_root, &root))
        FAIL_CASE(t, "state root at the end differs from postStateHash");
    else if ((state != NULL && !json_state_equals(t->reader, state, head->state, &difference)) ||
             (changes != NULL && !json_state_diff_equals(t->reader, changes, t->before, head->state, &difference)))
        FAIL_CASE(t, "state at the end: %s", difference.text);
    else if (t->reader->status == STATUS_OK)
        case_passed(t->tester, t->report, t->name, t->network);
}

static void run_blocks(struct block_test *t, yyjson_val *v, const struct chain_spec *spec)
{
    yyjson_val *payloads = json_optional(v, "engineNewPayloads"), *item;
    yyjson_val *list = payloads != NULL ? payloads : json_array(t->reader, v, "blocks");
    size_t i, count = yyjson_arr_size(list);
    struct candidate *all = ARENA_ARRAY(&t->tester->arena, struct candidate, count + 1);
    yyjson_arr_foreach(list, i, count, item) all[i] = read_candidate(t, item, payloads != NULL);
    bool good = t->reader->status == STATUS_OK && begin_chain(t, v, spec);
    for (i = 0; i < count && good && !interrupted(); i++) good = run_block(t, all, count, i);
    struct error damage;
    if (t->chain.folder[0] != 0 && test_store_end(&t->chain, &damage) != STATUS_OK && good) {
        FAIL_CASE(t, "store: %s", damage.text);
        good = false;
    }
    if (good && i == count) check_end(t, v);
    test_chain_free(&t->chain);
    state_memory_free(t->before);
    if (t->shared.document != NULL) json_close(&t->shared);
}

static void run_case(struct tester *tester, struct suite_report *r, struct json_reader *f, const char *name,
                     yyjson_val *v)
{
    struct block_test t = {.tester = tester, .report = r, .reader = f, .name = name};
    t.network = json_text(f, v, "network");
    if (f->status != STATUS_OK) return;
    const struct fork *only = tester->options->fork;
    if (only != NULL && fork_find(t.network) != only) return;
    struct chain_spec spec;
    if (!find_merge(&t, &spec) && chain_from_network(&spec, resolve_network(v, t.network), NULL) != STATUS_OK) {
        case_skipped(tester, r, name, t.network, "unknown network");
        return;
    }
    yyjson_val *config = json_optional(v, "config");
    if (json_optional(config, "chainid") != NULL) spec.id = json_u64(f, config, "chainid");
    json_blob_schedule(f, json_optional(config, "blobSchedule"), &spec);
    run_blocks(&t, v, &spec);
}

void blocktest_file(struct tester *t, const char *path, struct suite_report *r)
{
    suite_cases(t, path, r, run_case);
}

enum exit_code blocktest_command(const struct options *o)
{
    return suite_run(o, blocktest_file);
}
