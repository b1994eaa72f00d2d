/* fork --genesis: the forks of a chain that count now, next and last, as eth_config tells them (EIP-7910). */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/cli.h"
#include "json/genesis.h"

/* ---- names ------------------------------------------------------------------------------------------------------- */

static const struct {
    enum precompile_id id;
    const char *name;
} precompiles[] = {
    /* in the order of their names, as objects in such answers are */
    {PRECOMPILE_BLAKE2F, "BLAKE2F"},
    {PRECOMPILE_BLS_G1_ADD, "BLS12_G1ADD"},
    {PRECOMPILE_BLS_G1_MSM, "BLS12_G1MSM"},
    {PRECOMPILE_BLS_G2_ADD, "BLS12_G2ADD"},
    {PRECOMPILE_BLS_G2_MSM, "BLS12_G2MSM"},
    {PRECOMPILE_BLS_MAP_FP2_TO_G2, "BLS12_MAP_FP2_TO_G2"},
    {PRECOMPILE_BLS_MAP_FP_TO_G1, "BLS12_MAP_FP_TO_G1"},
    {PRECOMPILE_BLS_PAIRING, "BLS12_PAIRING_CHECK"},
    {PRECOMPILE_BN254_ADD, "BN254_ADD"},
    {PRECOMPILE_BN254_MUL, "BN254_MUL"},
    {PRECOMPILE_BN254_PAIRING, "BN254_PAIRING"},
    {PRECOMPILE_ECRECOVER, "ECREC"},
    {PRECOMPILE_IDENTITY, "ID"},
    {PRECOMPILE_POINT_EVALUATION, "KZG_POINT_EVALUATION"},
    {PRECOMPILE_MODEXP, "MODEXP"},
    {PRECOMPILE_P256VERIFY, "P256VERIFY"},
    {PRECOMPILE_RIPEMD160, "RIPEMD160"},
    {PRECOMPILE_SHA256, "SHA256"},
};

static void put_address(struct buffer *out, const char *name, const struct address *a, bool *first)
{
    buffer_printf(out, "%s\n      \"%s\": ", *first ? "" : ",", name);
    json_put_hex(out, a->b, sizeof a->b);
    *first = false;
}

static void put_precompiles(struct buffer *out, const struct fork *fork)
{
    bool first = true;
    buffer_append_text(out, ",\n    \"precompiles\": {");
    for (size_t i = 0; i < COUNT_OF(precompiles); i++) {
        struct address a = u256_to_address(U256((uint64_t)precompiles[i].id));
        if ((fork->precompile.active & PRECOMPILE_BIT(precompiles[i].id)) != 0)
            put_address(out, precompiles[i].name, &a, &first);
    }
    buffer_append_text(out, "\n    }");
}

static void put_system_contracts(struct buffer *out, const struct chain_spec *chain, const struct fork *fork)
{
    bool first = true;
    buffer_append_text(out, ",\n    \"systemContracts\": {");
    if (fork->beacon_root) put_address(out, "BEACON_ROOTS_ADDRESS", &beacon_roots_address, &first);
    if ((fork->requests & REQUEST_BUILDER_DEPOSIT) != 0)
        put_address(out, "BUILDER_DEPOSIT_CONTRACT_ADDRESS", &builder_deposits_address, &first);
    if ((fork->requests & REQUEST_BUILDER_EXIT) != 0)
        put_address(out, "BUILDER_EXIT_CONTRACT_ADDRESS", &builder_exits_address, &first);
    if ((fork->requests & REQUEST_CONSOLIDATION) != 0)
        put_address(out, "CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS", &consolidation_requests_address, &first);
    if ((fork->requests & REQUEST_DEPOSIT) != 0)
        put_address(out, "DEPOSIT_CONTRACT_ADDRESS", &chain->deposit_contract, &first);
    if (fork->parent_hash) put_address(out, "HISTORY_STORAGE_ADDRESS", &history_storage_address, &first);
    if ((fork->requests & REQUEST_WITHDRAWAL) != 0)
        put_address(out, "WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS", &withdrawal_requests_address, &first);
    buffer_append_text(out, "\n    }");
}

/* ---- forks ------------------------------------------------------------------------------------------------------- */

/* What begins with an activation; null for one before Shanghai, which EIP-7910 knows nothing of, and for none. */
static void put_config(struct buffer *out, const char *name, const struct chain_genesis *g, const struct activation *a)
{
    buffer_printf(out, "  \"%s\": ", name);
    if (a == NULL || !a->fork->withdrawals) {
        buffer_append_text(out, "null");
        return;
    }
    struct hash genesis;
    header_hash(&genesis, &g->header);
    uint64_t at = a->by == BY_NUMBER || a->at <= g->header.timestamp ? 0 : a->at;
    uint32_t id = chain_fork_id(&g->spec, &genesis, g->header.timestamp, NEVER, at);
    buffer_printf(out, "{\n    \"activationTime\": %" PRIu64 ",\n    \"blobSchedule\": ", at);
    if (a->fork->blob.max == 0)
        buffer_append_text(out, "null");
    else
        buffer_printf(out, "{\n      \"baseFeeUpdateFraction\": %u,\n      \"max\": %u,\n      \"target\": %u\n    }",
                      a->fork->blob.update_fraction, a->fork->blob.max, a->fork->blob.target);
    buffer_printf(out, ",\n    \"chainId\": \"0x%" PRIx64 "\",\n    \"forkId\": \"0x%08x\"", g->spec.id, id);
    put_precompiles(out, a->fork);
    put_system_contracts(out, &g->spec, a->fork);
    buffer_append_text(out, "\n  }");
}

enum exit_code fork_config(const struct options *o)
{
    struct chain_genesis g;
    struct error e;
    if (genesis_load(&g, o->genesis, &e) != STATUS_OK) {
        log_line("fork: %s", e.text);
        return EXIT_BAD_INPUT;
    }
    uint64_t now = o->time == TIME_NOT_GIVEN ? (uint64_t)time(NULL) : o->time;
    const struct activation *all = g.spec.activations, *next = NULL, *current = &all[0];
    const struct activation *last = &all[g.spec.activation_count - 1];
    for (uint32_t i = 1; i < g.spec.activation_count && next == NULL; i++)
        if (all[i].by == BY_TIMESTAMP && all[i].at > now)
            next = &all[i];
        else
            current = &all[i];
    struct buffer out = {0};
    buffer_append_text(&out, "{\n");
    put_config(&out, "current", &g, current);
    buffer_append_text(&out, ",\n");
    put_config(&out, "next", &g, next);
    buffer_append_text(&out, ",\n");
    put_config(&out, "last", &g, next == NULL ? NULL : last);
    buffer_append_text(&out, "\n}\n");
    (void)fwrite(out.data, 1, out.size, stdout);
    buffer_free(&out);
    chain_genesis_free(&g);
    return EXIT_GOOD;
}
