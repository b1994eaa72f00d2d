/* genesis: names of members. Go's reader takes them in any case of letters, and so do those of other clients. */
#include <stdio.h>
#include <strings.h>

#include "json/genesis_private.h"

/* Not all of many: each is looked up in the text. */
enum { UNKNOWN_TEXT_MAX = 400 };

static void note_unknown(struct genesis_unknown *u, const char *name)
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

void genesis_fix_object(struct json_reader *f, yyjson_val *object, const char *const *names, const char *prefix,
                        struct genesis_unknown *unknown)
{
    yyjson_val *seen[GENESIS_NAMES_MAX] = {NULL};
    unknown->prefix = prefix;
    yyjson_obj_iter i = yyjson_obj_iter_with(object);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        size_t n = 0;
        while (names[n] != NULL && !is_named(key, names[n])) n++;
        ASSERT(n < GENESIS_NAMES_MAX);
        if (names[n] == NULL) {
            note_unknown(unknown, yyjson_get_str(key));
            continue;
        }
        memcpy(text_of(f, key), names[n], yyjson_get_len(key));
        if (seen[n] != NULL) memset(text_of(f, seen[n]), ' ', yyjson_get_len(seen[n]));
        seen[n] = key;
    }
}

void genesis_fix_objects(struct json_reader *f, yyjson_val *objects, const char *const *names, const char *prefix,
                         struct genesis_unknown *unknown)
{
    yyjson_obj_iter i = yyjson_obj_iter_with(objects);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;)
        genesis_fix_object(f, yyjson_obj_iter_get_val(key), names, prefix, unknown);
}

/* ---- geth's form ------------------------------------------------------------------------------------------------- */

/* Some say nothing here: of older versions, and what clients keep beside the rules. */
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
                                           "preMergeForkBlock",
                                           "depositContractAddress",
                                           "withdrawalRequestContractAddress",
                                           "consolidationRequestContractAddress",
                                           "enableVerkleAtGenesis",
                                           "enableUBTAtGenesis",
                                           "blobSchedule",
                                           "ethash",
                                           "discovery",
                                           "checkpoint",
                                           NULL};
static const char *const account_names[] = {"balance", "nonce", "code", "storage", NULL};
const char *const genesis_blob_names[] = {"timestamp", "target", "max", "baseFeeUpdateFraction", NULL};

static void fix_config(struct json_reader *f, yyjson_val *config, struct genesis_unknown *unknown)
{
    const char *names[GENESIS_NAMES_MAX];
    size_t count = 0;
    for (; config_names[count] != NULL; count++) names[count] = config_names[count];
    for (size_t i = 0; i < GENESIS_FORKS; i++) names[count++] = genesis_forks[i].key;
    names[count] = NULL;
    genesis_fix_object(f, config, names, "config.", unknown);
    genesis_fix_objects(f, json_optional(config, "blobSchedule"), genesis_blob_names, "config.blobSchedule.FORK.",
                        unknown);
}

void genesis_fix_names(struct json_reader *f, struct buffer *names)
{
    struct genesis_unknown unknown = {.text = names};
    genesis_fix_object(f, f->root, root_names, "", &unknown);
    fix_config(f, json_optional(f->root, "config"), &unknown);
    genesis_fix_objects(f, json_optional(f->root, "alloc"), account_names, "alloc.ADDRESS.", &unknown);
}

void genesis_warn(const struct json_reader *f, struct buffer *names)
{
    if (f->status == STATUS_OK && names->size != 0)
        log_line("%s: warning: unknown and ignored: %.*s", f->file, (int)names->size - 2,
                 (const char *)names->data + 2);
    buffer_free(names);
}
