/* explain: Solidity's storage layouts, as solc --storage-layout prints them. */
#include "cli/explain/explain.h"
#include "json/json.h"

#include <errno.h>
#include <stdlib.h>

/* Numbers stand in decimal, in strings or not. */
static uint64_t number_of(struct json_reader *f, yyjson_val *object, const char *key)
{
    yyjson_val *v = json_member(f, object, key);
    if (yyjson_is_uint(v)) return yyjson_get_uint(v);
    const char *text = yyjson_get_str(v);
    char *end = NULL;
    errno = 0;
    uint64_t n = text == NULL || *text < '0' || *text > '9' ? 0 : strtoull(text, &end, 10);
    if (end == NULL || *end != 0 || errno != 0) json_expect(f, key, "a decimal number");
    return n;
}

/* A slot: a decimal number of up to 256 bits. */
static struct u256 slot_of(struct json_reader *f, yyjson_val *object)
{
    const char *text = json_text(f, object, "slot");
    struct u256 n = U256_ZERO;
    for (const char *c = text; *c != 0; c++) {
        if (*c < '0' || *c > '9') json_expect(f, "slot", "a decimal number");
        n = u256_add(u256_mul(n, U256(10)), U256((uint64_t)(uint8_t)(*c - '0')));
    }
    return n;
}

static const char *keep_text(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, text, strlen(text) + 1);
}

static const struct explain_member *read_members(struct json_reader *f, yyjson_val *list, struct arena *arena,
                                                 uint32_t *count)
{
    size_t n = yyjson_arr_size(list);
    struct explain_member *members = ARENA_ARRAY(arena, struct explain_member, n + 1);
    *count = (uint32_t)n;
    for (size_t i = 0; i < n; i++) {
        yyjson_val *v = yyjson_arr_get(list, i);
        members[i] = (struct explain_member){.label = keep_text(arena, json_text(f, v, "label")),
                                             .slot = slot_of(f, v),
                                             .offset = (uint32_t)number_of(f, v, "offset"),
                                             .type = keep_text(arena, json_text(f, v, "type"))};
    }
    return members;
}

static void read_type(struct json_reader *f, const char *id, yyjson_val *v, struct arena *arena,
                      struct explain_type *out)
{
    static const char *const encodings[] = {
        [TYPE_INPLACE] = "inplace", [TYPE_MAPPING] = "mapping", [TYPE_ARRAY] = "dynamic_array", [TYPE_BYTES] = "bytes"};
    *out = (struct explain_type){.id = keep_text(arena, id),
                                 .label = keep_text(arena, json_text(f, v, "label")),
                                 .size = number_of(f, v, "numberOfBytes"),
                                 .key = keep_text(arena, yyjson_get_str(json_optional(v, "key"))),
                                 .value = keep_text(arena, yyjson_get_str(json_optional(v, "value"))),
                                 .base = keep_text(arena, yyjson_get_str(json_optional(v, "base")))};
    const char *encoding = json_text(f, v, "encoding");
    size_t at = 0;
    while (at < COUNT_OF(encodings) && strcmp(encodings[at], encoding) != 0) at++;
    if (at == COUNT_OF(encodings))
        json_expect(f, "encoding", "inplace, mapping, dynamic_array or bytes");
    else
        out->encoding = (enum explain_encoding)at;
    yyjson_val *members = json_optional(v, "members");
    if (members != NULL) out->members = read_members(f, members, arena, &out->member_count);
}

static enum status read_layout(const char *path, struct arena *arena, struct explain_layout *out, struct error *e)
{
    struct json_reader f;
    enum status s = json_open(&f, path, e);
    if (s != STATUS_OK) return s;
    yyjson_val *root = json_optional(f.root, "storageLayout") != NULL ? json_optional(f.root, "storageLayout") : f.root;
    yyjson_val *variables = json_array(&f, root, "storage");
    out->variables = read_members(&f, variables, arena, &out->variable_count);
    yyjson_val *types = json_optional(root, "types"); /* null where there are no variables */
    struct explain_type *all = ARENA_ARRAY(arena, struct explain_type, yyjson_obj_size(types) + 1);
    yyjson_obj_iter i = yyjson_obj_iter_with(types);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;)
        read_type(&f, yyjson_get_str(key), yyjson_obj_iter_get_val(key), arena, &all[out->type_count++]);
    out->types = all;
    s = f.status;
    json_close(&f);
    return s;
}

enum status explain_read_layouts(const char *const *arguments, uint32_t count, struct arena *arena,
                                 struct explain_layout *out, struct error *e)
{
    for (uint32_t i = 0; i < count; i++) {
        const char *a = arguments[i];
        out[i] = (struct explain_layout){0};
        if (strncmp(a, "0x", 2) != 0 || strlen(a) < 43 || a[42] != '=' ||
            !hex_decode(out[i].address.b, a + 2, 2 * sizeof out[i].address.b))
            return error_set(e, BAD_USAGE, "explain: --layout: expected ADDRESS=FILE, found '%s'", a);
        enum status s = read_layout(a + 43, arena, &out[i], e);
        if (s != STATUS_OK) return s;
    }
    return STATUS_OK;
}
