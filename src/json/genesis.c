/* genesis: reading what `geth init` reads. */
#include "json/genesis.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

const struct genesis_fork genesis_forks[GENESIS_FORKS] = {
    {"homesteadBlock", &fork_homestead, BY_NUMBER},
    {"eip150Block", &fork_tangerine_whistle, BY_NUMBER},
    {"eip158Block", &fork_spurious_dragon, BY_NUMBER},
    {"byzantiumBlock", &fork_byzantium, BY_NUMBER},
    {"constantinopleBlock", &fork_constantinople, BY_NUMBER},
    {"petersburgBlock", &fork_petersburg, BY_NUMBER},
    {"istanbulBlock", &fork_istanbul, BY_NUMBER},
    {"muirGlacierBlock", &fork_muir_glacier, BY_NUMBER},
    {"berlinBlock", &fork_berlin, BY_NUMBER},
    {"londonBlock", &fork_london, BY_NUMBER},
    {"arrowGlacierBlock", &fork_arrow_glacier, BY_NUMBER},
    {"grayGlacierBlock", &fork_gray_glacier, BY_NUMBER},
    {"mergeNetsplitBlock", &fork_paris, BY_NUMBER},
    {"shanghaiTime", &fork_shanghai, BY_TIMESTAMP},
    {"cancunTime", &fork_cancun, BY_TIMESTAMP},
    {"pragueTime", &fork_prague, BY_TIMESTAMP},
    {"osakaTime", &fork_osaka, BY_TIMESTAMP},
    {"bpo1Time", &fork_bpo1, BY_TIMESTAMP},
    {"bpo2Time", &fork_bpo2, BY_TIMESTAMP},
    {"bpo3Time", &fork_bpo3, BY_TIMESTAMP},
    {"bpo4Time", &fork_bpo4, BY_TIMESTAMP},
    {"bpo5Time", &fork_bpo5, BY_TIMESTAMP},
    {"amsterdamTime", &fork_amsterdam, BY_TIMESTAMP},
};

/* ---- names ------------------------------------------------------------------------------------------------------- */

/* Members that geth's reader knows, or knew, and that say nothing here. */
static const char *const root_names[] = {"config",     "nonce",      "timestamp",     "extraData",   "gasLimit",
                                         "difficulty", "mixHash",    "coinbase",      "alloc",       "number",
                                         "gasUsed",    "parentHash", "baseFeePerGas", "blobGasUsed", "excessBlobGas",
                                         "slotNumber", NULL};
static const char *const config_names[] = {"chainId",
                                           "eip150Hash",
                                           "eip155Block",
                                           "daoForkBlock",
                                           "daoForkSupport",
                                           "terminalTotalDifficulty",
                                           "terminalTotalDifficultyPassed",
                                           "depositContractAddress",
                                           "blobSchedule",
                                           "ethash",
                                           NULL};
static const char *const account_names[] = {"balance", "nonce", "code", "storage", NULL};
static const char *const blob_names[] = {"target", "max", "baseFeeUpdateFraction", NULL};
enum { NAMES_MAX = 48 };

/* Names that are not known, each once, and not all of them where there are many: each is looked up in the text. */
struct unknown_names {
    struct buffer *text;
    const char *prefix;
    bool is_full;
};
enum { UNKNOWN_TEXT_MAX = 400 };

static void note_unknown(struct unknown_names *u, const char *name)
{
    char whole[80];
    if (u->is_full) return;
    u->is_full = u->text->size > UNKNOWN_TEXT_MAX;
    (void)snprintf(whole, sizeof whole, u->is_full ? ", ..." : ", %s%.60s", u->prefix, name);
    buffer_append(u->text, "", 1); /* ends the text, to look into it */
    u->text->size--;
    if (strstr((const char *)u->text->data, whole) == NULL) buffer_append_text(u->text, whole);
}

/* The text of a name: part of the document, which is ours to write. */
static char *text_of(struct json_reader *f, yyjson_val *key)
{
    return (char *)f->text.data + (yyjson_get_str(key) - (const char *)f->text.data);
}

/* Whether a key is that name in any case of letters. A key may have a zero byte in it. */
static bool is_named(yyjson_val *key, const char *name)
{
    size_t size = strlen(name);
    return yyjson_get_len(key) == size && strncasecmp(yyjson_get_str(key), name, size) == 0;
}

/* Gives the members of an object the names that we know them by: Go's JSON reader takes them in any case of letters,
 * and of several the last. */
