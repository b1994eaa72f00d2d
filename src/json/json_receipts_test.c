/* What is said of a block whose receipts are not those that it should have. */
#include "json/json_receipts.h"

#include "harness.h"

#define ADDRESS "0x0a00000000000000000000000000000000000000"
#define TOPIC "0x0b00000000000000000000000000000000000000000000000000000000000000"
#define LOG(address, topic, data) "{\"address\": \"" address "\", \"topics\": [\"" topic "\"], \"data\": \"" data "\"}"
#define PLAIN "{\"cumulativeGasUsed\": \"0x5208\", \"status\": \"0x1\", \"logs\": []}"
#define SECOND(gas, status, logs)                                                                                      \
    "[" PLAIN ", {\"cumulativeGasUsed\": \"" gas "\", \"status\": \"" status "\", \"logs\": [" logs "]}]"
#define GOOD_LOG LOG(ADDRESS, TOPIC, "0x0c")

TEST(receipts_name_the_first_difference)
{
    static const struct {
        const char *receipts, *said;
    } cases[] = {
        {SECOND("0xa411", "0x1", GOOD_LOG), "block 1: gas; r agree with what was computed"},
        {"[" PLAIN "]", "block 1: gas; first difference from r: number of receipts: computed 2, expected 1"},
        {SECOND("0xa410", "0x1", GOOD_LOG), "transaction 1: gas used: computed 21001, expected 21000"},
        {SECOND("0xa411", "0x0", GOOD_LOG), "transaction 1: status: computed 1, expected 0"},
        {SECOND("0xa411", "0x1", ""), "transaction 1: number of logs: computed 1, expected 0"},
        {SECOND("0xa411", "0x1", LOG("0x0d00000000000000000000000000000000000000", TOPIC, "0x0c")),
         "transaction 1: address of log 0: computed " ADDRESS ", expected 0x0d00000000000000000000000000000000000000"},
        {SECOND("0xa411", "0x1", LOG(ADDRESS, ADDRESS "000000000000000000000000", "0x0c")),
         "transaction 1: topic 0 of log 0: computed " TOPIC ", expected " ADDRESS "000000000000000000000000"},
        {SECOND("0xa411", "0x1", LOG(ADDRESS, TOPIC, "0x")),
         "transaction 1: data of log 0: computed 0x0c, expected 0x"},
        {SECOND("0xa411", "0x1", "{}"), "block 1: gas; r: address: expected an address, as 40 hex digits after 0x"},
        {"{}", "block 1: gas; r: receipts: expected an array"},
    };
    const struct fork *fork = &fork_osaka;
    struct block_task task = {.fork = fork, .transaction_count = 2};
    struct hash topic = {{0x0b}};
    struct log log = {.address = {{0x0a}}, .topics = &topic, .topic_count = 1, .data = {(const uint8_t *)"\x0c", 1}};
    struct receipt receipts[] = {{.succeeded = true, .cumulative_gas = 21000},
                                 {.succeeded = true, .cumulative_gas = 42001, .logs = &log, .log_count = 1}};
    struct block_result result = {.task = &task, .receipts = receipts};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct error e;
        struct json_reader f = {.file = "r", .error = &e};
        buffer_append_text(&f.text, cases[i].receipts);
        CHECK_STATUS(json_parse(&f), STATUS_OK);
        error_set(&e, BLOCK_GAS_USED, "block 1: gas");
        receipts_explain(&f, "r", &result, &e);
        CHECK_STATUS(e.status, BLOCK_GAS_USED);
        CHECK(strstr(e.text, cases[i].said) != NULL);
        json_close(&f);
    }
}
