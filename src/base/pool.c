/* pool: threads made once, a job for all of them in a few microseconds.
 *
 * Two 64-bit words tell the workers what to do:
 *
 *     order     asked (32 bits) | generation (32 bits, the futex word)
 *     tickets   generation (32 bits) | workers that have not started yet (32 bits)
 *
 * pool_run stores job and context, then tickets, then a new order. A worker that sees a new generation and whose number
 * is below `asked` takes a ticket of that generation, runs the job and counts itself out of `running`; the one that
 * counts down to zero wakes the caller if it sleeps. When the caller has done its own part it takes back the tickets
 * that are left: whoever wakes up so late finds none and goes back to sleep, so a short job never waits for a slow
 * wake-up. Everybody spins for a moment before sleeping, since the next block mostly comes at once.
 *
 * Worker w sleeps under bit (w - 1) mod 32 of the futex's bit set, so that one system call wakes just those asked (in
 * pools of up to 33; in larger ones some may wake for nothing). A worker that was not asked touches nothing but
 * `order`: job and context may change under it. */
#define _GNU_SOURCE 1
#include "base/base.h"

#include <linux/futex.h>
#include <sched.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Spins before a sleep: some 10 µs where a pause takes 140 cycles, 3 µs where it takes 40. About what a sleep and a
 * wake-up cost. */
enum { SPINS = 256 };

/* How long the caller, with nothing left to do, spins for the last worker: what it costs to wake a processor of a
 * virtual machine. */
enum { LAST_WORKER_NS = 50000 };

/* In `running`: the caller sleeps on the word and wants to be woken at zero. */
#define CALLER_SLEEPS 0x80000000u

/* More threads than any machine has; bounds what a command line can ask for. */
enum { POOL_WORKERS_MAX = 1024 };

struct pool_thread {
    struct pool *pool;
    unsigned worker;
    pthread_t thread;
};

struct pool {
    unsigned workers;
    unsigned spins; /* 0 where the workers outnumber the processors: spinning would keep the others from working */
    bool busy;      /* the caller's own check against reentry */
    struct pool_thread *threads;
    _Atomic uint32_t *bell; /* of a pool of guests; NULL: the threads are the pool's own */

    /* Written by the caller before `order` (release), read by asked workers after it (acquire). */
    void (*job)(void *context, unsigned worker); /* NULL: end */
    void *context;

    alignas(64) _Atomic uint64_t order;
    alignas(64) _Atomic uint64_t tickets;
    alignas(64) _Atomic uint32_t running;
    _Atomic uint32_t asleep;      /* workers that sleep, or are about to, or have not yet woken up */
    _Atomic uint64_t cpu_ns;      /* that workers but the caller took in jobs */
    _Atomic uint64_t awake_until; /* no worker sleeps before; clock_wall_ns */
};

/* ---- futex ---- */

static long futex_until(void *word, int operation, uint32_t value, const struct timespec *deadline, uint32_t mask)
{
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, deadline, NULL, mask);
}

static long futex(void *word, int operation, uint32_t value, uint32_t mask)
{
    return futex_until(word, operation, value, NULL, mask);
}

void futex_wait(_Atomic uint32_t *word, uint32_t expected)
{
    (void)futex(word, FUTEX_WAIT_BITSET, expected, FUTEX_BITSET_MATCH_ANY);
}

void futex_wait_until(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline_ns)
{
    struct timespec deadline = {(time_t)(deadline_ns / 1000000000), (long)(deadline_ns % 1000000000)};
    (void)futex_until(word, FUTEX_WAIT_BITSET, expected, &deadline, FUTEX_BITSET_MATCH_ANY);
}

void futex_wake(_Atomic uint32_t *word, unsigned how_many)
{
    (void)futex(word, FUTEX_WAKE, how_many, 0);
}

