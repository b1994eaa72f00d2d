/* options: the one parser of command lines. */
#include "cli/options.h"

#include "node/node.h"
#include "parallel/policies.h"
#include "workload/workload.h"

#include <stdio.h>
#include <stdlib.h>

/* How long a bench lasts, when nothing is said, and at most. */
enum { BENCH_SECONDS = 2, BENCH_SECONDS_MAX = 3600 };

/* Most of what can be asked for: more is a slip of the finger, and would run for years or need more than there is. */
enum {
    CACHE_MB_MAX = 1 << 24,
    LATENCY_US_MAX = 10000000,
    BLOCKS_MAX = 100000000,
    GAS_PER_BLOCK_MIN = 100000, /* the largest transaction of a made chain must fit into twice as much */
    SLOTS_PER_BLOCK_MAX = 10000000,
    PERTURB_MAX = 1000000000,
    RPC_SECONDS_MAX = 86400,
    NODE_PERIOD_MAX = 86400,
};
#define GAS_PER_BLOCK_MAX 1000000000000u
#define NODE_ETHER_MAX 1000000000000u
#define ANY UINT64_MAX

#define FIELD(name) offsetof(struct options, name)
#define FLAG(flag, name, field, help) {flag, name, NULL, help, VALUE_NONE, FIELD(field), 0, 0}
#define NOT(flag, name, field, help) {flag, name, NULL, help, VALUE_NOT, FIELD(field), 0, 0}
#define PATH(flag, name, value, field, help) {flag, name, value, help, VALUE_PATH, FIELD(field), 0, 0}
#define TEXT(flag, name, value, field, help) {flag, name, value, help, VALUE_TEXT, FIELD(field), 0, 0}
#define NUMBER(flag, name, value, field, least, most, help)                                                            \
    {flag, name, value, help, VALUE_NUMBER, FIELD(field), least, most}
#define OTHER(flag, name, value, kind, help) {flag, name, value, help, kind, 0, 0, 0}
#define BOUNDED(flag, name, value, kind, least, most, help) {flag, name, value, help, kind, 0, least, most}

