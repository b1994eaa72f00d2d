/* b11r: a block from its parts, in the form of geth's `evm b11r`. Nothing is checked but that the parts can be read. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/t8n/t8n.h"

/* What everything borrows from. */
struct builder {
    struct json_reader documents[5]; /* the first is standard input, once it has been read */
    uint32_t document_count;
    bool has_stdin;
    struct arena arena;
    struct block block;
};

/* The document that a file is, or a member of the one on standard input; NULL where there is none. */
static enum status find(struct builder *b, const char *path, const char *key, struct json_reader **f, yyjson_val **out,
                        struct error *e)
{
    bool in_stdin = strcmp(path, "stdin") == 0;
    *f = in_stdin ? &b->documents[0] : &b->documents[b->document_count];
    if (!in_stdin || !b->has_stdin) {
        enum status s = json_open(*f, in_stdin ? "/dev/stdin" : path, e);
        if (s != STATUS_OK) return s;
        b->has_stdin = b->has_stdin || in_stdin;
        b->document_count += !in_stdin;
    }
    *out = in_stdin ? json_optional((*f)->root, key) : (*f)->root;
    return STATUS_OK;
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static struct hash hash_or(struct json_reader *f, yyjson_val *v, const char *key, struct hash usual)
{
    return json_optional(v, key) == NULL ? usual : json_hash(f, v, key);
}

/* Fields that came with forks. Of those before one that is there a number may be missing, which is 0. */
static void read_late_fields(struct json_reader *f, yyjson_val *v, struct header *h)
{
    static const struct {
        const char *name;
        enum header_field count;
    } fields[] = {
        {"baseFeePerGas", HEADER_BASE_FEE},     {"withdrawalsRoot", HEADER_WITHDRAWALS_ROOT},
        {"excessBlobGas", HEADER_BLOB_GAS},     {"parentBeaconBlockRoot", HEADER_PARENT_BEACON_ROOT},
        {"requestsHash", HEADER_REQUESTS_HASH}, {"blockAccessListHash", HEADER_ACCESS_LIST_HASH},
        {"slotNumber", HEADER_SLOT_NUMBER},
    };
    h->field_count = HEADER_FIELDS_MIN;
    const char *missing = NULL;
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        bool is_there = json_optional(v, fields[i].name) != NULL;
        if (is_there && missing != NULL) json_expect(f, missing, "a value, as a later field has one");
        bool is_number = fields[i].count == HEADER_BASE_FEE || fields[i].count == HEADER_BLOB_GAS;
        if (!is_there && !is_number && missing == NULL) missing = fields[i].name;
        if (is_there) h->field_count = fields[i].count;
    }
    static const struct hash none;
    h->base_fee = json_optional_u256(f, v, "baseFeePerGas");
    h->withdrawals_root = hash_or(f, v, "withdrawalsRoot", none);
    h->blob_gas_used = json_optional_u64(f, v, "blobGasUsed");
    h->excess_blob_gas = json_optional_u64(f, v, "excessBlobGas");
    h->parent_beacon_root = hash_or(f, v, "parentBeaconBlockRoot", none);
    h->requests_hash = hash_or(f, v, "requestsHash", none);
    h->access_list_hash = hash_or(f, v, "blockAccessListHash", none);
    h->slot_number = json_optional_u64(f, v, "slotNumber");
}

static void read_header(struct json_reader *f, yyjson_val *v, struct header *h)
{
    static const struct hash none;
    *h = (struct header){.parent_hash = hash_or(f, v, "parentHash", none),
                         .uncles_hash = uncles_hash_empty,
                         .state_root = json_hash(f, v, "stateRoot"),
                         .transactions_root = hash_or(f, v, "transactionsRoot", keccak_empty_trie),
                         .receipts_root = hash_or(f, v, "receiptsRoot", keccak_empty_trie),
                         .difficulty = json_optional_u256(f, v, "difficulty"),
                         .number = json_u64(f, v, "number"),
                         .gas_limit = json_u64(f, v, "gasLimit"),
                         .gas_used = json_optional_u64(f, v, "gasUsed"),
                         .timestamp = json_u64(f, v, "timestamp"),
                         .prev_randao = hash_or(f, v, "mixHash", none)};
    if (json_optional(v, "miner") != NULL) h->beneficiary = json_address(f, v, "miner");
    if (json_optional(v, "extraData") != NULL) h->extra_data = json_bytes(f, v, "extraData");
    if (json_optional(v, "nonce") != NULL) store_be64(h->nonce, json_u64(f, v, "nonce"));
    if (json_optional(v, "logsBloom") != NULL) {
        struct bytes bloom = json_bytes(f, v, "logsBloom");
        if (bloom.size != sizeof h->bloom.b)
            json_expect(f, "logsBloom", "256 bytes");
        else
            memcpy(h->bloom.b, bloom.data, bloom.size);
    }
    read_late_fields(f, v, h);
}

/* Each uncle is the RLP of a block, whose header counts. */
static enum status read_uncles(struct builder *b, struct json_reader *f, yyjson_val *list, struct error *e)
{
    if (list == NULL) return STATUS_OK;
    if (!yyjson_is_arr(list)) json_expect(f, "ommers", "an array");
    size_t i, count = yyjson_arr_size(list);
    struct header *all = ARENA_ARRAY(&b->arena, struct header, count + 1);
    yyjson_val *item;
    yyjson_arr_foreach(list, i, count, item)
    {
        struct block uncle;
        struct rlp in = rlp_of(json_value_bytes(f, item, "ommers"));
        if (f->status != STATUS_OK) return f->status;
        enum status s = block_decode(&uncle, &in, &b->arena, e);
        if (s != STATUS_OK) return s;
        all[i] = uncle.header;
    }
    b->block.uncles = all;
    b->block.uncle_count = (uint32_t)count;
    return f->status;
}

