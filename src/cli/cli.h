/* cli: the `weft` command. One file per sub-command, and what they share: options, the terminal, lists of files,
 * readers of test formats.
 *
 *     main ──► options_parse ──► command->run(options) ──► exit code
 *
 * Habits of every command: results on stdout (with --json one object a line), everything else on stderr; exit 0
 * when all is good, 1 when a check failed, 2 for bad usage or unreadable input with one line that says file, place
 * and what was expected; 130 after an interrupt, with what was done so far. Colours and progress only where a
 * terminal is. */
#ifndef WEFT_CLI_H
#define WEFT_CLI_H

#include "base/base.h"
#include "fork/fork.h"
#include "vm/trace.h"
#include "json/json_write.h"

/* The command: what main is given, and what it is to return. Visible outside the shared library that an installed weft
 * has it in. */
__attribute__((visibility("default"))) int cli_main(int argc, char **argv);

/* ---- exit codes ------------------------------------------------------------------------------------------------ */

enum exit_code {
    EXIT_GOOD = 0,
    EXIT_CHECK_FAILED = 1,
    EXIT_BAD_INPUT = 2,
    EXIT_INTERRUPTED = 130, /* as shells count a death by SIGINT */
};

/* ---- options --------------------------------------------------------------------------------------------------- */

/* Options that a command may take: a mask of 64 bits. */
enum option_flag {
    OPTION_JSON = 1 << 0,
    OPTION_THREADS = 1 << 1,
    OPTION_THREAD_LIST = 1 << 2, /* --threads takes a list */
    OPTION_EXECUTOR = 1 << 3,
    OPTION_REPEAT = 1 << 4,
    OPTION_FILTER = 1 << 5,
    OPTION_FORK = 1 << 6,
    OPTION_WORKERS = 1 << 7,
    OPTION_DIFF = 1 << 8,
    OPTION_SIZE = 1 << 9,
    OPTION_SEED = 1 << 10,
    OPTION_RPC = 1 << 11,
    OPTION_STATELESS = 1 << 12,
    OPTION_T8N = 1 << 13,   /* most of struct t8n_options */
    OPTION_RUN = 1 << 14,   /* all of struct run_options */
    OPTION_TRACE = 1 << 15, /* tracing */
    OPTION_OUTPUT = 1 << 16,
    OPTION_PERFETTO = 1 << 17,
    OPTION_LAYOUT = 1 << 18,
    OPTION_SIMULATE = 1 << 19,
    OPTION_CHECK = 1 << 20,
    OPTION_HOT = 1 << 21,
    OPTION_CONTRACTS = 1 << 22,
    OPTION_STORE = 1 << 23,
    OPTION_DATADIR = 1 << 24,
    OPTION_GENESIS = 1 << 25,
    OPTION_CACHE = 1 << 26,
    OPTION_IMPORT = 1 << 27, /* --batch, --readers, --read-latency-us, --no-recheck */
    OPTION_HISTORY = 1 << 28,
    OPTION_RECEIPTS = 1 << 29,
    OPTION_MAKE = 1 << 30, /* --blocks, --gas-per-block, --fill, --fill-blocks, --touch */
    OPTION_PIPELINE = 1ull << 31,
    OPTION_PERTURB = 1ull << 32,
    OPTION_OPCODES = 1ull << 33,
    OPTION_HOSTILE = 1ull << 34,
    OPTION_OVERSUBSCRIBE = 1ull << 40,
    OPTION_EVM = 1ull << 41, /* what a program called evm is told: --verbosity; a single dash will do for all options */
    OPTION_SUITE = 1ull << 42, /* --run, --statetest.fork, --statetest.index, --human */
    OPTION_T9N = 1ull << 43,
    OPTION_B11R = 1ull << 44,
    OPTION_TIME = 1ull << 45,
    OPTION_WITHOUT = 1ull << 46,
    OPTION_NODE = 1ull << 47, /* all of struct node_flags */
};

/* Which executors a command runs: a mask of 1 << enum executor_kind. */
enum executor_choice {
    RUN_SERIAL = 1 << 0,
    RUN_PARALLEL = 1 << 1,
    RUN_ACCESS_LIST = 1 << 2,
    RUN_BOTH = RUN_SERIAL | RUN_PARALLEL,
    RUN_ALL = RUN_BOTH | RUN_ACCESS_LIST,
};

