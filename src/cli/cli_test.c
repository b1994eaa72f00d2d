/* Options, readers of forms, expected exceptions. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/suite/suite.h"
#include "harness.h"
#include "json/json.h"

static enum exit_code do_nothing(const struct options *o)
{
    (void)o;
    return EXIT_GOOD;
}

static const struct command everything = {"all", "PATH...", "",        "", UINT32_MAX & ~(uint32_t)OPTION_THREAD_LIST,
                                          0,     3,         do_nothing};
static const struct command with_list = {"list", "PATH...", "", "", OPTION_THREAD_LIST, 1, 1, do_nothing};

/* Parses words between blanks. */
static enum status parse(struct options *o, const struct command *c, const char *line, bool *help)
{
    static char text[512];
    char *words[16];
    int count = 0;
    (void)snprintf(text, sizeof text, "%s", line);
    char *rest = text;
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL && count < 16;) words[count++] = word;
    static char *kept[16];
    memcpy(kept, words, sizeof kept);
    struct error e;
    return options_parse(o, c, kept, count, help, &e);
}

TEST(options_are_read_wherever_they_stand)
{
    struct options o;
    bool help;
    CHECK_STATUS(parse(&o, &everything, "a --threads 3 b --json --executor=parallel --repeat 7 -- --x", &help),
                 STATUS_OK);
    CHECK(!help && o.json && o.executors == RUN_PARALLEL);
    CHECK_EQ_U64(o.threads[0], 3);
    CHECK_EQ_U64(o.repeat, 7);
    CHECK_EQ_U64(o.operand_count, 3);
    CHECK_TEXT(o.operands[2], "--x");
    CHECK_STATUS(parse(&o, &everything, "--fork osaka --filter abc --seed 0x10 --size 5 --rpc http://x --diff", &help),
                 STATUS_OK);
    CHECK(o.fork == &fork_osaka && o.diff);
    CHECK_TEXT(o.filter, "abc");
    CHECK_EQ_U64(o.seed, 16);
    CHECK_EQ_U64(o.size, 5);
    CHECK_STATUS(parse(&o, &everything, "--seed 010", &help), STATUS_OK);
    CHECK_EQ_U64(o.seed, 10); /* no octal digits */
    CHECK_STATUS(parse(&o, &with_list, "--threads 1,2,16 x", &help), STATUS_OK);
    CHECK_EQ_U64(o.thread_count, 3);
    CHECK_EQ_U64(o.threads[2], 16);
    CHECK_STATUS(parse(&o, &with_list, "--threads nonsense --help", &help), STATUS_OK);
    CHECK(help);
}

TEST(bad_usage_is_refused)
{
    static const char *const lines[] = {
        "--threads",     "--threads 0", "--threads 1,2", "--threads -1", "--threads 99999",
        "--executor no", "--repeat 0",  "--json=yes",    "--unknown",    "--fork nofork",
        "--size 0",      "--seed x",    "a b c d",       "--workers 1x", "--threads 99999999999999999999"};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct options o;
        bool help;
        if (parse(&o, &everything, lines[i], &help) != BAD_USAGE) FAIL("'%s' was accepted", lines[i]);
    }
    struct options o;
    bool help;
    CHECK_STATUS(parse(&o, &with_list, "", &help), BAD_USAGE);
    CHECK_STATUS(parse(&o, &with_list, "--json x", &help), BAD_USAGE);
}

