/* t9n: what can be said of transactions without any state, in the form of geth's `evm t9n`. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/t8n/t8n.h"
#include "tx/tx.h"

/* What is found out about one. */
struct finding {
    struct hash hash;
    struct address sender;
    uint64_t intrinsic;
    bool has_hash, has_sender, has_intrinsic;
    char why[160]; /* "": nothing is wrong */
};

static bool product_overflows(struct u256 price, uint64_t gas)
{
    struct u256 most, count = U256(gas);
    if (gas == 0) return false;
    u256_div(&most, &U256_MAX, &count);
    return u256_less(most, price);
}

/* In the order in which geth looks. */
static void examine(struct finding *x, const struct fork *fork, uint64_t chain_id, struct bytes encoded,
                    struct arena *arena)
{
    struct transaction tx;
    enum status s = transaction_decode(&tx, encoded, arena);
    struct signature_rules rules = {.low_s = fork->low_s, .chain_id = fork->replay_protection};
    if (s == STATUS_OK) {
        x->has_hash = true;
        transaction_hash(&x->hash, &tx);
        s = tx_check_kind(fork, chain_id, &tx);
    }
    if (s == STATUS_OK) s = transaction_sender(&x->sender, &tx, rules);
    if (s != STATUS_OK) {
        (void)snprintf(x->why, sizeof x->why, "%s", t8n_rejection_text(s, tx.type));
        return;
    }
    x->has_sender = x->has_intrinsic = true;
    struct tx_intrinsic cost = tx_intrinsic(fork, &tx, &x->sender, fork_state_byte_gas(fork, 0));
    x->intrinsic = cost.gas + cost.state;
    const char *why = NULL;
    if (tx.gas_limit < x->intrinsic || tx.gas_limit < cost.floor) {
        bool floor = tx.gas_limit >= x->intrinsic;
        (void)snprintf(x->why, sizeof x->why, "%s: have %" PRIu64 ", want %" PRIu64,
                       t8n_rejection_text(floor ? TX_GAS_BELOW_FLOOR : TX_INTRINSIC_GAS_TOO_LOW, tx.type), tx.gas_limit,
                       floor ? cost.floor : x->intrinsic);
        return;
    }
    if (tx.nonce == UINT64_MAX)
        why = "nonce exceeds 2^64-1";
    else if (u256_less(tx.max_fee, tx.max_priority_fee))
        why = "maxFeePerGas < maxPriorityFeePerGas";
    else if (product_overflows(tx.max_fee, tx.gas_limit))
        why = "gas * gasPrice exceeds 256 bits";
    if (tx.is_create && fork->limit.initcode_size != 0 && tx.data.size > fork->limit.initcode_size)
        why = t8n_rejection_text(TX_INITCODE_TOO_BIG, tx.type);
    if (fork->limit.tx_gas != 0 && tx.gas_limit > fork->limit.tx_gas) why = "gas limit exceeds maximum";
    if (why != NULL) (void)snprintf(x->why, sizeof x->why, "%s", why);
}

static void put_member(struct buffer *out, const char *name, const void *data, size_t size, bool first)
{
    buffer_printf(out, "%s\n    \"%s\": ", first ? "" : ",", name);
    json_put_hex(out, data, size);
}

static void put_finding(struct buffer *out, const struct finding *x, bool first)
{
    bool empty = true;
    buffer_append_text(out, first ? "\n  {" : ",\n  {");
    if (x->why[0] != 0) {
        buffer_append_text(out, "\n    \"error\": ");
        json_put_text(out, x->why);
        empty = false;
    }
    if (x->has_sender) {
        put_member(out, "address", x->sender.b, sizeof x->sender.b, empty);
        empty = false;
    }
    if (x->has_hash) put_member(out, "hash", x->hash.b, sizeof x->hash.b, empty);
    if (x->has_intrinsic) buffer_printf(out, ",\n    \"intrinsicGas\": \"0x%" PRIx64 "\"", x->intrinsic);
    buffer_append_text(out, "\n  }");
}

/* The text of the list: a file's whole document, or "txsRlp" of the one on stdin. */
static yyjson_val *find_list(struct json_reader *f, const char *path, struct error *e)
{
    size_t size = strlen(path);
    bool in_stdin = strcmp(path, "stdin") == 0;
    if (!in_stdin && (size < 4 || strcmp(path + size - 4, ".rlp") != 0)) {
        error_set(e, FILE_UNREADABLE, "--input.txs: expected a file named *.rlp, found '%s'", path);
        return NULL;
    }
    if (json_open(f, in_stdin ? "/dev/stdin" : path, e) != STATUS_OK) return NULL;
    return in_stdin ? json_optional(f->root, "txsRlp") : f->root;
}

static enum status run(const struct options *o, struct json_reader *f, struct arena *arena, struct error *e)
{
    struct chain_spec chain;
    struct fork fork;
    const struct t8n_options *t = &o->t8n;
    uint64_t chain_id;
    enum status s = t8n_find_chain(&chain, &fork, t->fork == NULL ? "GrayGlacier" : t->fork, false, 0, 0, e);
    if (s == STATUS_OK) s = t8n_chain_id(&chain_id, t, e);
    if (s != STATUS_OK) return s;
    e->status = STATUS_OK;
    yyjson_val *text = find_list(f, t->txs == NULL ? "txs.json" : t->txs, e);
    if (e->status != STATUS_OK) return e->status;
    struct bytes encoded = json_value_bytes(f, text, "transactions");
    if (f->status != STATUS_OK) return f->status;
    struct rlp whole = rlp_of(encoded), list;
    size_t count = 0;
    s = rlp_enter(&whole, &list);
    if (s == STATUS_OK) s = rlp_count(list, &count);
    if (s != STATUS_OK) return error_set(e, s, "%s: transactions: %s", f->file, status_text(s));
    struct buffer out = {0};
    buffer_append_text(&out, "[");
    for (size_t i = 0; i < count; i++) {
        struct rlp_item item;
        struct finding x = {.why = ""};
        ASSERT(rlp_read_item(&list, &item) == STATUS_OK);
        examine(&x, &fork, chain_id, item.is_list ? item.encoded : item.payload, arena);
        put_finding(&out, &x, i == 0);
    }
    buffer_append_text(&out, count == 0 ? "]\n" : "\n]\n");
    (void)fwrite(out.data, 1, out.size, stdout);
    buffer_free(&out);
    return STATUS_OK;
}

enum exit_code t9n_command(const struct options *o)
{
    struct json_reader f = {0};
    struct arena arena = {0};
    struct error error = {STATUS_OK, ""};
    enum status s = run(o, &f, &arena, &error);
    if (s != STATUS_OK) log_line("t9n: ERROR(%d): %s", t8n_exit_code(s), error.text);
    if (f.document != NULL) json_close(&f);
    arena_free(&arena);
    return (enum exit_code)t8n_exit_code(s);
}