/* clang-format off */
static const struct option table[] = {
    FLAG(OPTION_JSON, "--json", json, "print one JSON object a line"),
    OTHER(OPTION_THREADS, "--threads", "N", VALUE_THREADS, "threads (default: one for each processor)"),
    OTHER(OPTION_THREAD_LIST, "--threads", "N,N,...", VALUE_THREAD_LIST,
        "numbers of threads to try (default: 1, 2, 4, ... to all processors)"),
    OTHER(OPTION_WORKERS, "--workers", "N", VALUE_THREADS,
        "workers of one block (default: 1, or 2 for the parallel executor)"),
    FLAG(OPTION_OVERSUBSCRIBE, "--oversubscribe", oversubscribe,
        "allow more threads than processors: slower, for tests of interleavings"),
    OTHER(OPTION_EXECUTOR, "--executor", "KIND", VALUE_EXECUTOR,
        "serial, parallel, both, bal (along the block access list) or all"),
    BOUNDED(OPTION_REPEAT, "--repeat", "R", VALUE_REPEAT, 1, REPEAT_MAX, "execute R times and take the median"),
    TEXT(OPTION_FILTER, "--filter", "TEXT", filter, "only what has TEXT in its name"),
    OTHER(OPTION_FORK, "--fork", "NAME", VALUE_FORK,
        "execute by the rules of this fork; of tests, only those of this fork"),
    FLAG(OPTION_STATELESS, "--stateless", stateless, "check each valid block from a witness alone, too"),
    FLAG(OPTION_CHECK, "--check", check, "print nothing but what differs from the tests' own witnesses"),
    FLAG(OPTION_DIFF, "--diff", diff, "only what changed against the fork before"),
    NUMBER(OPTION_SIZE, "--size", "N", size, 1, WORKLOAD_SIZE_MAX,
        "transactions in a block (default: what suits the workload)"),
    NUMBER(OPTION_SEED, "--seed", "N", seed, 0, ANY, "seed of the generator (default: 0)"),
    FLAG(OPTION_STORE, "--store", store, "keep the state in a store, in a folder of its own for each case"),
    PATH(OPTION_DATADIR, "--datadir", "FOLDER", datadir, "where chain and state are kept"),
    PATH(OPTION_GENESIS, "--genesis", "FILE", genesis, "a genesis file; or mainnet, sepolia, holesky, hoodi, dev, dev-FORK"),
    NUMBER(OPTION_CACHE, "--cache-mb", "N", cache_mb, 1, CACHE_MB_MAX,
        "bound of what is kept in memory to be faster (default 256)"),
    NUMBER(OPTION_IMPORT, "--batch", "N", batch, 1, BLOCKS_MAX, "commit after so many blocks (default 2048)"),
    NUMBER(OPTION_IMPORT, "--readers", "N", readers, 0, THREADS_MAX,
        "threads that prefetch what blocks name (default 0)"),
    NUMBER(OPTION_IMPORT, "--read-latency-us", "N", latency_us, 0, LATENCY_US_MAX,
        "play a disk that takes so long for each read"),
    NUMBER(OPTION_HISTORY, "--history", "N", history, 1, ANY,
        "blocks that can be undone and looked back to (default: what the store has, 128 in a new one)"),
    FLAG(OPTION_IMPORT, "--no-recheck", no_recheck,
        "a block that is wrong in parallel is not executed once more serially"),
    NUMBER(OPTION_MAKE, "--blocks", "N", blocks, 1, BLOCKS_MAX, "how many (default 100)"),
    NUMBER(OPTION_MAKE, "--gas-per-block", "N", gas, GAS_PER_BLOCK_MIN, GAS_PER_BLOCK_MAX,
        "about so much gas is used in a block (default 15000000)"),
    NUMBER(OPTION_MAKE, "--fill", "N", fill, 0, SLOTS_PER_BLOCK_MAX,
        "slots that each block writes for the first time (22,400 gas each)"),
    NUMBER(OPTION_MAKE, "--fill-blocks", "N", fill_blocks, 0, BLOCKS_MAX,
        "the first N blocks fill; later ones touch, and do nothing else"),
    NUMBER(OPTION_MAKE, "--touch", "N", touch, 0, SLOTS_PER_BLOCK_MAX,
        "slots that each block changes among those (5,500 gas each)"),
    FLAG(OPTION_RECEIPTS, "--receipts", receipts, "give up receipts and look-ups of older blocks, too"),
    TEXT(OPTION_RUN, "--code", "HEX", run.code, "the code that runs; also as the operand"),
    PATH(OPTION_RUN, "--codefile", "FILE", run.code_file, "the same from a file of hex digits, - is standard input"),
    TEXT(OPTION_RUN, "--input", "HEX", run.input, "call data; with --create it follows the code"),
    PATH(OPTION_RUN, "--inputfile", "FILE", run.input_file, "the same from a file of hex digits"),
    FLAG(OPTION_RUN, "--create", run.create, "run the code as initcode of a new contract"),
    TEXT(OPTION_RUN, "--gas", "N", run.gas, "gas of the call (default: the prestate's gas limit, else 10000000000)"),
    TEXT(OPTION_RUN, "--value", "WEI", run.value, "what the call carries (default: 0)"),
    TEXT(OPTION_RUN, "--price", "WEI", run.price, "gas price, which is not charged (default: 0)"),
    TEXT(OPTION_RUN, "--sender", "ADDRESS", run.sender, "who calls (default: the bytes of \"sender\")"),
    TEXT(OPTION_RUN, "--receiver", "ADDRESS", run.receiver, "who is called (default: the bytes of \"receiver\")"),
    PATH(OPTION_RUN, "--prestate", "FILE", run.prestate,
        "the state before, and the block: a genesis file of geth, or an alloc"),
    BOUNDED(OPTION_RUN, "--bench[=SECONDS]", NULL, VALUE_BENCH, 1, BENCH_SECONDS_MAX,
        "run again and again for so long (default: 2) and show times"),
    FLAG(OPTION_TRACE, "--trace", trace,
        "trace every instruction (EIP-3155), on stderr; t8n: into files trace-N-HASH.jsonl"),
    FLAG(OPTION_TRACE, "--trace.memory", tracing.memory, "with memory"),
    FLAG(OPTION_TRACE, "--trace.nostack", tracing.no_stack, "without the stack"),
    FLAG(OPTION_TRACE, "--trace.returndata", tracing.return_data, "with what the last call returned"),
    FLAG(OPTION_TRACE, "--trace.callframes", tracing.call_frames, "with a line before each message"),
    NOT(OPTION_TRACE, "--trace.nomemory", tracing.memory, "=false: as --trace.memory"),
    NOT(OPTION_TRACE, "--trace.noreturndata", tracing.return_data, "=false: as --trace.returndata"),
    FLAG(OPTION_TRACE, "--trace.nostorage", no_storage, "taken, as traces have no storage"),
    TEXT(OPTION_TRACE, "--trace.format", "json", trace_format, "json is the only one"),
    TEXT(OPTION_TRACE, "--trace.tracer", "NAME", tracer, NULL),
    TEXT(OPTION_TRACE, "--trace.jsonconfig", "JSON", tracer_config, NULL),
    NOT(OPTION_TRACE, "--nomemory", tracing.memory, NULL),
    FLAG(OPTION_TRACE, "--nostack", tracing.no_stack, NULL),
    NOT(OPTION_TRACE, "--noreturndata", tracing.return_data, NULL),
    FLAG(OPTION_TRACE, "--nostorage", no_storage, NULL),
    TEXT(OPTION_SUITE, "--run", "REGEX", pattern, "only cases whose name the extended regular expression finds"),
    OTHER(OPTION_SUITE, "--statetest.fork", "NAME", VALUE_FORK, NULL),
    NUMBER(OPTION_SUITE, "--statetest.index", "N", subtest, 0, ANY, "only the result of that number, from 0, of each state test"),
    FLAG(OPTION_SUITE, "--human", human, NULL),
    FLAG(OPTION_STATELESS, "--cross-check", stateless, NULL),
    FLAG(OPTION_STATELESS, "--xc", stateless, NULL),
    PATH(OPTION_T8N, "--state.fork", "NAME", t8n.fork,
        "rules: a fork, FORKToFORKAt..., followed by +EIP (default: GrayGlacier)"),
    TEXT(OPTION_T8N, "--state.chainid", "ID", t8n.chain_id, "chain id (default: 1)"),
    TEXT(OPTION_T8N, "--state.reward", "WEI", t8n.reward, "mining reward, -1 for none (default: 0)"),
    TEXT(OPTION_T8N, "--input.alloc", "FILE", t8n.alloc, "state before the block, or stdin (default: alloc.json)"),
    TEXT(OPTION_T8N, "--input.env", "FILE", t8n.env, "the block's environment, or stdin (default: env.json)"),
    TEXT(OPTION_T8N, "--input.txs", "FILE", t8n.txs,
        "transactions (.rlp: a list in RLP), or stdin (default: txs.json)"),
    TEXT(OPTION_T8N, "--output.basedir", "DIR", t8n.folder, "where output files go; made when missing"),
    TEXT(OPTION_T8N, "--output.alloc", "FILE", t8n.out_alloc,
        "state after the block, or stdout, stderr (default: alloc.json)"),
    TEXT(OPTION_T8N, "--output.result", "FILE", t8n.out_result,
        "roots, receipts, rejected transactions (default: result.json)"),
    TEXT(OPTION_T8N, "--output.body", "FILE", t8n.out_body, "the included transactions in RLP (default: nowhere)"),
    TEXT(OPTION_T8N, "--opcode.count", "FILE", t8n.opcode_count,
        "how often the included transactions ran each instruction (default: nowhere)"),
    PATH(OPTION_T9N, "--state.fork", "NAME", t8n.fork, "rules (default: GrayGlacier)"),
    TEXT(OPTION_T9N, "--state.chainid", "ID", t8n.chain_id, "chain id (default: 1)"),
    TEXT(OPTION_T9N, "--input.txs", "FILE", t8n.txs, "a list of transactions in RLP, as hex digits in a file named *.rlp; or stdin"),
    TEXT(OPTION_B11R, "--input.header", "FILE", t8n.header, "the header, or stdin (default: header.json)"),
    TEXT(OPTION_B11R, "--input.ommers", "FILE", t8n.ommers, "uncles as blocks in RLP, or stdin (default: none)"),
    TEXT(OPTION_B11R, "--input.withdrawals", "FILE", t8n.withdrawals, "withdrawals, or stdin (default: none)"),
    TEXT(OPTION_B11R, "--input.txs", "FILE", t8n.txs, "transactions in RLP, or stdin (default: txs.rlp)"),
    TEXT(OPTION_B11R, "--output.basedir", "DIR", t8n.folder, "where output files go; made when missing"),
    TEXT(OPTION_B11R, "--output.block", "FILE", t8n.out_block, "the block and its hash, or stdout, stderr (default: block.json)"),
    TEXT(OPTION_B11R, "--seal.clique", "FILE", t8n.clique, NULL),
    TEXT(OPTION_EVM, "--verbosity", "N", t8n.verbosity, "taken for geth's callers, and ignored"),
    FLAG(OPTION_NODE, "--dev", node.dev, "a development chain in memory, with funded accounts"),
    FLAG(OPTION_NODE, "--http", node.http, "taken: HTTP is always served"),
    TEXT(OPTION_NODE, "--http.addr", "ADDRESS", node.address, "where to listen (default: 127.0.0.1)"),
    NUMBER(OPTION_NODE, "--http.port", "PORT", node.port, 0, UINT16_MAX, "and the port (default: 8545; 0: one that is free)"),
    TEXT(OPTION_NODE, "--http.corsdomain", "ORIGINS", node.cors_domain,
        "origins, separated by commas, whose pages may call; * for all (default: none)"),
    TEXT(OPTION_NODE, "--http.vhosts", "NAMES", node.hosts,
        "names of this machine that requests may use; * for all (default: localhost)"),
    NUMBER(OPTION_NODE, "--chain-id", "ID", node.chain_id, 1, INT64_MAX, "chain id (default: 31337)"),
    NUMBER(OPTION_NODE, "--dev.period", "SECONDS", node.period, 1, NODE_PERIOD_MAX,
        "make a block so often, instead of one for each transaction"),
    NUMBER(OPTION_NODE, "--block-time", "SECONDS", node.period, 1, NODE_PERIOD_MAX, NULL),
    NUMBER(OPTION_NODE, "--dev.gaslimit", "GAS", node.gas_limit, GAS_LIMIT_MIN, NODE_GAS_LIMIT_MAX,
        "of a block (default: 30000000)"),
    NUMBER(OPTION_NODE, "--gas-limit", "GAS", node.gas_limit, GAS_LIMIT_MIN, NODE_GAS_LIMIT_MAX, NULL),
    FLAG(OPTION_NODE, "--no-mining", node.no_mining, "make blocks on demand only (evm_mine)"),
    NUMBER(OPTION_NODE, "--accounts", "N", node.accounts, 0, NODE_DEV_ACCOUNTS, "funded accounts (default: 10)"),
    NUMBER(OPTION_NODE, "--balance", "ETHER", node.ether, 1, NODE_ETHER_MAX, "that each has (default: 10000)"),
    FLAG(OPTION_NODE, "--quiet", node.quiet, "print the URL alone"),
    NUMBER(OPTION_TIME, "--time", "SECONDS", time, 0, ANY, "with --genesis: as of that time (default: now)"),
    NUMBER(OPTION_HOT, "--hot", "PERCENT", hot, 0, 100, "share of transactions in hot places (hybrid; default: 30)"),
    PATH(OPTION_CONTRACTS, "--contracts", "DIR", contracts,
        "codes that tools/contracts.sh fetched (default: .cache/contracts)"),
    PATH(OPTION_OUTPUT, "--output", "FILE", output, "write the report to FILE, as one HTML page; -o FILE for short"),
    PATH(OPTION_PERFETTO, "--perfetto", "FILE", perfetto, "write what each worker did to FILE, as a Chrome trace"),
    OTHER(OPTION_LAYOUT, "--layout", "ADDR=FILE", VALUE_LAYOUT,
        "Solidity's storageLayout of a contract; may be given several times"),
    OTHER(OPTION_SIMULATE, "--simulate", "N,N,...", VALUE_THREAD_LIST, "run the scheduler on N virtual workers"),
    OTHER(OPTION_WITHOUT, "--without", "POLICY", VALUE_POLICY,
        "leave a policy of the parallel executor out, to see what it is worth; may be given several times"),
    FLAG(OPTION_PIPELINE, "--pipeline", pipeline, "from files to checked results, one by one and pipelined"),
    NUMBER(OPTION_PERTURB, "--perturb", "N", perturb, 1, PERTURB_MAX,
        "run each block N times with workers delayed at random, and compare with serial"),
    FLAG(OPTION_OPCODES, "--opcodes", opcodes,
        "time instructions and precompiled contracts; operands are their names"),
    FLAG(OPTION_HOSTILE, "--hostile", hostile, "time blocks full of the worst input; operands are their kinds"),
    PATH(OPTION_RPC, "--rpc", "URL", rpc, "fetch blocks from the node at URL"),
    NUMBER(OPTION_RPC, "--rpc-timeout", "SECONDS", rpc_seconds, 1, RPC_SECONDS_MAX,
        "how long an answer of the node may take (default 600)"),
    PATH(OPTION_RPC, "--cache", "DIR", cache, "keep fetched blocks in DIR (default: $XDG_CACHE_HOME/weft/bundles)"),
    FLAG(OPTION_RPC, "--no-cache", no_cache, "fetch blocks anew, and keep none"),
};
/* clang-format on */

