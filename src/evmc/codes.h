/* codes: what an EVMC host has executed before, so that code is prepared once though the host hands in bytes without
 * a name.
 *
 *     bytes, size ──► recent, by where they lie ──► all, by what they are ──► copied and noted
 *
 * Whatever a table proposes is compared byte by byte: hosts reuse memory. */
#ifndef WEFT_EVMC_CODES_H
#define WEFT_EVMC_CODES_H

#include "state/state.h"

enum { EVMC_RECENT = 64 };

struct evmc_codes {
    struct evmc_known {
        uint64_t hash;
        struct code *code;
    } *all; /* open addressing; `capacity` cells, a power of two */
    size_t capacity, count, bytes;
    struct {
        const uint8_t *from;
        struct code *code;
    } recent[EVMC_RECENT];
};

/* The code with these bytes; valid until evmc_codes_clear. */
const struct code *evmc_codes_find(struct evmc_codes *c, const uint8_t *bytes, size_t size);
/* Whether so much has gathered that it had better be given up. */
bool evmc_codes_full(const struct evmc_codes *c);
void evmc_codes_clear(struct evmc_codes *c);

#endif
