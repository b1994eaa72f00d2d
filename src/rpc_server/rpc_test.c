/* Requests without HTTP: the envelope, arguments, and what methods answer. */
#include "rpc_server/rpc_server.h"

#include <stdio.h>

#include "harness.h"

struct fixture {
    struct node *node;
    struct rpc *rpc;
    struct buffer answer;
};

static void begin(struct fixture *f)
{
    struct node_options o = {
        .genesis = "dev", .chain_id = 31337, .accounts = 10, .ether = 10000, .time = 1700000000, .threads = 1};
    struct error e;
    *f = (struct fixture){0};
    CHECK_STATUS(node_new(&f->node, &o, &e), STATUS_OK);
    f->rpc = rpc_new(f->node);
}

static void end(struct fixture *f)
{
    buffer_free(&f->answer);
    rpc_free(f->rpc);
    node_free(f->node);
}

static const char *ask(struct fixture *f, const char *request)
{
    f->answer.size = 0;
    rpc_answer(f->rpc, (struct bytes){(const uint8_t *)request, strlen(request)}, &f->answer);
    *buffer_reserve(&f->answer, 1) = 0;
    return (const char *)f->answer.data;
}

/* The answer to one method, without the envelope's beginning. */
static const char *call(struct fixture *f, const char *method, const char *params)
{
    char request[4096];
    (void)snprintf(request, sizeof request, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}", method,
                   params);
    const char *answer = ask(f, request), *begin = "{\"jsonrpc\":\"2.0\",\"id\":1,";
    CHECK(strncmp(answer, begin, strlen(begin)) == 0);
    return answer + strlen(begin);
}

#define ERROR(code, message) "\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"
#define WHOLE(id, rest) "{\"jsonrpc\":\"2.0\",\"id\":" id "," rest
#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define A1 "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"

TEST(rpc_refuses_what_is_no_request)
{
    static const struct {
        const char *request, *answer;
    } cases[] = {
        {"", WHOLE("null", ERROR("-32700", "parse error"))},
        {"{", WHOLE("null", ERROR("-32700", "parse error"))},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"} x", WHOLE("null", ERROR("-32700", "parse error"))},
        {"\"\xff\"", WHOLE("null", ERROR("-32700", "parse error"))},
        {"7", WHOLE("null", ERROR("-32600", "invalid request"))},
        {"{}", WHOLE("null", ERROR("-32600", "invalid request"))},
        {"[]", WHOLE("null", ERROR("-32600", "empty batch"))},
        {"[1]", "[" WHOLE("null", ERROR("-32600", "invalid request")) "]"},
        {"{\"id\":1,\"method\":\"eth_chainId\"}", WHOLE("1", ERROR("-32600", "invalid request"))},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"eth_chainId\"}",
         WHOLE("null", ERROR("-32600", "invalid request"))},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":7}", WHOLE("\"a\"", ERROR("-32600", "invalid request"))},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_no\\\"thing\"}",
         WHOLE("1", ERROR("-32601", "the method eth_no\\\"thing does not exist/is not available"))},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\",\"params\":{}}",
         WHOLE("1", ERROR("-32602", "non-array args"))},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"eth_chainId\"}", WHOLE("\"x\"", "\"result\":\"0x7a69\"}")},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}", ""},
        {"[{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}]", ""},
        {"[{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"eth_"
         "blockNumber\"}]",
         "[" WHOLE("2", "\"result\":\"0x0\"}") "]"},
    };
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) CHECK_TEXT(ask(&f, cases[i].request), cases[i].answer);
    end(&f);
}

TEST(rpc_bounds_depth_and_batches)
{
    struct fixture f;
    begin(&f);
    char deep[3 * RPC_DEPTH_MAX];
    memset(deep, '[', sizeof deep);
    deep[sizeof deep - 1] = 0;
    CHECK_TEXT(ask(&f, deep), WHOLE("null", ERROR("-32700", "parse error")));
    struct buffer batch = {0};
    buffer_append_text(&batch, "[1");
    for (int i = 0; i < RPC_BATCH_MAX; i++) buffer_append_text(&batch, ",1");
    buffer_append(&batch, "]", 2);
    CHECK_TEXT(ask(&f, (const char *)batch.data), WHOLE("null", ERROR("-32600", "batch too large")));
    buffer_free(&batch);
    end(&f);
}