const struct option *options_table(size_t *count)
{
    *count = COUNT_OF(table);
    return table;
}

static enum status bad(struct error *e, const struct command *c, const struct option *o, const char *expected,
                       const char *found)
{
    return error_set(e, BAD_USAGE, "%s: %s: expected %s, found '%s'", c->name, o->name, expected, found);
}

static enum status read_threads(struct options *o, const struct command *c, const struct option *option,
                                const char *text, struct error *e)
{
    bool list = option->kind == VALUE_THREAD_LIST;
    unsigned *out = option->flag == OPTION_WORKERS ? &o->workers : o->threads;
    if (option->flag == OPTION_SIMULATE) out = o->simulate;
    uint32_t count = 0;
    for (const char *at = text;; at++) {
        uint64_t n;
        if (count == (list ? THREAD_LIST_MAX : 1) || !text_number(at, &at, &n) || n == 0 || n > THREADS_MAX ||
            (*at != 0 && *at != ','))
            return bad(e, c, option, list ? "up to 16 numbers from 1 to 1024" : "a number from 1 to 1024", text);
        out[count++] = (unsigned)n;
        if (*at == 0) break;
    }
    if (option->flag == OPTION_SIMULATE)
        o->simulate_count = count;
    else if (option->flag != OPTION_WORKERS)
        o->thread_count = count;
    return STATUS_OK;
}

