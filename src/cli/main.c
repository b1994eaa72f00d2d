/* main: finds the command, and runs it on a stack that is large enough for nested calls of contracts. */
#include "cli/cli.h"

#include <stdio.h>
#include <stdlib.h>

const struct command commands[] = {
    {"replay", "PATH...", "execute real blocks serially and in parallel, and check them against their headers",
     "PATH is a bundle (a folder with block.json, prestate.json and block_hashes.json) or a folder of bundles.\n"
     "With --rpc URL the operands are block numbers: the bundles are fetched from a node with the debug API and kept in\n"
     "the user's cache folder.\n\n"
     "Each block is executed on the loaded state, serially and in parallel. Gas used, receipts root (from Byzantium\n"
     "on), logs bloom, transactions root, withdrawals root and block hash are compared with the header, the two\n"
     "executions with each other. Times are medians over --repeat runs and cover the execution of the block: system\n"
     "calls, transactions, rewards; senders are known and nothing is parsed. CPU time is that of all threads.",
     OPTION_JSON | OPTION_THREADS | OPTION_EXECUTOR | OPTION_REPEAT | OPTION_FILTER | OPTION_FORK | OPTION_RPC, 1,
     UINT32_MAX,
     replay_command},
    {"statetest", "PATH...", "run official state tests",
     "PATH is a file or a folder of files in the form of execution-spec-tests. Every case runs on every fork that it\n"
     "has a result for; checked are the transaction's encoding and sender, the state root, the logs, and for\n"
     "transactions that must be refused the reason.\n\n"
     "Files are spread over --threads; each thread executes with --workers workers.",
     OPTION_JSON | OPTION_THREADS | OPTION_EXECUTOR | OPTION_FILTER | OPTION_FORK | OPTION_WORKERS, 1, UINT32_MAX,
     statetest_command},
    {"fork", "[NAME]", "show what a fork is", "Without NAME all forks are listed. With --diff only what changed against the fork before is shown.",
     OPTION_JSON | OPTION_DIFF, 0, 1, fork_command},
    {NULL, NULL, NULL, NULL, 0, 0, 0, NULL},
};

struct call {
    const struct command *command;
    struct options options;
    enum exit_code code;
};

static void run_call(void *context)
{
    struct call *call = context;
    call->code = call->command->run(&call->options);
}

static const struct command *find_command(const char *name)
{
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

int main(int argc, char **argv)
{
    const char *name = argc < 2 ? "--help" : argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0) {
        printf("weft %s\n", WEFT_VERSION);
        return EXIT_GOOD;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        options_help(argc > 2 ? find_command(argv[2]) : NULL);
        return argc < 2 ? EXIT_BAD_INPUT : EXIT_GOOD;
    }
    struct call call = {.command = find_command(name)};
    if (call.command == NULL) {
        log_line("%s: expected a command; see weft --help", name);
        return EXIT_BAD_INPUT;
    }
    struct error error;
    bool wants_help;
    if (options_parse(&call.options, call.command, argv + 2, argc - 2, &wants_help, &error) != STATUS_OK) {
        log_line("%s", error.text);
        return EXIT_BAD_INPUT;
    }
    if (wants_help) {
        options_help(call.command);
        return EXIT_GOOD;
    }
    interrupt_catch();
    run_on_big_stack(run_call, &call);
    if (fflush(stdout) != 0) {
        log_line("standard output: expected to be writable");
        return EXIT_BAD_INPUT;
    }
    return interrupted() ? EXIT_INTERRUPTED : (int)call.code;
}
