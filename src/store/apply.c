/* Blocks on top of the head, and away again. */
#include <stdlib.h>

#include "store/private.h"

/* ---- adding to the batch ----------------------------------------------------------------------------------------- */

static struct bytes keep(struct batch *b, struct bytes from)
{
    return (struct bytes){from.size == 0 ? NULL : arena_copy(&b->arena, from.data, from.size), from.size};
}

#define GROW(array, count, capacity)                                                                                   \
    do {                                                                                                               \
        if ((count) == (capacity)) {                                                                                   \
            (capacity) = (capacity) == 0 ? 64 : 2 * (capacity);                                                        \
            (array) = base_realloc((array), (capacity) * sizeof *(array));                                             \
        }                                                                                                              \
    } while (0)

static void add_block(struct batch *b, const struct store_block *from)
{
    GROW(b->blocks, b->block_count, b->block_capacity);
    size_t hashes = from->transaction_hashes == NULL ? 0 : from->transaction_count;
    b->blocks[b->block_count++] = (struct batch_block){
        .number = from->header->number,
        .hash = from->hash,
        .parent_hash = from->header->parent_hash,
        .header = keep(b, from->header_bytes),
        .body = keep(b, from->body_bytes),
        .receipts = keep(b, from->receipts_bytes),
        .transactions = hashes == 0 ? NULL
                                    : arena_copy(&b->arena, from->transaction_hashes, hashes * sizeof(struct hash)),
        .transaction_count = (uint32_t)hashes};
}

static void add_codes(struct batch *b, const struct state_diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct code *code = diff->accounts[i].code;
        if (code == NULL || code->size == 0) continue;
        GROW(b->codes, b->code_count, b->code_capacity);
        b->codes[b->code_count++] = (struct batch_code){code->hash, keep(b, (struct bytes){code->bytes, code->size})};
    }
}

static void put_account(struct batch *b, const struct changed_account *c, const struct account_record *record)
{
    struct flat_key k = {0, c->key};
    *(struct account_record *)flat_map_put(&b->accounts, &k) = *record;
}

/* The flat state after the changes; `to_come`: their storage roots are not known yet. */
static void add_changes(struct batch *b, const struct change_set *set, bool to_come)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct changed_account *c = &set->accounts[i];
        struct account_record record = c->new;
        record.root_to_come = to_come && c->slot_count != 0;
        put_account(b, c, &record);
        struct flat_key k = {.id = change_storage_id(c)};
        for (size_t n = 0; n < c->slot_count; n++) {
            k.hash = c->slots[n].key;
            *(struct u256 *)flat_map_put(&b->slots, &k) = c->slots[n].new;
        }
    }
}

/* The storage roots, once they are known. */
static void add_roots(struct batch *b, const struct change_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        if (set->accounts[i].slot_count != 0) put_account(b, &set->accounts[i], &set->accounts[i].new);
}

static void set_head(struct store *s, struct store_head head)
{
    s->head = head;
    s->has_head = true;
    s->pending.head = head;
    s->pending.has_head = true;
    s->pending.next_id = s->next_id;
    if (head.number >= s->options.history && head.number - s->options.history + 1 > s->undo_first)
        s->undo_first = head.number - s->options.history + 1;
    s->pending.undo_end = s->undo_first;
}

/* ---- applying ---------------------------------------------------------------------------------------------------- */

/* The tries are neither before nor after the block: nothing goes on from here. */
static enum status damaged(struct store *s, enum status why, uint64_t number, struct error *e)
{
    struct error first;
    (void)error_set(&first, STORE_DAMAGED, "%s: block %llu: %s: %s", s->folder, (unsigned long long)number,
                    status_text(STORE_DAMAGED), status_text(why));
    (void)store_break(s, &first);
    return store_status(s, e);
}

