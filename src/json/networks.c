#include "json/networks.h"

#define ZLIB_CONST 1
#include <strings.h>
#include <zlib.h>

/* Bytes of a file, in the program. CMakeLists.txt says where the files are, and that this one depends on them. */
#define PACKED(network)                                                                                                \
    __asm__(".pushsection .rodata\nnetwork_" #network ":\n.incbin \"" WEFT_NETWORKS "/" #network                       \
            ".json.gz\"\nnetwork_" #network "_end:\n.popsection");                                                     \
    extern const uint8_t network_##network[] __attribute__((visibility("hidden"))),                                    \
        network_##network##_end[] __attribute__((visibility("hidden")))
PACKED(mainnet);
PACKED(sepolia);
PACKED(holesky);
PACKED(hoodi);

#define NETWORK(network, hash) {#network, hash, network_##network, network_##network##_end}
const struct network networks[] = {
    NETWORK(mainnet, "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3"),
    NETWORK(sepolia, "25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9"),
    NETWORK(holesky, "b5f7f912443c940f21fd611f12828d75b534364ed9e95ca4e307729a4661bde4"),
    NETWORK(hoodi, "bbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b"),
};
const size_t network_count = COUNT_OF(networks);

const struct network *network_find(const char *name)
{
    for (size_t i = 0; i < network_count; i++)
        if (strcasecmp(networks[i].name, name) == 0) return &networks[i];
    return NULL;
}

void network_unpack(const struct network *n, struct buffer *out)
{
    enum { STEP = 1 << 16, GZIP = 16 };
    z_stream z = {.next_in = n->packed, .avail_in = (uInt)(n->packed_end - n->packed)};
    ASSERT(inflateInit2(&z, MAX_WBITS + GZIP) == Z_OK);
    for (int state = Z_OK; state != Z_STREAM_END;) {
        z.next_out = buffer_reserve(out, STEP);
        z.avail_out = STEP;
        state = inflate(&z, Z_NO_FLUSH);
        ASSERT(state == Z_OK || state == Z_STREAM_END);
        out->size += STEP - z.avail_out;
    }
    ASSERT(inflateEnd(&z) == Z_OK);
}
