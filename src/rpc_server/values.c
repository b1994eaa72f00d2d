/* Arguments, read strictly; what is wrong is said in geth's words. */
#include <stdio.h>

#include "rpc_server/private.h"

/* The type that geth reads a value into, as its complaints name it. */
static const char *type_name(enum rpc_kind kind)
{
    switch (kind) {
    case RPC_ADDRESS: return "common.Address";
    case RPC_HASH: return "common.Hash";
    case RPC_NUMBER: return "hexutil.Uint64";
    case RPC_WORD: return "*hexutil.Big";
    case RPC_BYTES: return "hexutil.Bytes";
    case RPC_FLAG: return "bool";
    case RPC_TEXT: return "string";
    case RPC_OBJECT: return "object";
    case RPC_LIST: return "array";
    default: return "value";
    }
}

static bool wrong_as(struct rpc_words *w, enum rpc_kind kind, const char *what)
{
    (void)snprintf(w->text, sizeof w->text, "json: cannot unmarshal %s into Go value of type %s", what,
                   type_name(kind));
    return false;
}

static bool wrong_text(struct rpc_words *w, const char *text)
{
    (void)snprintf(w->text, sizeof w->text, "%s", text);
    return false;
}

/* The digits behind 0x of a text; NULL with the complaint. */
static const char *digits_of(enum rpc_kind kind, yyjson_val *v, size_t *count, struct rpc_words *w)
{
    const char *text = yyjson_get_str(v);
    if (text == NULL) {
        (void)wrong_as(w, kind, "non-string");
        return NULL;
    }
    size_t size = yyjson_get_len(v);
    if (size < 2 || text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) {
        (void)wrong_as(w, kind, size == 0 ? "empty hex string" : "hex string without 0x prefix");
        return NULL;
    }
    *count = size - 2;
    return text + 2;
}

static bool read_fixed(enum rpc_kind kind, yyjson_val *v, uint8_t *out, size_t size, struct rpc_words *w)
{
    size_t count;
    const char *digits = digits_of(kind, v, &count, w);
    if (digits == NULL) return false;
    if (count % 2 != 0) return wrong_as(w, kind, "hex string of odd length");
    if (count != 2 * size) {
        (void)snprintf(w->text, sizeof w->text, "hex string has length %zu, want %zu for %s", count, 2 * size,
                       type_name(kind));
        return false;
    }
    return hex_decode(out, digits, count) || wrong_as(w, kind, "invalid hex string");
}

static bool read_bytes(yyjson_val *v, struct arena *arena, struct bytes *out, struct rpc_words *w)
{
    size_t count;
    const char *digits = digits_of(RPC_BYTES, v, &count, w);
    if (digits == NULL) return false;
    if (count % 2 != 0) return wrong_as(w, RPC_BYTES, "hex string of odd length");
    uint8_t *data = arena_alloc(arena, count / 2 + 1, 1);
    *out = (struct bytes){data, count / 2};
    return hex_decode(data, digits, count) || wrong_as(w, RPC_BYTES, "invalid hex string");
}

/* A quantity: no leading zeros, at most so many bits. */
static bool read_quantity(enum rpc_kind kind, yyjson_val *v, unsigned bits, struct u256 *out, struct rpc_words *w)
{
    if (yyjson_is_uint(v)) { /* hardhat's and foundry's own methods get plain numbers */
        *out = U256(yyjson_get_uint(v));
        return true;
    }
    size_t count;
    const char *digits = digits_of(kind, v, &count, w);
    if (digits == NULL) return false;
    if (count == 0) return wrong_as(w, kind, "hex string \"0x\"");
    for (size_t i = 0; i < count; i++)
        if (hex_digit(digits[i]) < 0) return wrong_as(w, kind, "invalid hex string");
    if (count > 1 && digits[0] == '0') return wrong_as(w, kind, "hex number with leading zero digits");
    if (count * 4 > bits) return wrong_as(w, kind, bits == 64 ? "hex number > 64 bits" : "hex number > 256 bits");
    *out = U256_ZERO;
    for (size_t i = 0; i < count; i++) *out = u256_or(u256_shl(*out, 4), U256((uint64_t)hex_digit(digits[i])));
    return true;
}

