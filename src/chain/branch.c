/* Branches: a block whose parent is not the head. The newest block that both branches have is looked for first; only
 * when the head can go back to it are blocks taken back, and only in memory:
 *
 *     1 ── 2 ── 3 ── 4 ── 5        on disk, until the branch has been chosen
 *               └─── 4' ── 5' ...  pending, each block checked in full
 *
 * A branch is chosen when its file ends, all its blocks are good and the rule is for it: before the merge it must have
 * more total difficulty than the chain that it replaces, since then the file that is imported last counts, as what a
 * consensus client says does. Whatever else happens before, a bad block, an interrupt, a crash, leaves the old head.
 *
 * What waits in memory is bounded. A branch that has grown beyond that is chosen before its file ends if it is heavier,
 * or since the merge higher, than the chain that it replaces, and given up if not. */
#include <stdio.h>

#include "chain/private.h"

/* Batches that may wait for a branch to be chosen. */
enum { BRANCH_BATCHES = 8 };

static void print_hash(char out[65], const struct hash *h)
{
    hex_encode(out, h->b, sizeof h->b);
}

/* ---- where it begins --------------------------------------------------------------------------------------------- */

/* The file is of another chain, or begins too late. */
static enum status unknown_parent(struct chain *c, const struct header *h, struct error *e)
{
    const struct store_head *head = store_head(c->store);
    char parent[65], there[65];
    struct hash hash = head->hash;
    bool first = h->number == c->genesis->header.number + 1;
    if (first) header_hash(&hash, &c->genesis->header);
    print_hash(parent, &h->parent_hash);
    print_hash(there, &hash);
    return error_set(e, BLOCK_UNKNOWN_PARENT, "block %llu: %s: 0x%s; %s is block %llu, 0x%s",
                     (unsigned long long)h->number, status_text(BLOCK_UNKNOWN_PARENT), parent,
                     first ? "the genesis file's" : "the head",
                     (unsigned long long)(first ? h->number - 1 : head->number), there);
}

static enum status too_far_back(struct chain *c, const struct header *h, uint64_t ancestor, struct error *e)
{
    const struct store_head *head = store_head(c->store);
    char hash[65];
    print_hash(hash, &h->parent_hash);
    return error_set(e, CHAIN_BRANCH,
                     "block %llu: %s: it leaves the chain at block %llu, 0x%s, and the head, block %llu, can only go "
                     "back to block %llu (--history %llu); import the branch into another folder, or this chain anew "
                     "with --history %llu or more",
                     (unsigned long long)h->number, status_text(CHAIN_BRANCH), (unsigned long long)ancestor, hash,
                     (unsigned long long)head->number, (unsigned long long)store_revert_limit(c->store),
                     (unsigned long long)store_history(c->store, NULL), (unsigned long long)(head->number - ancestor));
}

static bool is_full(const struct chain *c)
{
    return store_pending_bytes(c->store) / BRANCH_BATCHES >= c->options.batch_bytes;
}

static enum status too_big(const struct chain *c, struct error *e)
{
    return error_set(e, CHAIN_BRANCH,
                     "block %llu: %s: from block %llu on it changes more than may wait in memory before it can take "
                     "the place of block %llu; give it more (--cache-mb)",
                     (unsigned long long)store_head(c->store)->number, status_text(CHAIN_BRANCH),
                     (unsigned long long)c->branch.ancestor, (unsigned long long)c->branch.old.number);
}

enum status branch_follow(struct chain *c, const struct header *h, struct error *e)
{
    uint64_t number;
    if (!store_block_number(c->store, &h->parent_hash, &number)) return unknown_parent(c, h, e);
    if (number < store_revert_limit(c->store)) return too_far_back(c, h, number, e);
    if (!c->branch.open) {
        enum status s = store_commit(c->store, e); /* there the old head stays */
        if (s != STATUS_OK) return s;
        c->branch = (struct branch){
            .open = true, .old = *store_head(c->store), .ancestor = number, .before = c->progress};
    }
    if (number < c->branch.ancestor) c->branch.ancestor = number;
    while (store_head(c->store)->number > number) {
        enum status s = is_full(c) ? too_big(c, e) : store_revert(c->store, engine_pool(c->engine), e);
        if (s != STATUS_OK) return s;
    }
    return chain_load_parent(c, e);
}

/* ---- how it ends ------------------------------------------------------------------------------------------------- */

static enum status give_up(struct chain *c, struct error *e)
{
    c->branch.open = false;
    c->progress.blocks = c->branch.before.blocks;
    c->progress.transactions = c->branch.before.transactions;
    c->progress.gas = c->branch.before.gas;
    c->progress.number = c->branch.before.number;
    enum status s = store_rollback(c->store, e);
    return s == STATUS_OK ? chain_load_parent(c, e) : s;
}

/* Whether the rule is for the branch; before its end, since the merge, only if it is higher. */
static bool wins(const struct chain *c, bool at_end)
{
    const struct store_head *head = store_head(c->store);
    const struct fork *fork = chain_fork_of(&c->genesis->spec, &c->parent);
    if (fork->difficulty != DIFFICULTY_NONE)
        return u256_compare(head->total_difficulty, c->branch.old.total_difficulty) > 0;
    return at_end || head->number > c->branch.old.number;
}

static void say_given_up(const struct chain *c, const char *why)
{
    const struct store_head *head = store_head(c->store);
    char line[512], hash[65];
    if (c->options.notice == NULL) return;
    print_hash(hash, &head->hash);
    (void)snprintf(line, sizeof line,
                   "the branch from block %llu to block %llu, 0x%s, %s and is not kept; the head stays block %llu",
                   (unsigned long long)c->branch.ancestor, (unsigned long long)head->number, hash, why,
                   (unsigned long long)c->branch.old.number);
    c->options.notice(c->options.notice_context, line);
}

enum status branch_leave(struct chain *c, const struct block *b, struct error *e)
{
    uint64_t number = 0;
    const struct hash *parent = &b->header.parent_hash;
    if (!c->branch.open) return STATUS_OK;
    bool old = store_durable_number(c->store, &b->hash, &number) || store_durable_number(c->store, parent, &number);
    if (!old || number <= c->branch.ancestor) return STATUS_OK;
    enum status s = chain_settle(c, e);
    if (s != STATUS_OK) return s;
    say_given_up(c, "is left again by the file");
    return give_up(c, e);
}

enum status branch_end_file(struct chain *c, enum status s, struct error *e)
{
    struct error why = *e;
    if (!c->branch.open || store_status(c->store, NULL) != STATUS_OK) return s;
    if (s == STATUS_OK) {
        c->branch.open = !wins(c, true); /* the next file may make it heavier */
        return s;
    }
    enum status undone = give_up(c, e);
    if (undone != STATUS_OK) return undone;
    return error_set(e, s, "%.300s; the branch from block %llu on is not kept, the head stays block %llu", why.text,
                     (unsigned long long)c->branch.ancestor, (unsigned long long)c->branch.old.number);
}

enum status branch_end_all(struct chain *c, struct error *e)
{
    if (!c->branch.open) return STATUS_OK;
    say_given_up(c, "is not heavier than the chain");
    return give_up(c, e);
}

enum status branch_bound(struct chain *c, struct error *e)
{
    if (!is_full(c)) return STATUS_OK;
    enum status s = chain_settle(c, e);
    if (s != STATUS_OK) return s;
    if (!wins(c, false)) return too_big(c, e);
    c->branch.open = false;
    return STATUS_OK;
}
