/* The engine's own thread. What the library is called on may be a small stack (a Rust or Go thread), and
 * 1,024 nested calls need a big one; so every execution happens here, and the caller waits. Handing over
 * costs some microseconds. */
#include <stdlib.h>

#include "api/api.h"

struct api_driver {
    pthread_t thread;
    pthread_mutex_t turn; /* held by the caller whose job runs */
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    void (*job)(void *context); /* NULL: nothing to do, or done */
    void *context;
    bool end;
};

static void *drive(void *argument)
{
    struct api_driver *d = argument;
    ASSERT(pthread_mutex_lock(&d->lock) == 0);
    while (!d->end) {
        if (d->job != NULL) {
            void (*job)(void *context) = d->job;
            void *context = d->context;
            ASSERT(pthread_mutex_unlock(&d->lock) == 0);
            job(context);
            ASSERT(pthread_mutex_lock(&d->lock) == 0);
            d->job = NULL;
            ASSERT(pthread_cond_broadcast(&d->changed) == 0);
        }
        while (d->job == NULL && !d->end) ASSERT(pthread_cond_wait(&d->changed, &d->lock) == 0);
    }
    ASSERT(pthread_mutex_unlock(&d->lock) == 0);
    return NULL;
}

static void destroy(struct api_driver *d)
{
    (void)pthread_mutex_destroy(&d->turn);
    (void)pthread_mutex_destroy(&d->lock);
    (void)pthread_cond_destroy(&d->changed);
    free(d);
}

struct api_driver *api_driver_new(void)
{
    struct api_driver *d = base_calloc(1, sizeof *d);
    ASSERT(pthread_mutex_init(&d->turn, NULL) == 0);
    ASSERT(pthread_mutex_init(&d->lock, NULL) == 0);
    ASSERT(pthread_cond_init(&d->changed, NULL) == 0);
    if (base_thread_start(&d->thread, POOL_STACK_SIZE, "weft-0", drive, d)) return d;
    destroy(d);
    return NULL;
}

void api_driver_run(struct api_driver *d, void (*job)(void *context), void *context)
{
    ASSERT(pthread_mutex_lock(&d->turn) == 0);
    ASSERT(pthread_mutex_lock(&d->lock) == 0);
    d->context = context;
    d->job = job;
    ASSERT(pthread_cond_broadcast(&d->changed) == 0);
    while (d->job != NULL) ASSERT(pthread_cond_wait(&d->changed, &d->lock) == 0);
    ASSERT(pthread_mutex_unlock(&d->lock) == 0);
    ASSERT(pthread_mutex_unlock(&d->turn) == 0);
}

void api_driver_free(struct api_driver *d)
{
    ASSERT(pthread_mutex_lock(&d->lock) == 0);
    d->end = true;
    ASSERT(pthread_cond_broadcast(&d->changed) == 0);
    ASSERT(pthread_mutex_unlock(&d->lock) == 0);
    ASSERT(pthread_join(d->thread, NULL) == 0);
    destroy(d);
}