void flag_lock_slow(atomic_flag *f)
{
    for (unsigned spin = 0; atomic_flag_test_and_set_explicit(f, memory_order_acquire); spin++) {
        if (spin < SPINS)
            cpu_relax();
        else
            (void)sched_yield();
    }
}

/* ---- workers ---- */

static uint32_t worker_bit(unsigned worker)
{
    return 1u << ((worker - 1) % 32);
}

/* The low half of `order`, the generation, as the kernel sees it. */
static void *generation_word(struct pool *p)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the generation is the first half of the word");
    return &p->order;
}

/* Whether a job was announced that may still come. */
static bool is_roused(struct pool *p)
{
    /* Relaxed: who sees it late sleeps for nothing, or spins a moment longer. */
    uint64_t until = atomic_load_explicit(&p->awake_until, memory_order_relaxed);
    return until != 0 && clock_wall_ns() < until;
}

/* Returns the first order whose generation differs from `seen`. */
static uint64_t wait_for_order(struct pool *p, unsigned worker, uint32_t seen)
{
    for (unsigned spin = 0;; spin++) {
        /* Pairs with the release in give_order: job and context are visible with the order. */
        uint64_t order = atomic_load_explicit(&p->order, memory_order_acquire);
        if ((uint32_t)order != seen) return order;
        if (spin < p->spins || is_roused(p)) {
            cpu_relax();
        } else {
            /* Sequentially consistent: pairs with the fence in give_order. Either it sees that we sleep, or the kernel
             * sees its order. */
            atomic_fetch_add(&p->asleep, 1);
            (void)futex(generation_word(p), FUTEX_WAIT_BITSET, seen, worker_bit(worker));
            atomic_fetch_sub(&p->asleep, 1);
        }
    }
}

/* Takes a ticket of `generation` and returns its number, counting down to 1; 0 when none is left. */
static uint32_t take_ticket(struct pool *p, uint32_t generation)
{
    /* Acquire: job and context belong to the generation whose ticket it is. They cannot change before it is used up. */
    uint64_t tickets = atomic_load_explicit(&p->tickets, memory_order_acquire);
    while (tickets >> 32 == generation && (uint32_t)tickets != 0)
        if (atomic_compare_exchange_weak_explicit(&p->tickets, &tickets, tickets - 1, memory_order_acq_rel,
                                                  memory_order_acquire))
            return (uint32_t)tickets;
    return 0;
}

/* Runs the job of the generation that a ticket was taken of. */
static void run_job(struct pool *p, unsigned worker)
{
    uint64_t since = clock_thread_ns();
    p->job(p->context, worker);
    /* Relaxed: `running` publishes it. */
    (void)atomic_fetch_add_explicit(&p->cpu_ns, clock_thread_ns() - since, memory_order_relaxed);
    /* Release: the caller sees what the job did. Acquire is needed by the last one only, for nothing but symmetry with
     * the caller's own load; the pool outlives the wake-up because pool_free joins us first, and guests are gone before
     * it is called. */
    uint32_t left = atomic_fetch_sub_explicit(&p->running, 1, memory_order_acq_rel) - 1;
    if (left == CALLER_SLEEPS) futex_wake(&p->running, 1);
}

static void *worker_main(void *argument)
{
    const struct pool_thread *self = argument;
    struct pool *p = self->pool;
    uint32_t seen = 0;
    for (;;) {
        uint64_t order = wait_for_order(p, self->worker, seen);
        seen = (uint32_t)order;
        if (self->worker >= order >> 32 || take_ticket(p, seen) == 0) continue;
        if (p->job == NULL) return NULL;
        run_job(p, self->worker);
    }
}

bool pool_help(struct pool *p)
{
    /* Pairs with the release in give_order. A ticket of this generation can only be had while its job runs. */
    uint64_t order = atomic_load_explicit(&p->order, memory_order_acquire);
    uint32_t ticket = take_ticket(p, (uint32_t)order);
    if (ticket == 0) return false;
    run_job(p, (unsigned)(order >> 32) - ticket);
    return true;
}

