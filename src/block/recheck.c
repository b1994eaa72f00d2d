/* The header as the last defence against an executor that is wrong: what does not agree with it is executed once more
 * serially, and that is what counts. */
#include "block/private.h"

bool block_ran_serially(const struct block_result *r)
{
    return r->stats.executor == executor_serial.name;
}

static enum status execute_and_check(struct engine *e, enum executor_kind kind, const struct block_task *task,
                                     struct block_result *out, struct error *error)
{
    enum status s = block_execute(e, kind, task, out, error);
    if (s != STATUS_OK) return s;
    block_seal(e, out);
    if (e->lie != NULL && !block_ran_serially(out)) e->lie(e->lie_context, out);
    return block_check(out, error);
}

enum status block_execute_checked(struct engine *e, enum executor_kind kind, const struct block_task *task,
                                  bool recheck, struct block_result *out, struct block_doubt *doubt,
                                  struct error *error)
{
    *doubt = (struct block_doubt){0};
    enum status s = execute_and_check(e, kind, task, out, &doubt->found);
    doubt->threads = out->stats.threads;
    if (s != STATUS_OK && recheck && !block_ran_serially(out)) {
        s = execute_and_check(e, EXECUTOR_SERIAL, task, out, error);
        doubt->differed = s == STATUS_OK;
    } else if (s != STATUS_OK && error != NULL) {
        *error = doubt->found;
    }
    return s;
}

void engine_lie(struct engine *e, void (*lie)(void *context, struct block_result *r), void *context)
{
    e->lie = lie;
    e->lie_context = context;
}
