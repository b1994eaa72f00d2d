/* help: what --help prints: how the command is called, examples, its options, and what it does. */
#include <stdio.h>

#include "cli/options.h"

enum { OPTION_COLUMN = 24, OPERANDS_COLUMN = 31 };

/* Each line is a command; the first is what most people want. */
static const struct {
    const char *command, *lines;
} examples[] = {
    {"replay", "weft replay mainnet_blocks\n"
               "weft replay --rpc http://127.0.0.1:8545 latest\n"
               "weft replay --rpc http://127.0.0.1:8545 --cache blocks 19932700-19932710\n"},
    {"statetest", "weft statetest fixtures/state_tests\n"
                  "weft statetest --executor both --filter tstore fixtures/state_tests\n"},
    {"blocktest", "weft blocktest fixtures/blockchain_tests\n"
                  "weft blocktest --executor all --stateless fixtures/blockchain_tests\n"},
    {"bench", "weft bench\n"
              "weft bench --repeat 15 uniswap-like chain\n"
              "weft bench --opcodes DIV sha256\n"},
    {"run", "weft run 6001600201600055\n"
            "weft run --trace 60006000fd\n"
            "weft run --prestate genesis.json --receiver 0x... --input 18160ddd\n"},
    {"witness", "weft witness fixtures/blockchain_tests > witnesses.jsonl\n"
                "weft witness --check fixtures/blockchain_tests\n"},
    {"t8n", "weft t8n --state.fork Prague --input.alloc alloc.json --input.env env.json\n"
            "         --input.txs txs.json --output.basedir out\n"},
    {"explain", "weft explain -o report.html uniswap-like\n"
                "weft explain mainnet_blocks/4370000\n"},
    {"fork", "weft fork\n"
             "weft fork --diff Osaka\n"},
    {"node", "weft node --dev\n"
             "weft node --dev --http.port 0 --dev.period 12\n"},
    {"import", "weft import --datadir store --genesis genesis.json chain.rlp\n"
               "weft import --datadir store --genesis dev chain.rlp.gz\n"},
    {"db", "weft db stat --datadir store\n"
           "weft db block 100 --datadir store\n"},
    {"make-chain", "weft make-chain --genesis genesis.json --blocks 200 chain.rlp\n"},
};

/* "term    text", and lines of more text behind blanks; then the next one. */
static void print_terms(const char *text, const char *end)
{
    while (text < end) {
        const char *stop = text;
        do stop += strcspn(stop, "\n") + 1;
        while (stop < end && *stop == ' ');
        int term = (int)strcspn(text, " "), column = term + (int)strspn(text + term, " ");
        printf("%.*s", column, text);
        terminal_wrap(text + column, stop - 1, column);
        text = stop;
    }
}

/* Paragraphs are wrapped; one with two blanks somewhere is a list of terms. */
static void print_paragraphs(const char *text)
{
    while (*text != 0) {
        const char *end = strstr(text, "\n\n");
        if (end == NULL) end = text + strlen(text);
        const char *gap = strstr(text, "  ");
        printf("\n");
        if (gap != NULL && gap < end)
            print_terms(text, end);
        else
            terminal_wrap(text, end, 0);
        text = *end == 0 ? end : end + 2;
    }
}

static void print_option(const char *name, const char *value, const char *help)
{
    int size = printf("  %s%s%s", name, value == NULL ? "" : " ", value == NULL ? "" : value);
    if (size + 2 > OPTION_COLUMN)
        printf("\n%*s", OPTION_COLUMN, "");
    else
        printf("%*s", OPTION_COLUMN - size, "");
    terminal_wrap(help, help + strlen(help), OPTION_COLUMN);
}

/* A line of the list of commands. */
static void print_command(const char *name, const char *operands, const char *summary)
{
    int size = printf("  %-10s %s", name, operands);
    if (size + 1 > OPERANDS_COLUMN)
        printf("\n%*s", OPERANDS_COLUMN, "");
    else
        printf("%*s", OPERANDS_COLUMN - size, "");
    terminal_wrap(summary, summary + strlen(summary), OPERANDS_COLUMN);
}

static void help_weft(void)
{
    printf("weft: a parallel EVM\n\nusage: weft COMMAND [OPTION...] [OPERAND...]\n\n"
           "  weft bench transfers               blocks that weft makes itself\n"
           "  weft replay mainnet_blocks         real blocks\n"
           "  weft help replay                   more about a command\n\n");
    for (const struct command *c = commands; c->name != NULL; c++) print_command(c->name, c->operands, c->summary);
    print_command("--version", "", "print the version, and the processors it was compiled for");
    print_paragraphs(
        "Options may stand anywhere; of one that is given twice the last counts; -- ends them. Numbers are "
        "decimal or after 0x.\n\n"
        "Exit codes: 0 all good, 1 a check failed, 2 bad usage or unreadable input, 130 interrupted.");
}

void options_help(const struct command *c)
{
    if (c == NULL) {
        help_weft();
        return;
    }
    printf("usage: weft %s [OPTION...]%s%s\n\n", c->name, *c->operands == 0 ? "" : " ", c->operands);
    terminal_wrap(c->summary, c->summary + strlen(c->summary), 0);
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        if (strcmp(examples[i].command, c->name) != 0) continue;
        printf("\n");
        for (const char *at = examples[i].lines; *at != 0; at = strchr(at, '\n') + 1)
            printf("  %.*s\n", (int)strcspn(at, "\n"), at);
    }
    printf("\noptions:\n");
    size_t count;
    const struct option *table = options_table(&count);
    for (size_t i = 0; i < count; i++)
        if ((c->options & table[i].flag) != 0 && table[i].help != NULL)
            print_option(table[i].name, table[i].value, table[i].help);
    print_option("--help", NULL, "print this");
    print_paragraphs(c->details);
}
