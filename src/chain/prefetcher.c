/* Reading what a block names (senders, recipients, access lists) while the block before it is executed: a thread of its
 * own hands the names to the readers.
 *
 *     caller   prefetcher_begin(N+1) ──► execute N ──► prefetcher_wait ──► the store is changed
 *     prefetcher        └──► reads of N+1 ─────────────────┘
 *
 * What it finds goes to the store's caches, as the database has it. So nothing is lost when N changes it. */
#define _GNU_SOURCE 1
#include "chain/private.h"

#include <stdlib.h>

struct prefetcher {
    struct store *store;
    struct pool *readers;
    struct arena arena; /* of the names */
    struct address *accounts;
    struct store_slot_name *slots;
    size_t account_count, slot_count;
    bool has_read;    /* ... or is going to: the block with ... */
    struct hash hash; /* ... this hash */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool busy, stop;
};

static void gather(struct prefetcher *s, const struct block *b, const struct block_signers *signers)
{
    size_t slots = 0, accounts = 0;
    for (uint32_t i = 0; i < b->transaction_count; i++) slots += b->transactions[i].access_key_count;
    for (uint32_t i = 0; i < b->transaction_count; i++) accounts += 2 + b->transactions[i].access_count;
    arena_reset(&s->arena);
    s->accounts = ARENA_ARRAY(&s->arena, struct address, accounts + 1);
    s->slots = ARENA_ARRAY(&s->arena, struct store_slot_name, slots + 1);
    s->account_count = s->slot_count = 0;
    for (uint32_t i = 0; i < b->transaction_count; i++) {
        const struct transaction *tx = &b->transactions[i];
        s->accounts[s->account_count++] = signers->senders[i];
        if (!tx->is_create) s->accounts[s->account_count++] = tx->to;
        for (uint32_t k = 0; k < tx->access_count; k++) {
            const struct access_entry *entry = &tx->access_list[k];
            if (entry->key_count == 0) s->accounts[s->account_count++] = entry->address;
            for (uint32_t n = 0; n < entry->key_count; n++)
                s->slots[s->slot_count++] = (struct store_slot_name){entry->address, entry->keys[n]};
        }
    }
    s->has_read = true;
    s->hash = b->hash;
}

static void read_all(struct prefetcher *s)
{
    store_prefetch(s->store, s->accounts, s->account_count, s->slots, s->slot_count, s->readers);
}

static void *prefetcher_main(void *prefetcher)
{
    struct prefetcher *s = prefetcher;
    (void)pthread_setname_np(pthread_self(), "weft-prefetcher");
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->busy && !s->stop) pthread_cond_wait(&s->changed, &s->lock);
        if (s->stop) break;
        pthread_mutex_unlock(&s->lock);
        read_all(s);
        pthread_mutex_lock(&s->lock);
        s->busy = false;
        pthread_cond_broadcast(&s->changed);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct prefetcher *prefetcher_new(struct store *store, unsigned readers)
{
    struct prefetcher *s = base_calloc(1, sizeof *s);
    s->store = store;
    s->readers = pool_new(readers);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    s->has_thread = pthread_create(&s->thread, NULL, prefetcher_main, s) == 0;
    return s;
}

void prefetcher_free(struct prefetcher *s)
{
    if (s == NULL) return;
    pthread_mutex_lock(&s->lock);
    while (s->busy) pthread_cond_wait(&s->changed, &s->lock);
    s->stop = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    if (s->has_thread) pthread_join(s->thread, NULL);
    pool_free(s->readers);
    arena_free(&s->arena);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->changed);
    free(s);
}

void prefetcher_begin(struct prefetcher *s, const struct block *b, const struct block_signers *signers)
{
    if (s == NULL || !s->has_thread) return;
    gather(s, b, signers);
    pthread_mutex_lock(&s->lock);
    s->busy = true;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void prefetcher_wait(struct prefetcher *s)
{
    if (s == NULL) return;
    pthread_mutex_lock(&s->lock);
    while (s->busy) pthread_cond_wait(&s->changed, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

void prefetcher_read(struct prefetcher *s, const struct block *b, const struct block_signers *signers)
{
    if (s == NULL || (s->has_read && hash_equal(&s->hash, &b->hash))) return;
    gather(s, b, signers);
    read_all(s);
}
