/* Importing: one block after the other, each checked against its parent, executed, compared with its header, and given
 * to the store. While a block is executed the tries of its parent are still being changed:
 *
 *     threads ahead    decode N+2, senders N+1 ...      (decoder.c)
 *     caller           execute N ──► receipts, gas ──► settle N-1 ──► begin to apply N ──► execute N+1 ...
 *     prefetcher, readers   what N+1 names                                                      (prefetcher.c)
 *     store's thread   root of N-1 ────────────────────────┘              └──► root of N
 *     writer           batches before
 *
 * So a wrong root of N-1 is found when N has been executed; its error comes before any that N has. */
#include <stdlib.h>

#include "chain/private.h"

#define BATCH_BLOCKS_DEFAULT 2048u
#define BATCH_BYTES_DEFAULT ((size_t)64 << 20)
/* Commits before the end are made of at least this part of a batch. */
enum { LAST_PART = 32 };

/* ---- the chain --------------------------------------------------------------------------------------------------- */

enum status chain_load_parent(struct chain *c, struct error *e)
{
    struct buffer text = {0};
    const struct store_head *head = store_head(c->store);
    if (head == NULL) return error_set(e, STORE_NONE, "%s", status_text(STORE_NONE));
    bool found = store_block_part(c->store, STORE_HEADER, head->number, &text);
    struct rlp in = rlp_of(buffer_bytes(&text));
    enum status s = found ? header_decode(&c->parent, &in) : STORE_DAMAGED;
    c->parent.extra_data = (struct bytes){0};
    buffer_free(&text);
    return s == STATUS_OK ? s : error_set(e, STORE_DAMAGED, "header of the head: %s", status_text(STORE_DAMAGED));
}

enum status chain_new(struct chain **out, struct store *store, const struct chain_genesis *genesis,
                      const struct chain_options *o, struct error *e)
{
    struct chain *c = base_calloc(1, sizeof *c);
    *out = NULL;
    *c = (struct chain){.store = store, .genesis = genesis, .options = *o};
    if (c->options.batch_blocks == 0) c->options.batch_blocks = BATCH_BLOCKS_DEFAULT;
    if (c->options.batch_bytes == 0) c->options.batch_bytes = BATCH_BYTES_DEFAULT;
    enum status s = chain_load_parent(c, e);
    if (s != STATUS_OK) {
        free(c);
        return s;
    }
    c->engine = engine_new(o->threads);
    engine_bound_codes(c->engine, o->code_bytes);
    c->beside = engine_threads(c->engine) > 1;
    if (c->beside) c->root_pool = pool_new(engine_threads(c->engine));
    if (o->readers != 0) {
        c->prefetcher = prefetcher_new(store, o->readers);
        c->path_readers = pool_new(o->readers);
    }
    store_set_readers(store, c->path_readers);
    c->progress.number = c->parent.number;
    *out = c;
    return STATUS_OK;
}

void chain_free(struct chain *c)
{
    if (c == NULL) return;
    (void)chain_settle(c, NULL);
    store_set_readers(c->store, NULL);
    engine_free(c->engine);
    pool_free(c->root_pool);
    prefetcher_free(c->prefetcher);
    pool_free(c->path_readers);
    rlp_writer_free(&c->receipts);
    buffer_free(&c->applied.bytes);
    arena_free(&c->arena);
    free(c);
}

struct engine *chain_engine(struct chain *c)
{
    return c->engine;
}

const struct chain_progress *chain_progress(const struct chain *c)
{
    return &c->progress;
}

static bool is_known(struct chain *c, const struct block *b)
{
    uint64_t number;
    return b->header.number <= store_head(c->store)->number && store_block_number(c->store, &b->hash, &number);
}

/* ---- uncles ------------------------------------------------------------------------------------------------------ */

/* The parent and those before it, as far as uncles look back. */
static enum status check_uncles(struct chain *c, const struct block *b, struct error *e)
{
    struct block_ancestor ancestors[OMMER_AGE_MAX + 1];
    struct block blocks[OMMER_AGE_MAX + 1];
    struct buffer texts[OMMER_AGE_MAX + 1] = {{0}};
    uint32_t count = 0;
    enum status s = STATUS_OK;
    for (uint64_t n = b->header.number - 1; count < COUNT_OF(ancestors) && s == STATUS_OK; n--) {
        struct buffer *text = &texts[count];
        struct rlp in, body;
        size_t header_size;
        s = store_block_part(c->store, STORE_HEADER, n, text) ? STATUS_OK : STORE_DAMAGED;
        header_size = text->size;
        if (s == STATUS_OK && !store_block_part(c->store, STORE_BODY, n, text)) s = STORE_DAMAGED;
        if (s != STATUS_OK) break;
        in = rlp_of((struct bytes){text->data + header_size, text->size - header_size});
        s = rlp_enter(&in, &body);
        if (s != STATUS_OK) break;
        /* Header and the body's inside, in a list, are the block. */
        struct rlp_writer w = {0};
        rlp_put_raw(&w, body.at, (size_t)(body.end - body.at));
        rlp_put_raw(&w, text->data, header_size);
        rlp_put_list(&w, 0);
        struct bytes whole = rlp_written(&w);
        whole.data = arena_copy(&c->arena, whole.data, whole.size);
        rlp_writer_free(&w);
        in = rlp_of(whole);
        struct block *found = &blocks[count];
        s = block_decode(found, &in, &c->arena, e);
        if (s == STATUS_OK)
            ancestors[count++] = (struct block_ancestor){&found->header, found->hash, found->uncles,
                                                         found->uncle_count};
        if (n == 0) break;
    }
    if (s == STATUS_OK) s = block_check_uncles(b, &c->genesis->spec, ancestors, count, e);
    for (size_t i = 0; i < COUNT_OF(texts); i++) buffer_free(&texts[i]);
    return s;
}