/* Bounds of what may be asked for. */
enum { THREADS_MAX = 1024, THREAD_LIST_MAX = 16, REPEAT_MAX = 1000000, LAYOUTS_MAX = 64 };

#define HOT_NOT_GIVEN UINT64_MAX
#define SUBTEST_ALL UINT64_MAX
#define TIME_NOT_GIVEN UINT64_MAX
#define PORT_NOT_GIVEN UINT64_MAX
#define ACCOUNTS_NOT_GIVEN UINT64_MAX

/* What `weft run` takes. NULL: not given. */
struct run_options {
    const char *code, *code_file, *input, *input_file, *gas, *value, *price, *sender, *receiver, *prestate;
    bool create;
    uint32_t bench_seconds; /* 0: no bench */
};

/* What t8n tools take. NULL: not given. */
struct t8n_options {
    const char *alloc, *env, *txs;        /* files, or "stdin" */
    const char *fork, *chain_id, *reward; /* the state's rules */
    const char *folder;
    const char *out_alloc, *out_result, *out_body; /* files in the folder, "stdout", "stderr", or "" for nowhere */
    const char *opcode_count;                      /* file in the folder */
    const char *verbosity;                         /* taken and ignored */
    const char *header, *ommers, *withdrawals, *clique, *out_block; /* b11r */
};

/* What `weft node` takes. NULL or 0: not given, but for port and accounts. */
struct node_flags {
    bool dev, http, no_mining, quiet;
    const char *address, *cors_domain, *hosts;
    uint64_t port, chain_id, period, gas_limit, accounts, ether;
};

struct options {
    bool json;
    unsigned threads[THREAD_LIST_MAX]; /* threads[0] alone, but for OPTION_THREAD_LIST */
    uint32_t thread_count;             /* 0: not given, threads[0] is the number of processors */
    unsigned workers;                  /* 0: not given */
    uint32_t executors;                /* enum executor_choice; 0: not given */
    uint32_t repeat;                   /* 0: not given */
    const char *filter;                /* NULL: everything */
    const struct fork *fork;           /* NULL: all */
    bool diff;
    bool stateless;
    bool check;
    bool print_witnesses; /* of every block that is checked, instead of verdicts */
    uint64_t size;        /* 0: not given */
    uint64_t seed;
    uint64_t hot;          /* percent; HOT_NOT_GIVEN */
    const char *contracts; /* folder; NULL: not given */
    const char *rpc;       /* NULL: not given */
    uint64_t rpc_seconds;  /* 0: not given */
    const char *cache;     /* folder; NULL: not given */
    bool no_cache;
    const char *datadir, *genesis;
    /* 0: not given */
    uint64_t cache_mb, batch, readers, latency_us, history, blocks, gas, fill, fill_blocks, touch, perturb;
    bool receipts, no_recheck, store;
    bool pipeline;
    bool oversubscribe;
    bool opcodes, hostile;
    bool trace;
    struct vm_trace_options tracing;
    bool no_storage;                                   /* taken and ignored: traces have none */
    const char *trace_format, *tracer, *tracer_config; /* NULL: not given */
    const char *pattern; /* an extended regular expression for names of cases; NULL: not given */
    uint64_t subtest;    /* number of the only result of a state test; SUBTEST_ALL */
    bool human;
    bool evm; /* the program is called as geth's: output and exit codes are as that has them */
    uint64_t time;
    struct run_options run;
    struct t8n_options t8n;
    struct node_flags node;
    const char *output, *perfetto; /* files; NULL: not given */
    const char *layouts[LAYOUTS_MAX];
    uint32_t layout_count;
    unsigned simulate[THREAD_LIST_MAX]; /* numbers of virtual workers */
    uint32_t simulate_count;            /* 0: not given */
    const char *const *operands;
    uint32_t operand_count;
};

/* A sub-command. */
struct command {
    const char *name;
    const char *operands; /* as the usage line shows them */
    const char *summary;  /* one line */
    const char *details;  /* paragraphs for --help */
    uint64_t options;     /* enum option_flag */
    uint32_t operands_min, operands_max;
    enum exit_code (*run)(const struct options *o);
};

