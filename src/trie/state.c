/* State tries: keys are hashed, values are accounts and words in RLP. */
#include <stdlib.h>

#include "trie/trie.h"

/* ---- keys -------------------------------------------------------------------------------------------------------- */

struct hash trie_address_key(const struct address *a)
{
    struct hash key;
    keccak256(&key, a->b, sizeof a->b);
    return key;
}

struct hash trie_slot_key(const struct u256 *slot)
{
    uint8_t plain[32];
    struct hash key;
    u256_store_be(plain, *slot);
    keccak256_32(&key, plain);
    return key;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

size_t trie_word_encode(uint8_t out[TRIE_WORD_SIZE], struct u256 word)
{
    if (word.w[0] != 0 && word.w[0] < 0x80 && u256_fits_u64(word)) {
        out[0] = (uint8_t)word.w[0];
        return 1;
    }
    uint8_t bytes[32];
    size_t size = u256_byte_count(word);
    u256_store_be(bytes, word);
    out[0] = (uint8_t)(0x80 + size);
    memcpy(out + 1, bytes + 32 - size, size);
    return 1 + size;
}

static size_t put_hash(uint8_t *out, const struct hash *h)
{
    out[0] = 0xa0;
    memcpy(out + 1, h->b, 32);
    return 33;
}

size_t trie_account_encode(uint8_t out[TRIE_ACCOUNT_SIZE], const struct trie_account *a)
{
    /* Two hashes alone make more than 55 bytes and never more than 255: the header always has two bytes. */
    size_t size = 2;
    size += trie_word_encode(out + size, U256(a->nonce));
    size += trie_word_encode(out + size, a->balance);
    size += put_hash(out + size, &a->storage_root);
    size += put_hash(out + size, &a->code_hash);
    out[0] = 0xf8;
    out[1] = (uint8_t)(size - 2);
    return size;
}

enum status trie_account_decode(struct trie_account *out, struct bytes value)
{
    struct rlp in = rlp_of(value), list;
    struct trie_account a;
    enum status s = rlp_enter(&in, &list);
    if (s == STATUS_OK) s = rlp_finish(&in);
    if (s == STATUS_OK) s = rlp_read_u64(&list, &a.nonce);
    if (s == STATUS_OK) s = rlp_read_u256(&list, &a.balance);
    if (s == STATUS_OK) s = rlp_read_hash(&list, &a.storage_root);
    if (s == STATUS_OK) s = rlp_read_hash(&list, &a.code_hash);
    if (s == STATUS_OK) s = rlp_finish(&list);
    if (s == STATUS_OK) *out = a;
    return s;
}

enum status trie_word_decode(struct u256 *out, struct bytes value)
{
    struct rlp in = rlp_of(value);
    enum status s = rlp_read_u256(&in, out);
    return s == STATUS_OK ? rlp_finish(&in) : s;
}

/* ---- roots ------------------------------------------------------------------------------------------------------- */

/* pairs[i].key = keccak256 of pairs[i].value, which until now is the plain key; eight at a time. */
static void hash_keys(struct trie_pair *pairs, size_t count)
{
    enum { TOGETHER = 64 };
    for (size_t at = 0; at < count; at += TOGETHER) {
        size_t n = count - at < TOGETHER ? count - at : TOGETHER;
        struct bytes plain[TOGETHER];
        struct hash hashed[TOGETHER];
        for (size_t i = 0; i < n; i++) plain[i] = pairs[at + i].value;
        keccak256_many(hashed, plain, n);
        for (size_t i = 0; i < n; i++) {
            memcpy(pairs[at + i].key, hashed[i].b, 32);
            pairs[at + i].key_size = 32;
        }
    }
}

void trie_storage_root(struct hash *out, const struct trie_slot *slots, size_t count)
{
    struct pair_text {
        uint8_t key[32], value[TRIE_WORD_SIZE];
    } *texts = base_alloc((count + 1) * sizeof *texts);
    struct trie_pair *pairs = base_alloc((count + 1) * sizeof *pairs);
    size_t live = 0;
    for (size_t i = 0; i < count; i++)
        if (!u256_is_zero(slots[i].value)) {
            u256_store_be(texts[live].key, slots[i].key);
            pairs[live].value = (struct bytes){texts[live].key, 32};
            live++;
        }
    hash_keys(pairs, live);
    for (size_t i = 0, at = 0; i < count; i++)
        if (!u256_is_zero(slots[i].value)) {
            pairs[at].value = (struct bytes){texts[at].value, trie_word_encode(texts[at].value, slots[i].value)};
            at++;
        }
    trie_pairs_root(out, pairs, live, NULL);
    free(pairs);
    free(texts);
}

void trie_state_root(struct hash *out, const struct trie_state_entry *entries, size_t count, struct pool *pool)
{
    uint8_t(*texts)[TRIE_ACCOUNT_SIZE] = base_alloc((count + 1) * sizeof *texts);
    struct trie_pair *pairs = base_alloc((count + 1) * sizeof *pairs);
    for (size_t i = 0; i < count; i++) pairs[i].value = (struct bytes){entries[i].address.b, sizeof entries[i].address};
    hash_keys(pairs, count);
    for (size_t i = 0; i < count; i++)
        pairs[i].value = (struct bytes){texts[i], trie_account_encode(texts[i], &entries[i].account)};
    trie_pairs_root(out, pairs, count, pool);
    free(pairs);
    free(texts);
}
