/* The root of a block while the next one runs: a thread of the store's own that brings the tries along, and what it
 * shares with the thread that the store belongs to.
 *
 *     owner    stage_begin ──► executes the next block ──► stage_wait ──► compares the root, keeps or takes back
 *     thread        └──► tries_update, undo record ──────────┘
 *
 * From stage_begin to the end of stage_wait the change set belongs to the thread. */
#include "store/private.h"

#include <stdlib.h>

struct stage {
    struct store *store;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum { STAGE_IDLE, STAGE_ASKED, STAGE_DONE, STAGE_END } state;
    struct stage_work *work;
};

static void do_work(struct store *s, struct stage_work *w)
{
    w->status = tries_update(s->tries, &w->set, w->pool, &w->root);
    w->undo.size = 0;
    undo_encode(&w->undo, &w->set);
    w->tries_size = tries_bytes(s->tries);
}

#define STACK_SIZE ((size_t)8 << 20) /* what a thread has by default */

static void *stage_main(void *stage)
{
    struct stage *st = stage;
    pthread_mutex_lock(&st->lock);
    for (;;) {
        while (st->state != STAGE_ASKED && st->state != STAGE_END) pthread_cond_wait(&st->changed, &st->lock);
        if (st->state == STAGE_END) break;
        pthread_mutex_unlock(&st->lock);
        do_work(st->store, st->work);
        pthread_mutex_lock(&st->lock);
        st->state = STAGE_DONE;
        pthread_cond_broadcast(&st->changed);
    }
    pthread_mutex_unlock(&st->lock);
    return NULL;
}

struct stage *stage_new(struct store *s)
{
    struct stage *st = base_calloc(1, sizeof *st);
    st->store = s;
    pthread_mutex_init(&st->lock, NULL);
    pthread_cond_init(&st->changed, NULL);
    return st;
}

void stage_free(struct stage *st)
{
    if (st == NULL) return;
    stage_wait(st);
    if (st->has_thread) {
        pthread_mutex_lock(&st->lock);
        st->state = STAGE_END;
        pthread_cond_broadcast(&st->changed);
        pthread_mutex_unlock(&st->lock);
        pthread_join(st->thread, NULL);
    }
    pthread_mutex_destroy(&st->lock);
    pthread_cond_destroy(&st->changed);
    free(st);
}

void stage_begin(struct stage *st, struct stage_work *w, bool beside)
{
    ASSERT(st->state == STAGE_IDLE);
    st->work = w;
    if (beside && !st->has_thread)
        st->has_thread = base_thread_start(&st->thread, STACK_SIZE, "weft-root", stage_main, st);
    if (!beside || !st->has_thread) {
        do_work(st->store, w);
        st->state = STAGE_DONE;
        return;
    }
    pthread_mutex_lock(&st->lock);
    st->state = STAGE_ASKED;
    pthread_cond_broadcast(&st->changed);
    pthread_mutex_unlock(&st->lock);
}

static void wait_until_done(struct stage *st)
{
    while (st->state == STAGE_ASKED) pthread_cond_wait(&st->changed, &st->lock);
}

void stage_wait(struct stage *st)
{
    pthread_mutex_lock(&st->lock);
    wait_until_done(st);
    st->state = STAGE_IDLE;
    pthread_mutex_unlock(&st->lock);
}

bool stage_is_done(struct stage *st)
{
    pthread_mutex_lock(&st->lock);
    bool done = st->state != STAGE_ASKED;
    pthread_mutex_unlock(&st->lock);
    return done;
}

bool stage_has_storage(struct stage *st, const struct hash *key)
{
    pthread_mutex_lock(&st->lock);
    wait_until_done(st);
    pthread_mutex_unlock(&st->lock);
    /* Nobody writes the set until the owner, who waits for those who ask, goes on. */
    const struct change_set *set = &st->work->set;
    size_t i = 0;
    while (i < set->count && !hash_equal(&set->accounts[i].key, key)) i++;
    ASSERT(i < set->count); /* only accounts of the set have a root to come */
    return !hash_equal(&set->accounts[i].new.storage_root, &keccak_empty_trie);
}
