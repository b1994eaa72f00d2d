/* Logs by address and topics, and filters, which tell what is new since they were asked last. */
#include <stdlib.h>

#include "rpc_server/private.h"

enum { LOG_BLOCKS_MAX = 100000, LOGS_MAX = 20000, ADDRESSES_MAX = 1000, TOPIC_CHOICES_MAX = 1000, FILTERS_MAX = 256 };

/* ---- what is looked for --------------------------------------------------------------------------------------------- */

struct choices {
    struct hash *all;
    uint32_t count; /* 0: any */
};
struct query {
    bool by_hash;
    struct hash block;
    bool has_from, has_to;
    uint64_t from, to; /* UINT64_MAX: the head */
    struct address *addresses;
    uint32_t address_count;
    struct choices topics[LOG_TOPICS_MAX];
    uint32_t topic_count;
};

static void wrong(struct rpc_call *c, const char *what)
{
    rpc_fail(c, RPC_BAD_ARGUMENT, "invalid argument 0: %s", what);
}

/* One value, or a list of them. The i-th of `v`, and how many. */
static size_t one_or_many(yyjson_val *v)
{
    return yyjson_is_arr(v) ? yyjson_arr_size(v) : 1;
}
static yyjson_val *nth(yyjson_val *v, size_t i)
{
    return yyjson_is_arr(v) ? yyjson_arr_get(v, i) : v;
}

static void read_addresses(struct rpc_call *c, yyjson_val *v, struct arena *arena, struct query *q)
{
    size_t count = v == NULL || yyjson_is_null(v) ? 0 : one_or_many(v);
    if (count > ADDRESSES_MAX) {
        wrong(c, "exceed max addresses");
        return;
    }
    q->addresses = ARENA_ARRAY(arena, struct address, count);
    for (size_t i = 0; i < count; i++) {
        struct rpc_value a;
        struct rpc_words words;
        if (!rpc_read_value(RPC_ADDRESS, nth(v, i), arena, &a, &words)) {
            wrong(c, words.text);
            return;
        }
        q->addresses[q->address_count++] = a.address;
    }
}

/* The choices for one topic; null among them, or none, is any. */
static void read_choices(struct rpc_call *c, yyjson_val *v, struct arena *arena, struct choices *out)
{
    *out = (struct choices){0};
    if (yyjson_is_null(v)) return;
    size_t count = one_or_many(v);
    if (count > TOPIC_CHOICES_MAX) {
        wrong(c, "exceed max topics");
        return;
    }
    out->all = ARENA_ARRAY(arena, struct hash, count);
    for (size_t i = 0; i < count; i++) {
        struct rpc_value h;
        struct rpc_words words;
        if (yyjson_is_null(nth(v, i))) {
            out->count = 0;
            return;
        }
        if (!rpc_read_value(RPC_HASH, nth(v, i), arena, &h, &words)) {
            wrong(c, words.text);
            return;
        }
        out->all[out->count++] = h.hash;
    }
}

static uint64_t read_bound(struct rpc_call *c, yyjson_val *object, const char *key, bool *given)
{
    struct rpc_value v;
    struct rpc_words words;
    if (!rpc_read_member(object, key, RPC_BLOCK, c->arena, &v, &words)) wrong(c, words.text);
    if (v.block.by_hash) wrong(c, "a block number or tag is needed");
    *given = v.given;
    return v.given && !v.block.by_hash ? v.block.number : UINT64_MAX;
}

