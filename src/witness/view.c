/* A witness as a state_view: each question is a walk from the parent's state root through nodes found by hash. Nothing is changed by a
 * look-up, so any number of workers ask at once. The state table asks for each account and slot once. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "witness/index.h"
#include "witness/witness.h"

struct witness_state {
    struct hash_index nodes, codes;
    struct header *headers;
    struct hash *header_hashes;
    size_t header_count;
    pthread_mutex_t lock; /* of the text below */
    char missing[160];
};

/* ---- hashing ----------------------------------------------------------------------------------------------------------- */

enum { HASHED_TOGETHER = 64 };

struct hash_job {
    const struct bytes *in;
    struct hash *out;
    size_t count;
};

static void hash_task(void *context, size_t task)
{
    const struct hash_job *job = context;
    size_t first = task * HASHED_TOGETHER;
    size_t count = job->count - first < HASHED_TOGETHER ? job->count - first : HASHED_TOGETHER;
    keccak256_many(job->out + first, job->in + first, count);
}

static struct hash *hash_all(const struct bytes *in, size_t count, struct pool *pool)
{
    struct hash_job job = {in, base_alloc(count * sizeof(struct hash)), count};
    pool_for(pool, (count + HASHED_TOGETHER - 1) / HASHED_TOGETHER, 1, hash_task, &job);
    return job.out;
}

static void index_all(struct hash_index *x, const struct bytes *in, size_t count, struct pool *pool)
{
    struct hash *hashes = hash_all(in, count, pool);
    index_reserve(x, count);
    for (size_t i = 0; i < count; i++)
        index_put(x, &hashes[i], in[i]);
    free(hashes);
}

/* ---- headers ----------------------------------------------------------------------------------------------------------- */

static enum status read_headers(struct witness_state *s, const struct witness *w, const struct hash *parent_hash,
                                struct pool *pool, struct error *e)
{
    if (w->header_count == 0)
        return error_set(e, WITNESS_HEADERS, "witness has no headers, expected the parent's at least");
    s->headers = base_calloc(w->header_count, sizeof *s->headers);
    s->header_hashes = hash_all(w->headers, w->header_count, pool);
    s->header_count = w->header_count;
    const struct hash *expected = parent_hash;
    for (size_t i = w->header_count; i-- > 0;) {
        struct rlp in = rlp_of(w->headers[i]);
        if (!hash_equal(&s->header_hashes[i], expected))
            return error_set(e, WITNESS_HEADERS, "witness header %zu of %zu is not the parent of what follows it", i,
                             w->header_count);
        enum status why = header_decode(&s->headers[i], &in);
        if (why == STATUS_OK)
            why = rlp_finish(&in);
        if (why != STATUS_OK)
            return error_set(e, WITNESS_HEADERS, "witness header %zu of %zu: %s", i, w->header_count, status_text(why));
        expected = &s->headers[i].parent_hash;
    }
    return STATUS_OK;
}

enum status witness_state_new(struct witness_state **out, const struct witness *w, const struct hash *parent_hash,
                              struct pool *pool, struct error *e)
{
    struct witness_state *s = base_calloc(1, sizeof *s);
    *out = NULL;
    pthread_mutex_init(&s->lock, NULL);
    enum status why = read_headers(s, w, parent_hash, pool, e);
    if (why != STATUS_OK) {
        witness_state_free(s);
        return why;
    }
    index_all(&s->nodes, w->nodes, w->node_count, pool);
    index_all(&s->codes, w->codes, w->code_count, pool);
    *out = s;
    return STATUS_OK;
}

