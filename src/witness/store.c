/* Every node of a state in memory, by hash: what a database would hold. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "state/memory.h"
#include "witness/index.h"
#include "witness/witness.h"

struct witness_store {
    struct hash_index nodes, codes;
    struct arena arena;
};

static void keep_node(void *context, const struct hash *hash, struct bytes encoded)
{
    struct witness_store *s = context;
    index_put(&s->nodes, hash, (struct bytes){arena_copy(&s->arena, encoded.data, encoded.size), encoded.size});
}

static struct hash keep_storage(struct witness_store *s, const struct state_memory *m, const struct memory_account *a)
{
    struct trie_sink sink = {s, keep_node};
    struct trie *t = trie_new(NULL, NULL);
    struct hash root;
    for (uint32_t id = a->first_slot; id != 0; id = m->slots[id - 1].next) {
        uint8_t word[TRIE_WORD_SIZE];
        if (u256_is_zero(m->slots[id - 1].value)) continue;
        struct hash key = trie_slot_key(&m->slots[id - 1].key);
        enum status why = trie_put(t, key.b, sizeof key,
                                   (struct bytes){word, trie_word_encode(word, m->slots[id - 1].value)});
        ASSERT(why == STATUS_OK);
    }
    trie_commit(t, &sink, &root);
    trie_free(t);
    return root;
}

struct witness_store *witness_store_new(const struct state_memory *m)
{
    struct witness_store *s = base_calloc(1, sizeof *s);
    struct trie_sink sink = {s, keep_node};
    struct trie *accounts = trie_new(NULL, NULL);
    struct hash root;
    for (uint32_t i = 0; i < m->account_count; i++) {
        const struct memory_account *a = &m->accounts[i];
        if (!a->exists) continue;
        struct trie_account account = {a->nonce, a->balance, keep_storage(s, m, a), a->code_hash};
        uint8_t encoded[TRIE_ACCOUNT_SIZE];
        struct hash key = trie_address_key(&a->address);
        enum status why = trie_put(accounts, key.b, sizeof key,
                                   (struct bytes){encoded, trie_account_encode(encoded, &account)});
        ASSERT(why == STATUS_OK);
        if (a->code.size != 0) index_put(&s->codes, &a->code_hash, a->code);
    }
    trie_commit(accounts, &sink, &root);
    trie_free(accounts);
    return s;
}

void witness_store_free(struct witness_store *s)
{
    if (s == NULL) return;
    index_free(&s->nodes);
    index_free(&s->codes);
    arena_free(&s->arena);
    free(s);
}

static bool find_node(void *context, const struct hash *hash, struct bytes *out)
{
    return index_find(&((const struct witness_store *)context)->nodes, hash, out);
}

struct trie_source witness_store_nodes(struct witness_store *s)
{
    return (struct trie_source){.context = s, .node = find_node};
}

bool witness_store_code(void *store, const struct hash *hash, struct bytes *out)
{
    return index_find(&((const struct witness_store *)store)->codes, hash, out);
}