static enum status read_executor(struct options *o, const struct command *c, const struct option *option,
                                 const char *text, struct error *e)
{
    static const struct {
        const char *name;
        uint32_t choice;
    } kinds[] = {{"serial", RUN_SERIAL},
                 {"parallel", RUN_PARALLEL},
                 {"both", RUN_BOTH},
                 {"bal", RUN_ACCESS_LIST},
                 {"all", RUN_ALL}};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strcmp(text, kinds[i].name) == 0) {
            o->executors = kinds[i].choice;
            return STATUS_OK;
        }
    return bad(e, c, option, "serial, parallel, both, bal or all", text);
}

/* A number within the option's bounds, and nothing behind it. */
static enum status read_bounded(const struct command *c, const struct option *option, const char *text, uint64_t *out,
                                struct error *e)
{
    const char *end;
    uint64_t n;
    if (text_number(text, &end, &n) && *end == 0 && n >= option->least && n <= option->most) {
        *out = n;
        return STATUS_OK;
    }
    char expected[80] = "a number below 2^64";
    if (option->most != ANY)
        (void)snprintf(expected, sizeof expected, "a number from %llu to %llu", (unsigned long long)option->least,
                       (unsigned long long)option->most);
    else if (option->least != 0)
        (void)snprintf(expected, sizeof expected, "a number of at least %llu", (unsigned long long)option->least);
    return bad(e, c, option, expected, text);
}