/* What it says lives in `arena`. False when the call has failed. */
static bool read_query(struct rpc_call *c, yyjson_val *object, struct arena *arena, struct query *q)
{
    *q = (struct query){0};
    struct rpc_value hash;
    struct rpc_words words;
    if (!rpc_read_member(object, "blockHash", RPC_HASH, arena, &hash, &words)) wrong(c, words.text);
    q->by_hash = hash.given;
    q->block = hash.hash;
    q->from = read_bound(c, object, "fromBlock", &q->has_from);
    q->to = read_bound(c, object, "toBlock", &q->has_to);
    if (q->by_hash && (q->has_from || q->has_to))
        wrong(c, "cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other");
    read_addresses(c, yyjson_obj_get(object, "address"), arena, q);
    yyjson_val *topics = yyjson_obj_get(object, "topics"), *v;
    if (topics != NULL && !yyjson_is_null(topics) && !yyjson_is_arr(topics)) wrong(c, "invalid topic(s)");
    if (yyjson_arr_size(topics) > LOG_TOPICS_MAX) wrong(c, "exceed max topics");
    size_t i, count;
    yyjson_arr_foreach(topics, i, count, v)
    {
        if (c->code != 0) return false;
        read_choices(c, v, arena, &q->topics[q->topic_count++]);
    }
    return c->code == 0;
}

static bool matches(const struct query *q, const struct log *l)
{
    bool found = q->address_count == 0;
    for (uint32_t i = 0; i < q->address_count && !found; i++) found = address_equal(&q->addresses[i], &l->address);
    if (!found || q->topic_count > l->topic_count) return false;
    for (uint32_t t = 0; t < q->topic_count; t++) {
        const struct choices *choices = &q->topics[t];
        found = choices->count == 0;
        for (uint32_t i = 0; i < choices->count && !found; i++) found = hash_equal(&choices->all[i], &l->topics[t]);
        if (!found) return false;
    }
    return true;
}

/* ---- looking -------------------------------------------------------------------------------------------------------- */

static void put_matches(struct rpc_call *c, const struct query *q, const struct node_block *b, uint32_t *found)
{
    for (uint32_t i = 0; i < b->block.transaction_count; i++)
        for (uint32_t k = 0; k < b->receipts[i].log_count; k++) {
            if (!matches(q, &b->receipts[i].logs[k])) continue;
            if (++*found > LOGS_MAX || c->out->size > RPC_RESPONSE_MAX) {
                rpc_fail(c, RPC_LIMIT, "query returned more than %d results", LOGS_MAX);
                return;
            }
            put_log(c->out, b, i, k);
        }
}

/* Logs of the blocks from `from` to `to`, both included. */
static void put_range(struct rpc_call *c, const struct query *q, uint64_t from, uint64_t to)
{
    uint32_t found = 0;
    put_open(c->out, '[');
    for (uint64_t i = from; i <= to && i < c->node->block_count && c->code == 0; i++)
        put_matches(c, q, c->node->blocks[i], &found);
    put_close(c->out, ']');
}

static void put_query(struct rpc_call *c, const struct query *q)
{
    uint64_t head = node_head(c->node)->block.header.number;
    if (q->by_hash) {
        const struct node_block *b = node_find_block(c->node, &q->block);
        if (b == NULL)
            rpc_fail(c, RPC_FAILED, "unknown block");
        else
            put_range(c, q, b->block.header.number, b->block.header.number);
        return;
    }
    uint64_t from = q->from == UINT64_MAX ? head : q->from, to = q->to == UINT64_MAX ? head : q->to;
    if (from > to)
        rpc_fail(c, RPC_FAILED, "invalid block range params");
    else if (to - from >= LOG_BLOCKS_MAX)
        rpc_fail(c, RPC_LIMIT, "more than %d blocks", LOG_BLOCKS_MAX);
    else
        put_range(c, q, from, to);
}

void rpc_eth_get_logs(struct rpc_call *c)
{
    struct query q;
    if (read_query(c, c->values[0].json, c->arena, &q)) put_query(c, &q);
}

/* ---- filters -------------------------------------------------------------------------------------------------------- */

enum filter_kind { FILTER_LOGS, FILTER_BLOCKS, FILTER_PENDING };

struct rpc_filter {
    uint64_t id;
    uint64_t polled; /* when it was asked last, counted in questions */
    enum filter_kind kind;
    struct arena arena; /* of the query */
    struct query query;
    uint64_t next; /* block that it has not told of yet */
};

void rpc_free_filters(struct rpc *r)
{
    for (uint32_t i = 0; i < r->filter_count; i++) arena_free(&r->filters[i].arena);
    free(r->filters);
}

