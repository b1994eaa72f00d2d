/* t8n: which rules a name stands for. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/t8n/t8n.h"

enum { NAME_MAX_SIZE = 120 };

/* "AToBAtDiffN", a change at a total difficulty that nobody tells a tool: before it A, after it B. */
static void resolve_difficulty(char *name, bool after_merge)
{
    char *at = strstr(name, "AtDiff"), *to = strstr(name, "To");
    if (at == NULL || to == NULL || to > at) return;
    *at = 0;
    if (after_merge)
        memmove(name, to + 2, strlen(to + 2) + 1);
    else
        *to = 0;
}

static enum status add_eips(struct fork *fork, const char *eips, struct error *e)
{
    for (const char *at = eips; *at == '+';) {
        char *end;
        errno = 0;
        unsigned long long eip = strtoull(at + 1, &end, 10);
        if (!isdigit((unsigned char)at[1]) || errno != 0 || (*end != 0 && *end != '+') || !fork_add_eip(fork, eip))
            return error_set(e, UNKNOWN_FORK, "--state.fork: %s: expected an EIP that can be added to a fork", at);
        at = end;
    }
    return STATUS_OK;
}

enum status t8n_find_chain(struct chain_spec *out, struct fork *fork, const char *name, bool after_merge,
                           uint64_t number, uint64_t timestamp, struct error *e)
{
    char network[NAME_MAX_SIZE + 1];
    size_t size = strcspn(name, "+");
    if (size > NAME_MAX_SIZE) return error_set(e, UNKNOWN_FORK, "--state.fork: expected the name of a fork");
    memcpy(network, name, size);
    network[size] = 0;
    resolve_difficulty(network, after_merge);
    if (chain_from_network(out, network, e) != STATUS_OK)
        return error_set(e, UNKNOWN_FORK, "--state.fork: unsupported fork \"%s\"", name);
    *fork = *chain_fork_at(out, number, timestamp);
    return add_eips(fork, name + size, e);
}

/* Texts of geth: generators of tests find the reason in them. */
static const struct {
    enum status why;
    const char *text;
} rejections[] = {
    {TX_UNKNOWN_TYPE, "transaction type not supported"},
    {TX_TYPE_NOT_SUPPORTED, "transaction type not supported"},
    {TX_BAD_RECIPIENT, "rlp: input string too short for common.Address, decoding into (types.BlobTx).To"},
    {TX_BAD_SIGNATURE, "invalid transaction v, r, s values"},
    {TX_WRONG_CHAIN_ID, "invalid chain id for signer"},
    {TX_INTRINSIC_GAS_TOO_LOW, "intrinsic gas too low"},
    {TX_GAS_BELOW_FLOOR, "insufficient gas for floor data gas cost"},
    {TX_INTRINSIC_GAS_OVER_CAP, "insufficient gas for floor data gas cost"},
    {TX_GAS_OVER_CAP, "transaction gas limit too high"},
    {TX_GAS_OVER_BLOCK, "gas limit reached"},
    {TX_INITCODE_TOO_BIG, "max initcode size exceeded"},
    {TX_PRIORITY_FEE_OVER_MAX_FEE, "max priority fee per gas higher than max fee per gas"},
    {TX_FEE_BELOW_BASE_FEE, "max fee per gas less than block base fee"},
    {TX_NONCE_MAX, "nonce has max value"},
    {TX_NONCE_TOO_LOW, "nonce too low"},
    {TX_NONCE_TOO_HIGH, "nonce too high"},
    {TX_SENDER_HAS_CODE, "sender not an eoa"},
    {TX_INSUFFICIENT_FUNDS, "insufficient funds for gas * price + value"},
    {TX_NO_BLOBS, "blob transaction missing blob hashes"},
    {TX_TOO_MANY_BLOBS, "blob transaction has too many blobs"},
    {TX_BLOBS_OVER_BLOCK, "blob gas would exceed maximum allowance"},
    {TX_BLOB_VERSION, "blob has invalid hash version"},
    {TX_BLOB_FEE_TOO_LOW, "max fee per blob gas less than block blob gas fee"},
    {TX_NO_BLOB_PRICE, "blob tx used but field env.ExcessBlobGas missing"},
    {TX_NO_AUTHORIZATIONS, "EIP-7702 transaction with empty auth list"},
};

const char *t8n_rejection_text(enum status why, enum transaction_type type)
{
    if (why == TX_BAD_RECIPIENT && type == TX_SET_CODE)
        return "rlp: input string too short for common.Address, decoding into (types.SetCodeTx).To";
    for (size_t i = 0; i < COUNT_OF(rejections); i++)
        if (rejections[i].why == why) return rejections[i].text;
    return status_text(why);
}
