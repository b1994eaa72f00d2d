/* explain: what each worker did, as a Chrome trace (chrome://tracing, ui.perfetto.dev). */
#include "cli/explain/explain.h"

#include <stdio.h>

static const char *name_of(const struct block_event *e)
{
    static const char *const names[] = {
        [EVENT_RUN] = "run", [EVENT_SPECULATE] = "speculative", [EVENT_CHECK] = "check", [EVENT_WAIT] = "wait"};
    return names[e->kind];
}

static void put_name(struct buffer *out, const char *what, uint32_t pid, unsigned tid, const char *name)
{
    buffer_printf(out, "%s{\"ph\":\"M\",\"name\":\"%s\",\"pid\":%u,\"tid\":%u,\"args\":{\"name\":",
                  out->size == 0 ? "" : ",\n", what, pid, tid);
    json_put_text(out, name);
    buffer_append_text(out, "}}");
}

static void put_event(struct buffer *out, const struct explain_report *r, const struct block_event *e, uint32_t pid)
{
    buffer_printf(out, ",\n{\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"ts\":%.3f,\"dur\":%.3f,\"cat\":\"%s\"", pid, e->worker,
                  (double)e->start_ns / 1e3, (double)(e->end_ns - e->start_ns) / 1e3, name_of(e));
    if (e->kind == EVENT_WAIT) {
        buffer_append_text(out, ",\"name\":\"wait\"}");
        return;
    }
    buffer_printf(out, ",\"name\":\"%s %u\",\"args\":{\"tx\":%u,\"call\":", name_of(e), e->tx, e->tx);
    struct buffer text = {0};
    explain_put_call(&text, &r->task->transactions[e->tx]);
    buffer_append(&text, "", 1);
    json_put_text(out, (const char *)text.data);
    buffer_printf(out, ",\"gas\":%llu,\"wasted\":%s", (unsigned long long)r->gas[e->tx], e->wasted ? "true" : "false");
    if (e->kind == EVENT_CHECK && e->wasted && r->txs[e->tx].conflict_at != EXPLAIN_NONE) {
        text.size = 0;
        explain_put_location(&text, &r->trace.locations[r->txs[e->tx].conflict_at]);
        buffer_append(&text, "", 1);
        buffer_append_text(out, ",\"because_of\":");
        json_put_text(out, (const char *)text.data);
    }
    buffer_append_text(out, "}}");
    buffer_free(&text);
}

void explain_put_trace(struct buffer *out, const struct explained *x, uint32_t index)
{
    const struct explain_report *r = x->report;
    put_name(out, "process_name", index, 0, x->title);
    unsigned workers = 0;
    for (uint32_t i = 0; i < r->event_count; i++)
        if (r->events[i].worker >= workers) workers = r->events[i].worker + 1u;
    for (unsigned w = 0; w < workers; w++) {
        char name[32];
        (void)snprintf(name, sizeof name, "worker %u", w);
        put_name(out, "thread_name", index, w, name);
    }
    for (uint32_t i = 0; i < r->event_count; i++) put_event(out, r, &r->events[i], index);
}
