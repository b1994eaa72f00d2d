/* form: states and the lists of transactions. */
#include <stdio.h>
#include <stdlib.h>

#include "json/json.h"

static struct address address_of_key(struct json_reader *f, yyjson_val *key)
{
    return json_value_address(f, key, "name of an account");
}

/* Codes whose hashes are not known yet. Hashing them together takes a quarter of the time, and is a fifth of reading a
 * state otherwise. */
struct codes {
    struct code_of {
        struct bytes bytes;
        uint32_t account;
    } *all;
    size_t count, capacity;
};

static void add_code(struct codes *c, uint32_t account, struct bytes bytes)
{
    if (c->count == c->capacity) {
        c->capacity = c->capacity == 0 ? 16 : c->capacity * 2;
        c->all = base_realloc(c->all, c->capacity * sizeof *c->all);
    }
    c->all[c->count++] = (struct code_of){bytes, account};
}

static int by_size(const void *a, const void *b)
{
    const struct code_of *x = a, *y = b;
    return (x->bytes.size > y->bytes.size) - (x->bytes.size < y->bytes.size);
}

static void set_codes(struct codes *c, struct state_memory *out)
{
    if (c->count == 0) return;
    struct hash *hashes = base_alloc(c->count * sizeof *hashes);
    struct bytes *inputs = base_alloc(c->count * sizeof *inputs);
    qsort(c->all, c->count, sizeof *c->all, by_size);
    for (size_t i = 0; i < c->count; i++) inputs[i] = c->all[i].bytes;
    keccak256_many(hashes, inputs, c->count);
    for (size_t i = 0; i < c->count; i++)
        state_memory_set_code(out, &out->accounts[c->all[i].account], &hashes[i], inputs[i]);
    free(hashes);
    free(inputs);
    free(c->all);
}

void json_accounts(struct json_reader *f, yyjson_val *accounts, struct state_memory *out)
{
    struct codes codes = {0};
    yyjson_obj_iter i = yyjson_obj_iter_with(accounts);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL;) {
        yyjson_val *fields = yyjson_obj_iter_get_val(key);
        f->account = key;
        if (yyjson_obj_size(fields) == 1 && json_optional(fields, "builtin") != NULL) continue;
        struct address address = address_of_key(f, key);
        if (!yyjson_is_obj(fields)) json_expect(f, "value", "an object");
        struct memory_account *a = state_memory_account(out, &address);
        a->nonce = json_optional_u64(f, fields, "nonce");
        a->balance = json_optional_u256(f, fields, "balance");
        yyjson_val *code = json_optional(fields, "code");
        struct bytes bytes = code == NULL ? (struct bytes){0} : json_value_bytes(f, code, "code");
        if (bytes.size != 0) add_code(&codes, (uint32_t)(a - out->accounts), bytes);
        yyjson_obj_iter k = yyjson_obj_iter_with(json_optional(fields, "storage"));
        for (yyjson_val *slot; (slot = yyjson_obj_iter_next(&k)) != NULL;) {
            f->slot = slot;
            struct u256 number = json_value_word(f, slot, "storage key");
            struct u256 value = json_value_word(f, yyjson_obj_iter_get_val(slot), "storage value");
            state_memory_set_slot(out, &address, &number, &value);
        }
        f->slot = NULL;
    }
    f->account = NULL;
    set_codes(&codes, out);
}

static void put_u256(char out[67], struct u256 v)
{
    uint8_t bytes[32];
    u256_store_be(bytes, v);
    out[0] = '0';
    out[1] = 'x';
    hex_encode(out + 2, bytes, sizeof bytes);
    /* Without leading zeros, but with one digit at least. */
    size_t zeros = 0;
    while (zeros < 63 && out[2 + zeros] == '0') zeros++;
    memmove(out + 2, out + 2 + zeros, 65 - zeros);
}

static bool differs(struct error *e, const struct address *a, const char *what, struct u256 found, struct u256 expected)
{
    char address[41], left[67], right[67];
    hex_encode(address, a->b, sizeof a->b);
    put_u256(left, found);
    put_u256(right, expected);
    error_set(e, STATE_DIFFERS, "account 0x%s: %s is %s, expected %s", address, what, left, right);
    return false;
}