static void remove_filter(struct rpc *r, uint32_t index)
{
    arena_free(&r->filters[index].arena);
    r->filters[index] = r->filters[--r->filter_count];
}

/* A new filter; of too many, that goes which nobody has asked for the longest. */
static struct rpc_filter *add_filter(struct rpc *r, enum filter_kind kind)
{
    if (r->filters == NULL) r->filters = base_alloc(FILTERS_MAX * sizeof *r->filters);
    if (r->filter_count == FILTERS_MAX) {
        uint32_t oldest = 0;
        for (uint32_t i = 1; i < r->filter_count; i++)
            if (r->filters[i].polled < r->filters[oldest].polled) oldest = i;
        remove_filter(r, oldest);
    }
    struct rpc_filter *f = &r->filters[r->filter_count++];
    *f = (struct rpc_filter){.id = ++r->filter_id, .polled = ++r->poll, .kind = kind, .next = r->node->block_count};
    return f;
}

static struct rpc_filter *find_filter(struct rpc_call *c)
{
    struct rpc *r = c->rpc;
    for (uint32_t i = 0; i < r->filter_count; i++)
        if (r->filters[i].id == c->values[0].number) {
            r->filters[i].polled = ++r->poll;
            return &r->filters[i];
        }
    rpc_fail(c, RPC_FAILED, "filter not found");
    return NULL;
}

void rpc_eth_new_filter(struct rpc_call *c)
{
    struct rpc_filter *f = add_filter(c->rpc, FILTER_LOGS);
    if (read_query(c, c->values[0].json, &f->arena, &f->query)) {
        if (f->query.has_from && f->query.from < f->next) f->next = f->query.from;
        put_number(c->out, f->id);
    } else {
        remove_filter(c->rpc, c->rpc->filter_count - 1);
    }
}

void rpc_eth_new_block_filter(struct rpc_call *c)
{
    put_number(c->out, add_filter(c->rpc, FILTER_BLOCKS)->id);
}

/* Tells of transactions when a block has them: with automine they wait for nothing. */
void rpc_eth_new_pending_filter(struct rpc_call *c)
{
    put_number(c->out, add_filter(c->rpc, FILTER_PENDING)->id);
}

static void put_hashes(struct rpc_call *c, const struct rpc_filter *f)
{
    put_open(c->out, '[');
    for (uint64_t i = f->next; i < c->node->block_count; i++) {
        const struct node_block *b = c->node->blocks[i];
        if (f->kind == FILTER_BLOCKS) put_hash(c->out, &b->block.hash);
        for (uint32_t k = 0; f->kind == FILTER_PENDING && k < b->block.transaction_count; k++)
            put_hash(c->out, &b->hashes[k]);
    }
    put_close(c->out, ']');
}

void rpc_eth_get_filter_changes(struct rpc_call *c)
{
    struct rpc_filter *f = find_filter(c);
    if (f == NULL) return;
    if (f->next > c->node->block_count) f->next = c->node->block_count; /* the chain went back */
    uint64_t end = c->node->block_count;
    if (f->kind != FILTER_LOGS) {
        put_hashes(c, f);
    } else if (f->next < end) {
        uint64_t to = f->query.has_to && f->query.to < end - 1 ? f->query.to : end - 1;
        put_range(c, &f->query, f->next, to);
    } else {
        put_range(c, &f->query, 1, 0);
    }
    if (c->code == 0) f->next = end;
}

void rpc_eth_get_filter_logs(struct rpc_call *c)
{
    struct rpc_filter *f = find_filter(c);
    if (f != NULL && f->kind != FILTER_LOGS) rpc_fail(c, RPC_FAILED, "filter not found");
    if (c->code == 0) put_query(c, &f->query);
}

void rpc_eth_uninstall_filter(struct rpc_call *c)
{
    struct rpc *r = c->rpc;
    for (uint32_t i = 0; i < r->filter_count; i++)
        if (r->filters[i].id == c->values[0].number) {
            remove_filter(r, i);
            put_flag(c->out, true);
            return;
        }
    put_flag(c->out, false);
}
