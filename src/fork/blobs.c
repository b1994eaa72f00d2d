/* Forks with other blob numbers, as chains and tests have them of their own (EIP-7840). */
#include "fork/fork.h"

#include <pthread.h>

/* All that were ever asked for: what is made of code is kept by fork, and a fork must not become another. */
struct variant {
    const struct fork *base;
    struct fork fork;
    struct variant *next;
};
static struct variant *variants;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct variant *make(const struct fork *base, uint32_t target, uint32_t max, uint32_t update_fraction)
{
    struct variant *v = base_calloc(1, sizeof *v);
    v->base = base;
    v->fork = *base;
    v->fork.blob.target = target;
    v->fork.blob.max = max;
    v->fork.blob.update_fraction = update_fraction;
    if (base->blob.max_per_tx == base->blob.max || max < base->blob.max_per_tx) v->fork.blob.max_per_tx = max;
    v->next = variants;
    variants = v;
    return v;
}

const struct fork *fork_with_blobs(const struct fork *base, uint32_t target, uint32_t max, uint32_t update_fraction)
{
    if (base->blob.target == target && base->blob.max == max && base->blob.update_fraction == update_fraction)
        return base;
    (void)pthread_mutex_lock(&lock);
    struct variant *v = variants;
    while (v != NULL && (v->base != base || v->fork.blob.target != target || v->fork.blob.max != max ||
                         v->fork.blob.update_fraction != update_fraction))
        v = v->next;
    if (v == NULL) v = make(base, target, max, update_fraction);
    (void)pthread_mutex_unlock(&lock);
    return &v->fork;
}
