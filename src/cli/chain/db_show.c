/* db tx, db block: what a store has of one transaction or one block, as lines of a name and a value, or as an object
 * in JSON. */
#include "cli/chain/db_show.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "types/types.h"

/* ---- names and values -------------------------------------------------------------------------------------------- */

struct sheet {
    struct buffer out;
    bool json;
};

static void put_name(struct sheet *s, const char *name)
{
    if (s->json)
        buffer_printf(&s->out, "%s\"%s\":", s->out.size == 0 ? "{" : ",", name);
    else
        buffer_printf(&s->out, "%s%-16s ", s->out.size == 0 ? "" : "\n", name);
}

static void put_hex(struct sheet *s, const char *name, const void *data, size_t size)
{
    put_name(s, name);
    if (s->json) buffer_append_text(&s->out, "\"");
    buffer_append_text(&s->out, "0x");
    hex_encode((char *)buffer_reserve(&s->out, 2 * size + 1), data, size);
    s->out.size += 2 * size;
    if (s->json) buffer_append_text(&s->out, "\"");
}

static void put_number(struct sheet *s, const char *name, uint64_t number)
{
    put_name(s, name);
    buffer_printf(&s->out, "%llu", (unsigned long long)number);
}

/* Amounts in decimal; in JSON as a string, since many readers take numbers for floating point. */
static void put_amount(struct sheet *s, const char *name, struct u256 amount)
{
    char text[U256_DECIMAL_SIZE];
    size_t size = u256_to_decimal(text, &amount);
    put_name(s, name);
    buffer_printf(&s->out, s->json ? "\"%.*s\"" : "%.*s", (int)size, text);
}

static void put_nothing(struct sheet *s, const char *name, const char *why)
{
    put_name(s, name);
    buffer_append_text(&s->out, s->json ? "null" : why);
}