static enum status read_transactions(struct builder *b, struct json_reader *f, yyjson_val *text, struct error *e)
{
    if (text == NULL || yyjson_get_len(text) == 0) return STATUS_OK;
    struct bytes encoded = json_value_bytes(f, text, "transactions");
    if (f->status != STATUS_OK) return f->status;
    struct rlp whole = rlp_of(encoded), list;
    size_t count = 0;
    enum status s = rlp_enter(&whole, &list);
    if (s == STATUS_OK) s = rlp_count(list, &count);
    struct transaction *all = ARENA_ARRAY(&b->arena, struct transaction, count + 1);
    for (size_t i = 0; i < count && s == STATUS_OK; i++) {
        struct rlp_item item;
        ASSERT(rlp_read_item(&list, &item) == STATUS_OK);
        s = transaction_decode(&all[i], item.is_list ? item.encoded : item.payload, &b->arena);
    }
    if (s != STATUS_OK) return error_set(e, RLP_TRAILING, "%s: transactions: %s", f->file, status_text(s));
    b->block.transactions = all;
    b->block.transaction_count = (uint32_t)count;
    return STATUS_OK;
}

/* The hash of the uncles, where the header has none. */
static struct hash hash_uncles(const struct block *b)
{
    struct rlp_writer w = {0};
    for (uint32_t i = b->uncle_count; i-- > 0;) header_encode(&w, &b->uncles[i]);
    rlp_put_list(&w, 0);
    struct hash out = keccak256_bytes(rlp_written(&w));
    rlp_writer_free(&w);
    return out;
}

static enum status read_all(struct builder *b, const struct t8n_options *o, struct error *e)
{
    struct json_reader *f, *header_reader;
    yyjson_val *v, *header;
    b->document_count = 1;
    enum status s = find(b, o->header == NULL ? "header.json" : o->header, "header", &header_reader, &header, e);
    if (s != STATUS_OK) return s;
    if (!yyjson_is_obj(header)) json_expect(header_reader, "header", "an object");
    read_header(header_reader, header, &b->block.header);
    if (header_reader->status != STATUS_OK) return header_reader->status;
    if (o->ommers != NULL && *o->ommers != 0) {
        s = find(b, o->ommers, "ommers", &f, &v, e);
        if (s == STATUS_OK) s = read_uncles(b, f, v, e);
        if (s != STATUS_OK) return s;
    }
    if (o->withdrawals != NULL && *o->withdrawals != 0) {
        s = find(b, o->withdrawals, "withdrawals", &f, &v, e);
        if (s != STATUS_OK) return s;
        if (v != NULL && !yyjson_is_arr(v)) json_expect(f, "withdrawals", "an array");
        if (v != NULL) json_withdrawals(f, v, &b->arena, &b->block);
        if (f->status != STATUS_OK) return f->status;
    }
    s = find(b, o->txs == NULL ? "txs.rlp" : o->txs, "txs", &f, &v, e);
    if (s == STATUS_OK) s = read_transactions(b, f, v, e);
    if (s != STATUS_OK) return s;
    bool named = json_optional(header, "sha3Uncles") != NULL;
    b->block.header.uncles_hash = named ? json_hash(header_reader, header, "sha3Uncles") : hash_uncles(&b->block);
    return header_reader->status;
}

/* ---- the command ------------------------------------------------------------------------------------------------- */

static enum status write_block(const struct builder *b, const struct t8n_options *o, struct error *e)
{
    struct rlp_writer w = {0};
    struct buffer out = {0};
    struct hash hash;
    block_encode(&w, &b->block);
    header_hash(&hash, &b->block.header);
    struct bytes encoded = rlp_written(&w);
    buffer_append_text(&out, "{\n  \"rlp\": ");
    json_put_hex(&out, encoded.data, encoded.size);
    buffer_append_text(&out, ",\n  \"hash\": ");
    json_put_hex(&out, hash.b, sizeof hash.b);
    buffer_append_text(&out, "\n}");
    rlp_writer_free(&w);
    const char *path = o->out_block == NULL ? "block.json" : o->out_block;
    enum status s = STATUS_OK;
    if (strcmp(path, "stdout") == 0 || strcmp(path, "stderr") == 0) {
        (void)fprintf(path[3] == 'o' ? stdout : stderr, "%.*s\n", (int)out.size, (const char *)out.data);
    } else {
        char *full = t8n_path(o->folder, path);
        s = file_write(full, buffer_bytes(&out), e);
        free(full);
    }
    buffer_free(&out);
    return s;
}

enum exit_code b11r_command(const struct options *o)
{
    struct builder *b = base_calloc(1, sizeof *b);
    struct error error = {STATUS_OK, ""};
    enum status s = STATUS_OK;
    if (o->t8n.clique != NULL && *o->t8n.clique != 0)
        s = error_set(&error, BAD_CONFIG, "--seal.clique: expected none: weft seals no blocks");
    if (s == STATUS_OK) s = t8n_make_folder(o->t8n.folder, &error);
    if (s == STATUS_OK) s = read_all(b, &o->t8n, &error);
    if (s == STATUS_OK) s = write_block(b, &o->t8n, &error);
    if (s != STATUS_OK) log_line("b11r: ERROR(%d): %s", t8n_exit_code(s), error.text);
    for (size_t i = 0; i < COUNT_OF(b->documents); i++)
        if (b->documents[i].document != NULL) json_close(&b->documents[i]);
    arena_free(&b->arena);
    free(b);
    return (enum exit_code)t8n_exit_code(s);
}
