/* run: what is shown of a call. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/run/run.h"

/* ---- small pieces ------------------------------------------------------------------------------------------------ */

static void put_hex(struct buffer *out, const void *data, size_t size)
{
    buffer_append_text(out, "0x");
    hex_encode((char *)buffer_reserve(out, 2 * size + 1), data, size);
    out->size += 2 * size;
}

static void put_word(struct buffer *out, const struct u256 *v)
{
    char text[U256_HEX_SIZE];
    buffer_append(out, text, u256_to_hex(text, v));
}

static void put_decimal(struct buffer *out, const struct u256 *v)
{
    char text[U256_DECIMAL_SIZE];
    buffer_append(out, text, u256_to_decimal(text, v));
}

static double mgas_per_second(const struct run *r)
{
    return (double)r->result.gas_used * 1000.0 / (r->times.median_ns > 0 ? r->times.median_ns : 1);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static void json_logs(struct buffer *out, const struct tx_result *result)
{
    buffer_append_text(out, ",\"logs\":[");
    for (uint32_t i = 0; i < result->log_count; i++) {
        const struct log *l = &result->logs[i];
        buffer_append_text(out, i == 0 ? "{\"address\":\"" : ",{\"address\":\"");
        put_hex(out, l->address.b, sizeof l->address.b);
        buffer_append_text(out, "\",\"topics\":[");
        for (uint32_t k = 0; k < l->topic_count; k++) {
            buffer_append_text(out, k == 0 ? "\"" : ",\"");
            put_hex(out, l->topics[k].b, sizeof l->topics[k].b);
            buffer_append_text(out, "\"");
        }
        buffer_append_text(out, "],\"data\":\"");
        put_hex(out, l->data.data, l->data.size);
        buffer_append_text(out, "\"}");
    }
    buffer_append_text(out, "]");
}

static void json_account(struct buffer *out, const struct account_change *a)
{
    buffer_append_text(out, "\"");
    put_hex(out, a->address.b, sizeof a->address.b);
    if (!a->exists) {
        buffer_append_text(out, "\":null");
        return;
    }
    buffer_printf(out, "\":{\"nonce\":%llu,\"balance\":\"", (unsigned long long)a->nonce);
    put_word(out, &a->balance);
    buffer_append_text(out, "\"");
    if (a->code_changed) {
        buffer_append_text(out, ",\"code\":\"");
        put_hex(out, a->code->bytes, a->code->size);
        buffer_append_text(out, "\"");
    }
    if (a->storage_wiped) buffer_append_text(out, ",\"storageWiped\":true");
    buffer_append_text(out, ",\"storage\":{");
    for (size_t i = 0; i < a->slot_count; i++) {
        buffer_append_text(out, i == 0 ? "\"" : ",\"");
        put_word(out, &a->slots[i].key);
        buffer_append_text(out, "\":\"");
        put_word(out, &a->slots[i].value);
        buffer_append_text(out, "\"");
    }
    buffer_append_text(out, "}}");
}

static void print_json(const struct run *r, const struct state_diff *diff, struct buffer *out)
{
    buffer_append_text(out, "{\"fork\":");
    json_put_text(out, r->fork->name);
    buffer_append_text(out, ",\"status\":");
    json_put_text(out, vm_status_text(r->outcome.status));
    buffer_printf(out, ",\"gas\":%llu,\"gasUsed\":%llu,\"refund\":%lld,\"output\":\"", (unsigned long long)r->gas,
                  (unsigned long long)r->result.gas_used, (long long)r->refund);
    put_hex(out, r->result.output.data, r->result.output.size);
    buffer_append_text(out, "\"");
    if (r->result.has_created) {
        buffer_append_text(out, ",\"created\":\"");
        put_hex(out, r->result.created.b, sizeof r->result.created.b);
        buffer_append_text(out, "\"");
    }
    json_logs(out, &r->result);
    buffer_append_text(out, ",\"state\":{");
    for (size_t i = 0; i < diff->count; i++) {
        if (i != 0) buffer_append_text(out, ",");
        json_account(out, &diff->accounts[i]);
    }
    buffer_append_text(out, "}");
    if (r->times.runs != 0)
        buffer_printf(
            out, ",\"bench\":{\"runs\":%llu,\"min_ns\":%.1f,\"median_ns\":%.1f,\"max_ns\":%.1f,\"mgas_per_s\":%.1f}",
            (unsigned long long)r->times.runs, r->times.min_ns, r->times.median_ns, r->times.max_ns,
            mgas_per_second(r));
    buffer_append_text(out, "}\n");
}

/* ---- for people -------------------------------------------------------------------------------------------------- */

static void print_logs(struct buffer *out, const struct tx_result *result)
{
    for (uint32_t i = 0; i < result->log_count; i++) {
        const struct log *l = &result->logs[i];
        buffer_append_text(out, i == 0 ? "logs       " : "           ");
        put_hex(out, l->address.b, sizeof l->address.b);
        buffer_append_text(out, "\n");
        for (uint32_t k = 0; k < l->topic_count; k++) {
            buffer_append_text(out, "             topic ");
            put_hex(out, l->topics[k].b, sizeof l->topics[k].b);
            buffer_append_text(out, "\n");
        }
        buffer_append_text(out, "             data  ");
        put_hex(out, l->data.data, l->data.size);
        buffer_append_text(out, "\n");
    }
}

static void print_change(const struct run *r, struct buffer *out, const struct account_change *a)
{
    static const struct memory_account none = {.exists = false};
    const struct memory_account *before = state_memory_find(r->pre.state, &a->address);
    if (before == NULL) before = &none;
    put_hex(out, a->address.b, sizeof a->address.b);
    buffer_append_text(out, !a->exists ? "  is gone\n" : !before->exists ? "  is new\n" : "\n");
    if (!a->exists) return;
    if (!u256_equal(a->balance, before->balance)) {
        buffer_append_text(out, "             balance ");
        put_decimal(out, &before->balance);
        buffer_append_text(out, " -> ");
        put_decimal(out, &a->balance);
        buffer_append_text(out, "\n");
    }
    if (a->nonce != before->nonce)
        buffer_printf(out, "             nonce   %llu -> %llu\n", (unsigned long long)before->nonce,
                      (unsigned long long)a->nonce);
    if (a->code_changed) buffer_printf(out, "             code    %u bytes\n", a->code->size);
    if (a->storage_wiped) buffer_append_text(out, "             storage was wiped\n");
    for (size_t i = 0; i < a->slot_count; i++) {
        struct u256 old = state_memory_slot(r->pre.state, &a->address, &a->slots[i].key);
        buffer_append_text(out, "             slot    ");
        put_word(out, &a->slots[i].key);
        buffer_append_text(out, ": ");
        put_word(out, &old);
        buffer_append_text(out, " -> ");
        put_word(out, &a->slots[i].value);
        buffer_append_text(out, "\n");
    }
}

static void print_text(const struct run *r, const struct state_diff *diff, struct buffer *out)
{
    const struct colours *c = terminal_colours();
    buffer_printf(out, "status     %s%s%s\n", r->result.succeeded ? c->good : c->bad, vm_status_text(r->outcome.status),
                  c->off);
    buffer_printf(out, "gas used   %llu of %llu", (unsigned long long)r->result.gas_used, (unsigned long long)r->gas);
    if (r->refund != 0) buffer_printf(out, ", refund counter %lld", (long long)r->refund);
    buffer_append_text(out, "\noutput     ");
    put_hex(out, r->result.output.data, r->result.output.size);
    buffer_append_text(out, "\n");
    if (r->result.has_created) {
        buffer_append_text(out, "created    ");
        put_hex(out, r->result.created.b, sizeof r->result.created.b);
        buffer_append_text(out, "\n");
    }
    print_logs(out, &r->result);
    for (size_t i = 0; i < diff->count; i++) {
        buffer_append_text(out, i == 0 ? "changed    " : "           ");
        print_change(r, out, &diff->accounts[i]);
    }
    if (r->times.runs != 0)
        buffer_printf(out, "bench      min %.0f ns, median %.0f ns, max %.0f ns, %.1f MGas/s, %llu runs\n",
                      r->times.min_ns, r->times.median_ns, r->times.max_ns, mgas_per_second(r),
                      (unsigned long long)r->times.runs);
}

void run_print(struct run *r)
{
    r->result.gas_used = r->gas - (uint64_t)(r->outcome.gas.execution + r->outcome.gas.state);
    state_finalize(r->worker.state);
    state_commit(r->worker.state);
    struct state_diff diff;
    state_table_diff(r->table, UINT32_MAX, r->fork->clear_empty, &r->arena, &diff);
    struct buffer out = {0};
    if (r->options->json)
        print_json(r, &diff, &out);
    else
        print_text(r, &diff, &out);
    (void)fwrite(out.data, 1, out.size, stdout);
    buffer_free(&out);
}