TEST(exceptions_are_matched_by_any_of_their_names)
{
    CHECK(exception_matches("TransactionException.NONCE_IS_MAX", TX_NONCE_MAX));
    CHECK(!exception_matches("TransactionException.NONCE_IS_MAX", TX_NONCE_TOO_LOW));
    CHECK(exception_matches("TransactionException.INITCODE_SIZE_EXCEEDED|BlockException.INVALID_GASLIMIT",
                            BLOCK_GAS_LIMIT));
    CHECK(exception_matches("TransactionException.NONCE_IS_MAX", BLOCK_TRANSACTIONS_ROOT));
    CHECK(!exception_matches("BlockException.INVALID_STATE_ROOT", BLOCK_TRANSACTIONS_ROOT));
    CHECK(!exception_matches("TransactionException.NO_SUCH_NAME", TX_NONCE_MAX));
    CHECK(exception_matches("TR_NoFunds", TX_INSUFFICIENT_FUNDS));
    CHECK(!exception_matches("TR_NoFunds", TX_NONCE_MAX));
    CHECK(exception_matches("RLP_InputString_TooLong_HASH_DECODEINTO_BLOCK_EXTBLOCK_HEADER_ROOT", RLP_WRONG_SIZE));
    CHECK(!exception_matches("RLP_InputString_TooLong_HASH_DECODEINTO_BLOCK_EXTBLOCK_HEADER_ROOT", RLP_LEADING_ZERO));
    CHECK(exception_matches("-32602", PAYLOAD_REQUESTS));
    CHECK(!exception_matches("TR_NoFunds", STATUS_OK));
    CHECK(!exception_matches("", TX_NONCE_MAX));
    CHECK(!exception_matches("TransactionException.NONCE_IS_MAX", STATUS_OK));
}

TEST(names_of_exceptions_that_nobody_knows_are_found)
{
    static const char *const known[] = {
        "TransactionException.TYPE_3_TX_BLOB_COUNT_EXCEEDED|BlockException.BLOB_GAS_USED_ABOVE_LIMIT",
        "BlockException.RLP_STRUCTURES_ENCODING|BlockException.RLP_WITHDRAWALS_NOT_READ",
        "BlockException.IMPORT_IMPOSSIBLE_LEGACY_WRONG_PARENT",
        "3675PreParis1559BlockRejected",
        "1559BlockImportImpossible_TargetGasHigh",
        "TR_FeeCapLessThanBlocksORNoFunds",
        "insufficient max fee per gas",
        "-38005",
        "",
    };
    char name[EXCEPTION_NAME_SIZE];
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (exception_unknown(known[i], name)) FAIL("%s is unknown", name);
    CHECK(exception_unknown("TransactionException.NONCE_IS_MAX|TransactionException.NO_SUCH_NAME", name));
    CHECK_TEXT(name, "TransactionException.NO_SUCH_NAME");
    CHECK(exception_unknown("TR_", name));
}

TEST(a_blob_too_many_has_either_name)
{
    static const enum status found[] = {TX_TOO_MANY_BLOBS, TX_BLOBS_OVER_BLOCK, BLOCK_BLOB_GAS_OVER_MAX};
    for (size_t i = 0; i < COUNT_OF(found); i++) {
        CHECK(exception_matches("TransactionException.TYPE_3_TX_BLOB_COUNT_EXCEEDED", found[i]));
        CHECK(exception_matches("TransactionException.TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED", found[i]));
    }
    CHECK(!exception_matches("TransactionException.TYPE_3_TX_BLOB_COUNT_EXCEEDED", TX_NO_BLOBS));
}

/* ---- forms ------------------------------------------------------------------------------------------------------- */

/* Opens `text` as a file would be. */
static enum status open_text(struct json_reader *f, const char *text, struct error *e)
{
    char path[] = "/tmp/weft-form-XXXXXX";
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    (void)close(fd);
    enum status s = json_open(f, path, e);
    f->file = "text";
    (void)unlink(path);
    return s;
}

TEST(forms_read_numbers_bytes_and_hashes)
{
    struct error e;
    struct json_reader f;
    CHECK_STATUS(open_text(&f, "{\"a\":\"0x000102\",\"n\":7,\"b\":\"0x00ff\",\"e\":\"0x\",\"z\":null}", &e), STATUS_OK);
    CHECK_EQ_U64(json_u64(&f, f.root, "a"), 0x102);
    CHECK_EQ_U64(json_u64(&f, f.root, "n"), 7);
    CHECK_EQ_U64(json_u64(&f, f.root, "e"), 0);
    CHECK_EQ_U64(json_optional_u64(&f, f.root, "z"), 0);
    struct bytes b = json_bytes(&f, f.root, "b");
    CHECK_HEX(b.data, b.size, "00ff");
    CHECK_EQ_U64(json_bytes(&f, f.root, "e").size, 0);
    CHECK_STATUS(f.status, STATUS_OK);
    json_close(&f);
}

