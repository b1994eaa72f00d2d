/* options: the one parser of command lines, and the help that is made from the same table. */
#include "cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What an option's value is turned into. */
enum value_kind {
    VALUE_NONE,
    VALUE_THREADS,
    VALUE_THREAD_LIST,
    VALUE_EXECUTOR,
    VALUE_NUMBER,
    VALUE_TEXT,
    VALUE_TEXTS,
    VALUE_FORK,
    VALUE_BENCH
};

struct option {
    enum option_flag flag;
    const char *name;
    const char *value; /* as the help shows it */
    const char *help;
    enum value_kind kind;
    size_t offset; /* into struct options: bool, uint64_t or const char * */
};

/* How long a bench lasts, when nothing is said, and at most. */
enum { BENCH_SECONDS = 2, BENCH_SECONDS_MAX = 3600 };

#define FIELD(name) offsetof(struct options, name)

static const struct option table[] = {
    {OPTION_JSON, "--json", NULL, "print one JSON object a line", VALUE_NONE, FIELD(json)},
    {OPTION_THREADS, "--threads", "N", "threads (default: one for each processor)", VALUE_THREADS, 0},
    {OPTION_THREAD_LIST, "--threads", "N,N,...", "numbers of threads to try (default: 1, 2, 4, ... to all processors)",
     VALUE_THREAD_LIST, 0},
    {OPTION_WORKERS, "--workers", "N", "workers of one block (default: 1, or 2 for the parallel executor)",
     VALUE_THREADS, 0},
    {OPTION_EXECUTOR, "--executor", "KIND", "serial, parallel, both, bal (along the block access list) or all",
     VALUE_EXECUTOR, 0},
    {OPTION_REPEAT, "--repeat", "R", "execute R times and take the median", VALUE_NUMBER, 0},
    {OPTION_FILTER, "--filter", "TEXT", "only what has TEXT in its name", VALUE_TEXT, FIELD(filter)},
    {OPTION_FORK, "--fork", "NAME", "only, or by the rules of, this fork", VALUE_FORK, FIELD(fork)},
    {OPTION_STATELESS, "--stateless", NULL, "check each valid block from a witness alone, too", VALUE_NONE,
     FIELD(stateless)},
    {OPTION_CHECK, "--check", NULL, "print nothing but what differs from the tests' own witnesses", VALUE_NONE,
     FIELD(check)},
    {OPTION_DIFF, "--diff", NULL, "only what changed against the fork before", VALUE_NONE, FIELD(diff)},
    {OPTION_SIZE, "--size", "N", "transactions in a block", VALUE_NUMBER, FIELD(size)},
    {OPTION_SEED, "--seed", "N", "seed of the generator", VALUE_NUMBER, FIELD(seed)},
    {OPTION_STORE, "--store", NULL, "keep the state in a store, in a folder of its own for each case", VALUE_NONE,
     FIELD(store)},
    {OPTION_DATADIR, "--datadir", "FOLDER", "where chain and state are kept", VALUE_TEXT, FIELD(datadir)},
    {OPTION_GENESIS, "--genesis", "FILE", "genesis file as geth reads it; or dev, dev-FORK", VALUE_TEXT,
     FIELD(genesis)},
    {OPTION_CACHE, "--cache-mb", "N", "bound of what is kept in memory to be faster (default 256)", VALUE_NUMBER,
     FIELD(cache_mb)},
    {OPTION_IMPORT, "--batch", "N", "commit after so many blocks (default 2048)", VALUE_NUMBER, FIELD(batch)},
    {OPTION_IMPORT, "--readers", "N", "threads that read ahead what blocks name (default 0)", VALUE_NUMBER,
     FIELD(readers)},
    {OPTION_IMPORT, "--read-latency-us", "N", "play a disk that takes so long for each read", VALUE_NUMBER,
     FIELD(latency_us)},
    {OPTION_HISTORY, "--history", "N", "blocks that can be undone and looked back to (default 128)", VALUE_NUMBER,
     FIELD(history)},
    {OPTION_MAKE, "--blocks", "N", "how many (default 100)", VALUE_NUMBER, FIELD(blocks)},
    {OPTION_MAKE, "--gas-per-block", "N", "about so much gas is used in a block (default 15000000)", VALUE_NUMBER,
     FIELD(gas)},
    {OPTION_MAKE, "--fill", "N", "slots that each block writes for the first time (22,400 gas each)", VALUE_NUMBER,
     FIELD(fill)},
    {OPTION_MAKE, "--touch", "N", "slots that each block changes among those (5,500 gas each)", VALUE_NUMBER,
     FIELD(touch)},
    {OPTION_RECEIPTS, "--receipts", NULL, "give up receipts and look-ups of older blocks, too", VALUE_NONE,
     FIELD(receipts)},
    {OPTION_RUN, "--code", "HEX", "the code that runs; also as the operand", VALUE_TEXT, FIELD(run.code)},
    {OPTION_RUN, "--codefile", "FILE", "the same from a file of hex digits, - is standard input", VALUE_TEXT,
     FIELD(run.code_file)},
    {OPTION_RUN, "--input", "HEX", "call data; with --create it goes behind the code", VALUE_TEXT, FIELD(run.input)},
    {OPTION_RUN, "--inputfile", "FILE", "the same from a file of hex digits", VALUE_TEXT, FIELD(run.input_file)},
    {OPTION_RUN, "--create", NULL, "run the code as initcode of a new contract", VALUE_NONE, FIELD(run.create)},
    {OPTION_RUN, "--gas", "N", "gas of the call (default: the prestate's gas limit, else 10000000000)", VALUE_TEXT,
     FIELD(run.gas)},
    {OPTION_RUN, "--value", "WEI", "what the call carries (default: 0)", VALUE_TEXT, FIELD(run.value)},
    {OPTION_RUN, "--price", "WEI", "gas price, which nobody pays (default: 0)", VALUE_TEXT, FIELD(run.price)},
    {OPTION_RUN, "--sender", "ADDRESS", "who calls (default: the bytes of \"sender\")", VALUE_TEXT, FIELD(run.sender)},
    {OPTION_RUN, "--receiver", "ADDRESS", "who is called (default: the bytes of \"receiver\")", VALUE_TEXT,
     FIELD(run.receiver)},
    {OPTION_RUN, "--prestate", "FILE", "the state before, and the block: a genesis file of geth, or an alloc",
     VALUE_TEXT, FIELD(run.prestate)},
    {OPTION_RUN, "--bench[=SECONDS]", NULL, "run again and again for so long (default: 2) and show times", VALUE_BENCH,
     FIELD(run.bench_seconds)},
    {OPTION_TRACE, "--trace", NULL, "trace every instruction (EIP-3155), on stderr; t8n: into files trace-N-HASH.jsonl",
     VALUE_NONE, FIELD(trace)},
    {OPTION_TRACE, "--trace.memory", NULL, "with memory", VALUE_NONE, FIELD(tracing.memory)},
    {OPTION_TRACE, "--trace.nostack", NULL, "without the stack", VALUE_NONE, FIELD(tracing.no_stack)},
    {OPTION_TRACE, "--trace.returndata", NULL, "with what the last call returned", VALUE_NONE,
     FIELD(tracing.return_data)},
    {OPTION_T8N, "--state.fork", "NAME", "rules: a fork, FORKToFORKAt..., with +EIP behind it (default: GrayGlacier)",
     VALUE_TEXT, FIELD(t8n.fork)},
    {OPTION_T8N, "--state.chainid", "ID", "chain id (default: 1)", VALUE_TEXT, FIELD(t8n.chain_id)},
    {OPTION_T8N, "--state.reward", "WEI", "mining reward, -1 for none (default: 0)", VALUE_TEXT, FIELD(t8n.reward)},
    {OPTION_T8N, "--input.alloc", "FILE", "state before the block, or stdin (default: alloc.json)", VALUE_TEXT,
     FIELD(t8n.alloc)},
    {OPTION_T8N, "--input.env", "FILE", "the block's environment, or stdin (default: env.json)", VALUE_TEXT,
     FIELD(t8n.env)},
    {OPTION_T8N, "--input.txs", "FILE", "transactions (.rlp: a list in RLP), or stdin (default: txs.json)", VALUE_TEXT,
     FIELD(t8n.txs)},
    {OPTION_T8N, "--output.basedir", "DIR", "where output files go; made when missing", VALUE_TEXT, FIELD(t8n.folder)},
    {OPTION_T8N, "--output.alloc", "FILE", "state after the block, or stdout, stderr (default: alloc.json)", VALUE_TEXT,
     FIELD(t8n.out_alloc)},
    {OPTION_T8N, "--output.result", "FILE", "roots, receipts, rejected transactions (default: result.json)", VALUE_TEXT,
     FIELD(t8n.out_result)},
    {OPTION_T8N, "--output.body", "FILE", "the included transactions in RLP (default: nowhere)", VALUE_TEXT,
     FIELD(t8n.out_body)},
    {OPTION_T8N, "--verbosity", "N", "ignored", VALUE_TEXT, FIELD(t8n.verbosity)},
    {OPTION_HOT, "--hot", "PERCENT", "share of transactions in hot places (hybrid; default: 30)", VALUE_NUMBER,
     FIELD(hot)},
    {OPTION_CONTRACTS, "--contracts", "DIR", "codes that tools/contracts.sh fetched (default: .cache/contracts)",
     VALUE_TEXT, FIELD(contracts)},
    {OPTION_OUTPUT, "--output", "FILE", "write the report to FILE, as one HTML page; -o FILE for short", VALUE_TEXT,
     FIELD(output)},
    {OPTION_PERFETTO, "--perfetto", "FILE", "write what each worker did to FILE, as a Chrome trace", VALUE_TEXT,
     FIELD(perfetto)},
    {OPTION_LAYOUT, "--layout", "ADDR=FILE", "Solidity's storageLayout of a contract; may be given several times",
     VALUE_TEXTS, FIELD(layouts)},
    {OPTION_SIMULATE, "--simulate", "N,N,...", "run the scheduler on N virtual workers", VALUE_THREAD_LIST, 0},
    {OPTION_PIPELINE, "--pipeline", NULL, "from files to checked results, one by one and pipelined", VALUE_NONE,
     FIELD(pipeline)},
    {OPTION_PERTURB, "--perturb", "N", "run each block N times with workers held up at random, and compare with serial",
     VALUE_NUMBER, FIELD(perturb)},
    {OPTION_OPCODES, "--opcodes", NULL, "time instructions and precompiled contracts; operands are their names",
     VALUE_NONE, FIELD(opcodes)},
    {OPTION_RPC, "--rpc", "URL", "fetch blocks from the node at URL", VALUE_TEXT, FIELD(rpc)},
};

