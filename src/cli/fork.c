/* fork: what a fork is, or what it changed, from the same data that execution obeys. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"

/* ---- the fields ------------------------------------------------------------------------------------------------ */

enum field_kind { KIND_U32, KIND_U64, KIND_BOOL, KIND_ENUM, KIND_LINEAR, KIND_TYPES, KIND_PRECOMPILES };

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    const char *const *values; /* KIND_ENUM: names by value */
};

static const char *const sstore_names[] = {"plain", "net"};
static const char *const state_gas_names[] = {"lost", "to reservoir", "last first"};
static const char *const selfdestruct_names[] = {"always", "same transaction"};
static const char *const difficulty_names[] = {"Frontier", "Homestead", "Byzantium", "none"};
static const char *const modexp_names[] = {"EIP-198", "EIP-2565", "EIP-7883"};

#define U32(member) {#member, KIND_U32, offsetof(struct fork, member), NULL}
#define U64(member) {#member, KIND_U64, offsetof(struct fork, member), NULL}
#define BOOL(member) {#member, KIND_BOOL, offsetof(struct fork, member), NULL}
#define LINEAR(member) {#member, KIND_LINEAR, offsetof(struct fork, member), NULL}
#define ENUM(member, names) {#member, KIND_ENUM, offsetof(struct fork, member), names}

static const struct field fields[] = {
    {"tx.types", KIND_TYPES, offsetof(struct fork, tx.types), NULL},
    U32(tx.base),
    U32(tx.create),
    U32(tx.recipient),
    U32(tx.value),
    BOOL(tx.charges_at_run_time),
    U32(tx.data_zero),
    U32(tx.data_byte),
    U32(tx.access_address),
    U32(tx.access_key),
    U32(tx.floor_token),
    U32(tx.floor_zero),
    U32(tx.floor_byte),
    U32(tx.access_list_byte),
    U32(tx.authorization),
    U32(tx.authorization_refund),
    U32(tx.authority_write),
    U32(tx.refund_quotient),
    U32(gas.exp_byte),
    U32(gas.keccak_word),
    U32(gas.copy_word),
    U32(gas.memory_word),
    U32(gas.log_topic),
    U32(gas.log_byte),
    U32(gas.call_value),
    U32(gas.call_stipend),
    U32(gas.new_account),
    U32(gas.selfdestruct_new_account),
    U32(gas.selfdestruct_refund),
    U32(gas.code_byte),
    U32(gas.code_word),
    U32(gas.initcode_word),
    U32(gas.cold_account),
    U32(gas.cold_slot),
    U32(gas.warm),
    ENUM(sstore.rule, sstore_names),
    U32(sstore.set),
    U32(sstore.reset),
    U32(sstore.same),
    U32(sstore.warm),
    U32(sstore.clear_refund),
    BOOL(sstore.needs_stipend),
    ENUM(selfdestruct, selfdestruct_names),
    U32(limit.code_size),
    U32(limit.initcode_size),
    U32(limit.tx_gas),
    U32(limit.tx_total_gas),
    U32(limit.block_size),
    U32(blob.target),
    U32(blob.max),
    U32(blob.max_per_tx),
    U32(blob.update_fraction),
    U32(blob.base_cost),
    U32(base_fee.elasticity),
    U32(base_fee.denominator),
    U64(base_fee.initial),
    {"precompile.active", KIND_PRECOMPILES, offsetof(struct fork, precompile.active), NULL},
    U32(precompile.ecrecover),
    LINEAR(precompile.sha256),
    LINEAR(precompile.ripemd160),
    LINEAR(precompile.identity),
    ENUM(precompile.modexp, modexp_names),
    U32(precompile.modexp_size_max),
    U32(precompile.bn254_add),
    U32(precompile.bn254_mul),
    LINEAR(precompile.bn254_pairing),
    U32(precompile.blake2f_round),
    U32(precompile.point_evaluation),
    U32(precompile.bls_g1_add),
    U32(precompile.bls_g2_add),
    U32(precompile.bls_g1_mul),
    U32(precompile.bls_g2_mul),
    LINEAR(precompile.bls_pairing),
    U32(precompile.bls_map_fp_to_g1),
    U32(precompile.bls_map_fp2_to_g2),
    U32(precompile.p256verify),
    U64(block_reward),
    ENUM(difficulty, difficulty_names),
    U64(bomb_delay),
    U32(min_difficulty),
    BOOL(keeps_64th),
    BOOL(clear_empty),
    BOOL(deposit_out_of_gas_fails),
    BOOL(reject_ef_code),
    BOOL(storage_collides),
    BOOL(selfdestruct_keeps_balance),
    BOOL(delegation),
    BOOL(warm_coinbase),
    BOOL(prevrandao),
    BOOL(low_s),
    BOOL(replay_protection),
    BOOL(receipt_status),
    BOOL(withdrawals),
    BOOL(beacon_root),
    BOOL(parent_hash),
    U32(requests),
    BOOL(transfer_logs),
    BOOL(block_gas_without_refunds),
    BOOL(block_access_list),
    BOOL(slot_number),
    ENUM(state_growth.rule, state_gas_names),
    U32(state_growth.byte_gas),
    U64(state_growth.byte_year_target),
    U32(state_growth.price_bits),
    U32(state_growth.price_offset),
    U32(state_growth.account),
    U32(state_growth.slot),
    U32(state_growth.delegation),
    U32(state_growth.system_slots),
};

/* What one name of a fork's data says; enough for every list. */
struct value {
    char text[256];
};