/* Makes the tries, which are after the swapped set's changes, what they were before. */
static enum status put_back_tries(struct store *s, struct change_set *swapped, uint64_t number, struct pool *pool,
                                  struct error *e)
{
    struct hash root;
    enum status why = tries_update(s->tries, swapped, pool, &root);
    if (why != STATUS_OK) return damaged(s, why, number, e);
    ASSERT(hash_equal(&root, s->has_head ? &s->head.state_root : &keccak_empty_trie));
    return STATUS_OK;
}

enum status store_root_after(struct store *s, const struct state_diff *diff, struct pool *pool, struct hash *root,
                             struct error *e)
{
    struct change_set set;
    uint64_t next_id = s->next_id, number = s->head.number + 1;
    ASSERT(!s->applying.begun);
    enum status why = store_status(s, e);
    if (why != STATUS_OK) return why;
    why = changes_of_diff(s, diff, pool, &set);
    if (why == STATUS_OK) why = tries_update(s->tries, &set, pool, root);
    changes_swap(&set);
    why = why == STATUS_OK ? put_back_tries(s, &set, number, pool, e) : damaged(s, why, number, e);
    s->next_id = next_id;
    changes_free(&set);
    return why;
}

static enum status wrong_root(const struct store *s, uint64_t number, const struct hash *root, struct error *e)
{
    char found[65], expected[65];
    hex_encode(found, root->b, sizeof root->b);
    hex_encode(expected, s->applying.expected_root.b, sizeof root->b);
    return error_set(e, BLOCK_STATE_ROOT, "block %llu: %s: computed 0x%s, header has 0x%s", (unsigned long long)number,
                     status_text(BLOCK_STATE_ROOT), found, expected);
}

enum status store_apply_begin(struct store *s, const struct store_block *b, const struct state_diff *diff,
                              struct pool *pool, struct pool *root_pool, bool beside, struct error *e)
{
    struct applying *a = &s->applying;
    enum status why = store_status(s, e);
    if (why != STATUS_OK) return why;
    ASSERT(s->has_head && hash_equal(&b->header->parent_hash, &s->head.hash) && !a->begun);
    a->before = s->head;
    a->next_id = s->next_id;
    a->undo_first = s->undo_first;
    a->code_count = s->pending.code_count;
    a->expected_root = b->header->state_root;
    why = changes_of_diff(s, diff, pool, &a->work.set);
    if (why != STATUS_OK) {
        changes_free(&a->work.set);
        return damaged(s, why, b->header->number, e);
    }
    at_hand_turn(s);
    add_changes(&s->pending, &a->work.set, true);
    add_codes(&s->pending, diff);
    add_block(&s->pending, b);
    arena_reset(&s->view_codes);
    set_head(s, (struct store_head){b->header->number, b->hash, b->header->state_root, b->total_difficulty});
    a->begun = true;
    a->work.pool = root_pool;
    stage_begin(s->stage, &a->work, beside);
    return STATUS_OK;
}

/* The block is as if it had never been there. Old values stay in the batch, which does no harm. */
static void take_back(struct store *s)
{
    struct applying *a = &s->applying;
    s->next_id = a->next_id;
    s->undo_first = a->undo_first;
    set_head(s, a->before);
    s->pending.block_count--;
    s->pending.code_count = a->code_count;
    changes_swap(&a->work.set);
    add_changes(&s->pending, &a->work.set, false);
}

enum status store_apply_end(struct store *s, struct error *e)
{
    struct applying *a = &s->applying;
    ASSERT(a->begun);
    stage_wait(s->stage);
    a->begun = false;
    s->tries_size = a->work.tries_size;
    uint64_t number = s->head.number;
    enum status why = store_status(s, e);
    if (why != STATUS_OK) {
        changes_free(&a->work.set);
        return why;
    }
    why = a->work.status;
    if (why == STATUS_OK && hash_equal(&a->work.root, &a->expected_root)) {
        struct batch *b = &s->pending;
        add_roots(b, &a->work.set);
        b->blocks[b->block_count - 1].undo = keep(b, buffer_bytes(&a->work.undo));
    } else {
        take_back(s);
        if (why == STATUS_OK)
            why = put_back_tries(s, &a->work.set, number, a->work.pool, e);
        else
            why = damaged(s, why, number, e);
        if (why == STATUS_OK) why = wrong_root(s, number, &a->work.root, e);
    }
    changes_free(&a->work.set);
    return why;
}

