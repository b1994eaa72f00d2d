/* t8n: the command. */
#include "cli/t8n/t8n.h"

#include <stdlib.h>

#include "cli/suite/perturb.h"

int t8n_exit_code(enum status s)
{
    switch (s) {
    case STATUS_OK: return EXIT_GOOD;
    case EXECUTORS_DIFFER: return EXIT_CHECK_FAILED;
    case UNKNOWN_FORK:
    case BAD_CONFIG: return 3;
    case STATE_MISSING: return 4;
    case BAD_JSON:
    case BAD_FIELD: return 10;
    case FILE_UNREADABLE:
    case FILE_UNWRITABLE:
    case FILE_TOO_BIG: return 11;
    case RLP_TRUNCATED:
    case RLP_NOT_CANONICAL:
    case RLP_IS_STRING:
    case RLP_TRAILING: return 12;
    default: return 2; /* the block cannot be finished */
    }
}

/* ---- several executors ------------------------------------------------------------------------------------------- */

/* Which account comes out differently; the last in the shorter list is followed by nothing. */
static enum status name_change(const struct state_diff *a, const struct state_diff *b, struct error *e)
{
    for (size_t i = 0; i < a->count || i < b->count; i++) {
        struct state_diff x = {a->accounts + i, i < a->count}, y = {b->accounts + i, i < b->count};
        if (state_diff_equal(&x, &y)) continue;
        char address[41];
        hex_encode(address, (i < a->count ? a : b)->accounts[i].address.b, sizeof(struct address));
        return error_set(e, EXECUTORS_DIFFER, "two executions differ in what they changed, first in account 0x%s",
                         address);
    }
    return STATUS_OK;
}

static enum status compare_outputs(const struct t8n_output *first, const struct t8n_output *second, struct error *e)
{
    enum status s = results_compare(&first->block, &second->block, e);
    if (s != STATUS_OK) return s;
    const char *what = NULL;
    if (!hash_equal(&first->block.receipts_root, &second->block.receipts_root))
        what = "receipts";
    else if (!hash_equal(&first->block.access_list_hash, &second->block.access_list_hash))
        what = "the block access list";
    else if (first->rejected_count != second->rejected_count ||
             memcmp(first->rejected, second->rejected, first->rejected_count * sizeof *first->rejected) != 0)
        what = "what they reject";
    if (what == NULL) return name_change(&first->block.diff, &second->block.diff, e);
    return error_set(e, EXECUTORS_DIFFER, "two executions differ in %s", what);
}

/* Executes along the list that `first` made. */
static enum status execute_along(struct t8n_output *out, const struct t8n_output *first, unsigned threads,
                                 struct error *e)
{
    *out = (struct t8n_output){.in = first->in, .engine = engine_new(threads), .header = first->header};
    out->rejected = base_calloc(first->rejected_count + 1, sizeof *out->rejected);
    memcpy(out->rejected, first->rejected, first->rejected_count * sizeof *out->rejected);
    out->rejected_count = first->rejected_count;
    engine_share_always(out->engine, true);
    out->task = first->task;
    out->task.header = &out->header;
    out->task.committed = NULL;
    out->task.tracing = NULL;
    out->task.access_list = &first->block.access_list;
    out->header.access_list_hash = first->block.access_list_hash;
    enum status s = block_execute(out->engine, EXECUTOR_ACCESS_LIST, &out->task, &out->block, e);
    if (s == STATUS_OK) block_seal(out->engine, &out->block);
    return s;
}

