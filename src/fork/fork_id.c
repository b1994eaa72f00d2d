/* Fork ids (EIP-2124, EIP-6122): a checksum over the first block and the forks since then, by which nodes know whether
 * they are of one chain. */
#include <stdlib.h>

#include "fork/fork.h"

enum { POINTS_MAX = CHAIN_ACTIVATIONS_MAX + 2 };

/* CRC-32 as IEEE 802.3 has it. */
static uint32_t checksum(uint32_t crc, const uint8_t *data, size_t size)
{
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc;
}

static int ascending(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Adds those that count by now and are not there from the start, each once. */
static uint32_t add_points(uint32_t crc, uint64_t *points, size_t count, uint64_t start, uint64_t now)
{
    qsort(points, count, sizeof *points, ascending);
    for (size_t i = 0; i < count; i++) {
        uint8_t bytes[8];
        if (points[i] <= start || points[i] > now || (i > 0 && points[i] == points[i - 1])) continue;
        store_be64(bytes, points[i]);
        crc = checksum(crc, bytes, sizeof bytes);
    }
    return crc;
}

uint32_t chain_fork_id(const struct chain_spec *chain, const struct hash *genesis, uint64_t start, uint64_t number,
                       uint64_t timestamp)
{
    uint64_t numbers[POINTS_MAX], times[POINTS_MAX];
    size_t number_count = 0, time_count = 0;
    bool is_merged = chain->activations[0].fork->difficulty == DIFFICULTY_NONE;
    for (uint32_t i = 0; i < chain->activation_count; i++) {
        const struct activation *a = &chain->activations[i];
        bool is_merge = !is_merged && a->fork->difficulty == DIFFICULTY_NONE;
        is_merged = is_merged || is_merge;
        if (a->by == BY_TIMESTAMP)
            times[time_count++] = a->at;
        else if (!is_merge) /* no fork that peers can tell from its block */
            numbers[number_count++] = a->at;
    }
    if (chain->dao_block != NEVER) numbers[number_count++] = chain->dao_block;
    numbers[number_count++] = chain->netsplit_block;
    uint32_t crc = checksum(0, genesis->b, sizeof genesis->b);
    crc = add_points(crc, numbers, number_count, 0, number);
    return add_points(crc, times, time_count, start, timestamp);
}
