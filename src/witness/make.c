/* Making a witness: what was touched is visited in tries that begin with the root alone, then the block's changes are
 * applied to them; the nodes that they had to fetch are the witness. */
#include <stdlib.h>

#include "crypto/crypto.h"
#include "witness/index.h"
#include "witness/witness.h"

/* A source that remembers what it gave. */
struct recorder {
    const struct trie_source *from;
    struct hash_index seen;
    struct arena *arena;
};

static bool record_node(void *context, const struct hash *hash, struct bytes *out)
{
    struct recorder *r = context;
    if (index_find(&r->seen, hash, out)) return true;
    if (!r->from->node(r->from->context, hash, out)) return false;
    *out = (struct bytes){arena_copy(r->arena, out->data, out->size), out->size};
    index_put(&r->seen, hash, *out);
    return true;
}

static enum status visit_all(struct state_tries *tries, const struct block_access_list *l)
{
    enum status s = STATUS_OK;
    for (uint32_t i = 0; i < l->account_count && s == STATUS_OK; i++) {
        const struct bal_account *a = &l->accounts[i];
        s = state_tries_visit_account(tries, &a->address);
        for (uint32_t k = 0; k < a->slot_count && s == STATUS_OK; k++)
            s = state_tries_visit_slot(tries, &a->address, &a->slots[k].key);
        for (uint32_t k = 0; k < a->read_count && s == STATUS_OK; k++)
            s = state_tries_visit_slot(tries, &a->address, &a->reads[k]);
    }
    return s;
}

static int compare_bytes(const void *a, const void *b)
{
    const struct bytes *x = a, *y = b;
    size_t common = x->size < y->size ? x->size : y->size;
    int order = memcmp(x->data, y->data, common);
    return order != 0 ? order : (x->size > y->size) - (x->size < y->size);
}

/* Everything in the index, sorted, in the arena. */
static const struct bytes *sorted(const struct hash_index *x, struct arena *arena)
{
    struct bytes *all = ARENA_ARRAY(arena, struct bytes, x->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < x->capacity; i++)
        if (x->cells[i].bytes.data != NULL) all[count++] = x->cells[i].bytes;
    qsort(all, count, sizeof *all, compare_bytes);
    return all;
}

static enum status take_codes(struct witness *out, const struct witness_provider *p,
                              const struct witness_touched *touched, struct arena *arena)
{
    struct hash_index codes = {0};
    for (size_t i = 0; i < touched->code_count; i++) {
        struct bytes code;
        if (hash_equal(&touched->codes[i], &keccak_empty) || index_find(&codes, &touched->codes[i], &code)) continue;
        if (!p->code(p->context, &touched->codes[i], &code)) {
            index_free(&codes);
            return STATE_MISSING;
        }
        index_put(&codes, &touched->codes[i], (struct bytes){arena_copy(arena, code.data, code.size), code.size});
    }
    out->codes = sorted(&codes, arena);
    out->code_count = codes.count;
    index_free(&codes);
    return STATUS_OK;
}

static enum status take_headers(struct witness *out, const struct witness_provider *p, uint64_t from, uint64_t to,
                                struct arena *arena)
{
    ASSERT(from <= to && to - from < 256);
    struct bytes *headers = ARENA_ARRAY(arena, struct bytes, to - from + 1);
    for (uint64_t number = from; number <= to; number++) {
        struct bytes header;
        if (!p->header(p->context, number, &header)) return STATE_MISSING;
        headers[number - from] = (struct bytes){arena_copy(arena, header.data, header.size), header.size};
    }
    out->headers = headers;
    out->header_count = to - from + 1;
    return STATUS_OK;
}

enum status witness_make(struct witness *out, const struct witness_provider *p, const struct header *parent,
                         const struct witness_touched *touched, const struct state_diff *diff, struct arena *arena)
{
    struct recorder recorder = {.from = &p->nodes, .arena = arena};
    struct trie_source source = {.context = &recorder, .node = record_node};
    struct state_tries *tries = state_tries_new(&parent->state_root, &source);
    *out = (struct witness){0};
    enum status s = visit_all(tries, touched->accesses);
    if (s == STATUS_OK) s = state_tries_apply(tries, diff);
    if (s == STATUS_OK) {
        out->nodes = sorted(&recorder.seen, arena);
        out->node_count = recorder.seen.count;
        s = take_codes(out, p, touched, arena);
    }
    if (s == STATUS_OK) s = take_headers(out, p, touched->oldest_hash, parent->number, arena);
    state_tries_free(tries);
    index_free(&recorder.seen);
    return s;
}
