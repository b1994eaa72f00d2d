/* bench --opcodes: from a row of the table to a program; bench_opcodes.h shows its form. */
#include <ctype.h>
#include <stdlib.h>

#include "cli/bench/bench_opcodes.h"

enum { OPERANDS_MAX = 8, VARIANT_OPERANDS = 8, DEEP_ITEMS = 15, WORD_MAX = 24 };

/* Where the running number begins: behind all precompiles, and below what other operands are. */
#define FIRST_INDEX 0x10000u

struct operand {
    enum { RANDOM, NEGATIVE, NUMBER, INLINE, INDEX, SELF, MADE } kind;
    uint64_t number;
};

struct builder {
    struct buffer *out;
    size_t start;
    const struct opcode_row *row;
    struct operand operands[OPERANDS_MAX];
    uint32_t operand_count, variants, on_stack; /* operands that lie on the stack */
    bool has_index;
    uint64_t random;
    uint32_t items;   /* on the stack above the counter */
    uint32_t results; /* left there by a check */
};

/* ---- bytes ----------------------------------------------------------------------------------------------------- */

static void put(struct builder *b, unsigned byte)
{
    uint8_t one = (uint8_t)byte;
    buffer_append(b->out, &one, 1);
}

static void push_sized(struct builder *b, uint64_t n, unsigned bytes)
{
    put(b, OP_PUSH0 + bytes);
    while (bytes-- > 0) put(b, (unsigned)(n >> (8 * bytes)) & 0xff);
}

static void push(struct builder *b, uint64_t n)
{
    unsigned bytes = 1; /* also 0: PUSH0 is not in all forks */
    while (bytes < 8 && n >> (8 * bytes) != 0) bytes++;
    push_sized(b, n, bytes);
}

static uint32_t here(const struct builder *b)
{
    return (uint32_t)(b->out->size - b->start);
}

static void patch(struct builder *b, size_t at, uint32_t n)
{
    for (int i = 2; i >= 0; i--) b->out->data[b->start + at++] = (uint8_t)(n >> (8 * i));
}

/* The next word of `text`; false at its end. */
static bool next_word(const char **text, char word[WORD_MAX])
{
    size_t size = 0;
    while (isspace((unsigned char)**text)) ++*text;
    for (; **text != 0 && !isspace((unsigned char)**text); ++*text) {
        ASSERT(size + 1 < WORD_MAX);
        word[size++] = **text;
    }
    word[size] = 0;
    return size != 0;
}

/* ---- operands -------------------------------------------------------------------------------------------------- */

static struct operand read_operand(const char *word)
{
    if (strcmp(word, "i") == 0) return (struct operand){INDEX, 0};
    if (strcmp(word, "self") == 0) return (struct operand){SELF, 0};
    if (strcmp(word, "made") == 0) return (struct operand){MADE, 0};
    if (word[0] == 'r' || word[0] == 's')
        return (struct operand){word[0] == 'r' ? RANDOM : NEGATIVE, strtoull(word + 1, NULL, 10)};
    if (word[0] == '#') return (struct operand){INLINE, strtoull(word + 1, NULL, 0)};
    return (struct operand){NUMBER, strtoull(word, NULL, 0)};
}

/* DUP and SWAP: their operands are the stack itself. */
static bool is_deep(const struct opcode_row *row)
{
    bool with_operand = row->op == OP_DUPN || row->op == OP_SWAPN || row->op == OP_EXCHANGE;
    return (row->op >= OP_DUP1 && row->op <= OP_SWAP16) || with_operand;
}

static bool is_copy(const struct opcode_row *row)
{
    return row->op <= OP_DUP16 || row->op == OP_DUPN;
}

static void read_row(struct builder *b, const struct opcode_row *row)
{
    char word[WORD_MAX];
    *b = (struct builder){.row = row, .random = row->op};
    for (const char *text = row->operands == NULL ? "" : row->operands; next_word(&text, word);) {
        ASSERT(b->operand_count < OPERANDS_MAX);
        struct operand o = read_operand(word);
        b->operands[b->operand_count++] = o;
        b->has_index = b->has_index || o.kind == INDEX;
        b->on_stack += o.kind != INLINE && o.kind != INDEX;
    }
    b->has_index = b->has_index || (row->flags & ROW_STORES) != 0;
    bool one = b->has_index || b->on_stack == 0 || row->unit != NULL || is_deep(row);
    b->variants = one ? 1 : VARIANT_OPERANDS / b->operand_count; /* so few that DUP reaches all of them */
    if (is_deep(row)) b->variants = 2; /* an even number of SWAPs leaves things where they were */
}