static enum status compare_with(const struct t8n_output *first, enum executor_kind kind, unsigned threads,
                                struct error *e)
{
    if (kind == EXECUTOR_ACCESS_LIST && !first->in->fork.block_access_list) return STATUS_OK;
    struct t8n_output again;
    struct error why = {STATUS_OK, ""};
    enum status s = kind == EXECUTOR_ACCESS_LIST ? execute_along(&again, first, threads, &why)
                                                 : t8n_execute(&again, first->in, kind, threads, true, &why);
    if (s != STATUS_OK)
        s = error_set(e, EXECUTORS_DIFFER, "the %s executor says: %.400s",
                      kind == EXECUTOR_PARALLEL ? "parallel" : "access list", why.text);
    else
        s = compare_outputs(first, &again, e);
    if (s != STATUS_OK)
        log_line("t8n: %s with %u threads: %s", kind == EXECUTOR_PARALLEL ? "parallel" : "access list", threads,
                 e->text);
    t8n_output_free(&again);
    return s;
}

/* All other executors that are asked for, on every number of threads, against what the first gave. */
static enum status compare_all(const struct t8n_output *first, const struct options *o, struct error *e)
{
    static const unsigned usual[] = {1, 2, 4, 8};
    const unsigned *threads = o->thread_count == 0 ? usual : o->threads;
    uint32_t count = o->thread_count == 0 ? (uint32_t)COUNT_OF(usual) : o->thread_count;
    enum status s = STATUS_OK;
    for (enum executor_kind kind = EXECUTOR_PARALLEL; kind <= EXECUTOR_ACCESS_LIST && s == STATUS_OK; kind++)
        for (uint32_t i = 0; i < count && s == STATUS_OK && (o->executors & 1u << kind) != 0; i++)
            s = compare_with(first, kind, threads[i], e);
    return s;
}

/* Executes what was accepted o->perturb times more, by workers that are held up. */
static enum status perturb(const struct t8n_output *first, const struct options *o, struct error *e)
{
    struct block_task task = first->task;
    struct header header = first->header;
    header.access_list_hash = first->block.access_list_hash;
    task.header = &header;
    task.committed = NULL;
    task.tracing = NULL;
    enum status s = perturb_block(o, &task, e);
    if (s != STATUS_OK) log_line("t8n: %s", e->text);
    return s;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static enum status run(struct t8n_input *in, struct t8n_output *out, const struct options *o, struct error *e)
{
    enum status s = t8n_make_folder(o->t8n.folder, e);
    if (s == STATUS_OK) s = t8n_read(in, &o->t8n, e);
    if (s != STATUS_OK) return s;
    in->trace = o->trace;
    in->count_opcodes = o->t8n.opcode_count != NULL && *o->t8n.opcode_count != 0;
    in->tracing = o->tracing;
    in->folder = o->t8n.folder;
    uint32_t executors = o->executors == 0 ? (uint32_t)RUN_SERIAL : o->executors;
    bool one = (executors & (executors - 1)) == 0;
    enum executor_kind kind = (executors & RUN_SERIAL) != 0 || executors == RUN_ACCESS_LIST ? EXECUTOR_SERIAL
                                                                                            : EXECUTOR_PARALLEL;
    unsigned threads = kind == EXECUTOR_SERIAL ? 1 : o->threads[0];
    s = t8n_execute(out, in, kind, threads, false, e);
    struct error difference = {STATUS_OK, ""};
    enum status compared = STATUS_OK;
    if (s == STATUS_OK && (!one || executors == RUN_ACCESS_LIST)) compared = compare_all(out, o, &difference);
    if (s == STATUS_OK && compared == STATUS_OK && o->perturb != 0) compared = perturb(out, o, &difference);
    if (s == STATUS_OK) s = t8n_write(out, in, &o->t8n, e);
    return s == STATUS_OK ? compared : s;
}

enum exit_code t8n_command(const struct options *o)
{
    struct t8n_input *in = base_calloc(1, sizeof *in);
    struct t8n_output *out = base_calloc(1, sizeof *out);
    struct error error = {STATUS_OK, ""};
    enum status s = run(in, out, o, &error);
    if (s != STATUS_OK && s != EXECUTORS_DIFFER) log_line("t8n: ERROR(%d): %s", t8n_exit_code(s), error.text);
    t8n_output_free(out);
    t8n_input_free(in);
    free(out);
    free(in);
    return (enum exit_code)t8n_exit_code(s);
}
