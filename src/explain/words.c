/* What there is to say about a block, in plain words. */
#include "explain/private.h"

const char *explain_field_name(enum block_field f)
{
    static const char *const names[] = {
        [FIELD_BALANCE] = "balance", [FIELD_NONCE] = "nonce", [FIELD_CODE] = "code", [FIELD_SLOT] = "slot"};
    return names[f];
}

static void put_address(struct buffer *out, const struct address *a)
{
    char digits[41];
    hex_encode(digits, a->b, sizeof a->b);
    buffer_printf(out, "0x%s", digits);
}

void explain_put_location(struct buffer *out, const struct explain_location *l)
{
    if (l->field != FIELD_SLOT) {
        buffer_printf(out, "%s of ", explain_field_name(l->field));
    } else if (l->name != NULL) {
        buffer_printf(out, "%s of ", l->name);
    } else {
        uint8_t word[32];
        char digits[65];
        u256_store_be(word, l->key);
        hex_encode(digits, word, sizeof word);
        buffer_printf(out, "slot 0x%s of ", digits);
    }
    put_address(out, &l->address);
}

static bool is_path_edge(const struct explain_report *r, uint32_t step)
{
    return r->path.via[step] != EXPLAIN_NONE;
}

static const struct explain_location *step_location(const struct explain_report *r, uint32_t step)
{
    return &r->trace.locations[r->graph.edges[r->path.via[step]].location];
}

/* The account that most steps of the critical path go through, and how many. */
static uint32_t busiest_account(const struct explain_report *r, const struct explain_location **out)
{
    enum { CANDIDATES = 64 };
    const struct explain_location *seen[CANDIDATES];
    uint32_t counts[CANDIDATES], used = 0, best = 0;
    *out = NULL;
    for (uint32_t i = 1; i < r->path.count; i++) {
        if (!is_path_edge(r, i)) continue;
        const struct explain_location *l = step_location(r, i);
        uint32_t at = 0;
        while (at < used && !address_equal(&seen[at]->address, &l->address)) at++;
        if (at == CANDIDATES) continue;
        if (at == used) {
            seen[used] = l;
            counts[used++] = 0;
        }
        if (++counts[at] > best) {
            best = counts[at];
            *out = seen[at];
        }
    }
    if (*out == NULL) return 0;
    /* Of that account the location that most steps go through. */
    for (uint32_t i = 1; i < r->path.count; i++)
        if (is_path_edge(r, i) && address_equal(&step_location(r, i)->address, &(*out)->address) &&
            step_location(r, i)->on_path > (*out)->on_path)
            *out = step_location(r, i);
    return best;
}

static void put_chain(struct buffer *out, const struct explain_path *p)
{
    enum { SHOWN = 4 };
    for (uint32_t i = 0; i < p->count && i < SHOWN; i++) buffer_printf(out, "%s%u", i == 0 ? "" : " → ", p->txs[i]);
    if (p->count == SHOWN + 1)
        buffer_printf(out, " → %u", p->txs[SHOWN]);
    else if (p->count > SHOWN)
        buffer_printf(out, " → … → %u", p->txs[p->count - 1]);
}

static uint32_t heaviest_of_path(const struct explain_report *r)
{
    uint32_t heaviest = r->path.txs[0];
    for (uint32_t i = 1; i < r->path.count; i++)
        if (r->txs[r->path.txs[i]].ns > r->txs[heaviest].ns) heaviest = r->path.txs[i];
    return heaviest;
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : 100.0 * (double)part / (double)whole;
}

/* "13", "3.4": what a speed-up is worth saying. */
static void put_factor(struct buffer *out, double factor)
{
    buffer_printf(out, factor < 9.95 ? "%.1f" : "%.0f", factor);
}

/* "with any number of cores the block could run at most 3.4 times as fast." */
static void put_limit(struct buffer *out, const struct explain_report *r)
{
    static const double notable = 1.05;
    if (r->limit < notable) {
        buffer_append_text(out, "no number of cores makes the block notably faster.");
        return;
    }
    buffer_append_text(out, "with any number of cores the block could run at most ");
    put_factor(out, r->limit);
    buffer_append_text(out, " times as fast.");
}

/* ", all over slot 0 of 0x...": where the transactions of the critical path meet. */
static void put_meeting_place(struct buffer *out, const struct explain_report *r)
{
    const struct explain_location *where;
    uint32_t steps = busiest_account(r, &where);
    if (where == NULL) return;
    if (steps == r->path.count - 1)
        buffer_append_text(out, steps == 1 ? " over " : ", all over ");
    else
        buffer_printf(out, ", in %u of %u steps over ", steps, r->path.count - 1);
    if (where->on_path == steps) {
        explain_put_location(out, where);
    } else if (where->on_path * 4 < steps) {
        buffer_append_text(out, "different slots of ");
        put_address(out, &where->address);
    } else {
        put_address(out, &where->address);
        buffer_append_text(out, " (most often ");
        struct buffer name = {0};
        explain_put_location(&name, where);
        const char of[] = " of 0x";
        size_t size = name.size > 40 + sizeof of - 1 ? name.size - 40 - (sizeof of - 1) : name.size;
        buffer_append(out, name.data, size);
        buffer_append_text(out, ")");
        buffer_free(&name);
    }
}

