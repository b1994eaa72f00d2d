/* receipts: comparing what was computed with what a node has. */
#include "json/json_receipts.h"

#include <stdio.h>

bool receipts_can_explain(enum status s)
{
    return s == BLOCK_GAS_USED || s == BLOCK_RECEIPTS_ROOT || s == BLOCK_BLOOM;
}

static void put_number(struct buffer *out, const char *what, uint64_t found, uint64_t expected)
{
    if (out->size == 0 && found != expected)
        buffer_printf(out, "%s: computed %llu, expected %llu", what, (unsigned long long)found,
                      (unsigned long long)expected);
}

static void put_bytes(struct buffer *out, const char *what, struct bytes found, struct bytes expected)
{
    enum { SHOWN = 32 };
    if (out->size != 0 || bytes_equal(found, expected)) return;
    if (found.size > SHOWN || expected.size > SHOWN) {
        buffer_printf(out, "%s: computed %zu bytes, expected %zu other bytes", what, found.size, expected.size);
        return;
    }
    char a[2 * SHOWN + 1], b[2 * SHOWN + 1];
    hex_encode(a, found.data, found.size);
    hex_encode(b, expected.data, expected.size);
    buffer_printf(out, "%s: computed 0x%s, expected 0x%s", what, a, b);
}

static void compare_log(struct buffer *out, struct json_reader *f, yyjson_val *v, const struct log *log,
                        uint32_t number)
{
    char what[48];
    struct address address = json_address(f, v, "address");
    (void)snprintf(what, sizeof what, "address of log %u", number);
    put_bytes(out, what, (struct bytes){log->address.b, 20}, (struct bytes){address.b, 20});
    yyjson_val *topics = json_array(f, v, "topics");
    (void)snprintf(what, sizeof what, "topics of log %u", number);
    put_number(out, what, log->topic_count, yyjson_arr_size(topics));
    for (uint32_t i = 0; i < log->topic_count && out->size == 0; i++) {
        struct hash topic = json_value_hash(f, yyjson_arr_get(topics, i), "topics");
        (void)snprintf(what, sizeof what, "topic %u of log %u", i, number);
        put_bytes(out, what, (struct bytes){log->topics[i].b, 32}, (struct bytes){topic.b, 32});
    }
    (void)snprintf(what, sizeof what, "data of log %u", number);
    put_bytes(out, what, log->data, json_bytes(f, v, "data"));
}

/* The first field of a receipt that differs; nothing where none does. Gas is that of the transaction alone. */
static void compare_receipt(struct buffer *out, struct json_reader *f, yyjson_val *v, const struct receipt *r,
                            uint64_t gas_before, bool has_status)
{
    put_number(out, "gas used", r->cumulative_gas - gas_before, json_u64(f, v, "cumulativeGasUsed") - gas_before);
    if (has_status) put_number(out, "status", r->succeeded, json_u64(f, v, "status"));
    yyjson_val *logs = json_array(f, v, "logs"), *log;
    size_t i, count;
    put_number(out, "number of logs", r->log_count, yyjson_arr_size(logs));
    yyjson_arr_foreach(logs, i, count, log)
    {
        if (out->size != 0 || f->status != STATUS_OK) return;
        compare_log(out, f, log, &r->logs[i], (uint32_t)i);
    }
}

void receipts_explain(struct json_reader *f, const char *source, const struct block_result *r, struct error *e)
{
    struct buffer found = {0};
    struct error malformed;
    char before[sizeof e->text];
    memcpy(before, e->text, sizeof before);
    f->error = &malformed;
    char where[32] = "";
    uint32_t count = r->task->transaction_count;
    if (!yyjson_is_arr(f->root)) json_expect(f, "receipts", "an array");
    put_number(&found, "number of receipts", count, yyjson_arr_size(f->root));
    yyjson_arr_iter receipts = yyjson_arr_iter_with(f->root);
    for (uint32_t i = 0; i < count && found.size == 0 && f->status == STATUS_OK; i++) {
        (void)snprintf(where, sizeof where, "transaction %u: ", i);
        compare_receipt(&found, f, yyjson_arr_iter_next(&receipts), &r->receipts[i],
                        i == 0 ? 0 : r->receipts[i - 1].cumulative_gas, r->task->fork->receipt_status);
    }
    if (f->status != STATUS_OK)
        error_set(e, e->status, "%.240s; %.200s", before, malformed.text);
    else if (found.size == 0)
        error_set(e, e->status, "%.300s; %.100s agree with what was computed", before, source);
    else
        error_set(e, e->status, "%.240s; first difference from %.60s: %s%.*s", before, source, where, (int)found.size,
                  (const char *)found.data);
    buffer_free(&found);
}