uint32_t opcode_row_variants(const struct opcode_row *row)
{
    struct builder b;
    read_row(&b, row);
    return b.variants;
}

/* A number of so many bytes: neither the highest bit nor the lowest is 0, so that divisors and exponents are what they
 * seem. */
static void push_random(struct builder *b, unsigned bytes, bool negative)
{
    put(b, OP_PUSH32);
    for (unsigned i = 0; i < 32; i++) {
        unsigned byte = i < 32 - bytes ? 0 : (unsigned)(random_next(&b->random) & 0xff);
        if (bytes != 0 && i == 32 - bytes) byte |= negative && bytes == 32 ? 0x40 : 0x80;
        if (bytes != 0 && i == 31) byte |= 1;
        if (negative && bytes == 32 && i == 0) byte &= 0x7f;
        put(b, negative ? byte ^ 0xff : byte); /* -n - 1 */
    }
}

/* Puts an operand on the stack, before the loop. */
static void push_item(struct builder *b, const struct operand *o)
{
    switch (o->kind) {
    case RANDOM:
    case NEGATIVE: push_random(b, (unsigned)o->number, o->kind == NEGATIVE); break;
    case NUMBER: push(b, o->number); break;
    case SELF: put(b, OP_ADDRESS); break;
    case MADE: /* kept at memory[callee's place]; see set_up */
        push(b, 0);
        put(b, OP_MLOAD);
        break;
    case INLINE:
    case INDEX: ASSERT(false);
    }
    b->items++;
}

/* Everything that lies on the stack, the last variant deepest; the running number on top. */
static void push_items(struct builder *b)
{
    uint32_t variants = is_deep(b->row) ? 0 : b->variants;
    for (uint32_t v = 0; v < variants; v++)
        for (uint32_t k = b->operand_count; k-- > 0;)
            if (b->operands[k].kind != INLINE && b->operands[k].kind != INDEX) push_item(b, &b->operands[k]);
    if ((b->row->flags & ROW_CHAIN) != 0) push_item(b, &(struct operand){RANDOM, 32});
    if (b->has_index) push_item(b, &(struct operand){NUMBER, FIRST_INDEX});
    while (is_deep(b->row) && b->items < DEEP_ITEMS) push_item(b, &(struct operand){RANDOM, 32});
}

static void dup(struct builder *b, uint32_t depth)
{
    ASSERT(depth < 16);
    put(b, OP_DUP1 + depth);
}

/* Copies variant v's operands to the top. */
static void copy_operands(struct builder *b, uint32_t v)
{
    bool chain = (b->row->flags & ROW_CHAIN) != 0;
    uint32_t above = b->has_index || chain ? 1 : 0, pushed = b->results, place = above + (v + 1) * b->on_stack;
    for (uint32_t k = b->operand_count; k-- > 0;) {
        const struct operand *o = &b->operands[k];
        if (o->kind == INLINE)
            push(b, o->number);
        else if (o->kind == INDEX)
            dup(b, pushed);
        else
            dup(b, --place + pushed);
        pushed++;
        if (chain && b->operand_count == 2 && k == 1) put(b, OP_SWAP1); /* the deepest goes under the last result */
    }
}

/* ---- units ----------------------------------------------------------------------------------------------------- */

static unsigned opcode_named(const char *name)
{
    for (unsigned op = 0; op < 256; op++)
        if (opcode_infos[op].name != NULL && strcmp(opcode_infos[op].name, name) == 0) return op;
    ASSERT(false);
    return 0;
}

static void put_text(struct builder *b, const char *text)
{
    char word[WORD_MAX];
    size_t reference = 0;
    while (next_word(&text, word)) {
        if (strcmp(word, "next") == 0) {
            push_sized(b, 0, 3);
            reference = here(b) - 3;
        } else if (isdigit((unsigned char)word[0])) {
            push(b, strtoull(word, NULL, 0));
        } else {
            put(b, opcode_named(word));
        }
    }
    if (reference != 0) patch(b, reference, here(b) - 1);
}

/* What stands in front of the operands, in the twin too. */
static void put_step(struct builder *b)
{
    if (!b->has_index) return;
    push(b, 1);
    put(b, OP_ADD);
    if ((b->row->flags & ROW_STORES) == 0) return;
    put(b, OP_DUP1);
    push(b, 0);
    put(b, OP_MSTORE);
}

