/* What the workloads build with. */
#ifndef WEFT_WORKLOAD_PRIVATE_H
#define WEFT_WORKLOAD_PRIVATE_H

#include "workload/workload.h"

/* Kinds of addresses, so that they do not meet. */
enum address_kind { ADDRESS_SENDER, ADDRESS_RECIPIENT, ADDRESS_CONTRACT, ADDRESS_TOKEN, ADDRESS_POOL };

/* An address that looks like any other, from kind and number. */
struct address workload_address(enum address_kind kind, uint64_t number);
/* The same, as a word. */
struct u256 address_word(const struct address *a);

/* Gives an account plenty of ether. */
void workload_fund(struct workload_block *b, const struct address *a);
/* Puts a contract there, from its source. */
void workload_contract(struct workload_block *b, const struct address *a, const char *source);
/* The same, from its code. */
void workload_install(struct workload_block *b, const struct address *a, struct bytes code);
/* Storage of a contract: the word under the slot, and under keccak256(key . slot) as Solidity's mappings have it. */
void workload_slot(struct workload_block *b, const struct address *a, uint64_t slot, struct u256 value);
void workload_mapping(struct workload_block *b, const struct address *a, struct u256 key, uint64_t slot,
                      struct u256 value);

/* A transaction to be added; zero fields have the usual meaning. */
struct call {
    struct address from, to;
    bool is_create;
    uint64_t nonce, value, gas;
    uint64_t price;    /* wei per gas */
    struct bytes data; /* in the block's arena */
    uint32_t after;    /* as workload_block.after */
};
void workload_add(struct workload_block *b, const struct call *c);
/* The same with more gas where the state has a price of its own (EIP-8037): for accounts, slots and codes that the
 * transaction makes. */
void workload_add_growing(struct workload_block *b, const struct call *c);

/* Call data: a selector and words behind it. */
struct bytes workload_data(struct workload_block *b, uint32_t selector, const struct u256 *words, size_t count);
/* Code from source, in the block's arena. */
struct bytes workload_code(struct workload_block *b, const char *source);

/* ---- contracts (contracts.c) ------------------------------------------------------------------------------------- */

/* A token: transfer(address,uint256), transferFrom(address,address,uint256), balanceOf(address). Balances are
 * mapping 0, allowances mapping 1 by owner alone. */
extern const char token_source[];
/* A pool of two tokens (slots 2 and 3) with reserves (slots 0 and 1): swap(uint256 amount, uint256 direction) takes
 * `amount` of one and gives of the other what the product formula says, less 0.3 %. */
extern const char pool_source[];
/* Reads a slot, adds one, writes it. */
extern const char counter_source[];
/* Hashes until little gas is left. */
extern const char burner_source[];
/* Stores the beneficiary's balance under the caller. */
extern const char coinbase_reader_source[];
/* Destroys itself in favour of the caller. */
extern const char suicidal_source[];
/* Initcode: writes a slot and destroys itself in favour of the origin. */
extern const char suicidal_init_source[];
/* Initcode that leaves the counter's code. */
extern const char counter_init_source[];

/* Hashes for a while, then reads a slot, adds one, writes it: the conflict comes at the end. */
extern const char late_counter_source[];
/* A token with the functions, the storage and the events of OpenZeppelin's ERC-20 (3.x), as far as the gigagas blocks
 * use them: balances are mapping 0, allowances mapping 1 by owner and spender. */
extern const char erc20_source[];
/* sellToken0(uint256): sells so much of the token in slot 0 for that in slot 1 (in whose upper bits the pool's fee
 * stands), at a Uniswap v3 router, whose address is in the code in place of SINGLE_SWAP_ROUTER. */
extern const char single_swap_source[];
#define SINGLE_SWAP_ROUTER "0xaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

enum {
    SELECTOR_TRANSFER = 0xa9059cbb,
    SELECTOR_SWAP = 0xd004f0f7,
    SELECTOR_SELL_TOKEN0 = 0xc92b0891,
    SELECTOR_CREATE_POOL = 0xa1671295,
};

/* ---- the public 1-Ggas blocks (gigagas.c) ----------------------------------------------------------------------- */

void make_gigagas_transfers(struct workload_block *b, uint64_t size, uint64_t *random);
void make_gigagas_erc20(struct workload_block *b, uint64_t size, uint64_t *random);
void make_gigagas_uniswap(struct workload_block *b, uint64_t size, uint64_t *random);
enum status prepare_gigagas_uniswap(struct workload_block *b, struct error *e);

/* ---- hostile blocks (hostile.c, hostile_transactions.c) ---------------------------------------------------------- */

/* EIP-7825 bounds a transaction's gas. */
#define TX_GAS UINT64_C(16000000)
#define MILLION UINT64_C(1000000)

/* What a limb is blinded with in hashes that everybody can read: keys with it in a limb met in one place. */
#define WEAK_LIMB UINT64_C(0x9e3779b97f4a7c15)
static const struct u256 hostile_key = {{0, WEAK_LIMB, 0, 0}};

/* Addresses in a row; the first of them that the blocks use. */
#define HOSTILE_BASE UINT64_C(0x10000000000)
struct address hostile_address(uint64_t number);

/* What is in the transactions themselves. */
void make_hostile_transfers(struct workload_block *b, uint64_t size, uint64_t *random);
void make_hostile_access_lists(struct workload_block *b, uint64_t size, uint64_t *random);
void make_hostile_access_accounts(struct workload_block *b, uint64_t size, uint64_t *random);
void make_hostile_authorizations(struct workload_block *b, uint64_t size, uint64_t *random);
void make_hostile_blobs(struct workload_block *b, uint64_t size, uint64_t *random);
void make_hostile_call_data(struct workload_block *b, uint64_t size, uint64_t *random);

#endif
