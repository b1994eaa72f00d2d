#include "versions/versions.h"

void version_init(struct version *v, enum version_kind kind, uint32_t tx, uint32_t generation, struct u256 value)
{
    atomic_init(&v->next, NULL);
    atomic_init(&v->kind, kind);
    v->tx = tx;
    v->generation = generation;
    v->depth = 0;
    v->skip = NULL;
    v->value = value;
}

void location_init(struct location *l, struct version *parent, struct u256 value)
{
    version_init(parent, VERSION_VALUE, 0, 0, value);
    atomic_init(&l->top, parent);
    atomic_init(&l->read_by, 0);
    atomic_init(&l->least_by, 0);
}

/* ---- balances ---------------------------------------------------------------------------------------------------- */

static struct version *next_live(const struct version *v)
{
    struct version *next = atomic_load_explicit(&v->next, memory_order_acquire);
    while (atomic_load_explicit(&next->kind, memory_order_acquire) == VERSION_DEAD)
        next = atomic_load_explicit(&next->next, memory_order_acquire);
    return next;
}

/* The sum of a chain from `v` downwards. */
static struct u256 balance_from(const struct version *v)
{
    struct u256 sum = U256_ZERO;
    for (;; v = next_live(v)) {
        /* Acquire: pairs with the release in version_settle_balance; the total is visible with the kind. */
        switch (atomic_load_explicit(&v->kind, memory_order_acquire)) {
        case VERSION_VALUE: return u256_add(sum, v->value);
        case VERSION_TOTAL: return u256_add(sum, ((const struct balance_version *)v)->total);
        case VERSION_DELTA: sum = u256_add(sum, v->value); break;
        default: /* died while we looked: its delta no longer counts */ break;
        }
    }
}

struct u256 location_balance(const struct location *l, uint32_t tx)
{
    return balance_from(location_find(l, tx));
}

struct u256 location_balance_below(const struct version *v)
{
    return balance_from(next_live(v));
}

void version_settle_balance(struct balance_version *b)
{
    if (atomic_load_explicit(&b->v.kind, memory_order_relaxed) == VERSION_TOTAL) return;
    b->total = u256_add(location_balance_below(&b->v), b->v.value);
    /* Release: pairs with the acquire in balance_from. */
    atomic_store_explicit(&b->v.kind, VERSION_TOTAL, memory_order_release);
}

/* ---- chains ------------------------------------------------------------------------------------------------------ */

static uint32_t deltas_below(const struct version *older)
{
    uint32_t kind;
    while ((kind = atomic_load_explicit(&older->kind, memory_order_relaxed)) == VERSION_DEAD)
        older = atomic_load_explicit(&older->next, memory_order_acquire);
    return kind == VERSION_DELTA ? older->depth + 1 : 0;
}

/* Only dead versions are ever taken out, and only below all that insert: so a failed exchange means that another version
 * came in, or such a one went, right here. Look again from the same link. */
void version_insert(struct location *l, struct version *v)
{
    _Atomic(struct version *) *link = &l->top;
    struct version *older = atomic_load_explicit(link, memory_order_acquire);
    for (;;) {
        while (older->tx > v->tx) {
            link = &older->next;
            older = atomic_load_explicit(link, memory_order_acquire);
        }
        atomic_store_explicit(&v->next, older, memory_order_relaxed);
        v->depth = deltas_below(older);
        /* Release: whoever finds v sees its fields; pairs with the acquire in location_find. */
        if (atomic_compare_exchange_weak_explicit(link, &older, v, memory_order_release, memory_order_acquire)) return;
    }
}

void version_kill(struct version *v)
{
    atomic_store_explicit(&v->kind, VERSION_DEAD, memory_order_release);
}

void version_unlink(struct location *l, struct version *v)
{
    _Atomic(struct version *) *link = &l->top;
    for (;;) {
        struct version *at = atomic_load_explicit(link, memory_order_acquire);
        if (at->tx < v->tx) return;
        if (at != v) {
            link = &at->next;
            continue;
        }
        /* Acquire is more than needed: what is below was inserted before its transaction was committed. */
        struct version *next = atomic_load_explicit(&v->next, memory_order_acquire);
        /* Release: whoever follows the link sees the fields of `next`; pairs with the acquire in location_find. Fails
         * when somebody has inserted above v: look from the same link. */
        if (atomic_compare_exchange_strong_explicit(link, &at, next, memory_order_release, memory_order_relaxed))
            return;
    }
}

/* ---- in place ---------------------------------------------------------------------------------------------------- */

static void put_on_top(struct location *l, struct version *top, struct u256 value, uint32_t generation,
                       struct arena *arena)
{
    struct version *v = ARENA_NEW(arena, struct version);
    version_init(v, VERSION_VALUE, top->tx, generation, value);
    atomic_init(&v->next, top);
    /* Release: workers that begin later read it. */
    atomic_store_explicit(&l->top, v, memory_order_release);
}

static bool is_parent(const struct version *v)
{
    return atomic_load_explicit(&v->next, memory_order_relaxed) == NULL;
}

void location_write(struct location *l, struct u256 value, uint32_t generation, struct arena *arena)
{
    struct version *top = location_find(l, UINT32_MAX);
    if (top->tx != 0 || is_parent(top)) {
        put_on_top(l, top, value, generation, arena);
        return;
    }
    top->value = value;
    top->generation = generation;
}

void location_overwrite(struct location *l, struct u256 value, uint32_t generation, struct arena *arena)
{
    struct version *top = location_find(l, UINT32_MAX);
    if (is_parent(top) || atomic_load_explicit(&top->kind, memory_order_relaxed) != VERSION_VALUE) {
        put_on_top(l, top, value, generation, arena);
        return;
    }
    top->value = value;
    top->generation = generation;
}