/* ---- the caller's side ---- */

/* An order to the first `asked` workers, the caller among them, of whom the first `tickets` that come get a place. */
static void give_order(struct pool *p, unsigned asked, unsigned tickets)
{
    uint64_t old = atomic_load_explicit(&p->order, memory_order_relaxed);
    uint32_t generation = (uint32_t)old + 1;
    uint64_t order = (uint64_t)asked << 32 | generation;
    atomic_store_explicit(&p->tickets, (uint64_t)generation << 32 | tickets, memory_order_release);
    /* Pairs with the acquire in wait_for_order. */
    atomic_store_explicit(&p->order, order, memory_order_release);
    if (p->bell != NULL) {
        atomic_fetch_add(p->bell, 1);
        futex_wake(p->bell, asked - 1);
        return;
    }
    /* Pairs with the fetch_add in wait_for_order. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&p->asleep, memory_order_relaxed) == 0) return;
    uint32_t mask = asked > 32 ? FUTEX_BITSET_MATCH_ANY : (1u << (asked - 1)) - 1;
    (void)futex(generation_word(p), FUTEX_WAKE_BITSET, POOL_WORKERS_MAX, mask);
}

static void take_back_tickets(struct pool *p)
{
    uint64_t left = atomic_exchange_explicit(&p->tickets, 0, memory_order_acq_rel);
    if ((uint32_t)left != 0) (void)atomic_fetch_sub_explicit(&p->running, (uint32_t)left, memory_order_acq_rel);
}

static void wait_until_done(struct pool *p)
{
    uint64_t since = 0;
    for (unsigned spin = 0; p->spins != 0; spin++) {
        /* Pairs with the fetch_sub of each worker. */
        if (atomic_load_explicit(&p->running, memory_order_acquire) == 0) return;
        cpu_relax();
        if (spin % 32 != 0) continue;
        if (since == 0) since = clock_wall_ns();
        if (clock_wall_ns() - since > LAST_WORKER_NS) break;
    }
    uint32_t left = atomic_fetch_or_explicit(&p->running, CALLER_SLEEPS, memory_order_acq_rel) | CALLER_SLEEPS;
    while (left != CALLER_SLEEPS) {
        futex_wait(&p->running, left);
        left = atomic_load_explicit(&p->running, memory_order_acquire);
    }
}

void pool_run(struct pool *p, unsigned workers, void (*job)(void *context, unsigned worker), void *context)
{
    ASSERT(!p->busy);
    if (workers == 0 || workers > p->workers) workers = p->workers;
    p->busy = true;
    if (workers > 1) {
        /* Relaxed: nobody runs; the order's release publishes it. */
        atomic_store_explicit(&p->awake_until, 0, memory_order_relaxed);
        atomic_store_explicit(&p->running, workers - 1, memory_order_relaxed);
        p->job = job;
        p->context = context;
        give_order(p, workers, workers - 1);
    }
    job(context, 0);
    if (workers > 1) {
        take_back_tickets(p);
        wait_until_done(p);
    }
    p->busy = false;
}

void pool_rouse(struct pool *p, uint64_t ns)
{
    ASSERT(!p->busy);
    if (p->workers == 1 || p->bell != NULL || p->spins == 0) return;
    atomic_store_explicit(&p->awake_until, clock_wall_ns() + ns, memory_order_relaxed);
    give_order(p, p->workers, 0);
}

bool pool_is_awake(const struct pool *p)
{
    return atomic_load_explicit(&p->asleep, memory_order_relaxed) == 0;
}

uint64_t pool_cpu_ns(const struct pool *p)
{
    /* Relaxed: what the caller's own jobs took was there when pool_run returned. */
    return clock_thread_ns() + atomic_load_explicit(&p->cpu_ns, memory_order_relaxed);
}

/* ---- a loop over the pool ---- */

struct pool_loop {
    size_t count, grain;
    void (*body)(void *context, size_t i);
    void *context;
    alignas(64) _Atomic size_t next;
};