/* "0 1 2": the bits that are set. */
static struct value bits_text(uint64_t mask, bool precompiles)
{
    struct value v = {""};
    size_t at = 0;
    for (unsigned bit = 0; bit < 64; bit++)
        if ((mask >> bit & 1) != 0)
            at += (size_t)snprintf(v.text + at, sizeof v.text - at, precompiles ? "%s0x%x" : "%s%u", at == 0 ? "" : " ",
                                   precompiles && bit == 63 ? (unsigned)PRECOMPILE_P256VERIFY : bit);
    return v;
}

static struct value value_of(const struct fork *fork, const struct field *field)
{
    const void *at = (const char *)fork + field->offset;
    struct value v;
    switch (field->kind) {
    case KIND_U32: (void)snprintf(v.text, sizeof v.text, "%u", *(const uint32_t *)at); break;
    case KIND_U64: (void)snprintf(v.text, sizeof v.text, "%llu", (unsigned long long)*(const uint64_t *)at); break;
    case KIND_BOOL: (void)snprintf(v.text, sizeof v.text, "%s", *(const bool *)at ? "yes" : "no"); break;
    case KIND_ENUM: (void)snprintf(v.text, sizeof v.text, "%s", field->values[*(const unsigned *)at]); break;
    case KIND_LINEAR: {
        const struct gas_linear *gas = at;
        (void)snprintf(v.text, sizeof v.text, "%u + %u each", gas->base, gas->each);
        break;
    }
    case KIND_TYPES: return bits_text(*(const uint32_t *)at, false);
    case KIND_PRECOMPILES: return bits_text(*(const uint64_t *)at, true);
    }
    return v;
}

static struct value opcode_value(const struct fork *fork, unsigned op)
{
    struct value v;
    if (fork->op[op].on)
        (void)snprintf(v.text, sizeof v.text, "%u", fork->op[op].gas);
    else
        (void)snprintf(v.text, sizeof v.text, "no");
    return v;
}

/* ---- printing -------------------------------------------------------------------------------------------------- */

struct printer {
    const struct options *options;
    const struct fork *fork, *before; /* before: NULL for the first fork */
    struct buffer out;
};

static void print_value(struct printer *p, const char *name, const struct value *now, const struct value *before)
{
    bool changed = before == NULL || strcmp(now->text, before->text) != 0;
    if (p->options->diff && !changed) return;
    if (!p->options->json) {
        char text[2 * sizeof(struct value) + 8];
        bool both = p->options->diff && before != NULL;
        (void)snprintf(text, sizeof text, "%s%s%s", both ? before->text : "", both ? " -> " : "", now->text);
        int column = printf("  %-28s ", name);
        terminal_wrap(text, text + strlen(text), column);
        return;
    }
    buffer_append_text(&p->out, ",");
    json_put_text(&p->out, name);
    buffer_append_text(&p->out, ":");
    if (!p->options->diff) {
        json_put_text(&p->out, now->text);
        return;
    }
    buffer_append_text(&p->out, "{\"before\":");
    if (before == NULL)
        buffer_append_text(&p->out, "null");
    else
        json_put_text(&p->out, before->text);
    buffer_append_text(&p->out, ",\"now\":");
    json_put_text(&p->out, now->text);
    buffer_append_text(&p->out, "}");
}

static void print_fork(struct printer *p)
{
    if (p->options->json) {
        buffer_append_text(&p->out, "{\"fork\":");
        json_put_text(&p->out, p->fork->name);
    } else {
        printf("%s%s%s%s\n", p->fork->name, p->options->diff && p->before != NULL ? ", against " : "",
               p->options->diff && p->before != NULL ? p->before->name : "", p->options->diff ? ":" : "");
    }
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        struct value now = value_of(p->fork, &fields[i]), before = {""};
        if (p->before != NULL) before = value_of(p->before, &fields[i]);
        print_value(p, fields[i].name, &now, p->before == NULL ? NULL : &before);
    }
    for (unsigned op = 0; op < 256; op++) {
        bool was_on = p->before != NULL && p->before->op[op].on;
        if (opcode_infos[op].name == NULL || (!p->fork->op[op].on && !was_on)) continue;
        char name[32];
        (void)snprintf(name, sizeof name, "op.%s", opcode_infos[op].name);
        struct value now = opcode_value(p->fork, op), before = {""};
        if (p->before != NULL) before = opcode_value(p->before, op);
        print_value(p, name, &now, p->before == NULL ? NULL : &before);
    }
    if (p->options->json) buffer_append_text(&p->out, "}\n");
}

static void list_forks(const struct fork *const *f, const struct options *o)
{
    for (; *f != NULL; f++) {
        if (o->json)
            printf("{\"fork\":\"%s\",\"aliases\":\"%s\"}\n", (*f)->name, (*f)->aliases);
        else
            printf("%-22s %s\n", (*f)->name, (*f)->aliases);
    }
}

/* The fork before; NULL for the first. Drafts of the last one follow the one before that. */
static const struct fork *fork_before(const struct fork *fork)
{
    const struct fork *before = NULL;
    for (size_t i = 0; forks[i + 1] != NULL && forks[i] != fork; i++) before = forks[i];
    return before;
}

enum exit_code fork_command(const struct options *o)
{
    if (o->genesis != NULL) return fork_config(o);
    if (o->operand_count == 0) {
        list_forks(forks, o);
        list_forks(fork_drafts, o);
        return EXIT_GOOD;
    }
    struct printer p = {.options = o, .fork = fork_find(o->operands[0])};
    if (p.fork == NULL) {
        log_line("fork: %s: expected the name of a fork; `weft fork` lists them", o->operands[0]);
        return EXIT_BAD_INPUT;
    }
    p.before = fork_before(p.fork);
    print_fork(&p);
    (void)fwrite(p.out.data, 1, p.out.size, stdout);
    buffer_free(&p.out);
    return EXIT_GOOD;
}
