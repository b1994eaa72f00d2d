/* The table of instructions is complete, and its programs are what they should be. */
#include "cli/bench/bench_opcodes.h"

#include "harness.h"

TEST(bench_opcodes_has_every_instruction_and_precompile)
{
    uint32_t count;
    const struct opcode_row *rows = opcode_rows(&count);
    for (unsigned op = 0; op < 256; op++) {
        if (opcode_infos[op].name == NULL) continue;
        bool found = false;
        for (uint32_t i = 0; i < count; i++) found = found || strcmp(rows[i].name, opcode_infos[op].name) == 0;
        if (!found) FAIL("no row for %s", opcode_infos[op].name);
    }
    for (unsigned id = 1; id <= PRECOMPILE_P256VERIFY; id++) {
        if (id > PRECOMPILE_BLS_MAP_FP2_TO_G2 && id != PRECOMPILE_P256VERIFY) continue;
        bool found = false;
        for (uint32_t i = 0; i < count; i++) found = found || rows[i].precompile == id;
        if (!found) FAIL("no row for the precompile at %u", id);
    }
}

TEST(bench_opcodes_programs_of_an_addition)
{
    static const struct opcode_row row = {.name = "ADD", .op = OP_ADD, .operands = "5 7"};
    struct buffer loop = {0}, twin = {0};
    struct program_size size = {4, 2};
    CHECK_EQ_U64(opcode_row_variants(&row), 4);
    opcode_program(&loop, &row, PROGRAM_LOOP, size);
    opcode_program(&twin, &row, PROGRAM_TWIN, size);
    /* Two times, the operands four times over; the deeper one first, out of the variant on top. */
    static const uint8_t begin[] = {OP_PUSH1, 2, OP_PUSH1, 7, OP_PUSH1, 5, OP_PUSH1, 7, OP_PUSH1,   5,
                                    OP_PUSH1, 7, OP_PUSH1, 5, OP_PUSH1, 7, OP_PUSH1, 5, OP_JUMPDEST};
    static const uint8_t unit[] = {OP_DUP1 + 1, OP_DUP1 + 1, OP_ADD, OP_POP};
    CHECK_BYTES(loop.data, begin, sizeof begin);
    CHECK_BYTES(loop.data + sizeof begin, unit, sizeof unit);
    CHECK_EQ_U64(twin.size, loop.size); /* POP POP instead of ADD POP */
    CHECK(twin.data[sizeof begin + 2] == OP_POP && opcode_twin_gas(&row) == 2);
    buffer_free(&loop);
    buffer_free(&twin);
}

TEST(a_spread_is_of_turns_and_in_order)
{
    /* The slowest twin belongs to the slowest loop: by order alone the least would be above the median. */
    double loops[] = {100, 210, 120}, twins[] = {40, 150, 100};
    struct bench_spread s = bench_spread(loops, twins, 3, 10);
    CHECK(s.least == 2 && s.median == 6 && s.most == 6 && s.unit == 10);
    double random_loops[32], random_twins[32];
    for (int i = 0; i < 32; i++) {
        random_loops[i] = (double)(harness_random() % 1000);
        random_twins[i] = (double)(harness_random() % 1000);
    }
    s = bench_spread(random_loops, random_twins, 32, 7);
    CHECK(0 <= s.least && s.least <= s.median && s.median <= s.most);
}