/* The slots of an account: those named must be there, and no others. */
static bool storage_equals(struct json_reader *f, yyjson_val *storage, const struct state_memory *state,
                           const struct memory_account *a, struct error *e)
{
    uint32_t live = 0;
    yyjson_obj_iter k = yyjson_obj_iter_with(storage);
    for (yyjson_val *slot; (slot = yyjson_obj_iter_next(&k)) != NULL;) {
        struct u256 key = json_value_word(f, slot, "storage key");
        struct u256 expected = json_value_word(f, yyjson_obj_iter_get_val(slot), "storage value");
        struct u256 found = state_memory_slot(state, &a->address, &key);
        live += !u256_is_zero(expected);
        if (!u256_equal(found, expected)) {
            char name[80] = "slot ";
            put_u256(name + 5, key);
            return differs(e, &a->address, name, found, expected);
        }
    }
    if (live == a->live_slots) return true;
    for (uint32_t id = a->first_slot; id != 0; id = state->slots[id - 1].next) {
        const struct memory_slot *s = &state->slots[id - 1];
        char name[80] = "slot ";
        put_u256(name + 5, s->key);
        bool named = false;
        k = yyjson_obj_iter_with(storage);
        for (yyjson_val *slot; (slot = yyjson_obj_iter_next(&k)) != NULL && !named;)
            named = u256_equal(json_value_word(f, slot, "storage key"), s->key);
        if (!named && !u256_is_zero(s->value)) return differs(e, &a->address, name, s->value, U256_ZERO);
    }
    return differs(e, &a->address, "number of slots", U256(a->live_slots), U256(live));
}

static bool account_equals(struct json_reader *f, yyjson_val *fields, const struct state_memory *state,
                           const struct address *address, struct error *e)
{
    const struct memory_account *a = state_memory_find(state, address);
    if (a == NULL) return differs(e, address, "existence", U256_ZERO, U256_ONE);
    struct u256 balance = json_optional_u256(f, fields, "balance");
    uint64_t nonce = json_optional_u64(f, fields, "nonce");
    yyjson_val *code = json_optional(fields, "code");
    struct bytes bytes = code == NULL ? (struct bytes){0} : json_value_bytes(f, code, "code");
    if (a->nonce != nonce) return differs(e, address, "nonce", U256(a->nonce), U256(nonce));
    if (!u256_equal(a->balance, balance)) return differs(e, address, "balance", a->balance, balance);
    if (!bytes_equal(a->code, bytes)) {
        struct hash expected = keccak256_bytes(bytes);
        return differs(e, address, "code hash", u256_load_be(a->code_hash.b), u256_load_be(expected.b));
    }
    return storage_equals(f, json_optional(fields, "storage"), state, a, e);
}

bool json_state_equals(struct json_reader *f, yyjson_val *accounts, const struct state_memory *state,
                       struct error *difference)
{
    size_t named = 0, there = 0;
    yyjson_obj_iter i = yyjson_obj_iter_with(accounts);
    for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL; named++) {
        struct address address = address_of_key(f, key);
        if (!account_equals(f, yyjson_obj_iter_get_val(key), state, &address, difference)) return false;
    }
    for (uint32_t n = 0; n < state->account_count; n++) there += state->accounts[n].exists;
    if (there == named) return true;
    for (uint32_t n = 0; n < state->account_count; n++) {
        const struct memory_account *a = &state->accounts[n];
        bool found = !a->exists;
        i = yyjson_obj_iter_with(accounts);
        for (yyjson_val *key; (key = yyjson_obj_iter_next(&i)) != NULL && !found;) {
            struct address address = address_of_key(f, key);
            found = address_equal(&address, &a->address);
        }
        if (!found) return differs(difference, &a->address, "existence", U256_ONE, U256_ZERO);
    }
    return differs(difference, &(struct address){{0}}, "number of accounts", U256(there), U256(named));
}

/* An account that nothing was said of. */
static bool account_unchanged(const struct state_memory *before, const struct state_memory *state,
                              const struct memory_account *a, struct error *e)
{
    const struct memory_account *b = state_memory_find(state, &a->address);
    bool exists = b != NULL && b->exists;
    if (exists != a->exists) return differs(e, &a->address, "existence", U256(exists), U256(a->exists));
    if (!exists) return true;
    if (b->nonce != a->nonce) return differs(e, &a->address, "nonce", U256(b->nonce), U256(a->nonce));
    if (!u256_equal(b->balance, a->balance)) return differs(e, &a->address, "balance", b->balance, a->balance);
    if (!hash_equal(&b->code_hash, &a->code_hash))
        return differs(e, &a->address, "code hash", u256_from_hash(&b->code_hash), u256_from_hash(&a->code_hash));
    for (uint32_t id = a->first_slot; id != 0; id = before->slots[id - 1].next) {
        const struct memory_slot *s = &before->slots[id - 1];
        struct u256 found = state_memory_slot(state, &a->address, &s->key);
        if (u256_equal(found, s->value)) continue;
        char name[80] = "slot ";
        put_u256(name + 5, s->key);
        return differs(e, &a->address, name, found, s->value);
    }
    if (b->live_slots == a->live_slots) return true;
    return differs(e, &a->address, "number of slots", U256(b->live_slots), U256(a->live_slots));
}

