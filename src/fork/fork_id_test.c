/* Fork ids of the public networks, as their nodes give them (go-ethereum, core/forkid/forkid_test.go). */
#include "fork/fork.h"
#include "harness.h"

TEST(fork_ids_of_public_networks)
{
    static const struct {
        const char *chain, *genesis;
        uint64_t start, number, time;
        uint32_t id;
    } cases[] = {
#define MAINNET "mainnet", "d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3", 0
        {MAINNET, 0, 0, 0xfc64ec04},
        {MAINNET, 1149999, 0, 0xfc64ec04},
        {MAINNET, 1150000, 0, 0x97c2c34c},
        {MAINNET, 1920000, 0, 0x91d1f948},
        {MAINNET, 2463000, 0, 0x7a64da13},
        {MAINNET, 2675000, 0, 0x3edd5b10},
        {MAINNET, 4370000, 0, 0xa00bc324},
        {MAINNET, 7280000, 0, 0x668db0af},
        {MAINNET, 9069000, 0, 0x879d6e30},
        {MAINNET, 9200000, 0, 0xe029e991},
        {MAINNET, 12244000, 0, 0x0eb440f6},
        {MAINNET, 12965000, 0, 0xb715077d},
        {MAINNET, 13773000, 0, 0x20c327fc},
        {MAINNET, 15050000, 0, 0xf0afd0e3},
        {MAINNET, 20000000, 1681338454, 0xf0afd0e3},
        {MAINNET, 20000000, 1681338455, 0xdce96c2d},
        {MAINNET, 30000000, 1710338135, 0x9f3d2254},
        {MAINNET, 30000000, 1746612311, 0xc376cf8b},
        {MAINNET, 30000000, 1764798551, 0x5167e2a6},
        {MAINNET, 30000000, 1765290071, 0xcba2a1c0},
        {MAINNET, 30000000, 1767747671, 0x07c9462e},
#define SEPOLIA "sepolia", "25a5cc106eea7138acab33231d7160d69cb777ee0c2c553fcddf5138993e6dd9", 1633267481
        {SEPOLIA, 1735370, 0, 0xfe3366e7},
        {SEPOLIA, 1735371, 0, 0xb96cbd13},
        {SEPOLIA, 1735372, 1677557088, 0xf7f9bc08},
        {SEPOLIA, 1735372, 1706655072, 0x88cf81d9},
        {SEPOLIA, 1735372, 1741159776, 0xed88b5fd},
        {SEPOLIA, 1735372, 1760427360, 0xe2ae4999},
        {SEPOLIA, 1735372, 1761017184, 0x56078a1e},
        {SEPOLIA, 1735372, 1761607008, 0x268956b6},
#define HOLESKY "holesky", "b5f7f912443c940f21fd611f12828d75b534364ed9e95ca4e307729a4661bde4", 1695902100
        {HOLESKY, 123, 0, 0xc61a6098},
        {HOLESKY, 123, 1696000704, 0xfd4f016b},
        {HOLESKY, 123, 1707305664, 0x9b192ad0},
        {HOLESKY, 123, 1740434112, 0xdfbd9bed},
        {HOLESKY, 123, 1759308480, 0x783def52},
        {HOLESKY, 123, 1759800000, 0xa280a45c},
        {HOLESKY, 123, 1760389824, 0x9bc6cb31},
#define HOODI "hoodi", "bbe312868b376a3001692a646dd2d7d1e4406380dfd86b98aa8a34d1557c971b", 1742212800
        {HOODI, 123, 0, 0xbef71d30},
        {HOODI, 123, 1742999832, 0x0929e24e},
        {HOODI, 123, 1761677592, 0xe7e0e7ff},
        {HOODI, 123, 1762365720, 0x3893353e},
        {HOODI, 123, 1762955544, 0x23aa1351},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct hash genesis;
        CHECK(hex_decode(genesis.b, cases[i].genesis, 64));
        uint32_t id = chain_fork_id(chain_find(cases[i].chain), &genesis, cases[i].start, cases[i].number,
                                    cases[i].time);
        if (id != cases[i].id) FAIL("%s, case %zu: found %08x, expected %08x", cases[i].chain, i, id, cases[i].id);
    }
}