static void fix_names(struct json_reader *f, yyjson_val *object, const char *const *names,
                      struct unknown_names *unknown)
{
    yyjson_val *seen[NAMES_MAX] = {NULL};
    yyjson_obj_iter i = yyjson_obj_iter_with(object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        size_t n = 0;
        while (names[n] != NULL && !is_named(key, names[n])) n++;
        ASSERT(n < NAMES_MAX);
        if (names[n] == NULL) {
            note_unknown(unknown, yyjson_get_str(key));
            continue;
        }
        memcpy(text_of(f, key), names[n], yyjson_get_len(key));
        if (seen[n] != NULL) memset(text_of(f, seen[n]), ' ', yyjson_get_len(seen[n]));
        seen[n] = key;
    }
}

static void fix_config(struct json_reader *f, yyjson_val *config, struct unknown_names *unknown)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (; config_names[count] != NULL; count++) names[count] = config_names[count];
    for (size_t i = 0; i < GENESIS_FORKS; i++) names[count++] = genesis_forks[i].key;
    names[count] = NULL;
    unknown->prefix = "config.";
    fix_names(f, config, names, unknown);
    unknown->prefix = "config.blobSchedule.FORK.";
    yyjson_obj_iter i = yyjson_obj_iter_with(json_optional(config, "blobSchedule"));
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;)
        fix_names(f, yyjson_obj_iter_get_val(key), blob_names, unknown);
}

void genesis_fix_names(struct json_reader *f, struct buffer *names)
{
    struct unknown_names unknown = {.text = names, .prefix = ""};
    fix_names(f, f->root, root_names, &unknown);
    fix_config(f, json_optional(f->root, "config"), &unknown);
    unknown.prefix = "alloc.ADDRESS.";
    yyjson_obj_iter i = yyjson_obj_iter_with(json_optional(f->root, "alloc"));
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;)
        fix_names(f, yyjson_obj_iter_get_val(key), account_names, &unknown);
}

