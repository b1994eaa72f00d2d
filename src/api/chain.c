/* Chains and forks by name, by id, and of one's own. */
#include <stdlib.h>

#include "api/api.h"

static weft_status make(const struct chain_spec *spec, weft_chain **out, weft_error *error)
{
    weft_status status = api_has_memory(0, error);
    if (status != WEFT_OK) return status;
    struct weft_chain *chain = base_alloc(sizeof *chain);
    chain->spec = *spec;
    *out = chain;
    return WEFT_OK;
}

weft_status weft_chain_by_name(const char *name, weft_chain **chain, weft_error *error)
{
    if (chain == NULL) return API_MISTAKE(error, "chain is NULL");
    *chain = NULL;
    if (name == NULL) return API_MISTAKE(error, "name is NULL");
    const struct chain_spec *known = chain_find(name);
    struct chain_spec made;
    struct error inner;
    if (known == NULL && chain_from_network(&made, name, &inner) != STATUS_OK)
        return api_fail(error, UNKNOWN_FORK, WEFT_NO_TRANSACTION,
                        "\"%.64s\" is neither a chain nor a fork: expected \"mainnet\", \"Osaka\", ...", name);
    return make(known != NULL ? known : &made, chain, error);
}

weft_status weft_chain_by_id(uint64_t id, weft_chain **chain, weft_error *error)
{
    if (chain == NULL) return API_MISTAKE(error, "chain is NULL");
    *chain = NULL;
    const struct chain_spec *known = chain_with_id(id);
    if (known == NULL)
        return api_fail(error, UNKNOWN_CHAIN, WEFT_NO_TRANSACTION, "no public chain has the id %llu",
                        (unsigned long long)id);
    return make(known, chain, error);
}

/* Takes over one activation; the order is that of the header: by number first, neither goes back. */
static weft_status activate(struct chain_spec *spec, const weft_activation *a, weft_error *error)
{
    uint32_t index = spec->activation_count;
    const struct activation *before = index == 0 ? NULL : &spec->activations[index - 1];
    if (a->fork == NULL || a->by > WEFT_BY_TIMESTAMP)
        return API_MISTAKE(error, "activation %u: fork is NULL, or `by` is neither number nor timestamp", index);
    const struct fork *fork = fork_find(a->fork);
    if (fork == NULL)
        return api_fail(error, UNKNOWN_FORK, WEFT_NO_TRANSACTION, "activation %u: there is no fork \"%.64s\"", index,
                        a->fork);
    enum activation_by by = a->by == WEFT_BY_NUMBER ? BY_NUMBER : BY_TIMESTAMP;
    if (before == NULL && a->at != 0)
        return API_MISTAKE(error, "activation 0: the first fork is active from the start, `at` must be 0");
    if (before != NULL && (by < before->by || (by == before->by && a->at < before->at)))
        return API_MISTAKE(error, "activation %u: out of order", index);
    spec->activations[spec->activation_count++] = (struct activation){fork, by, a->at};
    return WEFT_OK;
}

weft_status weft_chain_new(const weft_chain_options *options, weft_chain **chain, weft_error *error)
{
    if (chain == NULL) return API_MISTAKE(error, "chain is NULL");
    *chain = NULL;
    weft_chain_options o;
    weft_status status = api_read_struct(&o, sizeof o, options, "weft_chain_options", error);
    if (status != WEFT_OK) return status;
    if (o.activations == NULL || o.activation_count == 0 || o.activation_count > CHAIN_ACTIVATIONS_MAX)
        return API_MISTAKE(error, "%zu activations: expected 1 to %d", o.activation_count, CHAIN_ACTIVATIONS_MAX);
    struct chain_spec spec = {
        .name = "custom", .id = o.id, .dao_block = NEVER, .deposit_contract = api_address(&o.deposit_contract)};
    for (size_t i = 0; i < o.activation_count && status == WEFT_OK; i++)
        status = activate(&spec, &o.activations[i], error);
    return status == WEFT_OK ? make(&spec, chain, error) : status;
}

void weft_chain_free(weft_chain *chain)
{
    free(chain);
}

uint64_t weft_chain_id(const weft_chain *chain)
{
    return chain == NULL ? 0 : chain->spec.id;
}

const char *weft_chain_fork(const weft_chain *chain, uint64_t number, uint64_t timestamp)
{
    return chain == NULL ? NULL : chain_fork_at(&chain->spec, number, timestamp)->name;
}

const char *weft_fork_name(size_t index)
{
    for (size_t i = 0; forks[i] != NULL; i++)
        if (i == index) return forks[i]->name;
    return NULL;
}