TEST(forms_say_what_is_wrong_and_where)
{
    struct error e;
    struct json_reader f;
    CHECK_STATUS(open_text(&f, "{\"a\": 1,\n\"b\" }", &e), BAD_JSON);
    CHECK(strstr(e.text, "line 2") != NULL);

    CHECK_STATUS(open_text(&f, "{\"a\":\"0x10000000000000000\",\"b\":\"0x123\",\"c\":[]}", &e), STATUS_OK);
    f.place = "case";
    (void)json_u64(&f, f.root, "a");
    CHECK_STATUS(f.status, BAD_FIELD);
    CHECK_TEXT(e.text, "text: case: a: expected a number of at most 8 bytes, as hex digits after 0x");
    (void)json_bytes(&f, f.root, "b"); /* the first complaint stays */
    CHECK(strstr(e.text, "case: a:") != NULL);
    f.status = STATUS_OK;
    (void)json_bytes(&f, f.root, "b");
    CHECK_STATUS(f.status, BAD_FIELD);
    f.status = STATUS_OK;
    (void)json_address(&f, f.root, "missing");
    CHECK_STATUS(f.status, BAD_FIELD);
    f.status = STATUS_OK;
    (void)json_object(&f, f.root, "c");
    CHECK_STATUS(f.status, BAD_FIELD);
    json_close(&f);
}

TEST(a_state_is_compared_whole)
{
    static const char text[] =
        "{\"0x0000000000000000000000000000000000000001\":{\"balance\":\"0x05\",\"nonce\":\"0x1\",\"code\":\"0x00\","
        "\"storage\":{\"0x1\":\"0x2\"}},\"0x0000000000000000000000000000000000000002\":{\"balance\":\"0x0\"}}";
    struct address one = {{[19] = 1}}, three = {{[19] = 3}};
    struct u256 key = U256_ONE, other = U256(9);
    for (int change = 0; change < 6; change++) {
        struct error e;
        struct json_reader made, compared;
        CHECK_STATUS(open_text(&made, text, &e), STATUS_OK);
        CHECK_STATUS(open_text(&compared, text, &e), STATUS_OK);
        struct state_memory *state = state_memory_new();
        json_accounts(&made, made.root, state);
        CHECK_STATUS(made.status, STATUS_OK);
        if (change == 1) state_memory_account(state, &one)->nonce++;
        if (change == 2) state_memory_account(state, &one)->balance = U256_ZERO;
        if (change == 3) state_memory_set_slot(state, &one, &key, &other);
        if (change == 4) state_memory_set_slot(state, &one, &other, &other);
        if (change == 5) state_memory_account(state, &three);
        bool equal = json_state_equals(&compared, compared.root, state, &e);
        CHECK(equal == (change == 0));
        state_memory_free(state);
        json_close(&made);
        json_close(&compared);
    }
}

TEST(json_texts_are_escaped_and_utf8)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"a\"b\\c\n", "\"a\\\"b\\\\c\\u000a\""},
        {"h\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80", "\"h\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {"\xff", "\"\\ufffd\""},
        {"\xc3", "\"\\ufffd\""},                                    /* cut off */
        {"\xc0\xaf", "\"\\ufffd\\ufffd\""},                         /* longer than need be */
        {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},              /* a surrogate */
        {"\xf4\x90\x80\x80x", "\"\\ufffd\\ufffd\\ufffd\\ufffdx\""}, /* above the last character */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer out = {0};
        json_put_text(&out, cases[i].text);
        buffer_append(&out, "", 1);
        CHECK_TEXT((const char *)out.data, cases[i].json);
        buffer_free(&out);
    }
}