/* ---- one block --------------------------------------------------------------------------------------------------- */

/* Whether a thread has nothing else to do. While all recover senders or change tries, whoever waits for others only
 * waits longer. */
static bool has_spare_thread(struct chain *c, struct decoder *decoder)
{
    unsigned threads = engine_threads(c->engine), busy = decoder_busy(decoder), most = threads / 2;
    unsigned taken = 1 + (busy < most ? busy : most) + !store_apply_is_done(c->store);
    return taken < threads;
}

/* Running transactions ahead of their turn costs more than running each once: it is for spare threads. */
static enum executor_kind choose_executor(struct chain *c, struct decoder *decoder)
{
    bool alone = c->options.executor == EXECUTOR_PARALLEL && !has_spare_thread(c, decoder);
    return alone ? EXECUTOR_SERIAL : c->options.executor;
}

/* The rules were chosen by the header alone: where the merge is at a total difficulty, they must be those that the blocks
 * before lead to. */
static enum status check_merge(const struct chain *c, const struct decoder_job *job, struct error *e)
{
    const struct header *h = &job->block.header;
    struct u256 before = store_head(c->store)->total_difficulty;
    const struct fork *fork = chain_fork_after(&c->genesis->spec, h->number, h->timestamp, before);
    bool is_merged = fork->difficulty == DIFFICULTY_NONE;
    if ((job->fork->difficulty == DIFFICULTY_NONE) == is_merged) return STATUS_OK;
    return error_set(e, BLOCK_DIFFICULTY,
                     "block %llu: %s: expected %s, the total difficulty before it being %s that of the merge",
                     (unsigned long long)h->number, status_text(BLOCK_DIFFICULTY), is_merged ? "0" : "more than 0",
                     is_merged ? "at least" : "below");
}

static enum status execute(struct chain *c, struct decoder *decoder, const struct decoder_job *job,
                           struct block_task *task, struct block_result *r, struct error *e)
{
    const struct block *b = &job->block;
    enum status s = check_merge(c, job, e);
    if (s == STATUS_OK) s = block_check_header(&b->header, &c->parent, job->fork, &c->genesis->spec, e);
    if (s == STATUS_OK && b->uncle_count != 0) s = check_uncles(c, b, e);
    if (s != STATUS_OK) return s;
    const struct decoder_job *next = c->prefetcher == NULL ? NULL : decoder_peek(decoder);
    prefetcher_read(c->prefetcher, b, &job->signers);
    if (next != NULL) prefetcher_begin(c->prefetcher, &next->block, &next->signers);
    struct block_doubt doubt;
    s = chain_execute_checked(c, choose_executor(c, decoder), b, job->fork, &job->signers, task, r, &doubt, e);
    prefetcher_wait(c->prefetcher);
    if (doubt.differed) chain_say_differs(c, b, buffer_bytes(&job->bytes), &doubt);
    return s;
}

/* The same while the block before is being settled. A wrong root of that comes first; where it turned out to be right
 * after all, the state was another one. */
static enum status execute_and_settle(struct chain *c, struct decoder *decoder, const struct decoder_job *job,
                                      struct block_task *task, struct block_result *r, struct error *e)
{
    struct error before = {STATUS_OK, ""};
    uint64_t start = clock_wall_ns(), rechecks = c->rechecks;
    enum status s = execute(c, decoder, job, task, r, e);
    c->progress.execute_ns += clock_wall_ns() - start;
    if (chain_settle(c, &before) != STATUS_OK) {
        if (e != NULL) *e = before;
        return before.status;
    }
    return rechecks == c->rechecks ? s : execute(c, decoder, job, task, r, e);
}

