/* commands: what there is. */
#include "cli/cli.h"

const struct command commands[] = {
    {"replay", "PATH...", "execute real blocks serially and in parallel, and check them against their headers",
     "PATH is a bundle (a folder with block.json, prestate.json and block_hashes.json) or a folder of bundles.\n"
     "With --rpc URL the operands are blocks (N, N-M, latest): their bundles are fetched from a node with the\n"
     "debug API enabled, and kept in $XDG_CACHE_HOME/weft/bundles (~/.cache).\n\n"
     "Each block is executed on the loaded state, serially and in parallel. Gas used, receipts root (from\n"
     "Byzantium on), logs bloom, transactions root, withdrawals root and block hash are compared with the\n"
     "header, the two executions with each other. Times are medians over --repeat runs and cover the execution\n"
     "of the block: system calls, transactions, rewards; senders are known and nothing is parsed. CPU time is\n"
     "that of all threads.\n\n"
     "With --simulate the scheduler runs on virtual workers, with the times measured here, next to what the\n"
     "dependencies between the transactions allow; see docs/explain.md.\n\n"
     "With --pipeline blocks go from files to checked results, first one by one, then so that reading,\n"
     "decoding and recovering senders of later blocks and receipts, bloom, hashes and checks of earlier ones\n"
     "overlap with execution; --repeat times (3) in turns. Wall and CPU time of both ways are shown; see\n"
     "docs/parallel.md.\n\n"
     "With --perturb each block is executed N times, in every parallel mode, by 1 to 8 workers that are\n"
     "delayed at random places; each run is compared with serial execution.",
     OPTION_JSON | OPTION_THREADS | OPTION_OVERSUBSCRIBE | OPTION_EXECUTOR | OPTION_REPEAT | OPTION_FILTER |
         OPTION_FORK | OPTION_RPC | OPTION_SIMULATE | OPTION_PIPELINE | OPTION_PERTURB | OPTION_SEED | OPTION_WITHOUT,
     1, UINT32_MAX, replay_command},
    {"statetest", "[PATH...]", "run official state tests",
     "PATH is a file or a folder of files in the form of execution-spec-tests. Without any, paths are read from\n"
     "standard input, one a line up to an empty one, and run as they come. Every case runs on every fork\n"
     "that it has a result for; checked are the transaction's encoding and sender, the state root, the logs,\n"
     "and for transactions that must be refused the reason. A malformed case has failed; to find nothing to\n"
     "check is an error.\n\n"
     "Files are spread over --threads; each thread executes with --workers workers.\n\n"
     "With --trace each transaction is traced on stderr (EIP-3155), and {\"stateRoot\": ...} follows\n"
     "each; files go one after the other.",
     OPTION_JSON | OPTION_THREADS | OPTION_OVERSUBSCRIBE | OPTION_EXECUTOR | OPTION_FILTER | OPTION_FORK |
         OPTION_WORKERS | OPTION_TRACE | OPTION_EVM | OPTION_SUITE,
     0, UINT32_MAX, statetest_command},
    {"blocktest", "[PATH...]", "run official blockchain tests",
     "PATH is a file or a folder of files in the form of execution-spec-tests, as blocks or as Engine API\n"
     "payloads (engine, engine_x). Without any, paths are read from standard input, as statetest does. Checked are "
     "genesis, each block's encoding and that it is what the test\n"
     "shows in fields, header, uncles, body, execution and state root, the head and the state at the end;\n"
     "blocks that must be refused are refused for the named reason. Seals are not checked. A malformed case\n"
     "has failed; to find nothing to check is an error.\n\n"
     "With --stateless the witness of each valid block is made from the full state, compared with the test's\n"
     "own where it has one (EIP-8025), and the block is executed from the witness alone.\n\n"
     "Files are spread over --threads; each thread executes with --workers workers.",
     OPTION_JSON | OPTION_THREADS | OPTION_OVERSUBSCRIBE | OPTION_EXECUTOR | OPTION_FILTER | OPTION_FORK |
         OPTION_WORKERS | OPTION_STATELESS | OPTION_STORE | OPTION_EVM | OPTION_SUITE,
     0, UINT32_MAX, blocktest_command},
    {"bench", "[WORKLOAD...]", "execute generated blocks serially and in parallel",
     "Without an operand all workloads run. Blocks are made from --seed and are the same on every machine.\n"
     "Times are medians over --repeat runs and cover the execution of the block over loaded state. `ideal` is\n"
     "the speed-up that the dependencies between the transactions allow with so many threads, with gas as\n"
     "time; `cpu` is the CPU time of parallel over that of serial execution.\n\n"
     "With --simulate the scheduler runs on virtual workers, with the times measured here; see\n"
     "docs/explain.md. With --perturb each block is executed N times by workers that are delayed at random\n"
     "places.\n\n"
     "Workloads: transfers, erc20, uniswap-like, hybrid, gigagas-transfers, gigagas-erc20, gigagas-uniswap,\n"
     "pay-one, nonce-chain, half-chain, chain, late-chain, hot-counter, coinbase-readers, giant,\n"
     "selfdestruct-storm, deploy-then-call; docs/benchmarks.md says what they are.\n\n"
     "With --opcodes single instructions and precompiled contracts are timed instead, all or those named (DIV,\n"
     "sha256), by the rules of Osaka or of --fork: gas, ns (least, median and most of --repeat), Mgas/s, and\n"
     "the same in the plain interpreter, worst last. Every result is compared between the two interpreters.\n"
     "With --json also the programs, in hex digits, for other engines to run.\n\n"
     "With --hostile blocks are timed that are made to be slow, one kind after the other, serially: --size is\n"
     "their gas in millions. Then the slowest operands of every instruction and precompiled contract. Worst last.",
     OPTION_JSON | OPTION_THREAD_LIST | OPTION_OVERSUBSCRIBE | OPTION_REPEAT | OPTION_FORK | OPTION_SIZE | OPTION_SEED |
         OPTION_HOT | OPTION_CONTRACTS | OPTION_SIMULATE | OPTION_PERTURB | OPTION_OPCODES | OPTION_HOSTILE |
         OPTION_WITHOUT,
     0, UINT32_MAX, bench_command},
    {"run", "[CODE]", "execute one contract call",
     "CODE is what runs, in hex digits; --code and --codefile say the same. Without any, the code that the\n"
     "prestate has at the receiver runs. No transaction stands around the call: no intrinsic gas, no fees, no\n"
     "nonce of the sender (but for --create), no limit on gas.\n\n"
     "Shown are how the call ended, the gas it used, its output and logs, and what it changed in the state.\n"
     "That the code reverts or runs out of gas is a result, not an error.\n\n"
     "--prestate takes a genesis file of geth: alloc, config (which says the fork at that block; --fork goes\n"
     "first), number, timestamp, gasLimit, coinbase, difficulty, baseFeePerGas, mixHash, excessBlobGas.\n"
     "Without it, the state is empty and the rules are those of Osaka. BLOCKHASH gives the hash of the number\n"
     "in decimal.\n\n"
     "A trace (EIP-3155) has the fields and words of geth's `evm --trace run`.",
     OPTION_JSON | OPTION_FORK | OPTION_RUN | OPTION_TRACE | OPTION_EVM, 0, 1, run_command},
    {"witness", "PATH...", "make the execution witness of blocks",
     "PATH is a file or a folder of blockchain tests, or a bundle as replay takes it. For each valid block one\n"
     "line of JSON comes out: file, case, block, and executionWitness with state (nodes of the tries), codes\n"
     "and headers, in the form and order of EIP-8025's tests. Serial and parallel execution must make the same\n"
     "bytes, and the block must be valid when executed from the witness alone; where a test has its own\n"
     "witness, the two must be equal. With --check only the count is printed.\n\n"
     "A bundle has just the part of the state that its block touches: its witness is one of that part, its\n"
     "root another than the real one, and it has no headers.",
     OPTION_CHECK | OPTION_THREADS | OPTION_OVERSUBSCRIBE | OPTION_EXECUTOR | OPTION_FILTER | OPTION_FORK |
         OPTION_WORKERS,
     1, UINT32_MAX, witness_command},
    {"t8n", "", "state transition tool: takes a state and transactions, gives the state after them",
     "Arguments, files and exit codes are those of geth's `evm t8n`: alloc, env and txs go in; the new alloc,\n"
     "the result (roots, receipts, rejected transactions) and the body come out. A transaction that cannot be\n"
     "in the block is left out and listed as rejected. Exit codes: 2 a block that cannot be finished, 3\n"
     "options or environment do not fit the fork, 4 a block hash is missing, 10 malformed JSON, 11 unreadable\n"
     "file, 12 malformed RLP.\n\n"
     "Every executor gives the same bytes. --executor both or all executes with several, for each of\n"
     "--threads, and exits with 1 where one differs; --perturb N likewise, with workers delayed at random.\n\n"
     "Rules: Frontier, Homestead, EIP150, EIP158, Byzantium, Constantinople, ConstantinopleFix, Istanbul,\n"
     "MuirGlacier, Berlin, London, ArrowGlacier, GrayGlacier, Merge, Paris, Shanghai, Cancun, Prague, Osaka,\n"
     "BPO1, BPO2, BPO3, BPO4, BPO5, Amsterdam; FrontierToHomesteadAt5, ShanghaiToCancunAtTime15k and so on;\n"
     "ArrowGlacierToParisAtDiffC0000; Berlin+3198 adds an EIP of opcodes: 1153, 1344, 1884, 2200, 3198, 3529,\n"
     "3855, 5656, 6780, 7843, 7939, 8024.",
     OPTION_T8N | OPTION_THREAD_LIST | OPTION_EXECUTOR | OPTION_TRACE | OPTION_PERTURB | OPTION_SEED | OPTION_EVM, 0, 0,
     t8n_command},
    {"t9n", "", "look at transactions without any state",
     "Takes a list of transactions in RLP, and prints for each, as JSON, its hash, its sender and its intrinsic\n"
     "gas, or why no block can have it, as geth's `evm t9n`.",
     OPTION_T9N | OPTION_EVM, 0, 0, t9n_command},
    {"b11r", "", "put a block together from its parts",
     "Takes a header, transactions, uncles and withdrawals, and gives the block in RLP, and its hash, as geth's\n"
     "`evm b11r`. Nothing is executed or checked. Without them in the header, the hash of the uncles is made, and the\n"
     "roots are those of no transactions.",
     OPTION_B11R | OPTION_EVM, 0, 0, b11r_command},
    {"explain", "BUNDLE|WORKLOAD...", "say why a block does not run faster",
     "Operands are bundles or folders of bundles, as weft replay takes them, or names of workloads, as weft bench\n"
     "takes them. Each block is executed --repeat times serially and in parallel, and once watched: what truly\n"
     "depends on what, the critical path, what 2 to 64 cores could make of it, which accounts and slots are in the\n"
     "way, what the workers did when. Without -o, --json or --perfetto a summary is printed; docs/explain.md tells\n"
     "what the numbers mean.",
     OPTION_JSON | OPTION_THREADS | OPTION_OVERSUBSCRIBE | OPTION_REPEAT | OPTION_FILTER | OPTION_FORK | OPTION_SIZE |
         OPTION_SEED | OPTION_HOT | OPTION_CONTRACTS | OPTION_OUTPUT | OPTION_PERFETTO | OPTION_LAYOUT |
         OPTION_SIMULATE,
     1, UINT32_MAX, explain_command},
    {"fork", "[NAME]", "show what a fork is",
     "Without NAME all forks are listed. With --diff only what changed against the fork before is shown.\n\n"
     "With --genesis the answer is what a node of that chain gives to eth_config (EIP-7910): the forks that\n"
     "count at --time, next and last, with their numbers of blobs, fork ids, precompiled and system contracts.",
     OPTION_JSON | OPTION_DIFF | OPTION_GENESIS | OPTION_TIME, 0, 1, fork_command},
    {"node", "", "run a development chain that tools talk to over JSON-RPC",
     "With --dev: a chain in memory, with ten accounts of the mnemonic `test test test test test test test test test\n"
     "test test junk`, and a block for each transaction. foundry's, viem's, ethers' and web3.py's programs talk to\n"
     "it; docs/node.md names the methods.\n\n"
     "--genesis takes a genesis file, whose accounts are there beside the funded ones; --fork starts an empty chain "
     "by\n"
     "the rules of that fork (default: Osaka).\n\n"
     "Everybody on this machine can use the accounts, whose keys everybody knows. SIGINT and SIGTERM end it, and the\n"
     "chain is gone.",
     OPTION_NODE | OPTION_GENESIS | OPTION_FORK | OPTION_THREADS, 0, 0, node_command},
    {"import", "FILE...", "import blocks into a store, checked in full",
     "FILE is a stream of blocks in RLP as `geth export` writes it, plain or gzip, or an era1 file. The store\n"
     "is made when it is not there; blocks that are in it already are passed over, so that an import that was\n"
     "stopped, killed or ran out of space goes on where it was when it is started again.\n\n"
     "Headers, bodies, signatures, uncles, gas, receipts, bloom, requests and state root of every block are\n"
     "checked. Many blocks are committed at once (--batch); what is committed survives any crash.\n\n"
     "SIGINT and SIGTERM end it after the current block; what is done is committed, and the exit code is 130.\n"
     "A second signal ends it at once, which costs what has not been committed. Exit code 1: a block is wrong;\n"
     "those before it are kept.\n\n"
     "Blocks that branch off take the old ones' place when their file ends and all of them are right, before the\n"
     "merge only with more total difficulty; until then, and after any failure, the old head stays. A branch may\n"
     "begin --history blocks below the head; the store keeps that number for later imports.\n\n"
     "A block that does not agree with its header is executed once more serially. Where that agrees, the import\n"
     "goes on, says so, and saves the block in --datadir: please report it.",
     OPTION_JSON | OPTION_THREADS | OPTION_EXECUTOR | OPTION_DATADIR | OPTION_GENESIS | OPTION_CACHE | OPTION_IMPORT |
         OPTION_HISTORY,
     1, UINT32_MAX, import_command},
    {"db", "stat|check|prune|tx HASH|block N", "look after a store, and into it",
     "stat     what is in it: head, state root, entries and bytes of each table\n"
     "check    build the state tries anew from accounts and slots, and compare every node, code, header and\n"
     "         body with its hash; exit code 1 when something is wrong\n"
     "prune    give up undo records of all but the last --history blocks (default: as many as the store keeps);\n"
     "         with --receipts also receipts and look-ups\n"
     "tx       what is known of the transaction with that hash: block and index, its fields, gas used, status,\n"
     "         logs\n"
     "block    what is known of a block, by its number or hash: header, numbers of transactions and uncles,\n"
     "         sizes\n\n"
     "All but prune work during an import, and show what it has committed last. Amounts are in wei, in decimal;\n"
     "with --json in quotes. What is not in the chain: exit code 2.",
     OPTION_JSON | OPTION_DATADIR | OPTION_HISTORY | OPTION_RECEIPTS, 1, 2, db_command},
    {"make-chain", "FILE", "make a chain to import, here or with geth",
     "Writes signed blocks to FILE as `geth export` does, and to --genesis the genesis file that they stand\n"
     "on, which `geth init` and `weft import` read. Same arguments, same bytes. Prints head and state root as\n"
     "one JSON object.\n\n"
     "Blocks have ether and token transfers, swaps, creations, contracts that destroy themselves, and\n"
     "delegations (EIP-7702), from 1,000 accounts; --fill and --touch make the state grow and change. --fork\n"
     "is Prague or Osaka.",
     OPTION_GENESIS | OPTION_MAKE | OPTION_SEED | OPTION_THREADS | OPTION_OVERSUBSCRIBE | OPTION_FORK | OPTION_CACHE, 1,
     1, make_chain_command},
    {NULL, NULL, NULL, NULL, 0, 0, 0, NULL},
};
