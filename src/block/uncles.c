/* Uncles: headers of blocks that were mined and not taken (Yellow Paper 11.1). */
#include "block/block.h"

static enum status refuse(struct error *e, enum status s, const struct block *b, uint32_t uncle)
{
    return error_set(e, s, "block %llu: uncle %u: %s", (unsigned long long)b->header.number, uncle, status_text(s));
}

static bool same_header(const struct header *h, const struct hash *hash)
{
    struct hash other;
    header_hash(&other, h);
    return hash_equal(&other, hash);
}

/* Whether the uncle is new: neither an ancestor, nor an uncle of one or of this block. */
static enum status check_new(const struct block *b, const struct block_ancestor *ancestors, uint32_t count,
                             uint32_t uncle, struct error *e)
{
    struct hash hash;
    header_hash(&hash, &b->uncles[uncle]);
    for (uint32_t i = 0; i < uncle; i++)
        if (same_header(&b->uncles[i], &hash)) return refuse(e, UNCLE_DUPLICATE, b, uncle);
    for (uint32_t i = 0; i < count; i++) {
        if (hash_equal(&ancestors[i].hash, &hash)) return refuse(e, UNCLE_IS_ANCESTOR, b, uncle);
        for (uint32_t k = 0; k < ancestors[i].uncle_count; k++)
            if (same_header(&ancestors[i].uncles[k], &hash)) return refuse(e, UNCLE_DUPLICATE, b, uncle);
    }
    return STATUS_OK;
}

static const struct header *find_parent(const struct header *uncle, const struct block_ancestor *ancestors,
                                        uint32_t count)
{
    /* A child of the parent would be a brother, not an uncle. */
    for (uint32_t i = 1; i < count && i <= OMMER_AGE_MAX; i++)
        if (hash_equal(&ancestors[i].hash, &uncle->parent_hash)) return ancestors[i].header;
    return NULL;
}

enum status block_check_uncles(const struct block *b, const struct chain_spec *chain,
                               const struct block_ancestor *ancestors, uint32_t ancestor_count, struct error *error)
{
    if (b->uncle_count > OMMERS_MAX) return refuse(error, UNCLE_TOO_MANY, b, OMMERS_MAX);
    for (uint32_t i = 0; i < b->uncle_count; i++) {
        const struct header *uncle = &b->uncles[i];
        enum status s = check_new(b, ancestors, ancestor_count, i, error);
        if (s != STATUS_OK) return s;
        const struct header *parent = find_parent(uncle, ancestors, ancestor_count);
        if (parent == NULL) return refuse(error, UNCLE_PARENT, b, i);
        const struct fork *fork = chain_fork_at(chain, uncle->number, uncle->timestamp);
        s = block_check_header(uncle, parent, fork, chain, error);
        if (s != STATUS_OK) return s;
    }
    return STATUS_OK;
}
