/* Runs of one block, by how long they took. */
#include <stdlib.h>

#include "block/block.h"

static int by_wall(const void *a, const void *b)
{
    const struct block_stats *x = a, *y = b;
    return (x->wall_ns > y->wall_ns) - (x->wall_ns < y->wall_ns);
}

const struct block_stats *block_stats_median(struct block_stats *runs, size_t count)
{
    qsort(runs, count, sizeof *runs, by_wall);
    return &runs[count / 2];
}