void genesis_warn(const struct json_reader *f, struct buffer *names)
{
    if (f->status == STATUS_OK && names->size != 0)
        log_line("%s: warning: unknown and ignored: %.*s", f->file, (int)names->size - 2,
                 (const char *)names->data + 2);
    buffer_free(names);
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */

static void activate(struct chain_spec *s, const struct fork *fork, enum activation_by by, uint64_t at)
{
    s->activations[s->activation_count++] = (struct activation){fork, by, at};
}

/* When the merge is: named, or from the start. A total difficulty tells no block: then Shanghai has it, as in geth. */
static bool merge_block(struct json_reader *f, yyjson_val *config, uint64_t *at)
{
    yyjson_val *named = json_optional(config, "mergeNetsplitBlock");
    yyjson_val *difficulty = json_optional(config, "terminalTotalDifficulty");
    *at = 0;
    if (named != NULL) *at = json_value_u64(f, named, "mergeNetsplitBlock");
    if (named != NULL || difficulty == NULL) return named != NULL;
    return u256_is_zero(json_value_u256(f, difficulty, "terminalTotalDifficulty"));
}

/* Forks begin one after the other. */
static void check_order(struct json_reader *f, const struct chain_spec *s, const char *key)
{
    const struct activation *last = &s->activations[s->activation_count - 1];
    if (s->activation_count > 1 && last->by == last[-1].by && last->at < last[-1].at)
        json_expect(f, key, "not less than what the forks before it have");
}

void genesis_read_chain(struct json_reader *f, yyjson_val *config, struct chain_spec *s)
{
    uint64_t id = s->id;
    *s = (struct chain_spec){.name = "genesis file", .id = id, .dao_block = NEVER};
    if (id == 0 || json_optional(config, "chainId") != NULL) s->id = json_u64(f, config, "chainId");
    yyjson_val *v = json_optional(config, "daoForkBlock");
    if (v != NULL && yyjson_get_bool(json_optional(config, "daoForkSupport")))
        s->dao_block = json_value_u64(f, v, "daoForkBlock");
    s->deposit_contract = chain_mainnet.deposit_contract;
    if (json_optional(config, "depositContractAddress") != NULL)
        s->deposit_contract = json_address(f, config, "depositContractAddress");
    activate(s, &fork_frontier, BY_NUMBER, 0);
    bool has_petersburg = json_optional(config, "petersburgBlock") != NULL;
    for (size_t i = 0; i < GENESIS_FORKS && f->status == STATUS_OK; i++) {
        uint64_t at;
        const struct genesis_fork *named = &genesis_forks[i];
        bool merge = named->fork == &fork_paris;
        v = json_optional(config, named->key);
        if (merge ? !merge_block(f, config, &at) : v == NULL) continue;
        if (!merge) at = json_value_u64(f, v, named->key);
        /* Constantinople alone means both, as geth reads it. */
        bool both = named->fork == &fork_constantinople && !has_petersburg;
        activate(s, both ? &fork_petersburg : named->fork, named->by, at);
        check_order(f, s, named->key);
    }
    json_blob_schedule(f, json_optional(config, "blobSchedule"), s);
}

/* ---- the first block --------------------------------------------------------------------------------------------- */

enum { DEFAULT_GAS_LIMIT = 4712388 }; /* geth's, where the file says 0 */

static void read_header(struct json_reader *f, yyjson_val *v, struct chain_genesis *g)
{
    struct header *h = &g->header;
    *h = (struct header){.timestamp = json_optional_u64(f, v, "timestamp"),
                         .gas_limit = json_u64(f, v, "gasLimit"),
                         .gas_used = json_optional_u64(f, v, "gasUsed"),
                         .number = json_optional_u64(f, v, "number"),
                         .difficulty = json_u256(f, v, "difficulty"),
                         .base_fee = json_optional_u256(f, v, "baseFeePerGas"),
                         .blob_gas_used = json_optional_u64(f, v, "blobGasUsed"),
                         .excess_blob_gas = json_optional_u64(f, v, "excessBlobGas"),
                         .slot_number = json_optional_u64(f, v, "slotNumber")};
    if (h->gas_limit == 0) h->gas_limit = DEFAULT_GAS_LIMIT;
    g->has_base_fee = json_optional(v, "baseFeePerGas") != NULL;
    store_be64(h->nonce, json_optional_u64(f, v, "nonce"));
    if (json_optional(v, "parentHash") != NULL) h->parent_hash = json_hash(f, v, "parentHash");
    if (json_optional(v, "mixHash") != NULL) h->prev_randao = json_hash(f, v, "mixHash");
    if (json_optional(v, "coinbase") != NULL) h->beneficiary = json_address(f, v, "coinbase");
    if (h->number != 0) json_expect(f, "number", "0");
}

/* The extra data outlives the file. */
static void keep_extra_data(struct json_reader *f, yyjson_val *v, struct chain_genesis *g)
{
    if (json_optional(v, "extraData") == NULL) return;
    struct bytes extra = json_bytes(f, v, "extraData");
    g->header.extra_data = (struct bytes){arena_copy(&g->state->codes, extra.data, extra.size), extra.size};
}

static enum status load_file(struct chain_genesis *out, const char *path, struct error *e)
{
    struct json_reader f;
    enum status s = json_open(&f, path, e);
    if (s != STATUS_OK) return s;
    struct buffer unknown = {0};
    f.place = "genesis";
    yyjson_val *root = f.root;
    genesis_fix_names(&f, &unknown);
    genesis_read_chain(&f, json_object(&f, root, "config"), &out->spec);
    read_header(&f, root, out);
    keep_extra_data(&f, root, out);
    json_accounts(&f, json_object(&f, root, "alloc"), out->state);
    genesis_warn(&f, &unknown);
    s = f.status;
    json_close(&f);
    return s;
}

static enum status load_name(struct chain_genesis *out, const char *name, struct error *e)
{
    const char *fork = strncasecmp(name, "dev-", 4) == 0 ? name + 4 : "Osaka";
    enum status s = chain_from_network(&out->spec, fork, e);
    if (s != STATUS_OK) return s;
    out->spec.id = 1337;
    out->header.gas_limit = 30000000;
    if (fork_find(fork)->difficulty != DIFFICULTY_NONE) out->header.difficulty = U256(fork_find(fork)->min_difficulty);
    return STATUS_OK;
}

enum status genesis_load(struct chain_genesis *out, const char *name, struct error *e)
{
    enum status s;
    *out = (struct chain_genesis){.state = state_memory_new()};
    if (chain_find(name) != NULL)
        s = error_set(e, CHAIN_CONFIG, "%s: %s: the network's first state is not in weft; expected its genesis file",
                      name, status_text(CHAIN_CONFIG));
    else if (strcasecmp(name, "dev") == 0 || strncasecmp(name, "dev-", 4) == 0)
        s = load_name(out, name, e);
    else
        s = load_file(out, name, e);
    if (s == STATUS_OK)
        chain_genesis_seal(out, NULL);
    else
        chain_genesis_free(out);
    return s;
}
