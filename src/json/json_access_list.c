/* form: block access lists (EIP-7928) as the official tests show them, in whatever order they are. */
#include "json/json.h"

static uint32_t read_index(struct json_reader *f, yyjson_val *v)
{
    return (uint32_t)json_u64(f, v, "blockAccessIndex");
}

static const struct bal_word_change *read_words(struct json_reader *f, yyjson_val *list, const char *value_key,
                                                struct arena *arena, uint32_t *count)
{
    struct bal_word_change *out = ARENA_ARRAY(arena, struct bal_word_change, yyjson_arr_size(list));
    yyjson_val *v;
    size_t i, n;
    yyjson_arr_foreach(list, i, n, v) out[i] = (struct bal_word_change){read_index(f, v), json_u256(f, v, value_key)};
    *count = (uint32_t)n;
    return out;
}

static void read_slots(struct json_reader *f, yyjson_val *list, struct arena *arena, struct bal_account *out)
{
    struct bal_slot *slots = ARENA_ARRAY(arena, struct bal_slot, yyjson_arr_size(list));
    yyjson_val *v;
    size_t i, n;
    yyjson_arr_foreach(list, i, n, v)
    {
        slots[i].key = json_u256(f, v, "slot");
        slots[i].changes = read_words(f, json_array(f, v, "slotChanges"), "postValue", arena, &slots[i].change_count);
    }
    out->slots = slots;
    out->slot_count = (uint32_t)n;
}

static void read_reads(struct json_reader *f, yyjson_val *list, struct arena *arena, struct bal_account *out)
{
    struct u256 *reads = ARENA_ARRAY(arena, struct u256, yyjson_arr_size(list));
    yyjson_val *v;
    size_t i, n;
    yyjson_arr_foreach(list, i, n, v) reads[i] = json_value_u256(f, v, "storageReads");
    out->reads = reads;
    out->read_count = (uint32_t)n;
}

static void read_nonces(struct json_reader *f, yyjson_val *list, struct arena *arena, struct bal_account *out)
{
    struct bal_nonce_change *nonces = ARENA_ARRAY(arena, struct bal_nonce_change, yyjson_arr_size(list));
    yyjson_val *v;
    size_t i, n;
    yyjson_arr_foreach(list, i, n, v)
        nonces[i] = (struct bal_nonce_change){read_index(f, v), json_u64(f, v, "postNonce")};
    out->nonces = nonces;
    out->nonce_count = (uint32_t)n;
}

static void read_codes(struct json_reader *f, yyjson_val *list, struct arena *arena, struct bal_account *out)
{
    struct bal_code_change *codes = ARENA_ARRAY(arena, struct bal_code_change, yyjson_arr_size(list));
    yyjson_val *v;
    size_t i, n;
    yyjson_arr_foreach(list, i, n, v)
        codes[i] = (struct bal_code_change){read_index(f, v), json_bytes(f, v, "newCode")};
    out->codes = codes;
    out->code_count = (uint32_t)n;
}

void json_block_access_list(struct json_reader *f, yyjson_val *list, struct arena *arena, struct block_access_list *out)
{
    struct bal_account *accounts = ARENA_ARRAY(arena, struct bal_account, yyjson_arr_size(list));
    yyjson_val *v;
    size_t i, n;
    yyjson_arr_foreach(list, i, n, v)
    {
        struct bal_account *a = &accounts[i];
        *a = (struct bal_account){.address = json_address(f, v, "address")};
        read_slots(f, json_array(f, v, "storageChanges"), arena, a);
        read_reads(f, json_array(f, v, "storageReads"), arena, a);
        a->balances = read_words(f, json_array(f, v, "balanceChanges"), "postBalance", arena, &a->balance_count);
        read_nonces(f, json_array(f, v, "nonceChanges"), arena, a);
        read_codes(f, json_array(f, v, "codeChanges"), arena, a);
    }
    *out = (struct block_access_list){accounts, (uint32_t)n};
}