void witness_state_free(struct witness_state *s)
{
    if (s == NULL)
        return;
    index_free(&s->nodes);
    index_free(&s->codes);
    free(s->headers);
    free(s->header_hashes);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const struct header *witness_state_parent(const struct witness_state *s)
{
    return &s->headers[s->header_count - 1];
}

const char *witness_state_missing(const struct witness_state *s)
{
    return s->missing;
}

/* ---- the view ------------------------------------------------------------------------------------------------------------ */

static bool find_node(void *context, const struct hash *hash, struct bytes *out)
{
    return index_find(&((const struct witness_state *)context)->nodes, hash, out);
}

struct trie_source witness_state_nodes(struct witness_state *s)
{
    return (struct trie_source){s, find_node};
}

/* Notes what could not be answered, the first time. */
static enum status missing(struct witness_state *s, enum status why, const char *what, const struct address *a,
                           const uint8_t *detail)
{
    char address[41], more[65] = "";
    hex_encode(address, a->b, sizeof a->b);
    if (detail != NULL)
        hex_encode(more, detail, 32);
    pthread_mutex_lock(&s->lock);
    if (s->missing[0] == 0)
        snprintf(s->missing, sizeof s->missing, "%s 0x%s%s%s", what, address, detail == NULL ? "" : " at 0x", more);
    pthread_mutex_unlock(&s->lock);
    return why;
}

static enum status read_account(struct witness_state *s, const struct address *a, struct trie_account *out, bool *exists)
{
    struct hash key;
    struct bytes value;
    struct trie_source nodes = witness_state_nodes(s);
    keccak256(&key, a->b, sizeof a->b);
    enum status why = trie_lookup(&nodes, &witness_state_parent(s)->state_root, key.b, sizeof key, &value);
    *exists = why == STATUS_OK && value.size != 0;
    if (*exists)
        why = trie_account_decode(out, value);
    return why == STATUS_OK ? why : missing(s, why, "account", a, NULL);
}

static enum status view_account(void *context, const struct address *a, struct account_data *out)
{
    struct trie_account found;
    bool exists;
    *out = (struct account_data){0};
    enum status why = read_account(context, a, &found, &exists);
    if (why == STATUS_OK && exists)
        *out = (struct account_data){.exists = true,
                                     .has_storage = !hash_equal(&found.storage_root, &keccak_empty_trie),
                                     .nonce = found.nonce,
                                     .balance = found.balance,
                                     .code_hash = found.code_hash};
    return why;
}

static enum status view_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    struct witness_state *s = context;
    struct trie_account account;
    bool exists;
    *out = U256_ZERO;
    enum status why = read_account(s, a, &account, &exists);
    if (why != STATUS_OK || !exists)
        return why;
    struct hash plain = u256_to_hash(*key), hashed;
    struct bytes value;
    struct trie_source nodes = witness_state_nodes(s);
    keccak256(&hashed, plain.b, sizeof plain);
    why = trie_lookup(&nodes, &account.storage_root, hashed.b, sizeof hashed, &value);
    if (why == STATUS_OK && value.size != 0)
        why = trie_word_decode(out, value);
    return why == STATUS_OK ? why : missing(s, why, "storage of", a, plain.b);
}

bool witness_state_has_code(const struct witness_state *s, const struct hash *hash)
{
    struct bytes code;
    return hash_equal(hash, &keccak_empty) || index_find(&s->codes, hash, &code);
}

static enum status view_code(void *context, const struct address *a, const struct hash *code_hash, struct bytes *out)
{
    struct witness_state *s = context;
    *out = (struct bytes){0};
    if (hash_equal(code_hash, &keccak_empty) || index_find(&s->codes, code_hash, out))
        return STATUS_OK;
    return missing(s, STATE_MISSING, "code of", a, NULL);
}

static enum status view_block_hash(void *context, uint64_t number, struct hash *out)
{
    struct witness_state *s = context;
    for (size_t i = s->header_count; i-- > 0;)
        if (s->headers[i].number == number) {
            *out = s->header_hashes[i];
            return STATUS_OK;
        }
    pthread_mutex_lock(&s->lock);
    if (s->missing[0] == 0)
        snprintf(s->missing, sizeof s->missing, "header of block %llu", (unsigned long long)number);
    pthread_mutex_unlock(&s->lock);
    return STATE_MISSING;
}

struct state_view witness_state_view(struct witness_state *s)
{
    return (struct state_view){s, view_account, view_storage, view_code, view_block_hash};
}