static enum status read_policy(const struct command *c, const struct option *option, const char *text, struct error *e)
{
    char expected[160] = "";
    for (enum policy p = 0; p < POLICIES; p++) {
        if (strcmp(text, policy_names[p]) == 0) {
            policy_leave_out(p);
            return STATUS_OK;
        }
        size_t used = strlen(expected);
        (void)snprintf(expected + used, sizeof expected - used, "%s%s", p == 0 ? "" : ", ", policy_names[p]);
    }
    return bad(e, c, option, expected, text);
}

/* What Go takes for a truth value. */
static bool read_truth(const char *text, bool *out)
{
    static const char *const words[] = {"false", "true", "0",     "1",    "f",     "t",
                                        "F",     "T",    "FALSE", "TRUE", "False", "True"};
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *out = i % 2 != 0;
        return true;
    }
    return false;
}

static enum status read_value(struct options *o, const struct command *c, const struct option *option, const char *text,
                              struct error *e)
{
    void *field = (char *)o + option->offset;
    enum status s = STATUS_OK;
    uint64_t n;
    switch (option->kind) {
    case VALUE_NONE:
    case VALUE_NOT: {
        bool given = true;
        if (text != NULL && !read_truth(text, &given)) return bad(e, c, option, "no value, true or false", text);
        *(bool *)field = given == (option->kind == VALUE_NONE);
        break;
    }
    case VALUE_PATH:
        if (*text == 0) return bad(e, c, option, "a value", text);
        *(const char **)field = text;
        break;
    case VALUE_TEXT: *(const char **)field = text; break;
    case VALUE_NUMBER: return read_bounded(c, option, text, field, e);
    case VALUE_REPEAT:
        s = read_bounded(c, option, text, &n, e);
        if (s == STATUS_OK) o->repeat = (uint32_t)n;
        break;
    case VALUE_BENCH:
        n = BENCH_SECONDS;
        if (text != NULL) s = read_bounded(c, option, text, &n, e);
        if (s == STATUS_OK) o->run.bench_seconds = (uint32_t)n;
        break;
    case VALUE_LAYOUT:
        if (o->layout_count == LAYOUTS_MAX) return bad(e, c, option, "no more than 64 of them", text);
        o->layouts[o->layout_count++] = text;
        break;
    case VALUE_POLICY: return read_policy(c, option, text, e);
    case VALUE_FORK:
        o->fork = fork_find(text);
        if (o->fork == NULL) return bad(e, c, option, "the name of a fork", text);
        break;
    case VALUE_THREADS:
    case VALUE_THREAD_LIST: return read_threads(o, c, option, text, e);
    case VALUE_EXECUTOR: return read_executor(o, c, option, text, e);
    }
    return s;
}

