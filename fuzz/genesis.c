/* geth's genesis files: whatever the document, a complaint or a chain whose rules can be asked for and whose first block
 * has its state's root. */
#define _GNU_SOURCE 1
#include "json/genesis.h"
#include "file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct chain_genesis g = {0};
    struct error e = {STATUS_OK, ""};
    enum status s = genesis_load(&g, fuzz_file(&file, (struct bytes){data, size}), &e);
    if (s == STATUS_OK) {
        static const uint64_t moments[] = {0, 1, 1000, 15537394, 1681338455, UINT64_MAX};
        for (size_t i = 0; i < COUNT_OF(moments); i++)
            FUZZ_CHECK(chain_fork_at(&g.spec, moments[i], moments[i]) != NULL);
        struct hash root, first;
        state_memory_root(g.state, NULL, &root);
        FUZZ_CHECK(hash_equal(&root, &g.header.state_root));
        header_hash(&first, &g.header);
    } else {
        FUZZ_CHECK(e.text[0] != 0);
    }
    chain_genesis_free(&g);
    return 0;
}