static void loop_work(void *context, unsigned worker)
{
    (void)worker;
    struct pool_loop *loop = context;
    for (;;) {
        /* Relaxed: the counter deals out indices and orders nothing else; pool_run does that. */
        size_t first = atomic_fetch_add_explicit(&loop->next, loop->grain, memory_order_relaxed);
        if (first >= loop->count) return;
        size_t end = loop->count - first < loop->grain ? loop->count : first + loop->grain;
        for (size_t i = first; i < end; i++) loop->body(loop->context, i);
    }
}

void pool_for(struct pool *p, size_t count, size_t grain, void (*body)(void *context, size_t i), void *context)
{
    if (grain == 0) grain = 1;
    if (p == NULL || p->workers == 1 || count <= grain) {
        for (size_t i = 0; i < count; i++) body(context, i);
        return;
    }
    ASSERT(count <= SIZE_MAX / 2 && grain <= SIZE_MAX / 2 / POOL_WORKERS_MAX); /* so that `next` cannot wrap */
    struct pool_loop loop = {.count = count, .grain = grain, .body = body, .context = context};
    size_t runs = (count - 1) / grain + 1;
    pool_run(p, runs < p->workers ? (unsigned)runs : p->workers, loop_work, &loop);
}

/* ---- birth and death ---- */

static _Atomic unsigned refused;

unsigned pool_threads_refused(void)
{
    return atomic_load(&refused);
}

struct pool *pool_new(unsigned workers)
{
    if (workers == 0) workers = 1;
    if (workers > POOL_WORKERS_MAX) workers = POOL_WORKERS_MAX;
    struct pool *p = base_alloc_aligned(alignof(struct pool), sizeof *p);
    *p = (struct pool){.spins = workers <= cpu_count() ? SPINS : 0};
    p->threads = base_calloc(workers, sizeof *p->threads);
    /* Where the system gives no more threads, the pool is smaller. */
    for (p->workers = 1; p->workers < workers; p->workers++) {
        struct pool_thread *t = &p->threads[p->workers];
        *t = (struct pool_thread){.pool = p, .worker = p->workers};
        char name[16];
        (void)snprintf(name, sizeof name, "weft-%u", p->workers);
        if (!base_thread_start(&t->thread, POOL_STACK_SIZE, name, worker_main, t)) {
            atomic_fetch_add(&refused, workers - p->workers);
            break;
        }
    }
    return p;
}

struct pool *pool_new_guests(unsigned workers, _Atomic uint32_t *bell)
{
    struct pool *p = pool_new(1);
    p->workers = workers == 0 ? 1 : workers < POOL_WORKERS_MAX ? workers : POOL_WORKERS_MAX;
    p->spins = p->workers <= cpu_count() ? SPINS : 0;
    p->bell = bell;
    return p;
}

unsigned pool_workers(const struct pool *p)
{
    return p->workers;
}

void pool_free(struct pool *p)
{
    if (p == NULL) return;
    ASSERT(!p->busy);
    unsigned threads = p->bell == NULL ? p->workers : 1;
    p->job = NULL;
    if (threads > 1) give_order(p, threads, threads - 1);
    for (unsigned w = 1; w < threads; w++) ASSERT(pthread_join(p->threads[w].thread, NULL) == 0);
    free(p->threads);
    free(p);
}

/* ---- one job on a big stack ---- */

struct errand {
    void (*job)(void *context);
    void *context;
};

static void *errand_main(void *argument)
{
    const struct errand *errand = argument;
    errand->job(errand->context);
    return NULL;
}

void run_on_big_stack(void (*job)(void *context), void *context)
{
    struct errand errand = {job, context};
    pthread_t thread;
    if (!base_thread_start(&thread, POOL_STACK_SIZE, "weft", errand_main, &errand)) base_out_of_memory(POOL_STACK_SIZE);
    ASSERT(pthread_join(thread, NULL) == 0);
}
