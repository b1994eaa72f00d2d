/* The public chains and when their forks began; and the little chains that test fixtures name. */
#include "fork/fork.h"

#include <stdlib.h>
#include <strings.h>

#define NUMBER(name, number) {&fork_##name, BY_NUMBER, number}
#define TIME(name, seconds) {&fork_##name, BY_TIMESTAMP, seconds}

#define MAINNET_DEPOSIT_CONTRACT                                                                                       \
    {{0x00, 0x00, 0x00, 0x00, 0x21, 0x9a, 0xb5, 0x40, 0x35, 0x6c,                                                      \
      0xbb, 0x83, 0x9c, 0xbe, 0x05, 0x30, 0x3d, 0x77, 0x05, 0xfa}}

const struct chain_spec chain_mainnet = {
    .name = "mainnet",
    .id = 1,
    .dao_block = 1920000,
    .deposit_contract = MAINNET_DEPOSIT_CONTRACT,
    .activations =
        {
            NUMBER(frontier, 0),
            NUMBER(homestead, 1150000),
            NUMBER(tangerine_whistle, 2463000),
            NUMBER(spurious_dragon, 2675000),
            NUMBER(byzantium, 4370000),
            NUMBER(petersburg, 7280000),
            NUMBER(istanbul, 9069000),
            NUMBER(muir_glacier, 9200000),
            NUMBER(berlin, 12244000),
            NUMBER(london, 12965000),
            NUMBER(arrow_glacier, 13773000),
            NUMBER(gray_glacier, 15050000),
            NUMBER(paris, 15537394),
            TIME(shanghai, 1681338455),
            TIME(cancun, 1710338135),
            TIME(prague, 1746612311),
            TIME(osaka, 1764798551),
            TIME(bpo1, 1765290071),
            TIME(bpo2, 1767747671),
        },
    .activation_count = 19,
};

const struct chain_spec chain_sepolia = {
    .name = "sepolia",
    .id = 11155111,
    .dao_block = NEVER,
    .netsplit_block = 1735371,
    .deposit_contract = {{0x7f, 0x02, 0xc3, 0xe3, 0xc9, 0x8b, 0x13, 0x30, 0x55, 0xb8,
                          0xb3, 0x48, 0xb2, 0xac, 0x62, 0x56, 0x69, 0xed, 0x29, 0x5d}},
    .activations =
        {
            NUMBER(london, 0),
            NUMBER(paris, 1450409),
            TIME(shanghai, 1677557088),
            TIME(cancun, 1706655072),
            TIME(prague, 1741159776),
            TIME(osaka, 1760427360),
            TIME(bpo1, 1761017184),
            TIME(bpo2, 1761607008),
            TIME(amsterdam, 1791294816),
        },
    .activation_count = 9,
};

const struct chain_spec chain_holesky = {
    .name = "holesky",
    .id = 17000,
    .dao_block = NEVER,
    .deposit_contract = {{0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42,
                          0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42}},
    .activations =
        {
            NUMBER(paris, 0),
            TIME(shanghai, 1696000704),
            TIME(cancun, 1707305664),
            TIME(prague, 1740434112),
            TIME(osaka, 1759308480),
            TIME(bpo1, 1759800000),
            TIME(bpo2, 1760389824),
        },
    .activation_count = 7,
};

const struct chain_spec chain_hoodi = {
    .name = "hoodi",
    .id = 560048,
    .dao_block = NEVER,
    .deposit_contract = MAINNET_DEPOSIT_CONTRACT,
    .activations =
        {
            NUMBER(cancun, 0),
            TIME(prague, 1742999832),
            TIME(osaka, 1761677592),
            TIME(bpo1, 1762365720),
            TIME(bpo2, 1762955544),
        },
    .activation_count = 5,
};

static const struct chain_spec *const chains[] = {&chain_mainnet, &chain_sepolia, &chain_holesky, &chain_hoodi};

const struct chain_spec *chain_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(chains); i++)
        if (strcasecmp(chains[i]->name, name) == 0)
            return chains[i];
    return NULL;
}

const struct chain_spec *chain_with_id(uint64_t id)
{
    for (size_t i = 0; i < COUNT_OF(chains); i++)
        if (chains[i]->id == id)
            return chains[i];
    return NULL;
}

const struct fork *chain_fork_at(const struct chain_spec *chain, uint64_t number, uint64_t timestamp)
{
    const struct fork *fork = chain->activations[0].fork;
    for (uint32_t i = 1; i < chain->activation_count; i++) {
        const struct activation *a = &chain->activations[i];
        if ((a->by == BY_NUMBER ? number : timestamp) < a->at)
            break;
        fork = a->fork;
    }
    return fork;
}

static const struct fork *after_merge(const struct chain_spec *chain, const struct fork *fork, bool is_merged)
{
    return is_merged && chain->merged != NULL && fork->difficulty != DIFFICULTY_NONE ? chain->merged : fork;
}

const struct fork *chain_fork_after(const struct chain_spec *chain, uint64_t number, uint64_t timestamp,
                                    struct u256 total_difficulty)
{
    return after_merge(chain, chain_fork_at(chain, number, timestamp),
                       !u256_less(total_difficulty, chain->terminal_total_difficulty));
}

