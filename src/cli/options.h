/* options: the table that the parser and the help are made from. */
#ifndef WEFT_CLI_OPTIONS_H
#define WEFT_CLI_OPTIONS_H

#include "cli/cli.h"

/* What an option's value is turned into, in struct options. */
enum value_kind {
    VALUE_NONE,   /* bool: given, or =true, =false as Go programs take it */
    VALUE_NOT,    /* the same, the other way round */
    VALUE_NUMBER, /* uint64_t */
    VALUE_TEXT,   /* const char * */
    VALUE_PATH,   /* the same, and not empty */
    /* those below have fields of their own */
    VALUE_REPEAT,
    VALUE_BENCH,
    VALUE_THREADS,
    VALUE_THREAD_LIST,
    VALUE_EXECUTOR,
    VALUE_LAYOUT,
    VALUE_POLICY,
    VALUE_FORK,
};

struct option {
    enum option_flag flag;
    const char *name;
    const char *value; /* as the help shows it */
    const char *help;  /* NULL: taken, but not shown */
    enum value_kind kind;
    size_t offset;        /* into struct options */
    uint64_t least, most; /* of numbers */
};

/* All options of all commands, in the order of the help. */
const struct option *options_table(size_t *count);

#endif