static enum status bad(struct error *e, const struct command *c, const struct option *o, const char *expected,
                       const char *found)
{
    return error_set(e, BAD_USAGE, "%s: %s: expected %s, found '%s'", c->name, o->name, expected, found);
}

static bool read_number(const char *text, uint64_t min, uint64_t max, const char **end, uint64_t *out)
{
    char *stop;
    errno = 0;
    unsigned long long n = strtoull(text, &stop, 0);
    if (stop == text || *text < '0' || *text > '9' || errno != 0 || n < min || n > max) return false;
    *out = n;
    *end = stop;
    return true;
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
        if (count == (list ? THREAD_LIST_MAX : 1) || !read_number(at, 1, THREADS_MAX, &at, &n) ||
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

static enum status read_value(struct options *o, const struct command *c, const struct option *option, const char *text,
                              struct error *e)
{
    void *field = (char *)o + option->offset;
    uint64_t n;
    const char *end;
    switch (option->kind) {
    case VALUE_NONE: *(bool *)field = true; return STATUS_OK;
    case VALUE_TEXT: *(const char **)field = text; return STATUS_OK;
    case VALUE_TEXTS:
        if (o->layout_count == LAYOUTS_MAX) return bad(e, c, option, "no more than 64 of them", text);
        o->layouts[o->layout_count++] = text;
        return STATUS_OK;
    case VALUE_FORK:
        *(const struct fork **)field = fork_find(text);
        return fork_find(text) != NULL ? STATUS_OK : bad(e, c, option, "the name of a fork", text);
    case VALUE_THREADS:
    case VALUE_THREAD_LIST: return read_threads(o, c, option, text, e);
    case VALUE_EXECUTOR: return read_executor(o, c, option, text, e);
    case VALUE_BENCH:
        n = BENCH_SECONDS;
        if (text != NULL && (!read_number(text, 1, BENCH_SECONDS_MAX, &end, &n) || *end != 0))
            return bad(e, c, option, "a number of seconds from 1 to 3600", text);
        *(uint32_t *)field = (uint32_t)n;
        return STATUS_OK;
    case VALUE_NUMBER:
        if (option->flag == OPTION_REPEAT) {
            if (!read_number(text, 1, REPEAT_MAX, &end, &n) || *end != 0)
                return bad(e, c, option, "a number from 1 to 1000000", text);
            o->repeat = (uint32_t)n;
            return STATUS_OK;
        }
        if (!read_number(text, option->flag == OPTION_SIZE, UINT64_MAX, &end, &n) || *end != 0)
            return bad(e, c, option, "a number", text);
        if (option->flag == OPTION_HOT && n > 100) return bad(e, c, option, "a number from 0 to 100", text);
        *(uint64_t *)field = n;
        return STATUS_OK;
    }
    return STATUS_OK;
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
        bool as_written = dashes == own_dashes || (o->flag == OPTION_T8N && dashes == 1);
        if ((c->options & o->flag) != 0 && as_written && strcspn(name, "[") == size &&
            memcmp(name, argument + dashes, size) == 0) {
            *value = equals == NULL ? NULL : equals + 1;
            return o;
        }
    }
    return NULL;
}

static bool is_help(const char *argument)
{
    return strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0;
}

enum status options_parse(struct options *out, const struct command *c, char **arguments, int count, bool *wants_help,
                          struct error *e)
{
    *out = (struct options){0};
    out->threads[0] = cpu_count();
    out->hot = HOT_NOT_GIVEN;
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
        if (option == NULL)
            return error_set(e, BAD_USAGE, "%s: %s: expected an option; see weft %s --help", c->name, argument,
                             c->name);
        if (option->kind == VALUE_NONE && value != NULL) return bad(e, c, option, "no value", value);
        if (option->kind != VALUE_NONE && option->kind != VALUE_BENCH && value == NULL) {
            if (i + 1 == count) return error_set(e, BAD_USAGE, "%s: %s: expected a value behind it", c->name, argument);
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
    return STATUS_OK;
}

static void help_weft(void)
{
    printf("weft: a parallel EVM\n\nusage: weft COMMAND [OPTION...] [OPERAND...]\n\n");
    for (const struct command *c = commands; c->name != NULL; c++)
        printf("  %-10s %-14s %s\n", c->name, c->operands, c->summary);
    printf("  %-10s %-14s %s\n\n", "--version", "", "print the version");
    printf(
        "weft COMMAND --help tells more. Exit codes: 0 all good, 1 a check failed, 2 bad usage or unreadable input.\n");
}

void options_help(const struct command *c)
{
    if (c == NULL) {
        help_weft();
        return;
    }
    printf("weft %s: %s\n\nusage: weft %s [OPTION...] %s\n\n%s\n\n", c->name, c->summary, c->name, c->operands,
           c->details);
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct option *o = &table[i];
        if ((c->options & o->flag) == 0) continue;
        char left[64];
        (void)snprintf(left, sizeof left, "%s %s", o->name, o->value == NULL ? "" : o->value);
        printf("  %-22s %s\n", left, o->help);
    }
    printf("  %-22s %s\n", "--help", "print this");
}
