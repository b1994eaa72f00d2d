/* Reading and writing RLP: what was written is read again; what is not canonical is refused by name. */
#include "rlp/rlp.h"

#include "harness.h"

static enum status check_hex(const char *hex)
{
    uint8_t bytes[128];
    size_t digits = strlen(hex);
    CHECK(digits / 2 <= sizeof bytes && hex_decode(bytes, hex, digits));
    return rlp_check((struct bytes){bytes, digits / 2});
}

TEST(rlp_takes_only_the_shortest_form)
{
    CHECK_STATUS(check_hex("00"), STATUS_OK);
    CHECK_STATUS(check_hex("80"), STATUS_OK);
    CHECK_STATUS(check_hex("c0"), STATUS_OK);
    CHECK_STATUS(check_hex("c3c0c180"), STATUS_OK);
    CHECK_STATUS(check_hex("8100"), RLP_NOT_CANONICAL); /* a byte below 0x80 is itself */
    CHECK_STATUS(check_hex("817f"), RLP_NOT_CANONICAL);
    CHECK_STATUS(check_hex("8180"), STATUS_OK);
    CHECK_STATUS(check_hex("b800"), RLP_NOT_CANONICAL);     /* long form of a short string */
    CHECK_STATUS(check_hex("b90001ff"), RLP_NOT_CANONICAL); /* length with a leading zero */
    CHECK_STATUS(check_hex("f800"), RLP_NOT_CANONICAL);
    CHECK_STATUS(check_hex(""), RLP_TRUNCATED);
    CHECK_STATUS(check_hex("8261"), RLP_TRUNCATED);
    CHECK_STATUS(check_hex("c2c1"), RLP_TRUNCATED);
    CHECK_STATUS(check_hex("bfffffffffffffffff"), RLP_TRUNCATED);
    CHECK_STATUS(check_hex("c100c0"), RLP_TRAILING);
}

TEST(rlp_numbers_have_no_leading_zero_and_fit)
{
    static const struct {
        const char *hex;
        enum status expected;
        uint64_t value;
    } cases[] = {{"80", STATUS_OK, 0},
                 {"01", STATUS_OK, 1},
                 {"8180", STATUS_OK, 128},
                 {"88ffffffffffffffff", STATUS_OK, UINT64_MAX},
                 {"00", RLP_LEADING_ZERO, 0},
                 {"820001", RLP_LEADING_ZERO, 0},
                 {"89010000000000000000", RLP_NUMBER_TOO_BIG, 0},
                 {"c0", RLP_IS_LIST, 0}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t bytes[16];
        size_t size = strlen(cases[i].hex) / 2;
        CHECK(hex_decode(bytes, cases[i].hex, 2 * size));
        struct rlp in = rlp_of((struct bytes){bytes, size});
        uint64_t value = 77;
        CHECK_STATUS(rlp_read_u64(&in, &value), cases[i].expected);
        CHECK_EQ_U64(value, cases[i].expected == STATUS_OK ? cases[i].value : 77);
        CHECK((in.at == in.end) == (cases[i].expected == STATUS_OK)); /* what was refused is not passed over */
    }
}

/* A random tree of items, written, and read again along the same random numbers. */
static void write_random(struct rlp_writer *w, uint64_t *random, unsigned depth)
{
    uint64_t choice = random_next(random);
    if (depth < 6 && choice % 3 == 0) {
        size_t mark = rlp_mark(w);
        uint64_t inner = choice;
        for (uint64_t i = choice / 3 % 9; i > 0; i--) write_random(w, &inner, depth + 1);
        rlp_put_list(w, mark);
        return;
    }
    uint8_t bytes[300];
    size_t size = choice / 3 % (choice % 2 == 0 ? 300 : 3);
    memset(bytes, (int)(choice >> 32 & 0xff), sizeof bytes);
    rlp_put_bytes(w, bytes, size);
}

/* Counts the bytes of all strings, through the reading functions. */
static size_t read_all(struct rlp in)
{
    size_t sum = 0;
    while (!rlp_at_end(&in)) {
        if (rlp_next_is_list(&in)) {
            struct rlp list;
            CHECK_STATUS(rlp_enter(&in, &list), STATUS_OK);
            sum += read_all(list);
        } else {
            struct bytes text;
            CHECK_STATUS(rlp_read_bytes(&in, &text), STATUS_OK);
            sum += 1 + text.size;
        }
    }
    return sum;
}

TEST(rlp_reads_what_it_wrote_and_nothing_shorter)
{
    struct rlp_writer w = {0};
    for (unsigned round = 0; round < 300; round++) {
        uint64_t random = harness_random();
        rlp_rewind(&w, 0);
        write_random(&w, &random, 0);
        struct bytes written = rlp_written(&w);
        CHECK_STATUS(rlp_check(written), STATUS_OK);
        CHECK(read_all(rlp_of(written)) > 0 || written.size == 1 || written.data[0] >= 0xc0);
        for (unsigned i = 0; i < 20; i++) {
            struct bytes shorter = {written.data, harness_random_below(written.size)};
            CHECK(rlp_check(shorter) != STATUS_OK);
        }
    }
    rlp_writer_free(&w);
}

TEST(rlp_survives_any_bytes)
{
    uint8_t bytes[80];
    for (unsigned round = 0; round < 20000; round++) {
        size_t size = harness_random_below(sizeof bytes);
        for (size_t i = 0; i < size; i++)
            bytes[i] = (uint8_t)(harness_random_below(3) == 0 ? 0xc0 + harness_random_below(64) : harness_random());
        struct bytes any = {bytes, size};
        if (rlp_check(any) == STATUS_OK) (void)read_all(rlp_of(any)); /* all of it can be read */
    }
}

TEST(rlp_refuses_bottomless_nesting)
{
    static uint8_t deep[3 * RLP_DEPTH_MAX];
    struct rlp_writer w = {0};
    for (unsigned i = 0; i < RLP_DEPTH_MAX + 1; i++) rlp_put_list(&w, 0);
    CHECK_STATUS(rlp_check(rlp_written(&w)), RLP_TOO_DEEP);
    rlp_writer_free(&w);
    memset(deep, 0xc1, sizeof deep);
    CHECK(rlp_check((struct bytes){deep, sizeof deep}) != STATUS_OK);
}