/* The instruction with what belongs to it. */
static void put_instruction(struct builder *b)
{
    enum { ITEM_17 = 0x80, ITEMS_9_AND_16 = 0x00 }; /* as EIP-8024 writes them */
    unsigned op = b->row->op;
    put(b, op);
    if (op == OP_DUPN || op == OP_SWAPN) put(b, ITEM_17);
    if (op == OP_EXCHANGE) put(b, ITEMS_9_AND_16);
    for (unsigned i = OP_PUSH1; i <= OP_PUSH32 && i <= op && op <= OP_PUSH32; i++)
        put(b, (unsigned)(random_next(&b->random) & 0x7f) | 1);
}

static void put_unit(struct builder *b, uint32_t v, enum program_kind kind)
{
    const struct opcode_row *row = b->row;
    const struct opcode_info *info = &opcode_infos[row->op];
    bool chain = (row->flags & ROW_CHAIN) != 0;
    if (row->unit != NULL || is_deep(row)) {
        if (kind != PROGRAM_TWIN && row->unit != NULL) put_text(b, row->unit);
        if (kind != PROGRAM_TWIN && row->unit == NULL) put_instruction(b);
        if (kind != PROGRAM_TWIN && row->unit == NULL && is_copy(row)) put(b, OP_POP);
        return;
    }
    put_step(b);
    copy_operands(b, v);
    if (kind == PROGRAM_TWIN) {
        for (uint32_t k = 0; k < b->operand_count; k++) put(b, OP_POP);
        return;
    }
    put_instruction(b);
    if (chain) return;
    if (kind == PROGRAM_CHECK)
        b->results += info->out;
    else
        for (uint32_t k = 0; k < info->out; k++) put(b, OP_POP);
}

int64_t opcode_twin_gas(const struct opcode_row *row)
{
    enum { POP_GAS = 2, SWAP_GAS = 3 };
    struct builder b;
    read_row(&b, row);
    if (row->unit != NULL || is_deep(row)) return 0;
    bool chain = (row->flags & ROW_CHAIN) != 0;
    return POP_GAS * ((int64_t)b.operand_count - (chain ? 0 : opcode_infos[row->op].out));
}

/* ---- data and set-up ------------------------------------------------------------------------------------------- */

static const struct {
    const char *name, *hex;
} inputs[] = {
#define INPUT(name, hex) {#name, hex},
#include "cli/bench/bench_inputs.def"
#undef INPUT
};

static void put_hex(struct builder *b, const char *digits)
{
    for (; digits[0] != 0; digits += 2) put(b, (unsigned)(hex_digit(digits[0]) << 4 | hex_digit(digits[1])));
}

static void put_data_word(struct builder *b, const char *word)
{
    if (word[0] == '=') {
        put_hex(b, word + 1);
        return;
    }
    if (word[0] == '@') {
        for (size_t i = 0; i < COUNT_OF(inputs); i++)
            if (strcmp(inputs[i].name, word + 1) == 0) put_hex(b, inputs[i].hex);
        return;
    }
    uint64_t n = strtoull(word + 1, NULL, 10);
    if (word[0] == 'u') {
        for (unsigned i = 32; i-- > 0;) put(b, i < 8 ? (unsigned)(n >> (8 * i)) & 0xff : 0);
        return;
    }
    for (uint64_t i = 0; i < n; i++) {
        bool last = i + 1 == n;
        switch (word[0]) {
        case 'r': put(b, (unsigned)(random_next(&b->random) & 0xff)); break;
        case 'o': put(b, (unsigned)(random_next(&b->random) & 0xff) | (last ? 1 : 0) | (i == 0 ? 0x80 : 0)); break;
        case 'j': put(b, OP_JUMPDEST); break;
        case 'f': put(b, 0xff); break;
        default: put(b, 0); break;
        }
    }
}

static void put_data(struct builder *b)
{
    char word[WORD_MAX];
    for (const char *text = b->row->data; next_word(&text, word);) put_data_word(b, word);
}

