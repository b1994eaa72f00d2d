/* start: finds the command, and runs it on a stack that is large enough for nested calls of contracts. */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

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

/* geth's long names. */
static const struct {
    const char *name, *command;
} long_names[] = {{"transition", "t8n"}, {"transaction", "t9n"}, {"block-builder", "b11r"}};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(long_names); i++)
        if (strcmp(name, long_names[i].name) == 0) name = long_names[i].command;
    for (const struct command *c = commands; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

static int refuse(const char *name)
{
    const char *near = NULL;
    unsigned nearest = UINT32_MAX;
    for (const struct command *c = commands; c->name != NULL; c++)
        if (text_is_nearer(name, c->name, &nearest)) near = c->name;
    log_line("%s: unknown command%s%s; see weft --help", name, near == NULL ? "" : ", nearest is ",
             near == NULL ? "" : near);
    return EXIT_BAD_INPUT;
}

/* Tools that generate tests know geth's by what its program is called and says: a link named `evm` answers in that
 * way. */
static bool is_called_evm(const char *program)
{
    const char *slash = strrchr(program, '/');
    return strcmp(slash == NULL ? program : slash + 1, "evm") == 0;
}

/* What was printed must have arrived, or the command has failed. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return code;
    log_line("standard output: expected to be writable");
    return EXIT_BAD_INPUT;
}

/* Options may stand before the command, as geth's callers have it (evm --verbosity 2 t8n ...): they are those of the first
 * argument that is one. Its place, which is moved to the front. */
static void find_behind_options(int argc, char **argv)
{
    int at = 1;
    while (at < argc && find_command(argv[at]) == NULL) at++;
    if (at == 1 || at == argc) return;
    char *command = argv[at];
    memmove(&argv[2], &argv[1], (size_t)(at - 1) * sizeof *argv);
    argv[1] = command;
}

/* What geth's program prints on stdout for machines is its trace. */
static void speak_as_evm(struct options *o, const struct command *c)
{
    o->evm = true;
    if ((c->options & OPTION_TRACE) == 0 || !o->json) return;
    o->trace = true;
    o->json = false;
}

int cli_main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_DFL); /* a reader that goes ends us quietly, whatever started us and ignores it */
    const char *name = argc < 2 ? "--help" : argv[1];
    bool about = strcmp(name, "--version") == 0 || strcmp(name, "-v") == 0 || strcmp(name, "--help") == 0 ||
                 strcmp(name, "-h") == 0;
    if (name[0] == '-' && !about) {
        find_behind_options(argc, argv);
        name = argv[1];
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "version") == 0 || strcmp(name, "-v") == 0) {
        if (is_called_evm(argv[0]))
            printf("evm version weft %s\n", WEFT_VERSION);
        else
            printf("weft %s (%s)\n", WEFT_VERSION, WEFT_PROCESSOR);
        return finish(EXIT_GOOD);
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        const struct command *which = argc > 2 ? find_command(argv[2]) : NULL;
        if (argc > 2 && which == NULL) return refuse(argv[2]);
        options_help(which);
        return finish(argc < 2 ? EXIT_BAD_INPUT : EXIT_GOOD);
    }
    struct call call = {.command = find_command(name)};
    if (call.command == NULL) return refuse(name);
    struct error error;
    bool wants_help;
    if (options_parse(&call.options, call.command, argv + 2, argc - 2, &wants_help, &error) != STATUS_OK) {
        log_line("%s", error.text);
        return EXIT_BAD_INPUT;
    }
    if (is_called_evm(argv[0])) speak_as_evm(&call.options, call.command);
    if (wants_help) {
        options_help(call.command);
        return finish(EXIT_GOOD);
    }
    interrupt_catch();
    run_on_big_stack(run_call, &call);
    if (pool_threads_refused() != 0)
        log_line("%u threads could not be made (see ulimit -u and ulimit -v): fewer worked than were asked for",
                 pool_threads_refused());
    int code = finish(interrupted() ? EXIT_INTERRUPTED : (int)call.code);
    /* A trace that did not arrive: nobody can be told where, but the exit status says it. */
    return call.options.trace && ferror(stderr) ? EXIT_BAD_INPUT : code;
}
