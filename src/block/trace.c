/* Tracing as text: each execution of a transaction writes into a buffer of its own. */
#include <stdlib.h>

#include "block/private.h"

static struct vm_tracer *begin(void *context, uint32_t index)
{
    (void)index;
    const struct block_trace *t = context;
    struct vm_trace *execution = base_alloc(sizeof *execution);
    vm_trace_init(execution, t->options);
    return &execution->tracer;
}

static void drop(void *context, uint32_t index, struct vm_tracer *tracer)
{
    (void)context, (void)index;
    struct vm_trace *execution = tracer->context;
    vm_trace_free(execution);
    free(execution);
}

static void commit(void *context, uint32_t index, struct vm_tracer *tracer)
{
    struct block_trace *t = context;
    const struct vm_trace *execution = tracer->context;
    for (size_t i = 0; i < COUNT_OF(t->counts); i++) t->counts[i] += execution->counts[i];
    t->traced(t->context, index, buffer_bytes(&execution->text));
    drop(context, index, tracer);
}

void block_trace_init(struct block_trace *t, struct vm_trace_options options,
                      void (*traced)(void *context, uint32_t index, struct bytes lines), void *context)
{
    *t = (struct block_trace){.tracing = {.context = t, .begin = begin, .commit = commit, .drop = drop},
                              .options = options,
                              .traced = traced,
                              .context = context};
}
