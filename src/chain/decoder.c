/* Ahead of execution: blocks are read, decoded, checked as far as they can be without state, and their senders
 * recovered, on threads that run beside the one that executes. A ring keeps their order:
 *
 *     file ──► [ job | job | job | ... ] ──► decoder_next
 *                first          end
 *
 *     FREE ──► DECODING ──► RECOVERING, in portions ──► READY ──► FREE
 *
 * A thread without work takes the next portion of senders of the first block that has one, so that all of them help the
 * block that is needed next; where there is none, and nobody reads, it reads the next block. So jobs are in the file's
 * order. Without threads, decoder_next does the same on the caller. */
#define _GNU_SOURCE 1
#include "chain/private.h"

#include <stdlib.h>

/* Blocks ahead, and a bound for the bytes of their encodings. */
enum { RING = 64 };
#define RING_BYTES ((size_t)64 << 20)

struct decoder {
    const struct chain *chain;
    struct chain_file *file;
    struct decoder_job jobs[RING];
    uint64_t first, end; /* numbers of jobs; their places modulo RING */
    size_t bytes;        /* of encodings in the ring */
    bool reading, file_ended, stop;
    unsigned busy; /* threads that have work */
    pthread_mutex_t lock;
    pthread_cond_t ready; /* a job is, for the caller */
    pthread_cond_t more;  /* there may be something to do, for the threads */
    pthread_t *threads;
    unsigned thread_count;
};

/* ---- decoding ---------------------------------------------------------------------------------------------------- */

static enum status failed(struct decoder_job *job, enum status s, const char *what)
{
    return error_set(&job->error, s, "block %llu: %s%s", (unsigned long long)job->block.header.number, what,
                     status_text(s));
}

static enum status check_form(struct decoder_job *job)
{
    const struct fork *f = job->fork;
    if (job->block.has_withdrawals != f->withdrawals) return failed(job, BLOCK_FIELDS, "withdrawals: ");
    if (f->limit.block_size != 0 && job->block.encoded_size > f->limit.block_size)
        return failed(job, BLOCK_TOO_BIG, "");
    return block_check_body(&job->block, f, &job->error);
}

static void hash_transactions(struct decoder_job *job)
{
    const struct block *b = &job->block;
    struct bytes *in = ARENA_ARRAY(&job->arena, struct bytes, b->transaction_count + 1);
    for (uint32_t i = 0; i < b->transaction_count; i++) in[i] = b->transactions[i].encoded;
    job->transaction_hashes = ARENA_ARRAY(&job->arena, struct hash, b->transaction_count + 1);
    keccak256_many(job->transaction_hashes, in, b->transaction_count);
}

static enum status decode(const struct chain *c, struct decoder_job *job)
{
    struct rlp in = rlp_of(buffer_bytes(&job->bytes));
    enum status s = block_decode(&job->block, &in, &job->arena, &job->error);
    if (s != STATUS_OK) return s;
    job->fork = chain_fork_of(&c->genesis->spec, &job->block.header);
    s = check_form(job);
    if (s != STATUS_OK) return s;
    if (!chain_split(buffer_bytes(&job->bytes), &job->arena, &job->header_bytes, &job->body_bytes))
        return failed(job, CHAIN_FILE, "");
    hash_transactions(job);
    block_recovery_begin(&job->recovery, job->fork, job->block.transactions, job->block.transaction_count, &job->arena);
    job->portions_left = job->recovery.portions;
    return STATUS_OK;
}

static void conclude(struct decoder_job *job)
{
    struct error why;
    if (job->status == STATUS_OK && !job->end) {
        enum status s = block_recovery_end(&job->recovery, &job->signers, NULL, &why);
        if (s != STATUS_OK)
            job->status = error_set(&job->error, s, "block %llu: %s", (unsigned long long)job->block.header.number,
                                    why.text);
    }
    job->state = JOB_READY;
}

enum status decoder_decode(const struct chain *c, struct decoder_job *job)
{
    job->status = decode(c, job);
    for (uint32_t i = 0; i < job->portions_left; i++) block_recovery_portion(&job->recovery, i);
    if (job->status == STATUS_OK) conclude(job);
    return job->status;
}

/* ---- what is done next ------------------------------------------------------------------------------------------- */

/* All of these are called under the lock, and give it up while they work. */

static void read_next(struct decoder *a)
{
    struct decoder_job *job = &a->jobs[a->end++ % RING];
    job->state = JOB_DECODING;
    job->error = (struct error){STATUS_OK, ""};
    job->portions_taken = 0;
    a->reading = true;
    pthread_mutex_unlock(&a->lock);
    job->status = chain_file_next(a->file, &job->bytes, &job->end, &job->error);
    bool good = job->status == STATUS_OK && !job->end;
    pthread_mutex_lock(&a->lock);
    a->reading = false;
    a->bytes += job->bytes.size;
    a->file_ended = !good;
    pthread_cond_broadcast(&a->more);
    pthread_mutex_unlock(&a->lock);
    arena_reset(&job->arena);
    if (good) job->status = decode(a->chain, job);
    good = good && job->status == STATUS_OK;
    pthread_mutex_lock(&a->lock);
    if (good && job->portions_left != 0) {
        job->state = JOB_RECOVERING;
        pthread_cond_broadcast(&a->more);
    } else {
        conclude(job);
        pthread_cond_signal(&a->ready);
    }
}

