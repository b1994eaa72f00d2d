/* A witness as a state_view: each question is a walk from the parent's state root through nodes found by hash. Nothing
 * is changed by a look-up, so any number of workers ask at once. The state table asks for each account and slot once.
 *
 * More is asked than is needed: by executions ahead that come to nothing, by an instruction that then runs out of gas,
 * for addresses in access lists. So an account or slot that cannot be had is answered with "nothing there" and noted as
 * a gap; after execution, a gap that a committed transaction did access makes the witness too small
 * (witness_state_check). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/crypto.h"
#include "witness/index.h"
#include "witness/witness.h"

/* An account, or a slot of it, that the witness does not have. */
struct gap {
    struct address address;
    bool is_slot;
    struct u256 key;
    enum status why;
};

struct witness_state {
    struct hash_index nodes, codes;
    struct header *headers;
    struct hash *header_hashes;
    size_t header_count;
    pthread_mutex_t lock; /* of the gaps */
    struct gap *gaps;
    size_t gap_count, gap_capacity;
    char missing[100]; /* the last code or header that was asked for and is missing */
};

/* ---- hashing ----------------------------------------------------------------------------------------------------- */

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

/* What is larger than `size_max` is left out: it cannot be what it is said to be. */
static void index_all(struct hash_index *x, const struct bytes *in, size_t count, size_t size_max, struct pool *pool)
{
    struct hash *hashes = hash_all(in, count, pool);
    index_reserve(x, count);
    for (size_t i = 0; i < count; i++)
        if (in[i].size <= size_max) index_put(x, &hashes[i], in[i]);
    free(hashes);
}

/* ---- headers ----------------------------------------------------------------------------------------------------- */

static enum status read_headers(struct witness_state *s, const struct witness *w, const struct hash *parent_hash,
                                struct pool *pool, struct error *e)
{
    if (w->header_count == 0)
        return error_set(e, WITNESS_HEADERS, "witness has no headers, expected the parent's at least");
    if (w->header_count > WITNESS_HEADERS_MAX)
        return error_set(e, WITNESS_HEADERS, "witness has %zu headers, expected at most %u", w->header_count,
                         (unsigned)WITNESS_HEADERS_MAX);
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
        if (why == STATUS_OK) why = rlp_finish(&in);
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
    index_all(&s->nodes, w->nodes, w->node_count, WITNESS_NODE_SIZE_MAX, pool);
    index_all(&s->codes, w->codes, w->code_count, SIZE_MAX, pool);
    *out = s;
    return STATUS_OK;
}

