#include "parallel/prediction.h"

#include "base/hash.h"

enum { SUSPICION_STEP = 4, SUSPICION_MAX = 12, SUSPICION_LIMIT = 4 };
/* What of a transaction's call data is looked at, and so many accounts at most. */
enum { WORDS_MAX = 32, KEYS_MAX = 8 };

/* The last transaction of a class (key: its contract), or of those of a class that name one account. Tags are taken for
 * what they are hashes of: a collision makes a bad guess. */
struct last_of {
    uint64_t tag;
    uint32_t tx; /* plus 1; 0: free */
};
struct last_table {
    struct last_of *cells;
    size_t mask;
};

static void table_init(struct last_table *t, size_t items, struct arena *arena)
{
    t->mask = 15;
    while (t->mask < 2 * items) t->mask = t->mask * 2 + 1;
    t->cells = ARENA_ARRAY(arena, struct last_of, t->mask + 1);
    memset(t->cells, 0, (t->mask + 1) * sizeof *t->cells);
}

static struct last_of *table_at(struct last_table *t, uint64_t tag)
{
    size_t at = tag & t->mask;
    while (t->cells[at].tx != 0 && t->cells[at].tag != tag) at = (at + 1) & t->mask;
    t->cells[at].tag = tag;
    return &t->cells[at];
}

static uint64_t tag_of(const uint8_t address[20], uint64_t salt)
{
    struct address a;
    memcpy(a.b, address, sizeof a.b);
    return hash_pair(hash_of_address(&a), salt);
}

/* Whether an argument is as small as an address and as large as addresses nearly always are. */
static bool looks_like_address(const uint8_t word[32])
{
    static const uint8_t zeros[12];
    return memcmp(word, zeros, sizeof zeros) == 0 && memcmp(word + 12, zeros, 4) != 0;
}

/* The accounts that a transaction of the class names: at least one. Who names none besides the sender is like all that
 * call the same function. */
static uint32_t accounts_of(uint64_t keys[KEYS_MAX], const struct transaction *tx, const struct address *sender,
                            uint64_t class)
{
    uint32_t count = 0;
    keys[count++] = tag_of(sender->b, class);
    for (size_t at = 4, words = 0; at + 32 <= tx->data.size && words < WORDS_MAX && count < KEYS_MAX; at += 32, words++)
        if (looks_like_address(tx->data.data + at)) keys[count++] = tag_of(tx->data.data + at + 12, class);
    if (count > 1) return count;
    uint8_t selector[20] = {0};
    memcpy(selector, tx->data.data, tx->data.size < 4 ? tx->data.size : 4);
    keys[count++] = tag_of(selector, class);
    return count;
}

/* Enters transaction `i` (counted from p->from) of a class and returns the last one that names one of its accounts. */
static uint32_t enter_accounts(struct prediction *p, struct last_table *named, const uint64_t *keys, uint32_t count,
                               uint32_t i)
{
    uint32_t last = 0;
    for (uint32_t k = 0; k < count; k++) {
        struct last_of *l = table_at(named, keys[k]);
        if (l->tx <= i && l->tx > last) last = l->tx;
        l->tx = i + 1;
    }
    return last == 0 ? PREDICTION_NONE : p->from + last - 1;
}

void prediction_make(struct prediction *p, const struct plan *plan, uint32_t from, struct arena *arena)
{
    uint32_t count = plan->count - from, classes = 0;
    struct last_table called, named;
    table_init(&called, count, arena);
    table_init(&named, (size_t)count * 4, arena);
    size_t names = 0;
    p->from = from;
    p->class_of = ARENA_ARRAY(arena, uint32_t, count);
    p->in_class = ARENA_ARRAY(arena, uint32_t, count);
    p->same_account = ARENA_ARRAY(arena, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct transaction *tx = &plan->transactions[from + i];
        p->class_of[i] = p->in_class[i] = p->same_account[i] = PREDICTION_NONE;
        if (tx->is_create || tx->data.size == 0) continue;
        uint64_t class = tag_of(tx->to.b, 0), keys[KEYS_MAX];
        struct last_of *l = table_at(&called, class);
        p->class_of[i] = l->tx != 0 ? p->class_of[l->tx - 1] : classes++;
        if (l->tx != 0) p->in_class[i] = from + l->tx - 1;
        l->tx = i + 1;
        uint32_t key_count = accounts_of(keys, tx, &plan->senders[from + i], class);
        if (names + key_count > (size_t)count * 4)
            continue; /* the table is half full: more names than there mostly are */
        names += key_count;
        p->same_account[i] = enter_accounts(p, &named, keys, key_count, i);
    }
    p->suspicions = ARENA_ARRAY(arena, struct suspicion, classes + 1);
    for (uint32_t i = 0; i < classes; i++) {
        atomic_init(&p->suspicions[i].same_account, 0);
        atomic_init(&p->suspicions[i].same_class, 0);
    }
}

/* Relaxed throughout: a stale suspicion is as good a guess as a fresh one. */
static void lower_suspicion(_Atomic uint8_t *suspicion)
{
    uint8_t now = atomic_load_explicit(suspicion, memory_order_relaxed);
    if (now != 0) atomic_store_explicit(suspicion, now - 1, memory_order_relaxed);
}

static void raise_suspicion(_Atomic uint8_t *suspicion)
{
    uint8_t now = atomic_load_explicit(suspicion, memory_order_relaxed);
    now = now + SUSPICION_STEP > SUSPICION_MAX ? SUSPICION_MAX : (uint8_t)(now + SUSPICION_STEP);
    atomic_store_explicit(suspicion, now, memory_order_relaxed);
}

static struct suspicion *suspicion_of(struct prediction *p, uint32_t tx)
{
    uint32_t class = p->class_of[tx - p->from];
    return class == PREDICTION_NONE ? NULL : &p->suspicions[class];
}

void prediction_record_success(struct prediction *p, uint32_t tx, bool before_same_account, bool before_same_class)
{
    struct suspicion *s = suspicion_of(p, tx);
    if (s == NULL) return;
    if (before_same_account) lower_suspicion(&s->same_account);
    if (before_same_class) lower_suspicion(&s->same_class);
}

void prediction_record_conflict(struct prediction *p, uint32_t tx, uint32_t missed)
{
    struct suspicion *s = suspicion_of(p, tx);
    if (s == NULL) return;
    /* Waiting for the last one with an account in common would have been enough if that is the one it missed, or a later one. */
    uint32_t predecessor = p->same_account[tx - p->from];
    bool is_enough = missed != PREDICTION_NONE && predecessor != PREDICTION_NONE && predecessor >= missed;
    raise_suspicion(&s->same_account);
    if (!is_enough) raise_suspicion(&s->same_class);
}

uint32_t prediction_of_conflict(const struct prediction *p, uint32_t tx)
{
    uint32_t i = tx - p->from;
    if (p->class_of[i] == PREDICTION_NONE) return PREDICTION_NONE;
    const struct suspicion *s = &p->suspicions[p->class_of[i]];
    if (policy_is_on(POLICY_SAME_CLASS) &&
        atomic_load_explicit(&s->same_class, memory_order_relaxed) >= SUSPICION_LIMIT)
        return p->in_class[i];
    if (policy_is_on(POLICY_SAME_ACCOUNT) &&
        atomic_load_explicit(&s->same_account, memory_order_relaxed) >= SUSPICION_LIMIT)
        return p->same_account[i];
    return PREDICTION_NONE;
}