/* fork --genesis: what a node of that chain answers to eth_config (EIP-7910). */
enum exit_code fork_config(const struct options *o);

/* All commands; ends with a NULL name. */
extern const struct command commands[];

/* Whether `candidate` is what `text` may have meant, and nearer than *nearest (UINT32_MAX at first), which it lowers. */
bool text_is_nearer(const char *text, const char *candidate, unsigned *nearest);

/* Reads the arguments behind the command's name. Operands stay borrowed from `arguments`, which is reordered.
 * BAD_USAGE with *e set; *wants_help tells that --help was among them, and nothing else was looked at. */
enum status options_parse(struct options *out, const struct command *c, char **arguments, int count, bool *wants_help,
                          struct error *e);
/* Prints what --help shows, for one command or (NULL) for weft. */
void options_help(const struct command *c);

enum exit_code replay_command(const struct options *o);
enum exit_code statetest_command(const struct options *o);
enum exit_code blocktest_command(const struct options *o);
enum exit_code bench_command(const struct options *o);
enum exit_code run_command(const struct options *o);
enum exit_code witness_command(const struct options *o);
enum exit_code t8n_command(const struct options *o);
enum exit_code t9n_command(const struct options *o);
enum exit_code b11r_command(const struct options *o);
enum exit_code explain_command(const struct options *o);
enum exit_code fork_command(const struct options *o);
enum exit_code import_command(const struct options *o);
enum exit_code db_command(const struct options *o);
enum exit_code make_chain_command(const struct options *o);
enum exit_code node_command(const struct options *o);

/* ---- the terminal ---------------------------------------------------------------------------------------------- */

/* Colours for stdout; empty texts where none are wanted. */
struct colours {
    const char *good, *bad, *dim, *bold, *off;
};
const struct colours *terminal_colours(void);

/* Installs the handlers: the first SIGINT or SIGTERM sets the flag, the second ends the process, and so does, with exit
 * status 130, time: a command that has not ended a second after the first, or up to five where the machine was too busy
 * to give it that second. A store whose file is cut off ends the process with a line and exit status 2. */
void interrupt_catch(void);
/* Makes it so many seconds, or takes the limit away (0): for a command that has something to bring home, a summary, a
 * commit. */
void interrupt_patience(unsigned seconds);
/* Undoes interrupt_catch: for a command that never looks at the flag. */
void interrupt_release(void);
bool interrupted(void);

/* Prints the words from `text` to `end` and a line's end on stdout, from `column` on, where the cursor is, and in lines
 * of 80 columns. */
void terminal_wrap(const char *text, const char *end, int column);
/* Ends a row of `columns` with a text: behind it where there is room, else in lines below it. */
void terminal_reason(const char *text, int columns);

/* Draws a bar that is filled to `part` of 1, and a short text behind it, over the last line on stderr, a terminal; both
 * shrink to its width. */
void terminal_bar(double part, const char *text);

/* A bar on stderr. Steps may come from any thread. Nothing is shown before half a second has passed, nor where
 * stderr is no terminal. */
struct progress {
    const char *what;
    size_t total;
    uint64_t start_ns;
    _Atomic size_t done;
    _Atomic uint64_t drawn_ns;
    atomic_flag drawing;
    bool on_terminal;
    _Atomic bool visible;
};
void progress_begin(struct progress *p, const char *what, size_t total);
void progress_step(struct progress *p);
/* Wipes the bar, so that something else can be printed; it comes back with a later step. */
void progress_clear(struct progress *p);

/* Times as people read them. */
static inline double milliseconds(uint64_t ns)
{
    return (double)ns / 1e6;
}
static inline double microseconds(uint64_t ns)
{
    return (double)ns / 1e3;
}

/* ---- files ----------------------------------------------------------------------------------------------------- */

struct file_entry {
    char *path;
    uint64_t size; /* bytes */
};
struct file_list {
    struct file_entry *files;
    size_t count, capacity;
};
/* Adds all files named *.json under `path` (a file is taken whatever its name), in order of name. FILE_UNREADABLE
 * with *e set. */
enum status files_find(struct file_list *out, const char *path, struct error *e);
void files_free(struct file_list *l);

#endif