/* The option that `argument` names, with its value after '=' if there is one. */
static const struct option *find_option(const struct command *c, const char *argument, const char **value)
{
    size_t dashes = strspn(argument, "-");
    const char *equals = strchr(argument, '=');
    size_t size = (equals == NULL ? strlen(argument) : (size_t)(equals - argument)) - dashes;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct option *o = &table[i];
        size_t own_dashes = strspn(o->name, "-");
        const char *name = o->name + own_dashes;
        bool as_written = dashes == own_dashes || ((c->options & OPTION_EVM) != 0 && dashes == 1 && size > 1);
        if ((c->options & o->flag) != 0 && as_written && strcspn(name, "[") == size &&
            memcmp(name, argument + dashes, size) == 0) {
            *value = equals == NULL ? NULL : equals + 1;
            return o;
        }
    }
    return NULL;
}

/* Changes of single letters that make one text the other, as far as LENGTH_MAX letters; a swap of two neighbours is
 * one change. */
static unsigned distance(const char *a, const char *b)
{
    enum { LENGTH_MAX = 40 };
    size_t n = strnlen(a, LENGTH_MAX), m = strnlen(b, LENGTH_MAX);
    unsigned d[LENGTH_MAX + 1][LENGTH_MAX + 1] = {{0}};
    for (unsigned i = 0; i <= n; i++) d[i][0] = i;
    for (unsigned k = 0; k <= m; k++) d[0][k] = k;
    for (size_t i = 1; i <= n; i++)
        for (size_t k = 1; k <= m; k++) {
            unsigned best = d[i - 1][k - 1] + (a[i - 1] != b[k - 1]);
            if (d[i - 1][k] + 1 < best) best = d[i - 1][k] + 1;
            if (d[i][k - 1] + 1 < best) best = d[i][k - 1] + 1;
            bool swapped = i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];
            if (swapped && d[i - 2][k - 2] + 1 < best) best = d[i - 2][k - 2] + 1;
            d[i][k] = best;
        }
    return d[n][m];
}

bool text_is_nearer(const char *text, const char *candidate, unsigned *nearest)
{
    unsigned found = distance(text, candidate);
    bool starts = strlen(text) >= 3 && strncmp(candidate, text, strlen(text)) == 0; /* cut short */
    if (starts) found = 1;
    if (found >= *nearest || found > 1 + strlen(text) / 4) return false;
    *nearest = found;
    return true;
}

