/* Ahead of execution: blocks are read, decoded, checked as far as they can be without state, and their senders
 * recovered, on threads that run beside the one that executes. A ring keeps their order:
 *
 *     file ──► [ job | job | job | ... ] ──► ahead_next
 *                first          end
 *
 * A thread reads the next block while it holds `reading`, so jobs are in the file's order, and works on it after it let
 * go. */
#include <stdlib.h>

#include "chain/private.h"

/* Blocks ahead, and a bound for the bytes of their encodings. */
enum { RING = 64 };
#define RING_BYTES ((size_t)64 << 20)

struct ahead {
    const struct chain *chain;
    struct chain_file *file;
    struct ahead_job jobs[RING];
    uint64_t first, end; /* numbers of jobs; their places modulo RING */
    size_t bytes;        /* of encodings in the ring */
    bool file_ended, stop;
    pthread_mutex_t lock, reading;
    pthread_cond_t ready, room;
    pthread_t *threads;
    unsigned thread_count;
};

/* ---- work -------------------------------------------------------------------------------------------------------- */

static enum status failed(struct ahead_job *job, enum status s, const char *what)
{
    return error_set(&job->error, s, "block %llu: %s%s", (unsigned long long)job->block.header.number, what,
                     status_text(s));
}

static enum status check_form(struct ahead_job *job)
{
    const struct fork *f = job->fork;
    if (job->block.has_withdrawals != f->withdrawals) return failed(job, BLOCK_FIELDS, "withdrawals: ");
    if (f->limit.block_size != 0 && job->block.encoded_size > f->limit.block_size)
        return failed(job, BLOCK_TOO_BIG, "");
    return block_check_body(&job->block, f, &job->error);
}

static enum status recover(struct ahead_job *job)
{
    const struct block *b = &job->block;
    struct error why;
    enum status s = block_recover(NULL, job->fork, b->transactions, b->transaction_count, &job->arena, &job->signers,
                                  NULL, &why);
    if (s == STATUS_OK) return s;
    return error_set(&job->error, s, "block %llu: %s", (unsigned long long)b->header.number, why.text);
}

static void hash_transactions(struct ahead_job *job)
{
    const struct block *b = &job->block;
    struct bytes *in = ARENA_ARRAY(&job->arena, struct bytes, b->transaction_count + 1);
    for (uint32_t i = 0; i < b->transaction_count; i++) in[i] = b->transactions[i].encoded;
    job->transaction_hashes = ARENA_ARRAY(&job->arena, struct hash, b->transaction_count + 1);
    keccak256_many(job->transaction_hashes, in, b->transaction_count);
}

static enum status prepare(const struct chain *c, struct ahead_job *job)
{
    struct rlp in = rlp_of(buffer_bytes(&job->bytes));
    enum status s = block_decode(&job->block, &in, &job->arena, &job->error);
    if (s != STATUS_OK) return s;
    job->fork = chain_fork_at(&c->genesis->spec, job->block.header.number, job->block.header.timestamp);
    s = check_form(job);
    if (s != STATUS_OK) return s;
    if (!chain_split(buffer_bytes(&job->bytes), &job->arena, &job->header_bytes, &job->body_bytes))
        return failed(job, CHAIN_FILE, "");
    hash_transactions(job);
    return recover(job);
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

/* Waits for room and takes the next place; NULL when there is nothing more to read. Called under `reading`. */
static struct ahead_job *take_place(struct ahead *a)
{
    struct ahead_job *job = NULL;
    pthread_mutex_lock(&a->lock);
    while (!a->stop && !a->file_ended && (a->end - a->first == RING || a->bytes > RING_BYTES))
        pthread_cond_wait(&a->room, &a->lock);
    if (!a->stop && !a->file_ended) {
        job = &a->jobs[a->end++ % RING];
        job->state = JOB_TAKEN;
    }
    pthread_mutex_unlock(&a->lock);
    return job;
}

static void *work(void *ahead)
{
    struct ahead *a = ahead;
    for (;;) {
        pthread_mutex_lock(&a->reading);
        struct ahead_job *job = take_place(a);
        if (job != NULL) {
            job->error = (struct error){STATUS_OK, ""};
            job->status = chain_file_next(a->file, &job->bytes, &job->end, &job->error);
            pthread_mutex_lock(&a->lock);
            a->bytes += job->bytes.size;
            a->file_ended = job->end || job->status != STATUS_OK;
            pthread_mutex_unlock(&a->lock);
        }
        pthread_mutex_unlock(&a->reading);
        if (job == NULL) return NULL;
        arena_reset(&job->arena);
        if (job->status == STATUS_OK && !job->end) job->status = prepare(a->chain, job);
        pthread_mutex_lock(&a->lock);
        job->state = JOB_READY;
        pthread_cond_broadcast(&a->ready);
        pthread_mutex_unlock(&a->lock);
    }
}

struct ahead *ahead_new(const struct chain *c, struct chain_file *file, unsigned threads)
{
    struct ahead *a = base_calloc(1, sizeof *a);
    a->chain = c;
    a->file = file;
    pthread_mutex_init(&a->lock, NULL);
    pthread_mutex_init(&a->reading, NULL);
    pthread_cond_init(&a->ready, NULL);
    pthread_cond_init(&a->room, NULL);
    a->threads = base_calloc(threads, sizeof *a->threads);
    while (a->thread_count < threads && pthread_create(&a->threads[a->thread_count], NULL, work, a) == 0)
        a->thread_count++;
    ASSERT(a->thread_count != 0);
    return a;
}

struct ahead_job *ahead_next(struct ahead *a)
{
    struct ahead_job *job = &a->jobs[a->first % RING];
    pthread_mutex_lock(&a->lock);
    while (job->state != JOB_READY) pthread_cond_wait(&a->ready, &a->lock);
    pthread_mutex_unlock(&a->lock);
    return job;
}

void ahead_done(struct ahead *a, struct ahead_job *job)
{
    pthread_mutex_lock(&a->lock);
    job->state = JOB_FREE;
    a->bytes -= job->bytes.size;
    a->first++;
    pthread_cond_broadcast(&a->room);
    pthread_mutex_unlock(&a->lock);
}

void ahead_free(struct ahead *a)
{
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_broadcast(&a->room);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->thread_count; i++) pthread_join(a->threads[i], NULL);
    for (size_t i = 0; i < RING; i++) {
        buffer_free(&a->jobs[i].bytes);
        arena_free(&a->jobs[i].arena);
    }
    pthread_mutex_destroy(&a->lock);
    pthread_mutex_destroy(&a->reading);
    pthread_cond_destroy(&a->ready);
    pthread_cond_destroy(&a->room);
    free(a->threads);
    free(a);
}
