/* witness: the command. Tests go the way of blocktest --stateless, which makes and checks the witness of every valid
 * block; bundles are made here. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/suite/suite.h"
#include "testing/stateless.h"
#include "json/bundle.h"

static void put_list(struct buffer *out, const char *name, const struct bytes *items, size_t count)
{
    buffer_printf(out, "\"%s\":[", name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0) buffer_append_text(out, ",");
        json_put_hex(out, items[i].data, items[i].size);
    }
    buffer_append_text(out, "]");
}

void witness_print(struct buffer *out, const char *file, const char *name, uint64_t number, const struct witness *w)
{
    buffer_append_text(out, "{\"file\":");
    json_put_text(out, file);
    if (name != NULL) {
        buffer_append_text(out, ",\"case\":");
        json_put_text(out, name);
    }
    buffer_printf(out, ",\"block\":%llu,\"executionWitness\":{", (unsigned long long)number);
    put_list(out, "state", w->nodes, w->node_count);
    buffer_append_text(out, ",");
    put_list(out, "codes", w->codes, w->code_count);
    buffer_append_text(out, ",");
    put_list(out, "headers", w->headers, w->header_count);
    buffer_append_text(out, "}}\n");
}

static bool is_bundle(const char *path)
{
    char name[4096];
    struct stat found;
    int size = snprintf(name, sizeof name, "%s/block.json", path);
    return size > 0 && (size_t)size < sizeof name && stat(name, &found) == 0;
}

static enum exit_code make_of_bundle(const struct options *o, const char *folder)
{
    struct tester t = suite_tester(o);
    struct bundle b;
    struct error e = {STATUS_OK, ""};
    struct witness made;
    struct buffer text = {0};
    enum exit_code code = EXIT_GOOD;
    struct bundle_entry entry = {.folder = base_strdup(folder)};
    if (bundle_load(&b, &entry, o->fork, &e) != STATUS_OK) {
        log_line("%s", e.text);
        code = EXIT_BAD_INPUT;
    } else if (stateless_make_part(&t, &b.chain, b.fork, &b.block, b.state, &made, &e) != STATUS_OK) {
        log_line("%s: %s", folder, e.text);
        code = EXIT_CHECK_FAILED;
    } else if (!o->check) {
        witness_print(&text, folder, NULL, b.block.header.number, &made);
        (void)fwrite(text.data, 1, text.size, stdout);
    }
    buffer_free(&text);
    bundle_free(&b);
    free(entry.folder);
    for (size_t i = 0; i < COUNT_OF(t.engines); i++) engine_free(t.engines[i]);
    arena_free(&t.arena);
    return code;
}

enum exit_code witness_command(const struct options *o)
{
    struct options as_test = *o;
    as_test.stateless = true;
    as_test.print_witnesses = as_test.json = !o->check;
    if (as_test.executors == 0) as_test.executors = RUN_BOTH;
    enum exit_code worst = EXIT_GOOD;
    uint32_t tests = 0;
    const char **paths = base_alloc(o->operand_count * sizeof *paths);
    for (uint32_t i = 0; i < o->operand_count; i++) {
        if (!is_bundle(o->operands[i])) {
            paths[tests++] = o->operands[i];
            continue;
        }
        enum exit_code code = make_of_bundle(&as_test, o->operands[i]);
        worst = code > worst ? code : worst;
    }
    as_test.operands = paths;
    as_test.operand_count = tests;
    enum exit_code code = tests == 0 ? EXIT_GOOD : suite_run(&as_test, blocktest_file);
    free(paths);
    return code > worst ? code : worst;
}