/* An option that is none of this command's: the nearest that is, and else whose it is. */
static enum status unknown_option(const struct command *c, const char *argument, struct error *e)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    const char *near = NULL, *other = NULL;
    unsigned nearest = UINT32_MAX;
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct option *o = &table[i];
        char own[64];
        (void)snprintf(own, sizeof own, "%.*s", (int)strcspn(o->name, "["), o->name);
        if ((c->options & o->flag) != 0 && text_is_nearer(name, own, &nearest)) near = o->name;
        if (other != NULL || strcmp(own, name) != 0) continue;
        for (const struct command *of = commands; of->name != NULL && other == NULL; of++)
            if ((of->options & o->flag) != 0) other = of->name;
    }
    if (other != NULL)
        return error_set(e, BAD_USAGE, "%s: %s: unknown option (%s has it); see weft %s --help", c->name, argument,
                         other, c->name);
    return error_set(e, BAD_USAGE, "%s: %s: unknown option%s%s; see weft %s --help", c->name, argument,
                     near == NULL ? "" : ", nearest is ", near == NULL ? "" : near, c->name);
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

/* More threads than processors bring nothing to work that never waits: the executors' spinning only costs. Tests of
 * interleavings ask for them with --oversubscribe; t8n compares numbers of threads, and import waits for its disk. */
static void limit_threads(struct options *o, const struct command *c)
{
    unsigned processors = cpu_count(), asked = o->workers > processors ? o->workers : 0;
    if ((c->options & OPTION_OVERSUBSCRIBE) == 0 || o->oversubscribe) return;
    if (o->workers > processors) o->workers = processors;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < o->thread_count; i++) {
        unsigned n = o->threads[i];
        if (n > processors) {
            asked = n > asked ? n : asked;
            n = processors;
        }
        if (kept == 0 || o->threads[kept - 1] != n) o->threads[kept++] = n;
    }
    if (o->thread_count != 0) o->thread_count = kept;
    if (asked != 0)
        log_line("%s: %u threads on %u processors would only be slower: %u %s; --oversubscribe insists", c->name, asked,
                 processors, processors, processors == 1 ? "is used" : "are used");
}

enum status options_parse(struct options *out, const struct command *c, char **arguments, int count, bool *wants_help,
                          struct error *e)
{
    *out = (struct options){0};
    out->threads[0] = cpu_count();
    out->hot = HOT_NOT_GIVEN;
    out->subtest = SUBTEST_ALL;
    out->time = TIME_NOT_GIVEN;
    out->node.port = PORT_NOT_GIVEN;
    out->node.accounts = ACCOUNTS_NOT_GIVEN;
    *wants_help = false;
    for (int i = 0; i < count && strcmp(arguments[i], "--") != 0; i++)
        *wants_help = *wants_help || is_help(arguments[i]);
    if (*wants_help) return STATUS_OK;

    int operands = 0;
    bool only_operands = false;
    for (int i = 0; i < count; i++) {
        char *argument = arguments[i];
        if (only_operands || argument[0] != '-' || argument[1] == 0) {
            arguments[operands++] = argument;
            continue;
        }
        if (strcmp(argument, "--") == 0) {
            only_operands = true;
            continue;
        }
        const char *value;
        const struct option *option = find_option(c, strcmp(argument, "-o") == 0 ? "--output" : argument, &value);
        if (option == NULL) return unknown_option(c, argument, e);
        bool needs_value = option->kind != VALUE_NONE && option->kind != VALUE_NOT && option->kind != VALUE_BENCH;
        if (needs_value && value == NULL) {
            if (i + 1 == count) return error_set(e, BAD_USAGE, "%s: %s: expected a value after it", c->name, argument);
            value = arguments[++i];
        }
        enum status s = read_value(out, c, option, value, e);
        if (s != STATUS_OK) return s;
    }
    out->operands = (const char *const *)arguments;
    out->operand_count = (uint32_t)operands;
    if (out->operand_count < c->operands_min)
        return error_set(e, BAD_USAGE, "%s: expected %s; see weft %s --help", c->name, c->operands, c->name);
    if (out->operand_count > c->operands_max)
        return error_set(e, BAD_USAGE, "%s: %s: expected %s; see weft %s --help", c->name,
                         out->operands[c->operands_max], c->operands_max == 0 ? "only options" : "fewer operands",
                         c->name);
    if (out->tracer != NULL || out->tracer_config != NULL)
        return error_set(e, BAD_USAGE, "%s: --trace.tracer: expected none: weft traces instructions alone (--trace)",
                         c->name);
    if (out->trace_format != NULL && strcmp(out->trace_format, "json") != 0)
        return error_set(e, BAD_USAGE, "%s: --trace.format: expected json, found '%s'", c->name, out->trace_format);
    limit_threads(out, c);
    return STATUS_OK;
}