bool json_state_diff_equals(struct json_reader *f, yyjson_val *accounts, const struct state_memory *before,
                            const struct state_memory *state, struct error *difference)
{
    struct state_memory *named = state_memory_new(); /* as a set of addresses */
    size_t expected = 0, there = 0;
    bool equal = true;
    yyjson_obj_iter i = yyjson_obj_iter_with(accounts);
    for (yyjson_val *key; equal && (key = yyjson_obj_iter_next(&i)) != NULL;) {
        yyjson_val *fields = yyjson_obj_iter_get_val(key);
        struct address address = address_of_key(f, key);
        (void)state_memory_account(named, &address);
        const struct memory_account *found = state_memory_find(state, &address);
        if (!yyjson_is_null(fields))
            equal = account_equals(f, fields, state, &address, difference);
        else if (found != NULL && found->exists)
            equal = differs(difference, &address, "existence", U256_ONE, U256_ZERO);
        expected += !yyjson_is_null(fields);
    }
    for (uint32_t n = 0; n < before->account_count && equal; n++) {
        const struct memory_account *a = &before->accounts[n];
        if (state_memory_find(named, &a->address) != NULL) continue;
        equal = account_unchanged(before, state, a, difference);
        expected += a->exists;
    }
    for (uint32_t n = 0; n < state->account_count; n++) there += state->accounts[n].exists;
    state_memory_free(named);
    if (!equal || there == expected) return equal;
    return differs(difference, &(struct address){{0}}, "number of accounts", U256(there), U256(expected));
}

/* ---- lists of transactions ------------------------------------------------------------------------------------- */

void json_access_list(struct json_reader *f, yyjson_val *list, struct arena *arena, struct transaction *out)
{
    size_t count = yyjson_arr_size(list), i = 0;
    struct access_entry *entries = ARENA_ARRAY(arena, struct access_entry, count);
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    out->access_key_count = 0;
    for (yyjson_val *v; (v = yyjson_arr_iter_next(&at)) != NULL; i++) {
        yyjson_val *names = json_array(f, v, "storageKeys");
        size_t key_count = yyjson_arr_size(names), n = 0;
        struct u256 *keys = ARENA_ARRAY(arena, struct u256, key_count);
        yyjson_arr_iter k = yyjson_arr_iter_with(names);
        for (yyjson_val *name; (name = yyjson_arr_iter_next(&k)) != NULL; n++)
            keys[n] = json_value_u256(f, name, "storageKeys");
        entries[i] = (struct access_entry){json_address(f, v, "address"), keys, (uint32_t)key_count};
        out->access_key_count += (uint32_t)key_count;
    }
    out->access_list = entries;
    out->access_count = (uint32_t)count;
}

void json_authorizations(struct json_reader *f, yyjson_val *list, struct arena *arena, struct transaction *out)
{
    size_t count = yyjson_arr_size(list), i = 0;
    struct authorization *all = ARENA_ARRAY(arena, struct authorization, count);
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    for (yyjson_val *v; (v = yyjson_arr_iter_next(&at)) != NULL; i++) {
        const char *parity = json_optional(v, "yParity") != NULL ? "yParity" : "v";
        uint64_t y = json_u64(f, v, parity);
        if (y > UINT8_MAX) json_expect(f, parity, "a number of at most one byte");
        all[i] = (struct authorization){
            .chain_id = json_u256(f, v, "chainId"),
            .address = json_address(f, v, "address"),
            .nonce = json_u64(f, v, "nonce"),
            .signature = {json_u256(f, v, "r"), json_u256(f, v, "s"), (uint8_t)y},
        };
    }
    out->authorizations = all;
    out->authorization_count = (uint32_t)count;
}

void json_blob_hashes(struct json_reader *f, yyjson_val *list, struct arena *arena, struct transaction *out)
{
    size_t count = yyjson_arr_size(list), i = 0;
    struct hash *all = ARENA_ARRAY(arena, struct hash, count);
    yyjson_arr_iter at = yyjson_arr_iter_with(list);
    for (yyjson_val *v; (v = yyjson_arr_iter_next(&at)) != NULL; i++)
        all[i] = json_value_hash(f, v, "blobVersionedHashes");
    out->blob_hashes = all;
    out->blob_count = (uint32_t)count;
}
