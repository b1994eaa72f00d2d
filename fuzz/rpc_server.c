/* Requests of JSON-RPC: whatever comes, the answer is JSON, or nothing. The chain lives as long as the process, so requests
 * meet what earlier ones left. */
#include <yyjson.h>

#include "fuzz.h"
#include "rpc_server/rpc_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct rpc *rpc;
    if (rpc == NULL) {
        static const struct node_options options = {
            .genesis = "dev", .chain_id = 31337, .accounts = 3, .ether = 100, .time = 1, .threads = 1};
        struct node *node;
        struct error e;
        FUZZ_CHECK(node_new(&node, &options, &e) == STATUS_OK);
        node->gas_limit = 100000;
        rpc = rpc_new(node);
    }
    struct buffer answer = {0};
    rpc_answer(rpc, (struct bytes){data, size}, &answer);
    yyjson_doc *document = yyjson_read((const char *)answer.data, answer.size, 0);
    FUZZ_CHECK(answer.size == 0 || document != NULL);
    yyjson_doc_free(document);
    buffer_free(&answer);
    return 0;
}