bool store_apply_is_done(struct store *s)
{
    return !s->applying.begun || stage_is_done(s->stage);
}

enum status store_apply(struct store *s, const struct store_block *b, const struct state_diff *diff, struct pool *pool,
                        struct error *e)
{
    enum status why = store_apply_begin(s, b, diff, pool, pool, false, e);
    return why == STATUS_OK ? store_apply_end(s, e) : why;
}

/* ---- taking back ------------------------------------------------------------------------------------------------- */

/* What brings the state to that before the head: the undo record beside what is there now. */
static enum status read_undo(struct store *s, struct change_set *set)
{
    const struct batch *b = &s->pending;
    uint8_t key[8];
    struct bytes record;
    struct reader *r = reader_take(s);
    number_key(key, s->head.number);
    bool found = b->block_count != 0 || table_get(s, r, TABLE_UNDO, key, sizeof key, &record);
    if (b->block_count != 0) record = b->blocks[b->block_count - 1].undo;
    bool good = found && undo_decode(set, record);
    reader_give(r);
    if (!good) return STORE_DAMAGED;
    for (size_t i = 0; i < set->count; i++) {
        struct changed_account *c = &set->accounts[i];
        enum status why = read_account(s, &c->key, &c->old);
        for (size_t k = 0; k < c->slot_count && why == STATUS_OK; k++)
            why = read_slot(s, change_storage_id(c), &c->slots[k].key, &c->slots[k].old);
        if (why != STATUS_OK) return why;
    }
    return STATUS_OK;
}

static enum status read_header(struct store *s, uint64_t number, struct buffer *text, struct header *out)
{
    text->size = 0;
    if (!store_block_part(s, STORE_HEADER, number, text)) return STORE_DAMAGED;
    struct rlp in = rlp_of(buffer_bytes(text));
    return header_decode(out, &in);
}

enum status store_revert(struct store *s, struct pool *pool, struct error *e)
{
    ASSERT(!s->applying.begun);
    enum status why = commit_wait(s, e); /* what is being written is then in the database */
    if (why != STATUS_OK) return why;
    if (!s->has_head || s->head.number == 0 || s->head.number < s->undo_first)
        return error_set(e, STORE_NO_HISTORY, "%s: block %llu: %s", s->folder, (unsigned long long)s->head.number,
                         status_text(STORE_NO_HISTORY));
    struct change_set set = {0};
    struct header head, parent;
    struct buffer head_text = {0}, parent_text = {0};
    struct hash root;
    why = read_undo(s, &set);
    if (why == STATUS_OK) why = read_header(s, s->head.number, &head_text, &head);
    if (why == STATUS_OK) why = read_header(s, s->head.number - 1, &parent_text, &parent);
    if (why == STATUS_OK) why = tries_update(s->tries, &set, pool, &root);
    if (why == STATUS_OK && !hash_equal(&root, &parent.state_root)) why = BLOCK_STATE_ROOT;
    if (why != STATUS_OK) {
        why = damaged(s, why, s->head.number, e);
    } else {
        struct batch *b = &s->pending;
        add_changes(b, &set, false);
        if (b->block_count != 0) { /* the disk has never had it */
            b->block_count--;
        } else {
            GROW(b->removed, b->removed_count, b->removed_capacity);
            b->removed[b->removed_count++] = (struct batch_removed){s->head.number, s->head.hash};
        }
        set_head(s, (struct store_head){parent.number, head.parent_hash, root,
                                        u256_sub(s->head.total_difficulty, head.difficulty)});
    }
    buffer_free(&head_text);
    buffer_free(&parent_text);
    changes_free(&set);
    return why;
}

uint64_t store_revert_limit(const struct store *s)
{
    return s->undo_first == 0 ? 0 : s->undo_first - 1;
}