void witness_state_free(struct witness_state *s)
{
    if (s == NULL) return;
    index_free(&s->nodes);
    index_free(&s->codes);
    free(s->headers);
    free(s->header_hashes);
    free(s->gaps);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const struct header *witness_state_parent(const struct witness_state *s)
{
    return &s->headers[s->header_count - 1];
}

/* ---- the view ---------------------------------------------------------------------------------------------------- */

static bool find_node(void *context, const struct hash *hash, struct bytes *out)
{
    return index_find(&((const struct witness_state *)context)->nodes, hash, out);
}

struct trie_source witness_state_nodes(struct witness_state *s)
{
    return (struct trie_source){.context = s, .node = find_node};
}

static void note_gap(struct witness_state *s, struct gap gap)
{
    pthread_mutex_lock(&s->lock);
    if (s->gap_count == s->gap_capacity) {
        s->gap_capacity = s->gap_capacity == 0 ? 16 : 2 * s->gap_capacity;
        s->gaps = base_realloc(s->gaps, s->gap_capacity * sizeof *s->gaps);
    }
    s->gaps[s->gap_count++] = gap;
    pthread_mutex_unlock(&s->lock);
}

/* False where there is a gap, or no account. */
static bool read_account(struct witness_state *s, const struct address *a, struct trie_account *out, enum status *why)
{
    struct hash key = trie_address_key(a);
    struct bytes value;
    struct trie_source nodes = witness_state_nodes(s);
    *why = trie_lookup(&nodes, &witness_state_parent(s)->state_root, key.b, sizeof key, &value);
    if (*why == STATUS_OK && value.size != 0) *why = trie_account_decode(out, value);
    return *why == STATUS_OK && value.size != 0;
}

static enum status view_account(void *context, const struct address *a, struct account_data *out)
{
    struct trie_account found;
    enum status why;
    *out = (struct account_data){0};
    if (read_account(context, a, &found, &why))
        *out = (struct account_data){.exists = true,
                                     .has_storage = !hash_equal(&found.storage_root, &keccak_empty_trie),
                                     .nonce = found.nonce,
                                     .balance = found.balance,
                                     .code_hash = found.code_hash};
    else if (why != STATUS_OK)
        note_gap(context, (struct gap){.address = *a, .why = why});
    return STATUS_OK;
}

static enum status view_storage(void *context, const struct address *a, const struct u256 *key, struct u256 *out)
{
    struct witness_state *s = context;
    struct trie_account account;
    enum status why;
    *out = U256_ZERO;
    if (!read_account(s, a, &account, &why))
        return STATUS_OK; /* a gap is noted already: accounts are asked for before their slots */
    struct hash hashed = trie_slot_key(key);
    struct bytes value;
    struct trie_source nodes = witness_state_nodes(s);
    why = trie_lookup(&nodes, &account.storage_root, hashed.b, sizeof hashed, &value);
    if (why == STATUS_OK && value.size != 0) why = trie_word_decode(out, value);
    if (why != STATUS_OK) note_gap(s, (struct gap){*a, true, *key, why});
    return STATUS_OK;
}

bool witness_state_has_code(const struct witness_state *s, const struct hash *hash)
{
    struct bytes code;
    return hash_equal(hash, &keccak_empty) || index_find(&s->codes, hash, &code);
}

/* No answer at all for a code that is not there: what is given is kept under its hash. */
static enum status view_code(void *context, const struct address *a, const struct hash *code_hash, struct bytes *out)
{
    struct witness_state *s = context;
    *out = (struct bytes){0};
    if (hash_equal(code_hash, &keccak_empty) || index_find(&s->codes, code_hash, out)) return STATUS_OK;
    char address[41];
    hex_encode(address, a->b, sizeof a->b);
    pthread_mutex_lock(&s->lock);
    snprintf(s->missing, sizeof s->missing, "code of account 0x%s", address);
    pthread_mutex_unlock(&s->lock);
    return STATE_MISSING;
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
    snprintf(s->missing, sizeof s->missing, "header of block %llu", (unsigned long long)number);
    pthread_mutex_unlock(&s->lock);
    return STATE_MISSING;
}

struct state_view witness_state_view(struct witness_state *s)
{
    return (struct state_view){s, view_account, view_storage, view_code, view_block_hash};
}

const char *witness_state_missing(const struct witness_state *s)
{
    return s->missing;
}

/* ---- what was needed and not there ------------------------------------------------------------------------------- */

static int compare_gaps(const void *x, const void *y)
{
    const struct gap *a = x, *b = y;
    int order = memcmp(a->address.b, b->address.b, sizeof a->address);
    if (order == 0) order = (int)a->is_slot - (int)b->is_slot;
    return order != 0 ? order : u256_compare(a->key, b->key);
}

static bool is_gap(const struct witness_state *s, struct gap wanted, const struct gap **found)
{
    *found = bsearch(&wanted, s->gaps, s->gap_count, sizeof *s->gaps, compare_gaps);
    return *found != NULL;
}

static const struct gap *accessed_gap(const struct witness_state *s, const struct block_access_list *l)
{
    const struct gap *gap;
    for (uint32_t i = 0; i < l->account_count; i++) {
        const struct bal_account *a = &l->accounts[i];
        if (is_gap(s, (struct gap){.address = a->address}, &gap)) return gap;
        for (uint32_t k = 0; k < a->slot_count; k++)
            if (is_gap(s, (struct gap){a->address, true, a->slots[k].key, STATUS_OK}, &gap)) return gap;
        for (uint32_t k = 0; k < a->read_count; k++)
            if (is_gap(s, (struct gap){a->address, true, a->reads[k], STATUS_OK}, &gap)) return gap;
    }
    return NULL;
}

enum status witness_state_check(struct witness_state *s, const struct block_access_list *accesses, struct error *e)
{
    if (s->gap_count == 0) return STATUS_OK;
    qsort(s->gaps, s->gap_count, sizeof *s->gaps, compare_gaps);
    const struct gap *gap = accesses == NULL ? s->gaps : accessed_gap(s, accesses);
    if (gap == NULL) return STATUS_OK;
    char address[41], key[65];
    struct hash plain = u256_to_hash(gap->key);
    hex_encode(address, gap->address.b, sizeof gap->address);
    hex_encode(key, plain.b, sizeof plain);
    if (gap->is_slot)
        return error_set(e, gap->why, "%s: slot 0x%s of account 0x%s", status_text(gap->why), key, address);
    return error_set(e, gap->why, "%s: account 0x%s", status_text(gap->why), address);
}