/* Up to 32 bytes with any number of leading zeros, as storage slots come. */
static bool read_slot(yyjson_val *v, struct u256 *out, struct rpc_words *w)
{
    const char *text = yyjson_get_str(v);
    if (text == NULL) return wrong_as(w, RPC_TEXT, "non-string");
    size_t count = yyjson_get_len(v);
    if (count >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) text += 2, count -= 2;
    if (count > 64) {
        (void)snprintf(w->text, sizeof w->text,
                       "unable to decode storage key: hex string too long, want at most 32 "
                       "bytes, have %zu bytes",
                       (count + 1) / 2);
        return false;
    }
    *out = U256_ZERO;
    for (size_t i = 0; i < count; i++) {
        if (hex_digit(text[i]) < 0) return wrong_text(w, "unable to decode storage key: hex string invalid");
        *out = u256_or(u256_shl(*out, 4), U256((uint64_t)hex_digit(text[i])));
    }
    return true;
}

static bool read_tag(yyjson_val *v, struct rpc_block *out, struct rpc_words *w)
{
    static const struct {
        const char *tag;
        uint64_t number;
    } tags[] = {{"latest", UINT64_MAX},
                {"pending", UINT64_MAX},
                {"safe", UINT64_MAX},
                {"finalized", UINT64_MAX},
                {"earliest", 0}};
    const char *text = yyjson_get_str(v);
    for (size_t i = 0; text != NULL && i < COUNT_OF(tags); i++)
        if (strcmp(text, tags[i].tag) == 0) {
            *out = (struct rpc_block){.number = tags[i].number, .pending = i == 1};
            return true;
        }
    if (text != NULL && strncmp(text, "0x", 2) != 0) return wrong_text(w, "hex string without 0x prefix");
    struct u256 number;
    if (!read_quantity(RPC_NUMBER, v, 64, &number, w)) return false;
    if (number.w[0] > INT64_MAX) return wrong_text(w, "block number larger than int64");
    *out = (struct rpc_block){.number = number.w[0]};
    return true;
}

static bool read_block(yyjson_val *v, struct rpc_block *out, struct rpc_words *w)
{
    if (!yyjson_is_obj(v)) {
        const char *text = yyjson_get_str(v);
        if (text == NULL || yyjson_get_len(v) != 66) return read_tag(v, out, w);
        *out = (struct rpc_block){.by_hash = true};
        return read_fixed(RPC_HASH, v, out->hash.b, 32, w);
    }
    yyjson_val *number = yyjson_obj_get(v, "blockNumber"), *hash = yyjson_obj_get(v, "blockHash");
    if (number != NULL && hash != NULL)
        return wrong_text(w, "cannot specify both BlockHash and BlockNumber, choose one or the other");
    if (number != NULL) return read_tag(number, out, w);
    *out = (struct rpc_block){.by_hash = true};
    return hash == NULL ? wrong_text(w, "expected blockHash or blockNumber")
                        : read_fixed(RPC_HASH, hash, out->hash.b, 32, w);
}

bool rpc_read_value(enum rpc_kind kind, yyjson_val *v, struct arena *arena, struct rpc_value *out, struct rpc_words *w)
{
    *out = (struct rpc_value){.given = true, .json = v};
    struct u256 number = U256_ZERO;
    switch (kind) {
    case RPC_ADDRESS: return read_fixed(kind, v, out->address.b, sizeof out->address.b, w);
    case RPC_HASH: return read_fixed(kind, v, out->hash.b, sizeof out->hash.b, w);
    case RPC_BYTES: return read_bytes(v, arena, &out->bytes, w);
    case RPC_WORD: return read_quantity(kind, v, 256, &out->word, w);
    case RPC_SLOT: return read_slot(v, &out->word, w);
    case RPC_BLOCK: return read_block(v, &out->block, w);
    case RPC_NUMBER:
        if (!read_quantity(kind, v, 64, &number, w)) return false;
        out->number = number.w[0];
        return true;
    case RPC_FLAG: out->flag = yyjson_get_bool(v); return yyjson_is_bool(v) || wrong_as(w, kind, "non-boolean");
    case RPC_TEXT: out->text = yyjson_get_str(v); return out->text != NULL || wrong_as(w, kind, "non-string");
    case RPC_OBJECT: return yyjson_is_obj(v) || wrong_as(w, kind, "non-object");
    case RPC_LIST: return yyjson_is_arr(v) || wrong_as(w, kind, "non-array");
    case RPC_NONE:
    case RPC_ANY: break;
    }
    return true;
}

bool rpc_read_member(yyjson_val *object, const char *key, enum rpc_kind kind, struct arena *arena,
                     struct rpc_value *out, struct rpc_words *w)
{
    yyjson_val *v = yyjson_obj_get(object, key);
    *out = (struct rpc_value){0};
    return v == NULL || yyjson_is_null(v) || rpc_read_value(kind, v, arena, out, w);
}