TEST(rpc_says_what_is_wrong_with_arguments)
{
    static const struct {
        const char *method, *params, *answer;
    } cases[] = {
        {"eth_getBalance", "[]", ERROR("-32602", "missing value for required argument 0")},
        {"eth_getBalance", "[null]", ERROR("-32602", "missing value for required argument 0")},
        {"eth_chainId", "[1]", ERROR("-32602", "too many arguments, want at most 0")},
        {"eth_getBalance", "[7]",
         ERROR("-32602", "invalid argument 0: json: cannot unmarshal non-string into Go value of type common.Address")},
        {"eth_getBalance", "[\"12\"]",
         ERROR("-32602",
               "invalid argument 0: json: cannot unmarshal hex string without 0x prefix into Go value of type "
               "common.Address")},
        {"eth_getBalance", "[\"0x1234\"]",
         ERROR("-32602", "invalid argument 0: hex string has length 4, want 40 for common.Address")},
        {"eth_getBalance", "[\"" A0 "\",\"newest\"]",
         ERROR("-32602", "invalid argument 1: hex string without 0x prefix")},
        {"eth_getBalance", "[\"" A0 "\",\"0x9\"]", ERROR("-32000", "header not found")},
        {"eth_getBlockByNumber", "[\"0x01\",false]",
         ERROR("-32602",
               "invalid argument 0: json: cannot unmarshal hex number with leading zero digits into Go value of "
               "type hexutil.Uint64")},
        {"eth_getBlockByNumber", "[\"0x0\",\"yes\"]",
         ERROR("-32602", "invalid argument 1: json: cannot unmarshal non-boolean into Go value of type bool")},
        {"eth_call", "[{\"data\":\"0x1\"}]",
         ERROR("-32602", "invalid argument 0: json: cannot unmarshal hex string of odd length into Go value of type "
                         "hexutil.Bytes (in data)")},
        {"eth_call", "[{\"value\":\"0x1\",\"from\":\"0x00000000000000000000000000000000000000cc\",\"to\":\"" A0 "\"}]",
         ERROR("-32000", "err: insufficient funds for gas * price + value: address "
                         "0x00000000000000000000000000000000000000cc have 0 want 1 (supplied gas 50000000)")},
        {"eth_sendRawTransaction", "[\"0x00\"]", ERROR("-32000", "transaction type not supported")},
        {"eth_sendTransaction", "[{\"from\":\"0x00000000000000000000000000000000000000cc\",\"to\":\"" A0 "\"}]",
         ERROR("-32000", "unknown account")},
        {"eth_getLogs", "[{\"fromBlock\":\"0x2\",\"toBlock\":\"0x1\"}]", ERROR("-32000", "invalid block range params")},
        {"eth_getFilterChanges", "[\"0x1\"]", ERROR("-32000", "filter not found")},
        {"evm_setNextBlockTimestamp", "[1]",
         ERROR("-32602", "Timestamp error: 1 is lower than or equal to previous block's timestamp")},
    };
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        CHECK_TEXT(call(&f, cases[i].method, cases[i].params), cases[i].answer);
    end(&f);
}

/* What a contract reverts with: data, and the reason in words. */
TEST(rpc_tells_why_a_call_reverted)
{
    static const struct {
        const char *code, *answer;
    } cases[] = {
        {"0x60006000fd", "\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0x\"}}"},
        /* Panic(0x11) */
        {"0x634e487b7160e01b60005260116004526024"
         "6000fd",
         "\"error\":{\"code\":3,\"message\":\"execution reverted: arithmetic underflow or overflow\",\"data\":"
         "\"0x4e487b710000000000000000000000000000000000000000000000000000000000000011\"}}"},
        {"0xfe", ERROR("-32000", "invalid opcode: INVALID")},
        {"0x5b600056", ERROR("-32000", "out of gas")},
    };
    struct fixture f;
    begin(&f);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char params[256];
        (void)snprintf(params, sizeof params, "[{\"data\":\"%s\"}]", cases[i].code);
        CHECK_TEXT(call(&f, "eth_call", params), cases[i].answer);
    }
    end(&f);
}