static void recover_next(struct decoder *a, struct decoder_job *job)
{
    uint32_t portion = job->portions_taken++;
    pthread_mutex_unlock(&a->lock);
    block_recovery_portion(&job->recovery, portion);
    pthread_mutex_lock(&a->lock);
    if (--job->portions_left != 0) return;
    conclude(job);
    pthread_cond_signal(&a->ready);
}

static struct decoder_job *with_portions(struct decoder *a)
{
    for (uint64_t i = a->first; i < a->end; i++) {
        struct decoder_job *job = &a->jobs[i % RING];
        if (job->state == JOB_RECOVERING && job->portions_taken < job->recovery.portions) return job;
    }
    return NULL;
}

static bool may_read(const struct decoder *a)
{
    return !a->reading && !a->file_ended && a->end - a->first < RING && a->bytes <= RING_BYTES;
}

/* Does one piece of work; false: there is none now. */
static bool do_something(struct decoder *a)
{
    struct decoder_job *job = with_portions(a);
    if (job == NULL && !may_read(a)) return false;
    a->busy++;
    if (job != NULL)
        recover_next(a, job);
    else
        read_next(a);
    a->busy--;
    return true;
}

static void *work(void *decoder)
{
    struct decoder *a = decoder;
    (void)pthread_setname_np(pthread_self(), "weft-decode");
    pthread_mutex_lock(&a->lock);
    while (!a->stop)
        if (!do_something(a)) pthread_cond_wait(&a->more, &a->lock);
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* ---- the ring ---------------------------------------------------------------------------------------------------- */

struct decoder *decoder_new(const struct chain *c, struct chain_file *file, unsigned threads)
{
    struct decoder *a = base_calloc(1, sizeof *a);
    a->chain = c;
    a->file = file;
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->ready, NULL);
    pthread_cond_init(&a->more, NULL);
    a->threads = base_calloc(threads + 1, sizeof *a->threads);
    /* Where the system gives none, the caller does it all. */
    while (a->thread_count < threads && pthread_create(&a->threads[a->thread_count], NULL, work, a) == 0)
        a->thread_count++;
    return a;
}

struct decoder_job *decoder_next(struct decoder *a)
{
    struct decoder_job *job = &a->jobs[a->first % RING];
    pthread_mutex_lock(&a->lock);
    while (job->state != JOB_READY)
        if (a->thread_count != 0 || !do_something(a)) pthread_cond_wait(&a->ready, &a->lock);
    pthread_mutex_unlock(&a->lock);
    return job;
}

const struct decoder_job *decoder_peek(struct decoder *a)
{
    pthread_mutex_lock(&a->lock);
    const struct decoder_job *job = a->first + 1 < a->end ? &a->jobs[(a->first + 1) % RING] : NULL;
    bool ready = job != NULL && job->state == JOB_READY && job->status == STATUS_OK && !job->end;
    pthread_mutex_unlock(&a->lock);
    return ready ? job : NULL;
}

void decoder_done(struct decoder *a, struct decoder_job *job)
{
    pthread_mutex_lock(&a->lock);
    job->state = JOB_FREE;
    a->bytes -= job->bytes.size;
    a->first++;
    pthread_cond_broadcast(&a->more);
    pthread_mutex_unlock(&a->lock);
}

unsigned decoder_busy(struct decoder *a)
{
    pthread_mutex_lock(&a->lock);
    unsigned busy = a->busy;
    pthread_mutex_unlock(&a->lock);
    return busy;
}

bool decoder_knows_left(struct decoder *a, size_t *blocks)
{
    pthread_mutex_lock(&a->lock);
    bool known = a->file_ended;
    *blocks = (size_t)(a->end - a->first);
    pthread_mutex_unlock(&a->lock);
    return known;
}

void decoder_free(struct decoder *a)
{
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    pthread_cond_broadcast(&a->more);
    pthread_mutex_unlock(&a->lock);
    for (unsigned i = 0; i < a->thread_count; i++) pthread_join(a->threads[i], NULL);
    for (size_t i = 0; i < RING; i++) {
        buffer_free(&a->jobs[i].bytes);
        arena_free(&a->jobs[i].arena);
    }
    pthread_mutex_destroy(&a->lock);
    pthread_cond_destroy(&a->ready);
    pthread_cond_destroy(&a->more);
    free(a->threads);
    free(a);
}
