/* Giving a block to the store, and what its state root says. A root that is not the header's, of a block that was
 * executed in parallel, is looked into once more: the block is executed serially, and if that is right the import goes
 * on, loudly. */
#include <stdio.h>
#include <stdlib.h>

#include "chain/private.h"

/* ---- executors that differ --------------------------------------------------------------------------------------- */

void chain_say_differs(struct chain *c, const struct block *b, struct bytes encoded, const struct block_doubt *doubt)
{
    char hash[65], line[1024];
    struct buffer path = {0};
    struct error e = {STATUS_OK, ""};
    hex_encode(hash, b->hash.b, sizeof b->hash.b);
    c->progress.differed++;
    buffer_printf(&path, "%s/differs-%llu-%.16s-%u-threads.rlp", c->options.folder == NULL ? "." : c->options.folder,
                  (unsigned long long)b->header.number, hash, doubt->threads);
    buffer_append(&path, "", 1);
    enum status s = file_write((const char *)path.data, encoded, &e);
    (void)snprintf(line, sizeof line,
                   "PARALLEL EXECUTION WAS WRONG: block %llu, 0x%s, %u threads: %.300s; serial execution agrees with "
                   "the header and counts; please report this with the block: %s%.300s",
                   (unsigned long long)b->header.number, hash, doubt->threads, doubt->found.text,
                   s == STATUS_OK ? "" : "not saved, ", s == STATUS_OK ? (const char *)path.data : e.text);
    if (c->options.notice != NULL) c->options.notice(c->options.notice_context, line);
    buffer_free(&path);
}

/* ---- keeping ----------------------------------------------------------------------------------------------------- */

enum status chain_keep(struct chain *c, const struct decoder_job *job, const struct block_result *r, bool spare,
                       bool beside, struct error *e)
{
    const struct block *b = &job->block;
    uint64_t start = clock_wall_ns();
    struct store_block record = {
        .header = &b->header,
        .hash = b->hash,
        .total_difficulty = u256_add(store_head(c->store)->total_difficulty, b->header.difficulty),
        .header_bytes = job->header_bytes,
        .body_bytes = job->body_bytes,
        .receipts_bytes = chain_receipts(c, r),
        .transaction_hashes = job->transaction_hashes,
        .transaction_count = b->transaction_count};
    enum status s = store_apply_begin(c->store, &record, &r->diff, spare ? engine_pool(c->engine) : NULL,
                                      spare ? c->root_pool : NULL, beside, e);
    c->progress.root_ns += clock_wall_ns() - start;
    if (s != STATUS_OK) return s;
    c->applying = true;
    c->applied.bytes.size = 0;
    c->applied.doubtful = !c->options.no_recheck && !block_ran_serially(r);
    c->applied.threads = r->stats.threads;
    if (c->applied.doubtful) buffer_append(&c->applied.bytes, job->bytes.data, job->bytes.size);
    c->counts = (struct chain_progress){
        .blocks = 1, .transactions = b->transaction_count, .gas = b->header.gas_used, .number = b->header.number};
    c->parent = b->header;
    c->parent.extra_data = (struct bytes){0};
    return STATUS_OK;
}

/* ---- settling ---------------------------------------------------------------------------------------------------- */

static enum status end_applying(struct chain *c, struct error *e)
{
    uint64_t start = clock_wall_ns();
    c->applying = false;
    enum status s = store_apply_end(c->store, e);
    c->progress.root_ns += clock_wall_ns() - start;
    if (s == STATUS_OK) {
        c->progress.blocks += c->counts.blocks;
        c->progress.transactions += c->counts.transactions;
        c->progress.gas += c->counts.gas;
        c->progress.number = c->counts.number;
    } else if (s == BLOCK_STATE_ROOT) {
        (void)chain_load_parent(c, NULL);
    }
    return s;
}

/* The block that has just been taken back, executed serially. */
static enum status settle_serially(struct chain *c, struct error *e)
{
    struct block_doubt doubt = {.threads = c->applied.threads, .found = *e};
    struct block_task task;
    struct block_result r;
    struct decoder_job job = {.bytes = c->applied.bytes};
    c->applied.bytes = (struct buffer){0};
    enum status s = decoder_decode(c, &job);
    ASSERT(s == STATUS_OK); /* it has been decoded before */
    c->rechecks++;
    s = chain_execute(c, EXECUTOR_SERIAL, &job.block, job.fork, &job.signers, &task, &r, e);
    if (s == STATUS_OK) s = block_check(&r, e);
    if (s == STATUS_OK) s = chain_keep(c, &job, &r, true, false, e);
    if (s == STATUS_OK) s = end_applying(c, e);
    if (s == STATUS_OK) chain_say_differs(c, &job.block, buffer_bytes(&job.bytes), &doubt);
    buffer_free(&job.bytes);
    arena_free(&job.arena);
    return s;
}

enum status chain_settle(struct chain *c, struct error *e)
{
    struct error why;
    if (!c->applying) return STATUS_OK;
    enum status s = end_applying(c, &why);
    if (s == BLOCK_STATE_ROOT && c->applied.doubtful) s = settle_serially(c, &why);
    if (s != STATUS_OK && e != NULL) *e = why;
    return s;
}