TEST(rpc_mines_and_goes_back)
{
    struct fixture f;
    begin(&f);
    CHECK_TEXT(call(&f, "eth_estimateGas", "[{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":\"0x1\"}]"),
               "\"result\":\"0x5208\"}");
    CHECK_TEXT(call(&f, "evm_snapshot", "[]"), "\"result\":\"0x1\"}");
    const char *sent = call(&f, "eth_sendTransaction",
                            "[{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":\"0x5\",\"gasPrice\":\"0x3b9aca00\"}]");
    CHECK(strncmp(sent, "\"result\":\"0x", 12) == 0);
    CHECK_TEXT(call(&f, "eth_blockNumber", "[]"), "\"result\":\"0x1\"}");
    CHECK_TEXT(call(&f, "eth_getBalance", "[\"" A1 "\",\"latest\"]"), "\"result\":\"0x21e19e0c9bab2400005\"}");
    CHECK_TEXT(call(&f, "eth_getBalance", "[\"" A1 "\",\"0x0\"]"), "\"result\":\"0x21e19e0c9bab2400000\"}");
    CHECK_TEXT(call(&f, "eth_getTransactionCount", "[\"" A0 "\"]"), "\"result\":\"0x1\"}");
    CHECK_TEXT(call(&f, "evm_revert", "[\"0x1\"]"), "\"result\":true}");
    CHECK_TEXT(call(&f, "eth_blockNumber", "[]"), "\"result\":\"0x0\"}");
    CHECK_TEXT(call(&f, "eth_getBalance", "[\"" A1 "\"]"), "\"result\":\"0x21e19e0c9bab2400000\"}");
    CHECK_TEXT(call(&f, "evm_revert", "[\"0x1\"]"), "\"result\":false}");
    end(&f);
}

/* Every method bears every kind of wrong argument: an error, or a result, never a crash. */
TEST(rpc_methods_bear_any_arguments)
{
    static const char address[] = "\"" A0 "\"", sender[] = "{\"from\":\"" A0 "\"}";
    static const char *const values[] = {"null",
                                         "7",
                                         "-1",
                                         "1.5",
                                         "true",
                                         "\"\"",
                                         "\"0x\"",
                                         "\"0x1\"",
                                         "\"latest\"",
                                         "[]",
                                         "{}",
                                         "[null]",
                                         address,
                                         "{\"a\":1}",
                                         "\"0xzz\"",
                                         "1e300",
                                         "[[]]",
                                         sender,
                                         "\"0x0000000000000000000000000000000000000000000000000000000000000000\""};
    struct fixture f;
    begin(&f);
    struct buffer names = {0};
    rpc_list_methods(&names);
    buffer_append(&names, "", 1);
    uint64_t random = harness_random();
    for (char *line = strtok((char *)names.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        line[strcspn(line, " ")] = 0;
        for (int round = 0; round < 60; round++) {
            struct buffer params = {0};
            uint64_t count = random_next(&random) % 5;
            buffer_append_text(&params, "[");
            for (uint64_t i = 0; i < count; i++)
                buffer_printf(&params, "%s%s", i == 0 ? "" : ",", values[random_next(&random) % COUNT_OF(values)]);
            buffer_append(&params, "]", 2);
            const char *answer = call(&f, line, (const char *)params.data);
            CHECK(strncmp(answer, "\"result\":", 9) == 0 || strncmp(answer, "\"error\":", 8) == 0);
            buffer_free(&params);
        }
    }
    buffer_free(&names);
    end(&f);
}