/* Left to one thread although there were others. */
static bool is_too_small(const struct explain_report *r)
{
    return r->parallel.fallback != NULL && r->parallel_threads > 1 && r->trace.tx_count > 1;
}

/* No chain takes longer than the longest transaction. */
static void say_what_is_longest(struct buffer *out, const struct explain_report *r)
{
    static const double much = 16; /* cores that most machines have not */
    uint32_t longest = r->path.txs[0];
    if (r->trace.tx_count == 1) {
        buffer_append_text(out, "This block has one transaction only: there is nothing to share.");
        return;
    }
    double share = percent(r->txs[longest].ns, r->tx_ns);
    if (is_too_small(r))
        buffer_printf(out, "Its longest transaction, %u, takes", longest);
    else if (r->limit >= much)
        buffer_printf(out, "Little limits this block: its longest transaction, %u, takes", longest);
    else
        buffer_printf(out, "One long transaction limits this block: number %u takes", longest);
    buffer_printf(out, " %.1f\u00a0%% of the whole time, so ", share);
    put_limit(out, r);
    if (r->longest_chain > 1)
        buffer_printf(out, " The longest chain of transactions that wait for each other, %u, takes less than that.",
                      r->longest_chain);
    else
        buffer_append_text(out, " No transaction of this block needs what another one wrote.");
}

static void say_what_waits(struct buffer *out, const struct explain_report *r)
{
    uint32_t n = r->trace.tx_count, count = r->path.count;
    if (count == n) {
        buffer_printf(out, "This block cannot run faster than serially: its %u transactions wait for each other, ", n);
        buffer_append_text(out, "one after the other");
        put_meeting_place(out, r);
        buffer_append_text(out, ".");
    } else {
        buffer_printf(out, "A chain of %u of its %u transactions limits this block: they wait for each other", count,
                      n);
        put_meeting_place(out, r);
        buffer_append_text(out, ", so ");
        put_limit(out, r);
    }
    buffer_append_text(out, " The chain is ");
    put_chain(out, &r->path);
    uint32_t heaviest = heaviest_of_path(r);
    if (count != n && percent(r->txs[heaviest].ns, r->path.ns) >= 40)
        buffer_printf(out, "; transaction %u takes %.0f\u00a0%% of its time", heaviest,
                      percent(r->txs[heaviest].ns, r->path.ns));
    buffer_append_text(out, ".");
}

/* The first sentence: what holds the block back. */
static void say_what_is_possible(struct buffer *out, const struct explain_report *r)
{
    if (is_too_small(r)) {
        uint64_t transfers = (uint64_t)r->trace.tx_count * 21000;
        buffer_printf(out,
                      "This block was left to one thread, since calling others would cost more than they save: it is "
                      "%.2f ms of work, with %.1f million gas beyond plain transfers. ",
                      (double)r->serial.wall_ns / 1e6,
                      r->gas_used > transfers ? (double)(r->gas_used - transfers) / 1e6 : 0.0);
    }
    if (r->path.count <= 1)
        say_what_is_longest(out, r);
    else
        say_what_waits(out, r);
}

static void say_what_was_reached(struct buffer *out, const struct explain_report *r)
{
    if (is_too_small(r)) return;
    if (r->parallel.threads == 1) {
        buffer_append_text(out, " It ran on one thread.");
        return;
    }
    double reached = (double)r->serial.wall_ns / (double)(r->parallel.wall_ns == 0 ? 1 : r->parallel.wall_ns);
    buffer_printf(out, " On %u threads it ran %.2f times as fast as serially", r->parallel.threads, reached);
    for (size_t i = 0; i < EXPLAIN_CORES; i++)
        if (explain_cores[i] == r->parallel.threads)
            buffer_printf(out, "; its dependencies allow %.2f there", r->limits[i]);
    buffer_append_text(out, ".");
    if (reached > r->limit * 1.1)
        buffer_append_text(out, " That is more than is possible: the machine was busy while it was measured.");
}

static void say_what_was_lost(struct buffer *out, const struct explain_report *r)
{
    uint64_t lost = 0;
    uint32_t again = 0;
    const struct explain_location *worst = NULL;
    for (uint32_t i = 0; i < r->trace.tx_count; i++) {
        lost += r->txs[i].lost_ns;
        again += r->txs[i].lost_ns != 0;
    }
    for (uint32_t i = 0; i < r->trace.location_count; i++)
        if (r->trace.locations[i].conflicts != 0 &&
            (worst == NULL || r->trace.locations[i].conflict_ns > worst->conflict_ns))
            worst = &r->trace.locations[i];
    if (again == 0) return;
    buffer_printf(out, " %u speculative execution%s wasted (%.1f\u00a0%% of the serial time)", again,
                  again == 1 ? " was" : "s were", percent(lost, r->tx_ns));
    if (worst != NULL) {
        buffer_append_text(out, ", most of all because of ");
        explain_put_location(out, worst);
    }
    buffer_append_text(out, ".");
}

void explain_words(struct explain_report *r)
{
    struct buffer out = {0};
    if (r->trace.tx_count == 0) {
        buffer_append_text(&out, "This block has no transactions.");
    } else {
        say_what_is_possible(&out, r);
        say_what_was_reached(&out, r);
        say_what_was_lost(&out, r);
    }
    buffer_append(&out, "", 1);
    r->sentence = (char *)out.data;
}