static void print_sheet(struct sheet *s)
{
    printf("%.*s%s\n", (int)s->out.size, (const char *)s->out.data, s->json ? "}" : "");
    buffer_free(&s->out);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static enum status unknown(const struct options *o, const char *what, struct error *e)
{
    return error_set(e, STORE_UNKNOWN, "%s: %s %s: %s", o->datadir, what, o->operands[1], status_text(STORE_UNKNOWN));
}

static enum status damaged(const struct options *o, uint64_t number, struct error *e)
{
    return error_set(e, STORE_DAMAGED, "%s: block %llu: %s", o->datadir, (unsigned long long)number,
                     status_text(STORE_DAMAGED));
}

/* A hash in hex digits, with 0x in front. */
static bool read_hash(struct hash *out, const char *text)
{
    return strlen(text) == 66 && text[0] == '0' && text[1] == 'x' && hex_decode(out->b, text + 2, 64);
}

/* What the store has of a block; texts own the bytes. */
struct parts {
    struct buffer header_text, body_text, receipts_text;
    struct header header;
    struct rlp transactions, uncles, withdrawals, receipts; /* the insides of the lists */
    bool has_withdrawals, has_receipts;
};

static bool read_parts(struct store *store, uint64_t number, struct parts *p)
{
    if (!store_block_part(store, STORE_HEADER, number, &p->header_text) ||
        !store_block_part(store, STORE_BODY, number, &p->body_text))
        return false;
    struct rlp header = rlp_of(buffer_bytes(&p->header_text)), body = rlp_of(buffer_bytes(&p->body_text)), lists;
    if (header_decode(&p->header, &header) != STATUS_OK || rlp_enter(&body, &lists) != STATUS_OK ||
        rlp_enter(&lists, &p->transactions) != STATUS_OK || rlp_enter(&lists, &p->uncles) != STATUS_OK)
        return false;
    p->has_withdrawals = !rlp_at_end(&lists);
    if (p->has_withdrawals && rlp_enter(&lists, &p->withdrawals) != STATUS_OK) return false;
    p->has_receipts = store_block_part(store, STORE_RECEIPTS, number, &p->receipts_text);
    struct rlp receipts = rlp_of(buffer_bytes(&p->receipts_text));
    return !p->has_receipts || rlp_enter(&receipts, &p->receipts) == STATUS_OK;
}

static void free_parts(struct parts *p)
{
    buffer_free(&p->header_text);
    buffer_free(&p->body_text);
    buffer_free(&p->receipts_text);
}

/* The envelope number `index` of a list of them. */
static bool read_envelope(struct rlp list, uint32_t index, struct bytes *out)
{
    struct rlp_item item;
    for (uint32_t i = 0; i <= index; i++)
        if (rlp_read_item(&list, &item) != STATUS_OK) return false;
    *out = item.is_list ? item.encoded : item.payload;
    return true;
}

/* ---- a transaction ----------------------------------------------------------------------------------------------- */

static struct u256 price_paid(const struct transaction *tx, const struct header *h)
{
    struct u256 most = u256_add(h->base_fee, tx->max_priority_fee);
    return u256_less(tx->max_fee, most) ? tx->max_fee : most;
}

static bool put_receipt(struct sheet *s, const struct parts *p, uint32_t index, struct arena *arena)
{
    static const char *const names[] = {"status", "gas_used", "cumulative_gas", "logs"};
    for (size_t i = 0; i < COUNT_OF(names) && !p->has_receipts; i++) put_nothing(s, names[i], "pruned");
    if (!p->has_receipts) return true;
    struct receipt r, before = {.cumulative_gas = 0};
    struct bytes encoded;
    if (!read_envelope(p->receipts, index, &encoded) || receipt_decode(&r, encoded, arena) != STATUS_OK) return false;
    if (index != 0 &&
        (!read_envelope(p->receipts, index - 1, &encoded) || receipt_decode(&before, encoded, arena) != STATUS_OK))
        return false;
    if (r.has_state_root)
        put_hex(s, "state_root", r.state_root.b, 32);
    else
        put_number(s, "status", r.succeeded);
    put_number(s, "gas_used", r.cumulative_gas - before.cumulative_gas);
    put_number(s, "cumulative_gas", r.cumulative_gas);
    put_number(s, "logs", r.log_count);
    return true;
}

static bool put_transaction(struct sheet *s, const struct parts *p, const struct hash *hash, uint32_t index,
                            struct arena *arena)
{
    struct bytes encoded;
    struct transaction tx;
    struct address from;
    struct hash found;
    if (!read_envelope(p->transactions, index, &encoded)) return false;
    found = keccak256_bytes(encoded);
    if (!hash_equal(&found, hash) || transaction_decode(&tx, encoded, arena) != STATUS_OK) return false;
    /* The loosest rules: whether it may be in its block was checked when that was imported. */
    struct signature_rules any = {.low_s = false, .chain_id = true};
    if (transaction_sender(&from, &tx, any) != STATUS_OK) return false;
    struct address created = create_address(&from, tx.nonce);
    put_hex(s, "hash", hash->b, 32);
    put_number(s, "block", p->header.number);
    put_number(s, "index", index);
    put_number(s, "type", tx.type);
    put_hex(s, "from", from.b, 20);
    if (tx.is_create) {
        put_nothing(s, "to", "(creation)");
        put_hex(s, "contract", created.b, 20);
    } else {
        put_hex(s, "to", tx.to.b, 20);
    }
    put_number(s, "nonce", tx.nonce);
    put_amount(s, "value", tx.value);
    put_number(s, "gas_limit", tx.gas_limit);
    put_amount(s, "gas_price", header_has(&p->header, HEADER_BASE_FEE) ? price_paid(&tx, &p->header) : tx.max_fee);
    put_number(s, "data_bytes", tx.data.size);
    return put_receipt(s, p, index, arena);
}

enum status db_show_transaction(struct store *store, const struct options *o, struct error *e)
{
    struct hash hash;
    uint64_t number;
    uint32_t index;
    if (!read_hash(&hash, o->operands[1]))
        return error_set(e, BAD_USAGE, "db tx: expected 0x and 64 hex digits, found '%s'", o->operands[1]);
    if (!store_transaction(store, &hash, &number, &index)) return unknown(o, "transaction", e);
    struct parts p = {.has_receipts = false};
    struct sheet s = {.json = o->json};
    struct arena arena = {0};
    bool good = read_parts(store, number, &p) && put_transaction(&s, &p, &hash, index, &arena);
    if (good)
        print_sheet(&s);
    else
        buffer_free(&s.out);
    arena_free(&arena);
    free_parts(&p);
    return good ? STATUS_OK : damaged(o, number, e);
}

/* ---- a block ----------------------------------------------------------------------------------------------------- */

static bool put_block(struct sheet *s, const struct parts *p)
{
    const struct header *h = &p->header;
    struct hash hash = keccak256_bytes(buffer_bytes(&p->header_text));
    size_t transactions, uncles, withdrawals = 0;
    if (rlp_count(p->transactions, &transactions) != STATUS_OK || rlp_count(p->uncles, &uncles) != STATUS_OK ||
        (p->has_withdrawals && rlp_count(p->withdrawals, &withdrawals) != STATUS_OK))
        return false;
    put_hex(s, "hash", hash.b, 32);
    put_number(s, "number", h->number);
    put_hex(s, "parent", h->parent_hash.b, 32);
    put_number(s, "timestamp", h->timestamp);
    put_hex(s, "beneficiary", h->beneficiary.b, 20);
    put_number(s, "gas_used", h->gas_used);
    put_number(s, "gas_limit", h->gas_limit);
    if (header_has(h, HEADER_BASE_FEE)) put_amount(s, "base_fee", h->base_fee);
    if (!u256_is_zero(h->difficulty)) put_amount(s, "difficulty", h->difficulty);
    if (header_has(h, HEADER_BLOB_GAS)) put_number(s, "blob_gas_used", h->blob_gas_used);
    put_hex(s, "state_root", h->state_root.b, 32);
    put_hex(s, "txs_root", h->transactions_root.b, 32);
    put_hex(s, "receipts_root", h->receipts_root.b, 32);
    put_number(s, "txs", transactions);
    put_number(s, "uncles", uncles);
    if (p->has_withdrawals) put_number(s, "withdrawals", withdrawals);
    put_number(s, "body_bytes", p->body_text.size);
    if (p->has_receipts)
        put_number(s, "receipts_bytes", p->receipts_text.size);
    else
        put_nothing(s, "receipts_bytes", "pruned");
    return true;
}

enum status db_show_block(struct store *store, const struct options *o, struct error *e)
{
    const char *text = o->operands[1];
    struct hash hash;
    struct u256 n;
    uint64_t number;
    if (read_hash(&hash, text)) {
        if (!store_block_number(store, &hash, &number)) return unknown(o, "block", e);
    } else {
        if (!u256_from_decimal(&n, text, strlen(text)))
            return error_set(e, BAD_USAGE, "db block: expected a number, or 0x and 64 hex digits, found '%s'", text);
        const struct store_head *head = store_head(store);
        if (head == NULL || !u256_fits_u64(n) || n.w[0] > head->number) return unknown(o, "block", e);
        number = n.w[0];
    }
    struct parts p = {.has_receipts = false};
    struct sheet s = {.json = o->json};
    bool good = read_parts(store, number, &p) && put_block(&s, &p);
    if (good)
        print_sheet(&s);
    else
        buffer_free(&s.out);
    free_parts(&p);
    return good ? STATUS_OK : damaged(o, number, e);
}
