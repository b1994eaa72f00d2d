/* Records as bytes. docs/store.md shows them.
 *
 *     account   sizes (nonce 0-3, code? bit 4, storage? bit 5) | size of balance | nonce | balance | [code hash] |
 *               [id | root]
 *     undo      for each account: hash | size, old record | number of slots (4 bytes) |
 *               for each: hash | size, old word */
#include "store/private.h"

enum { HAS_CODE = 1 << 4, HAS_STORAGE = 1 << 5, NONCE_SIZE = 15 };

size_t word_encode(uint8_t out[32], struct u256 word)
{
    uint8_t whole[32];
    size_t size = u256_byte_count(word);
    u256_store_be(whole, word);
    memcpy(out, whole + 32 - size, size);
    return size;
}

bool word_decode(struct u256 *out, struct bytes in)
{
    uint8_t whole[32] = {0};
    if (in.size > 32) return false;
    if (in.size != 0) memcpy(whole + 32 - in.size, in.data, in.size);
    *out = u256_load_be(whole);
    return true;
}

static uint8_t *put(uint8_t *to, const void *data, size_t size)
{
    memcpy(to, data, size);
    return to + size;
}

size_t account_record_encode(uint8_t out[ACCOUNT_RECORD_MAX], const struct account_record *a)
{
    if (!a->exists) return 0;
    uint8_t *to = out + 2;
    size_t nonce = word_encode(to, U256(a->nonce));
    to += nonce;
    out[1] = (uint8_t)word_encode(to, a->balance);
    to += out[1];
    out[0] = (uint8_t)nonce;
    if (!hash_equal(&a->code_hash, &keccak_empty)) {
        out[0] |= HAS_CODE;
        to = put(to, a->code_hash.b, 32);
    }
    if (a->storage_id != 0) {
        out[0] |= HAS_STORAGE;
        store_be64(to, a->storage_id);
        to = put(to + 8, a->storage_root.b, 32);
    }
    return (size_t)(to - out);
}

/* Takes `size` bytes from the front; false when there are fewer. */
static bool take(struct bytes *in, size_t size, struct bytes *out)
{
    if (in->size < size) return false;
    *out = (struct bytes){in->data, size};
    in->data += size;
    in->size -= size;
    return true;
}

static bool take_hash(struct bytes *in, struct hash *out)
{
    struct bytes b;
    if (!take(in, 32, &b)) return false;
    memcpy(out->b, b.data, 32);
    return true;
}

bool account_record_decode(struct account_record *out, struct bytes in)
{
    struct bytes head, b;
    struct u256 nonce;
    *out = (struct account_record){.exists = true, .code_hash = keccak_empty, .storage_root = keccak_empty_trie};
    if (!take(&in, 2, &head) || (head.data[0] & NONCE_SIZE) > 8) return false;
    if (!take(&in, head.data[0] & NONCE_SIZE, &b) || !word_decode(&nonce, b)) return false;
    out->nonce = nonce.w[0];
    if (!take(&in, head.data[1], &b) || !word_decode(&out->balance, b)) return false;
    if ((head.data[0] & HAS_CODE) != 0 && !take_hash(&in, &out->code_hash)) return false;
    if ((head.data[0] & HAS_STORAGE) != 0) {
        if (!take(&in, 8, &b)) return false;
        out->storage_id = load_be64(b.data);
        if (!take_hash(&in, &out->storage_root)) return false;
    }
    return in.size == 0;
}

struct account_data account_record_data(const struct account_record *a)
{
    if (!a->exists) return (struct account_data){0};
    return (struct account_data){.exists = true,
                                 .has_storage = !hash_equal(&a->storage_root, &keccak_empty_trie),
                                 .nonce = a->nonce,
                                 .balance = a->balance,
                                 .code_hash = a->code_hash};
}

void undo_encode(struct buffer *out, const struct change_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct changed_account *c = &set->accounts[i];
        uint8_t *to = buffer_reserve(out, 32 + 1 + ACCOUNT_RECORD_MAX + 4 + c->slot_count * (32 + 1 + 32)), *start = to;
        to = put(to, c->key.b, 32);
        size_t size = account_record_encode(to + 1, &c->old);
        *to = (uint8_t)size;
        to += 1 + size;
        uint32_t count = (uint32_t)c->slot_count;
        to = put(to, &count, sizeof count);
        for (size_t k = 0; k < c->slot_count; k++) {
            to = put(to, c->slots[k].key.b, 32);
            size = word_encode(to + 1, c->slots[k].old);
            *to = (uint8_t)size;
            to += 1 + size;
        }
        out->size += (size_t)(to - start);
    }
}

/* Reads one account's part; its slots go into the arena. */
static bool undo_decode_account(struct bytes *in, struct changed_account *c, struct arena *arena)
{
    struct bytes b;
    uint32_t count;
    *c = (struct changed_account){0};
    if (!take_hash(in, &c->key) || !take(in, 1, &b) || !take(in, b.data[0], &b)) return false;
    if (b.size != 0 && !account_record_decode(&c->new, b)) return false;
    if (!take(in, sizeof count, &b)) return false;
    memcpy(&count, b.data, sizeof count);
    if (count > in->size / 33) return false;
    c->slot_count = count;
    c->slots = ARENA_ARRAY(arena, struct changed_slot, count + 1);
    for (uint32_t k = 0; k < count; k++) {
        struct changed_slot *slot = &c->slots[k];
        *slot = (struct changed_slot){0};
        if (!take_hash(in, &slot->key) || !take(in, 1, &b) || !take(in, b.data[0], &b) || !word_decode(&slot->new, b))
            return false;
    }
    return true;
}

bool undo_decode(struct change_set *out, struct bytes in)
{
    size_t most = in.size / 37 + 1;
    *out = (struct change_set){0};
    out->accounts = ARENA_ARRAY(&out->arena, struct changed_account, most);
    while (in.size != 0) {
        if (out->count == most || !undo_decode_account(&in, &out->accounts[out->count], &out->arena)) return false;
        out->count++;
    }
    return true;
}
