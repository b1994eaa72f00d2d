/* The places in the sources that make steps: their names, and mutants, which do less than is written there. */
#include <stdio.h>
#include <stdlib.h>

#include "explore.h"
#include "steps.h"

extern struct step_site *const __start_step_sites[], *const __stop_step_sites[];

static const char *const kind_names[STEP_KINDS] = {"load", "store", "rmw", "cas", "fence"};

/* All sites, those of one name beside each other: a function in a header is compiled into several units. */
static struct step_site **all;
static size_t count;
struct step_site *sites_last[FIBERS];
bool sites_is_mutant;

static int compare(const void *a, const void *b)
{
    const struct step_site *x = *(struct step_site *const *)a, *y = *(struct step_site *const *)b;
    int by = strcmp(x->file, y->file);
    if (by == 0) by = strcmp(x->function, y->function);
    if (by == 0) by = (int)x->kind - (int)y->kind;
    if (by == 0) by = strcmp(x->unit, y->unit);
    if (by == 0) by = (x->line > y->line) - (x->line < y->line);
    if (by == 0) by = (x->counter > y->counter) - (x->counter < y->counter);
    return by;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(struct step_site *const *)a)->name, (*(struct step_site *const *)b)->name);
}

/* "…/src/parallel/scheduler.c" is parallel/scheduler.c. */
static const char *short_file(const char *file)
{
    const char *found = file;
    for (const char *at = strstr(file, "src/"); at != NULL; at = strstr(at + 1, "src/")) found = at + strlen("src/");
    return found;
}

/* Whether a file deals with values, not with who does what: most of its steps are at locations and versions. */
static bool is_value(const char *file)
{
    static const char *const files[] = {"state/", "versions/", "parallel/publish.c", "parallel/validate.c"};
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (strncmp(file, files[i], strlen(files[i])) == 0) return true;
    return false;
}

void sites_begin(void)
{
    size_t listed = (size_t)(__stop_step_sites - __start_step_sites);
    all = base_alloc(listed * sizeof(struct step_site *));
    for (size_t i = 0; i < listed; i++) {
        struct step_site *s = __start_step_sites[i];
        if (strstr(s->file, "/tests/") != NULL) continue; /* the explorer's own */
        s->file = short_file(s->file);
        s->is_value = is_value(s->file);
        all[count++] = s;
    }
    qsort(all, count, sizeof(struct step_site *), compare);
    unsigned number = 0;
    for (size_t i = 0; i < count; i++) {
        struct step_site *s = all[i], *before = i == 0 ? NULL : all[i - 1];
        bool goes_on = before != NULL && strcmp(s->file, before->file) == 0 &&
                       strcmp(s->function, before->function) == 0 && s->kind == before->kind &&
                       strcmp(s->unit, before->unit) == 0;
        number = goes_on ? number + 1 : 0;
        (void)snprintf(s->name, sizeof s->name, "%s:%s:%s:%u", s->file, s->function, kind_names[s->kind], number);
    }
    qsort(all, count, sizeof(struct step_site *), compare_names);
}

bool sites_wake_is_lost(void)
{
    struct step_site *site = sites_last[fiber_running];
    if (site == NULL) return false;
    site->wake_seen = true;
    return site->wake_lost;
}

/* What a mutant of a site changes, and whether the site can be changed so. */
enum change { CHANGE_BLIND, CHANGE_SPLIT, CHANGE_GONE, CHANGE_RELAXED, CHANGE_WAKE_LOST, CHANGES };
static const char *const change_names[CHANGES] = {"blind", "split", "gone", "relaxed", "wake-lost"};

static bool can_change(const struct step_site *s, enum change change)
{
    switch (change) {
    case CHANGE_BLIND: return s->kind == STEP_CAS;
    case CHANGE_SPLIT: return s->kind == STEP_RMW;
    case CHANGE_GONE: return s->kind == STEP_FENCE;
    case CHANGE_RELAXED: return s->kind != STEP_FENCE && s->order >= 0 && s->order != memory_order_relaxed;
    case CHANGE_WAKE_LOST: return s->wake_seen;
    case CHANGES: break;
    }
    return false;
}

void sites_print(void)
{
    for (size_t first = 0, end; first < count; first = end) {
        struct step_site merged = *all[first];
        for (end = first + 1; end < count && strcmp(all[end]->name, merged.name) == 0; end++) {
            merged.visits += all[end]->visits;
            if (all[end]->order > merged.order) merged.order = all[end]->order;
            merged.wake_seen = merged.wake_seen || all[end]->wake_seen;
        }
        if (merged.visits == 0) {
            (void)printf("%s unvisited\n", merged.name);
            continue;
        }
        for (enum change change = 0; change < CHANGES; change++)
            if (can_change(&merged, change)) (void)printf("%s+%s\n", merged.name, change_names[change]);
    }
}

static void apply(struct step_site *s, enum change change)
{
    switch (change) {
    case CHANGE_BLIND: s->blind = true; break;
    case CHANGE_SPLIT: s->split = true; break;
    case CHANGE_GONE: s->gone = true; break;
    case CHANGE_RELAXED: s->weak = true; break;
    case CHANGE_WAKE_LOST: s->wake_lost = true; break;
    case CHANGES: break;
    }
    s->is_mutant = sites_is_mutant = true;
}

bool sites_mutate(const char *mutant)
{
    const char *plus = strchr(mutant, '+');
    if (plus == NULL) return false;
    enum change change = 0;
    while (change < CHANGES && strcmp(plus + 1, change_names[change]) != 0) change++;
    if (change == CHANGES) return false;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (strncmp(all[i]->name, mutant, (size_t)(plus - mutant)) != 0 || all[i]->name[plus - mutant] != 0) continue;
        apply(all[i], change);
        found = true;
    }
    return found;
}