const struct fork *chain_fork_of(const struct chain_spec *chain, const struct header *h)
{
    return after_merge(chain, chain_fork_at(chain, h->number, h->timestamp), u256_is_zero(h->difficulty));
}

/* ---- chains of test fixtures --------------------------------------------------------------------------------- */

/* The fork named by the first `size` characters of `text`, or NULL. */
static const struct fork *find_part(const char *text, size_t size)
{
    char name[64];
    if (size == 0 || size >= sizeof name)
        return NULL;
    memcpy(name, text, size);
    name[size] = 0;
    return fork_find(name);
}

/* Reads "<fork>To<fork>At<number>" or "<fork>To<fork>AtTime<number>[k]" into out->activations. */
static bool read_transition(struct chain_spec *out, const char *network)
{
    const char *at = strstr(network, "At");
    if (at == NULL)
        return false;
    const struct fork *from = NULL, *to = NULL;
    for (const char *p = strstr(network, "To"); p != NULL && p < at && to == NULL; p = strstr(p + 1, "To")) {
        from = find_part(network, (size_t)(p - network));
        to = from == NULL ? NULL : find_part(p + 2, (size_t)(at - p - 2));
    }
    if (to == NULL)
        return false;

    const char *number = at + 2;
    bool by_time = strncmp(number, "Time", 4) == 0;
    number += by_time ? 4 : 0;
    char *end;
    uint64_t value = strtoull(number, &end, 10);
    if (*end == 'k') {
        value *= 1000;
        end++;
    }
    if (end == number || *end != 0)
        return false;
    /* What is irregular about that fork happens in its first block. */
    if (!by_time && strncasecmp(at - 3, "Dao", 3) == 0) out->dao_block = value;
    out->activations[0] = (struct activation){from, BY_NUMBER, 0};
    out->activations[1] = (struct activation){to, by_time ? BY_TIMESTAMP : BY_NUMBER, value};
    out->activation_count = 2;
    return true;
}

enum status chain_from_network(struct chain_spec *out, const char *network, struct error *e)
{
    struct chain_spec chain = {
        .name = "test", .id = 1, .dao_block = NEVER, .deposit_contract = MAINNET_DEPOSIT_CONTRACT};
    const struct fork *fork = fork_find(network);
    if (fork != NULL) {
        chain.activations[0] = (struct activation){fork, BY_NUMBER, 0};
        chain.activation_count = 1;
    } else if (!read_transition(&chain, network)) {
        return error_set(e, UNKNOWN_FORK, "network \"%s\": expected a fork, or FORKToFORKAtTimeSECONDS", network);
    }
    *out = chain;
    return STATUS_OK;
}

/* ---- system contracts ---------------------------------------------------------------------------------------- */

const struct address system_address = {
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}};
const struct address beacon_roots_address = {
    {0x00, 0x0f, 0x3d, 0xf6, 0xd7, 0x32, 0x80, 0x7e, 0xf1, 0x31,
     0x9f, 0xb7, 0xb8, 0xbb, 0x85, 0x22, 0xd0, 0xbe, 0xac, 0x02}};
const struct address history_storage_address = {
    {0x00, 0x00, 0xf9, 0x08, 0x27, 0xf1, 0xc5, 0x3a, 0x10, 0xcb,
     0x7a, 0x02, 0x33, 0x5b, 0x17, 0x53, 0x20, 0x00, 0x29, 0x35}};
const struct address withdrawal_requests_address = {
    {0x00, 0x00, 0x09, 0x61, 0xef, 0x48, 0x0e, 0xb5, 0x5e, 0x80,
     0xd1, 0x9a, 0xd8, 0x35, 0x79, 0xa6, 0x4c, 0x00, 0x70, 0x02}};
const struct address consolidation_requests_address = {
    {0x00, 0x00, 0xbb, 0xdd, 0xc7, 0xce, 0x48, 0x86, 0x42, 0xfb,
     0x57, 0x9f, 0x8b, 0x00, 0xf3, 0xa5, 0x90, 0x00, 0x72, 0x51}};
const struct address builder_deposits_address = {
    {0x00, 0x00, 0xbf, 0xf4, 0x69, 0x84, 0xe3, 0x72, 0x56, 0x91,
     0xfa, 0x54, 0x0a, 0x8c, 0x75, 0x89, 0x30, 0x0d, 0x82, 0x82}};
const struct address builder_exits_address = {
    {0x00, 0x00, 0x64, 0xd6, 0x78, 0x50, 0x5a, 0xd4, 0x8f, 0x8c,
     0xcb, 0x09, 0x3b, 0xc6, 0x56, 0x13, 0x80, 0x0e, 0x82, 0x82}};

const struct address *const request_contracts[REQUEST_TYPES] = {NULL, &withdrawal_requests_address,
                                                                &consolidation_requests_address,
                                                                &builder_deposits_address, &builder_exits_address};

bool fork_asks_for_requests(const struct fork *fork, const struct address *a)
{
    for (size_t type = 0; type < REQUEST_TYPES; type++)
        if ((fork->requests & 1u << type) != 0 && request_contracts[type] != NULL &&
            address_equal(request_contracts[type], a))
            return true;
    return false;
}
