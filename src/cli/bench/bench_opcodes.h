/* bench --opcodes: what single instructions and precompiled contracts cost.
 *
 *     row ──► program with the instruction, many times over in a loop ──┐
 *         ──► its twin: the same without it ────────────────────────────┴─► the difference: ns and gas of one
 *         ──► program that runs it a few times, and returns what came out ──► the result, of both interpreters
 *
 *     program    set-up │ operands on the stack │ JUMPDEST │ unit ... unit │ count down, JUMPI │ STOP │ data
 *     unit       step │ DUP the operands │ the instruction │ POP its result
 *
 * Operands are copied from below, where they lie since before the loop, so that the translator cannot know them; the
 * copies cost nothing in translated code. Programs need no state and no input: other engines run them as they are. */
#ifndef WEFT_CLI_BENCH_BENCH_OPCODES_H
#define WEFT_CLI_BENCH_BENCH_OPCODES_H

#include "cli/cli.h"

enum opcode_row_flag {
    ROW_CHAIN = 1 << 0,  /* each result is an operand of the next: how long it takes until a result is there */
    ROW_STORES = 1 << 1, /* the running number is stored at the start of memory, so that memory is never the same */
    ROW_GROWS = 1 << 2,  /* memory grows with every unit, which costs more the larger it is */
};

/* One line of the table.
 *
 * operands: words, the top of the stack first:
 *     rN      a random number of N bytes        sN   the negative of one
 *     5       a number on the stack             #5   the same by PUSH, right in front of the instruction
 *     i       a running number, another one each time
 *     self    the program's own address         made   the address of `callee`
 * A row with a `unit` has that instead: words of the assembler, where `next` is the place of the unit's last byte. The
 * operands then are only what lies on the stack.
 *
 * data: words; copied to the start of memory before the loop:
 *     =HEX    these bytes                       uN   N as a number of 32 bytes (decimal)
 *     rN, oN  N random bytes, with the last bit set          zN, jN, fN   N bytes 0x00, 0x5b, 0xff
 *     @NAME   the long inputs of bench_inputs.def */
struct opcode_row {
    const char *name, *shape;
    const char *operands, *data, *unit;
    const char *callee;      /* the code of a contract that is made before the loop, in hex; NULL: none */
    uint32_t returned;       /* bytes of return data that there are */
    uint32_t memory, padded; /* bytes that memory has, and the code, at least */
    uint32_t flags;
    uint8_t op;          /* of the instruction; STATICCALL for a precompile */
    uint16_t precompile; /* its address; 0: none */
};

enum program_kind {
    PROGRAM_LOOP,
    PROGRAM_TWIN,
    PROGRAM_CHECK, /* once through: returns the results */
};

/* How often a program runs its instruction. */
struct program_size {
    uint32_t units, loops; /* units in the loop, a multiple of opcode_row_variants; how often it is run */
};

/* ns of one instruction: the least, the median and the most of all turns; and the least of a whole unit, with what makes
 * its operands and drops its result. */
struct bench_spread {
    double least, median, most, unit;
};
/* What `count` turns tell, each of a loop and of its twin, in which the instruction runs `times` times: a turn's figure is
 * the difference of its two, since what slows one slows the other. Reorders loop_ns. */
struct bench_spread bench_spread(double *loop_ns, const double *twin_ns, uint32_t count, double times);

/* All rows; *count of them, for ever. */
const struct opcode_row *opcode_rows(uint32_t *count);
/* So many units with different operands follow one another. */
uint32_t opcode_row_variants(const struct opcode_row *row);
/* Appends the code of a row's program. */
void opcode_program(struct buffer *out, const struct opcode_row *row, enum program_kind kind, struct program_size size);
/* Gas that a unit of the twin costs more (or less) than a unit of the loop without its instruction. */
int64_t opcode_twin_gas(const struct opcode_row *row);

/* Appends a row's program, long enough for so much gas (at most what one transaction may have). False: the fork does not
 * have the instruction. */
bool opcode_row_loop(struct buffer *out, const struct opcode_row *row, const struct fork *fork, int64_t gas);

enum exit_code bench_opcodes(const struct options *o);

#endif