/* Makes the callee by an initcode that returns it, and keeps its address at the start of memory. */
static void make_callee(struct builder *b, const char *hex)
{
    unsigned size = (unsigned)strlen(hex) / 2;
    ASSERT(size >= 1 && size <= 16);
    /* PUSHsize code, PUSH1 0, MSTORE, PUSH1 size, PUSH1 32 - size, RETURN */
    unsigned all = 1 + size + 3 + 2 + 2 + 1;
    put(b, OP_PUSH0 + all);
    put(b, OP_PUSH0 + size);
    put_hex(b, hex);
    push(b, 0);
    put(b, OP_MSTORE);
    put(b, OP_PUSH1);
    put(b, size);
    put(b, OP_PUSH1);
    put(b, 32 - size);
    put(b, OP_RETURN);
    push(b, 0);
    put(b, OP_MSTORE);
    push(b, all);
    push(b, 32 - all);
    push(b, 0);
    put(b, OP_CREATE);
    push(b, 0);
    put(b, OP_MSTORE);
}

/* Calls the precompile that gives back its input, so that there is return data. */
static void make_return_data(struct builder *b, uint32_t size)
{
    push(b, 0);
    push(b, 0);
    push(b, size);
    push(b, 0);
    push(b, PRECOMPILE_IDENTITY);
    put(b, OP_GAS);
    put(b, OP_STATICCALL);
    put(b, OP_POP);
}

/* Copies the data to memory; returns where its place in the code and its size are to be filled in. */
static size_t copy_data(struct builder *b)
{
    push_sized(b, 0, 3);
    size_t at = here(b) - 3;
    push_sized(b, 0, 3);
    push(b, 0);
    put(b, OP_CODECOPY);
    return at;
}

static size_t set_up(struct builder *b)
{
    const struct opcode_row *row = b->row;
    size_t data_at = row->data == NULL ? 0 : copy_data(b);
    if (row->callee != NULL) make_callee(b, row->callee);
    if (row->memory != 0) {
        push(b, 0);
        push(b, row->memory - 1);
        put(b, OP_MSTORE8);
    }
    if (row->returned != 0) make_return_data(b, row->returned);
    return data_at;
}

/* ---- programs -------------------------------------------------------------------------------------------------- */

/* Counts down, below the items, and goes back to `loop`. */
static void put_loop_end(struct builder *b, uint32_t loop)
{
    if (b->items != 0) put(b, OP_SWAP1 + b->items - 1);
    push(b, 1);
    put(b, OP_SWAP1);
    put(b, OP_SUB);
    if (b->items != 0) put(b, OP_SWAP1 + b->items - 1);
    dup(b, b->items);
    push_sized(b, loop, 3);
    put(b, OP_JUMPI);
    put(b, OP_STOP);
}

/* Returns what a precompile gave, what was left on the stack, or the start of memory. */
static void put_check_end(struct builder *b)
{
    enum { MEMORY_SHOWN = 96 };
    if (b->row->precompile != 0) {
        put_text(b, "RETURNDATASIZE 0 0 RETURNDATACOPY RETURNDATASIZE 0 RETURN");
        return;
    }
    uint32_t shown = b->results;
    bool top = b->row->unit != NULL || is_deep(b->row) || (b->row->flags & ROW_CHAIN) != 0;
    if (shown == 0 && top && b->items != 0) shown = 1;
    for (uint32_t i = 0; i < shown; i++) {
        push(b, UINT64_C(32) * i);
        put(b, OP_MSTORE);
    }
    push(b, shown == 0 ? MEMORY_SHOWN : UINT64_C(32) * shown);
    push(b, 0);
    put(b, OP_RETURN);
}

void opcode_program(struct buffer *out, const struct opcode_row *row, enum program_kind kind, struct program_size size)
{
    struct builder b;
    read_row(&b, row);
    b.out = out;
    b.start = out->size;
    size_t data_at = set_up(&b);
    for (int i = 0; i < 2 && is_deep(row); i++) push_random(&b, 32, false); /* some reach below the counter */
    push(&b, size.loops);
    push_items(&b);
    uint32_t loop = here(&b);
    put(&b, OP_JUMPDEST);
    uint32_t units = kind == PROGRAM_CHECK ? b.variants : size.units;
    for (uint32_t i = 0; i < units; i++) put_unit(&b, i % b.variants, kind);
    if (kind == PROGRAM_CHECK)
        put_check_end(&b);
    else
        put_loop_end(&b, loop);
    if (data_at != 0) {
        uint32_t data = here(&b);
        put_data(&b);
        patch(&b, data_at + 4, data);
        patch(&b, data_at, here(&b) - data);
    }
    while (here(&b) < row->padded) put(&b, (unsigned)(random_next(&b.random) & 0xff));
}
