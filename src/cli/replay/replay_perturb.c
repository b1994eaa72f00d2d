/* replay --perturb: real blocks, executed again and again by workers that are held up at random places. */
#include <stdio.h>

#include "cli/replay/replay.h"
#include "cli/suite/perturb.h"

enum exit_code replay_perturb(const struct options *o, const struct bundle_list *list)
{
    struct perturber *p = perturber_new(o);
    struct engine *recovering = engine_new(o->threads[0]);
    enum exit_code code = EXIT_GOOD;
    struct replay_totals totals = {0};
    for (size_t i = 0; i < list->count && !interrupted(); i++) {
        struct bundle b;
        struct state_view view;
        struct block_task task;
        struct error e;
        totals.blocks++;
        if (bundle_load(&b, &list->entries[i], o->fork, &e) != STATUS_OK) {
            log_line("%s", e.text);
            totals.unreadable++;
            code = EXIT_CHECK_FAILED;
        } else if (bundle_prepare(&b, recovering, &view, &task, &e) != STATUS_OK) {
            log_line("replay: block %llu: %s", (unsigned long long)b.block.header.number, e.text);
            code = EXIT_CHECK_FAILED;
        } else {
            char name[32];
            (void)snprintf(name, sizeof name, "%llu", (unsigned long long)b.block.header.number);
            perturber_run(p, name, &task, true);
        }
        bundle_free(&b);
    }
    engine_free(recovering);
    bool ok = perturber_end(p);
    if (totals.blocks != 0 && totals.unreadable == totals.blocks) return EXIT_BAD_INPUT;
    return ok ? code : EXIT_CHECK_FAILED;
}