/* Checks, executes and begins to store the block; passes over it when it is there. */
static enum status import_block(struct chain *c, struct decoder *decoder, const struct decoder_job *job,
                                struct error *e)
{
    const struct block *b = &job->block;
    struct block_task task;
    struct block_result r;
    struct hash genesis;
    if (b->header.number == 0) {
        header_hash(&genesis, &c->genesis->header);
        if (!hash_equal(&genesis, &b->hash))
            return error_set(e, STORE_OTHER_CHAIN, "block 0: %s", status_text(STORE_OTHER_CHAIN));
    }
    enum status s = branch_leave(c, b, e);
    if (s != STATUS_OK) return s;
    if (is_known(c, b)) {
        c->progress.known++;
        return STATUS_OK;
    }
    arena_reset(&c->arena);
    bool goes_back = !hash_equal(&b->header.parent_hash, &store_head(c->store)->hash);
    /* Who goes back, or makes roots in between (receipts before Byzantium), needs the tries. */
    if (goes_back || !job->fork->receipt_status) s = chain_settle(c, e);
    if (s == STATUS_OK && goes_back) s = branch_follow(c, &b->header, e);
    if (s == STATUS_OK) s = execute_and_settle(c, decoder, job, &task, &r, e);
    return s == STATUS_OK ? chain_keep(c, job, &r, has_spare_thread(c, decoder), c->beside, e) : s;
}

/* ---- a file ------------------------------------------------------------------------------------------------------ */

/* A commit is due when enough waits for it; while the one before is being written, which would have to be waited for,
 * a quarter more may wait. When the file's last blocks are on their way, also when as many wait as are
 * left, so that at the end, when nothing can be done beside it, there is little. */
static bool commit_is_due(struct chain *c, struct decoder *decoder)
{
    size_t bytes = store_pending_bytes(c->store), left;
    uint64_t blocks = store_pending_blocks(c->store);
    size_t enough = c->options.batch_bytes;
    bool committing = store_is_committing(c->store);
    if (committing) enough += enough / 4;
    if (blocks >= c->options.batch_blocks || bytes >= enough) return true;
    return c->beside && !committing && bytes >= c->options.batch_bytes / LAST_PART &&
           decoder_knows_left(decoder, &left) && blocks >= left;
}

static enum status commit_if_due(struct chain *c, struct decoder *decoder, struct error *e)
{
    enum status s = c->branch.open ? branch_bound(c, e) : STATUS_OK;
    if (s != STATUS_OK || c->branch.open || !commit_is_due(c, decoder)) return s;
    s = chain_settle(c, e);
    uint64_t start = clock_wall_ns();
    if (s == STATUS_OK) s = c->beside ? store_commit_begin(c->store, e) : store_commit(c->store, e);
    c->progress.commit_ns += clock_wall_ns() - start;
    return s;
}

static enum status import_next(struct chain *c, struct decoder *decoder, bool *end, struct error *e)
{
    uint64_t start = clock_wall_ns();
    struct decoder_job *job = decoder_next(decoder);
    c->progress.wait_ns += clock_wall_ns() - start;
    enum status s = job->status;
    *end = job->end;
    if (s != STATUS_OK && e != NULL) *e = job->error;
    if (s == STATUS_OK && !*end) s = import_block(c, decoder, job, e);
    decoder_done(decoder, job);
    return s == STATUS_OK && !*end ? commit_if_due(c, decoder, e) : s;
}

static enum status import_all(struct chain *c, struct decoder *decoder, const struct chain_file *file,
                              bool (*step)(void *context, const struct chain_progress *p), void *context,
                              struct error *e)
{
    enum status s = STATUS_OK;
    struct error before = {STATUS_OK, ""};
    for (bool end = false; s == STATUS_OK && !end;) {
        s = import_next(c, decoder, &end, e);
        chain_file_progress(file, &c->progress.file_read, &c->progress.file_bytes);
        if (s == STATUS_OK && !end && step != NULL && !step(context, &c->progress))
            s = error_set(e, CHAIN_INTERRUPTED, "%s", status_text(CHAIN_INTERRUPTED));
    }
    if (chain_settle(c, &before) == STATUS_OK) return s;
    if (e != NULL) *e = before;
    return before.status;
}

enum status chain_import(struct chain *c, const char *path, bool (*step)(void *context, const struct chain_progress *p),
                         void *context, struct error *e)
{
    struct chain_file *file;
    struct error why = {STATUS_OK, ""};
    enum status s = chain_file_open(&file, path, e);
    if (s != STATUS_OK) return s;
    unsigned threads = engine_threads(c->engine), processors = cpu_count(); /* who prepares blocks never waits */
    struct decoder *decoder = decoder_new(c, file, !c->beside ? 0 : threads < processors ? threads : processors);
    s = branch_end_file(c, import_all(c, decoder, file, step, context, &why), &why);
    decoder_free(decoder);
    chain_file_close(file);
    if (s != STATUS_OK && store_status(c->store, e) != STATUS_OK) return store_status(c->store, e);
    if (s != STATUS_OK && s != CHAIN_FILE) error_set(e, s, "%s: %s", path, why.text);
    if (s == CHAIN_FILE && e != NULL) *e = why;
    return s;
}

enum status chain_finish(struct chain *c, struct error *e)
{
    enum status s = chain_settle(c, e);
    uint64_t start = clock_wall_ns();
    if (s == STATUS_OK) s = branch_end_all(c, e);
    if (s == STATUS_OK) s = store_commit(c->store, e);
    c->progress.commit_ns += clock_wall_ns() - start;
    return s;
}
